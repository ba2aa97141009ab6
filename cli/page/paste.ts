/** Text in place of a camera: frames, or a whole transfer as one line. A line is cut into frames that a command takes. */
import { isKeyriteError } from '../../engine/base/errors.ts'
import { MAX_FRAGMENT } from '../../engine/channel/carrier.ts'
import { crc32 } from '../../engine/channel/fountain.ts'
import { sendMessage } from '../../engine/channel/frames.ts'
import { readFrame, writeWhole } from '../../engine/channel/ur.ts'

/** Bytes of each frame that a line is cut into: a byte takes 2 characters, and a frame has a bound. */
const CUT = Math.min(MAX_FRAGMENT, 2000)

export type Pasted =
  | { readonly kind: 'frames'; readonly frames: readonly string[] }
  | { readonly kind: 'nothing'; readonly why: string }

/**
 * The frames in a text, with line breaks or spaces between them.
 *
 * @param most the most characters of one frame
 */
export function framesIn(text: string, most: number): Pasted {
  const words = text.split(/\s+/).filter((word) => word !== '')
  if (words.length === 0) return { kind: 'nothing', why: 'There is no text yet: paste what the other page copied.' }
  try {
    return { kind: 'frames', frames: words.flatMap((word) => framesOf(word, most)) }
  } catch (why) {
    if (!isKeyriteError(why)) throw why
    return { kind: 'nothing', why: why.message }
  }
}

function framesOf(word: string, most: number): string[] {
  const frame = readFrame(word)
  if (word.length <= most) return [word]
  // Only a whole transfer, or the only part of one, is that long.
  const message = frame.kind === 'whole' ? frame.message : frame.part.data
  const sending = sendMessage(message, { fragment: CUT })
  const frames = sending.frames()
  return Array.from({ length: sending.partCount }, () => frames.next().value)
}

/** A whole transfer as one line. */
export const lineOf = (message: Uint8Array): string => writeWhole(message)

/**
 * The transfer in a line; `part` for one of several frames.
 *
 * @throws channel.not-a-frame and the others of `readFrame`, where it is no such line
 */
export function messageOf(line: string): Uint8Array | 'part' {
  const frame = readFrame(line.trim())
  if (frame.kind === 'whole') return frame.message
  return frame.part.parts === 1 ? frame.part.data : 'part'
}

/** The checksum of the transfer that a frame belongs to; undefined for a text that is no frame. */
export function checksumOf(text: string): number | undefined {
  try {
    const frame = readFrame(text)
    return frame.kind === 'part' ? frame.part.checksum : crc32(frame.message)
  } catch {
    return undefined
  }
}
