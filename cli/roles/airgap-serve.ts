/** The airgap's loop: read a request, answer it, show the answer, until told to end. */
import { isKeyriteError } from '../../engine/base/errors.ts'
import { following } from '../../engine/base/signals.ts'
import type { Carrier, CarrierProgress } from '../../engine/channel/carrier.ts'
import { openEnvelope } from '../../engine/channel/envelope.ts'
import { createAirgap } from '../../engine/run/airgap.ts'
import type { Abandoning, AirgapProgress, Confirmation, Declined, Pairing } from '../../engine/run/airgap.ts'
import { airgapInParts } from '../../engine/run/parts.ts'
import type { AirgapInParts, Taken } from '../../engine/run/parts.ts'
import { partFile } from '../../engine/vault/part-file.ts'
import { verbs } from '../../engine/verbs/implementations.ts'
import { checkAnswer, checkRequest } from '../../engine/wire/exchange.ts'
import type { Answer, Request } from '../../engine/wire/exchange.ts'
import { wrapped } from '../output.ts'
import type { Live } from '../output.ts'
import { makeHand, QuestionLeft } from '../screen/owner.ts'
import type { Hand } from '../screen/owner.ts'
import type { Page } from '../web/page.ts'
import { partsPath, random } from './airgap-home.ts'
import type { OpenAirgap } from './airgap-home.ts'
import { isTyped, openChannel } from './channel.ts'
import { makePartClock, pageProgress } from './part-clock.ts'
import type { PartsNow } from './part-clock.ts'

export interface ServeUse {
  readonly airgap: OpenAirgap
  readonly channel: string
  readonly fragment?: number | undefined
  /** Packed bytes above which an answer crosses in parts, instead of the carrier's own. */
  readonly inPartsAbove?: number
  /** Are raw messages brought before the owner at all? */
  readonly allowBlind?: boolean
  readonly signal: AbortSignal
  readonly screen: Live
  /** Where the channel is `web`. */
  readonly page?: Page | undefined
  readonly confirm: (question: Confirmation | Pairing | Abandoning, hand: Hand) => Promise<true | Declined>
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
  const clock = makePartClock()
  let parts: PartsNow | undefined
  const carrier = await openChannel({
    role: 'airgap', channel: use.channel, fragment: use.fragment, screen, page: use.page,
    inPartsAbove: use.inPartsAbove, part: () => (parts?.direction === 'in' ? `next: ${parts.words}` : parts?.words ?? ''),
    onProgress: (progress) => {
      const { direction, frames, needed } = progress
      if (direction === 'in') screen.show([`Reading${parts?.direction === 'in' ? ` (${parts.words})` : ''}: ${String(frames)} of ${needed === 0 ? '?' : String(needed)} codes`])
      use.onCrossing?.(progress)
    },
  })
  const isScanned = isTyped(use.channel)
  // One for all questions where a scanner may guess, since guesses wait longer and longer.
  const scanned = isScanned ? makeHand({ isScanned, signal, mayLeave: true }) : undefined

  /** Asks, and withdraws the question once the client shows another request or none. */
  async function ask(question: Confirmation | Pairing | Abandoning): Promise<true | Declined> {
    screen.show([])
    const [over, left] = [new AbortController(), new AbortController()]
    const [watching, asking] = [following(signal, over.signal), following(signal, left.signal)]
    const watched = carrier.untilChanged(watching.signal).then((shown) => {
      if (shown !== undefined) left.abort(new QuestionLeft(shown))
    })
    try {
      return await use.confirm(question, carrier.hand?.(asking.signal) ?? scanned ?? makeHand({ isScanned, signal: asking.signal, mayLeave: true }))
    } finally {
      over.abort()
      await watched
      watching.release()
      asking.release()
    }
  }

  const alone = createAirgap({
    memory: airgap.memory, script: airgap.script, verbs, random, now: () => new Date(), allowBlind: use.allowBlind === true, signal,
    confirm: (question) => carrier.lend(() => ask(question)),
    ...(use.onProgress === undefined ? {} : { onProgress: use.onProgress }),
  })
  const role = airgapInParts(alone, {
    above: carrier.inPartsAbove, store: partFile(partsPath(airgap.home)),
    onPart: (progress) => {
      const before = parts
      parts = clock(progress)
      const what = parts?.direction === 'in' ? 'request' : 'answer'
      if (parts !== undefined && (before?.direction !== parts.direction || before.total !== parts.total)) {
        say(`The ${what} crosses in ${String(parts.total)} parts; leave both programs running, or start them again: they go on where they were.`)
      }
      use.page?.tell({
        progress: pageProgress(`Parts of the ${what}`, parts),
        ...(parts === undefined ? {} : { doing: `The ${what} crosses in parts. Let both cameras see the other machine’s screen; you need not watch.` }),
      })
    },
    onProblem: (problem) => say(`${problem.message} ${problem.todo}`),
  })
  try {
    for (let isFirst = true; ; isFirst = false) {
      const received = carrier.receive(signal)
      if (isFirst) use.onReady?.()
      const { text } = await received
      screen.show([])
      const taken = await answered(role.take, text, say)
      if (taken === undefined) continue
      const whole = taken.answered === undefined ? undefined : {
        ...taken.answered,
        request: checkRequest(openEnvelope(taken.answered.request).body, 'The request'),
        answer: checkAnswer(openEnvelope(taken.answered.answer).body, 'The answer'),
      }
      if (whole?.isNew === true) use.onAnswer?.(whole.request, whole.answer)
      await show(carrier, taken.text, say)
      if (whole?.isLast === true && use.until(whole.request, whole.answer)) {
        await carrier.untilTaken(signal)
        await role.forget()
        return
      }
    }
  } finally {
    await carrier.close()
    screen.end([])
  }
}

const LEFT: Readonly<Record<QuestionLeft['why'], string>> = {
  later: 'Left open: nothing is refused, and nothing is used up. To be asked again, stop this with Ctrl-C and start it again. Waiting for what the client shows next.',
  other: 'The client asks something else now; this question is withdrawn.',
  nothing: 'The client asks nothing any more; this question is withdrawn. Waiting for what it shows next.',
}

/** The answer, or undefined for what is no request and for a question that was left: that is said, and the waiting goes on. */
async function answered(take: AirgapInParts['take'], text: string, say: (line: string) => void): Promise<Taken | undefined> {
  try {
    return await take(text)
  } catch (error) {
    if (error instanceof QuestionLeft) {
      say(wrapped(LEFT[error.why], ''))
      return undefined
    }
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
