/** The airgap's loop: read a request, answer it, show the answer, until told to end. */
import { openEnvelope } from '../../engine/channel/envelope.ts'
import type { Carrier, CarrierProgress } from '../../engine/channel/carrier.ts'
import { createAirgap } from '../../engine/run/airgap.ts'
import type { AirgapProgress, Confirmation, Pairing } from '../../engine/run/airgap.ts'
import { verbs } from '../../engine/verbs/implementations.ts'
import { isKeyriteError } from '../../engine/wire/error.ts'
import { checkAnswer, checkRequest } from '../../engine/wire/exchange.ts'
import type { Answer, Request } from '../../engine/wire/exchange.ts'
import { random } from './airgap-home.ts'
import type { OpenAirgap } from './airgap-home.ts'
import type { Live } from '../output.ts'
import { makeHand } from './airgap-hand.ts'
import type { Hand } from './airgap-hand.ts'
import { isTyped, openChannel } from './channel.ts'

export interface ServeUse {
  readonly airgap: OpenAirgap
  readonly channel: string
  readonly fragment?: number | undefined
  /** Are raw messages brought before the owner at all? */
  readonly allowBlind?: boolean
  readonly signal: AbortSignal
  readonly screen: Live
  readonly confirm: (question: Confirmation | Pairing, hand: Hand) => Promise<boolean>
  /** The keyboard is taken, and the first request is awaited. */
  readonly onReady?: () => void
  readonly onProgress?: (progress: AirgapProgress) => void
  readonly onCrossing?: (progress: CarrierProgress) => void
  readonly onAnswer?: (request: Request, answer: Answer) => void
  /** Ends the loop after this answer, once it was taken. */
  readonly until: (request: Request, answer: Answer) => boolean
}

/** Serves requests until `until` says so or the signal aborts (then it throws the signal's reason). */
export async function serveAirgap(use: ServeUse): Promise<void> {
  const { airgap, signal, screen } = use
  const say = (line: string): void => screen.log(line)
  const carrier = await openChannel({
    role: 'airgap', channel: use.channel, fragment: use.fragment, screen,
    onProgress: (progress) => {
      const { direction, frames, needed } = progress
      if (direction === 'in') screen.show([`Reading: ${String(frames)} of ${needed === 0 ? '?' : String(needed)} codes`])
      use.onCrossing?.(progress)
    },
  })
  const hand = makeHand({ isScanned: isTyped(use.channel), signal })
  const role = createAirgap({
    memory: airgap.memory, script: airgap.script, verbs, random, now: () => new Date(), allowBlind: use.allowBlind === true, signal,
    confirm: (question) => carrier.lend(async () => {
      screen.show([])
      return await use.confirm(question, hand)
    }),
    ...(use.onProgress === undefined ? {} : { onProgress: use.onProgress }),
  })
  try {
    for (let isFirst = true; ; isFirst = false) {
      const received = carrier.receive(signal)
      if (isFirst) use.onReady?.()
      const { text } = await received
      screen.show([])
      const answer = await answered(role.handle, text, say)
      if (answer === undefined) continue
      const request = checkRequest(openEnvelope(text).body, 'The request')
      const body = checkAnswer(openEnvelope(answer).body, 'The answer')
      use.onAnswer?.(request, body)
      await show(carrier, answer, say)
      if (use.until(request, body)) {
        await carrier.untilTaken(signal)
        return
      }
    }
  } finally {
    await carrier.close()
    screen.end([])
  }
}

/** The answer, or undefined for what is no request: that is said, and the waiting goes on. */
async function answered(handle: (text: string) => Promise<string>, text: string, say: (line: string) => void): Promise<string | undefined> {
  try {
    return await handle(text)
  } catch (error) {
    if (!isKeyriteError(error)) throw error
    say(`${error.message} ${error.todo}`)
    return undefined
  }
}

async function show(carrier: Carrier, answer: string, say: (line: string) => void): Promise<void> {
  const shown = carrier.show(answer)
  shown.catch((error: unknown) => say(error instanceof Error ? error.message : String(error)))
  await shown
}
