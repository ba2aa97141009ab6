/** What was pasted in place of what a camera reads, on its way to the command. */
import { MOST_FRAME_CHARACTERS, MOST_FRAMES } from '../web/protocol.ts'
import type { FramesResult } from '../web/protocol.ts'
import { framesIn } from './paste.ts'
import { whyNot } from './session.ts'

/** @returns why it will not do */
export async function sendPasted(
  text: string, post: (frames: readonly string[]) => Promise<FramesResult>, onResult: (result: FramesResult, frames: readonly string[]) => void,
): Promise<string | undefined> {
  const found = framesIn(text, MOST_FRAME_CHARACTERS)
  if (found.kind === 'nothing') return found.why
  try {
    for (let at = 0; at < found.frames.length; at += MOST_FRAMES) {
      const frames = found.frames.slice(at, at + MOST_FRAMES)
      const result = await post(frames)
      onResult(result, frames)
      if (result.trouble !== undefined) return `${result.trouble.message} ${result.trouble.todo}`
    }
    return undefined
  } catch (error) {
    return whyNot(error)
  }
}
