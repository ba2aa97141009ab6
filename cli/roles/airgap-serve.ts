/**
 * The airgap's loop: it reads a request, answers it, and shows the answer, until it is told to end. Its screen says
 * meanwhile how that goes.
 */
import { isKeyriteError } from '../../engine/base/errors.ts'
import { following } from '../../engine/base/signals.ts'
import type { Carrier, CarrierProgress } from '../../engine/channel/carrier.ts'
import { openEnvelope } from '../../engine/channel/envelope.ts'
import { createAirgap } from '../../engine/run/airgap.ts'
import type { Abandoning, AirgapProgress, Confirmation, Declined, Pairing } from '../../engine/run/airgap-session.ts'
import { airgapInParts } from '../../engine/run/parts.ts'
import type { AirgapInParts, NextShown } from '../../engine/run/parts.ts'
import { partFile } from '../../engine/vault/vault.ts'
import { verbs } from '../../engine/verbs/implementations.ts'
import { checkAbort } from '../../engine/wire/abort.ts'
import { checkAnswer, checkRequest } from '../../engine/wire/exchange.ts'
import type { Answer, CloseRequest, RefusalAnswer, Request } from '../../engine/wire/exchange.ts'
import { parseMessage } from '../../engine/wire/message.ts'
import { duration } from '../../engine/base/time.ts'
import { paint, wrapped } from '../output.ts'
import type { Live } from '../output.ts'
import { brokenLines, MARK, widthOf } from '../screen/blocks.ts'
import { confirmAbandon, confirmCeremony, confirmPairing } from '../screen/consent.ts'
import { makeHand, QuestionLeft } from '../screen/owner.ts'
import type { Hand } from '../screen/owner.ts'
import { pageCeremony } from '../web/ceremony.ts'
import type { Page } from '../web/page.ts'
import { random } from '../random.ts'
import { partsPath } from './airgap-home.ts'
import type { OpenAirgap } from './airgap-home.ts'
import type { Channel } from './channel.ts'
import { makePartClock, type PartsNow, pageProgress } from './part-clock.ts'
import { stateIn } from '../../engine/run/memory.ts'

export interface ServeUse {
  readonly airgap: OpenAirgap
  readonly channel: Channel
  /** Packed bytes above which an answer crosses in parts; the carrier's own limit by default. */
  readonly inPartsAbove?: number
  /** Whether the owner may be asked about raw messages at all. */
  readonly allowBlind?: boolean
  readonly signal: AbortSignal
  readonly confirm: (question: Confirmation | Pairing | Abandoning, hand: Hand) => Promise<true | Declined>
  /** Hears that the keyboard is taken and the first request is awaited. */
  readonly onReady?: () => void
  readonly onProgress?: (progress: AirgapProgress) => void
  readonly onCrossing?: (progress: CarrierProgress) => void
  readonly onAnswer?: (request: Request, answer: Answer) => void
  /** Whether the loop ends after this answer, once it was taken. */
  readonly until: (request: Request, answer: Answer) => boolean
}

/** Serves requests until `until` says so or the signal aborts (then it throws the signal's reason). */
export async function serveAirgap(use: ServeUse): Promise<void> {
  const { airgap, signal } = use
  const { screen, page, isTyped: isScanned, open } = use.channel
  const say = (line: string): void => screen.log(line)
  const clock = makePartClock()
  let parts: PartsNow | undefined
  const carrier = await open({
    inPartsAbove: use.inPartsAbove, part: () => (parts?.direction === 'in' ? `next: ${parts.words}` : parts?.words ?? ''),
    onProgress: (progress) => {
      const { direction, frames, needed } = progress
      if (direction === 'in') screen.show([`Reading${parts?.direction === 'in' ? ` (${parts.words})` : ''}: ${String(frames)} of ${needed === 0 ? '?' : String(needed)} codes`])
      use.onCrossing?.(progress)
    },
  })
  // One hand asks all questions where a scanner may guess codes, since the pause grows with every wrong guess.
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
    memory: airgap.memory, script: airgap.script, crlfScript: airgap.crlfScript, verbs, random, now: () => new Date(), allowBlind: use.allowBlind === true, signal,
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
      page?.tell({
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

/**
 * The answer to a request. It is undefined for a text that is no request and for a question that was left: the screen
 * says so, and the loop goes on.
 */
async function answered(take: AirgapInParts['take'], text: string, say: (line: string) => void): Promise<NextShown | undefined> {
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

// The words on the airgap's screen while it serves.

const WORDS: Readonly<Record<AirgapProgress['state'], string | undefined>> = {
  verifying: undefined,
  confirming: 'waiting for your consent',
  computing: undefined,
  answered: 'answered',
  asking: 'asks the client back: the sums do not fit its deals',
  refused: 'refused',
  finished: 'finished',
}

/** The sentences on a page. */
const SENTENCES: Readonly<Record<AirgapProgress['state'], string>> = {
  verifying: 'Checking the client’s request.',
  confirming: 'It is your turn: read what is asked, and decide.',
  computing: 'Computing.',
  answered: 'Showing the answer: let the client’s camera see this code.',
  asking: 'Asking the client back: the sums do not fit its deals. Let its camera see this code.',
  refused: 'The request is refused; the client is told why.',
  finished: 'Every step was answered.',
}

/**
 * The lines of a refusal. It may quote what the client sent, so it stands behind the mark. Lines are broken for a
 * window, but not for a file.
 */
export function refusalLines({ code, what, todo }: RefusalAnswer, columns: number | undefined): string[] {
  const width = columns === undefined ? Infinity : widthOf(columns) - 4
  return [
    `Refused (${code})`,
    ...brokenLines(what, width).map((line) => `  ${MARK}${line}`),
    ...brokenLines(todo, width).map((line, i) => `${i === 0 ? '  → ' : '    '}${line}`),
  ]
}

/**
 * The lines that say that a ceremony is over, and why. The reason is in the words of what the client brought, after the
 * airgap checked it.
 */
export function closedLines({ abort, ending }: CloseRequest, columns: number | undefined): string[] {
  if (ending !== undefined) return [`The ceremony can never succeed; its session is erased here. The airgap of ${ending.from} states ${ending.type === 'Abandoned' ? 'that it has given it up' : `a ${ending.type}`}.`]
  const { statement: { from, payload } } = parseMessage(abort ?? '')
  const { reason, evidence: { why } } = checkAbort(payload, 'An Abort')
  const width = columns === undefined ? Infinity : widthOf(columns) - 4
  return ['The ceremony was aborted; its session is erased here. An Abort says why:', ...brokenLines(`${from} (${reason}): ${why}`, width).map((line) => `  ${MARK}${line}`)]
}

/** The progress of long work, and the time left by the pace since it began here. */
export function workLine(step: string, { done, total, began, now }: { readonly done: number; readonly total: number; readonly began: { readonly done: number; readonly at: number }; readonly now: number }): string {
  const fresh = done - began.done
  const left = fresh <= 0 ? '' : `, about ${duration(Math.ceil((total - done) * (now - began.at) / fresh / 1000) * 1000)} left`
  return `${step}: ${String(done)} of ${String(total)} done${left}`
}

export interface AirgapLogUse extends Pick<Live, 'log' | 'show'> {
  readonly airgap: OpenAirgap
  readonly page?: Page | undefined
  /** True if the program ends after a ceremony's last answer by itself. */
  readonly endsItself?: boolean
}

export function airgapLog({ log: print, show, airgap, page, endsItself = false }: AirgapLogUse) {
  let began: { readonly done: number; readonly at: number } | undefined
  /** The ceremonies of which a step was answered since the start. */
  const answered = new Set<string>()
  const stateOf = (id: string) => stateIn(airgap.memory.read(), id)

  function tellDone(id: string): void {
    const values = Object.keys(airgap.memory.read().archive[id]?.values ?? {})
    const rehearsal = airgap.memory.read().sessions[id]?.opening.rehearsal === true ? ' It was a REHEARSAL.' : ''
    print(paint('bold', `${id.slice(0, 12)}  This airgap’s part is done. It keeps ${values.length === 0 ? 'no new share' : `the ${values.join(', ')}`}.${rehearsal}`))
    if (!endsItself) print('Once the client has read this last answer, stop this with Ctrl-C, or leave it for the next ceremony. The client says when the ceremony is complete.')
  }

  function tellPage(id: string, step: string, state: AirgapProgress['state']): void {
    const { sessions } = airgap.memory.read()
    const opening = sessions[id]?.opening
    const script = opening === undefined ? undefined : airgap.script(opening.script.hash)
    page?.tell({
      doing: SENTENCES[state], progress: null,
      ...(opening === undefined || script === undefined ? {} : { isRehearsal: opening.rehearsal, ceremony: pageCeremony(id, script, step) }),
    })
  }

  return {
    start: (): void => {
      const { client } = airgap.memory.read()
      page?.tell({ owner: client?.name ?? '', doing: 'Waiting for the client’s request: let this camera see the client’s screen.' })
      print(client === null
        ? 'This airgap is not paired yet: run `keyrite airgap card` first.'
        : `The airgap of ${paint('bold', client.name)}. Waiting for the client: run \`keyrite client run\` there.`)
    },
    progress: ({ ceremony, step, state, done, total }: AirgapProgress): void => {
      if (done !== undefined && total !== undefined) {
        const now = Date.now()
        if (began === undefined && done > 0) print(`${ceremony.slice(0, 12)}  ${step}: goes on after ${String(done)} of ${String(total)}; you have consented to it`)
        began ??= { done, at: now }
        const fresh = done - began.done
        const left = fresh <= 0 ? null : Math.ceil((total - done) * (now - began.at) / fresh / 1000)
        page?.tell({ progress: done === total ? null : { what: `${step}: computing`, done, total, secondsLeft: left } })
        show(done === total ? [] : [workLine(step, { done, total, began, now })])
        return
      }
      began = undefined
      tellPage(ceremony, step, state)
      if (state === 'answered') answered.add(ceremony)
      const words = WORDS[state]
      if (words !== undefined) print(`${ceremony.slice(0, 12)}  ${step}: ${words}`)
      if (state === 'answered' && stateOf(ceremony) === 'finished') tellDone(ceremony)
    },
    answer: (request: Request, answer: Answer): void => {
      if (request.ask === 'abandon' && answer.give === 'statement') print(paint('bold', 'Given up for good: nobody can ever use what that ceremony made. Once the client has read this answer, it tells the others.'))
      if (request.ask === 'dispute' && answer.give === 'statement') print(`Answered the complaint of ${request.dispute.from}: its one piece is opened to all, who judge by it.`)
      if (answer.give === 'refusal') print(refusalLines(answer, process.stderr.columns).join('\n'))
      if (request.ask === 'close' && answer.give === 'closed') print(closedLines(request, process.stderr.columns).join('\n'))
    },
    /** The id of a ceremony whose last step was answered since the start. */
    finished: (): string | undefined => [...answered].find((id) => stateOf(id) === 'finished'),
    /** Whether a ceremony was finished since the start and none of those answered is still live. */
    isDone: (): boolean => {
      const states = [...answered].map(stateOf)
      return states.includes('finished') && !states.includes('live')
    },
  }
}

export interface PartUse {
  readonly airgap: OpenAirgap
  readonly channel: Channel
  readonly signal: AbortSignal
  /** The number of the ceremony to which the owner consents beforehand. */
  readonly accept: string | undefined
  readonly allowBlind: boolean
  /** True to end after a ceremony's last answer. */
  readonly endsItself: boolean
}

/**
 * Takes part in ceremonies until it is stopped, or until one is over.
 *
 * @returns the ceremony of which every step was answered, undefined where it was aborted; and how many frames crossed
 */
export async function takePart({ airgap, channel, signal, accept, allowBlind, endsItself }: PartUse) {
  const { screen, page } = channel
  const frames = { in: 0, out: 0 }
  // The error where the owner cannot be asked at all: the client is told, and the loop ends.
  let unasked: Error | undefined
  const log = airgapLog({ ...screen, page, airgap, endsItself })
  await serveAirgap({
    airgap, channel, allowBlind, signal,
    onReady: () => {
      log.start()
      screen.log(channel.hint)
    },
    confirm: (question, hand) =>
      (question.kind === 'pair' ? confirmPairing(question.card, undefined, hand)
        : question.kind === 'abandon' ? confirmAbandon(question, hand) : confirmCeremony(question, accept, hand))
        .catch((error: unknown) => {
          if (isKeyriteError(error, 'cli.no-terminal')) unasked = error
          throw error
        }),
    onProgress: log.progress,
    onCrossing: ({ direction }) => {
      frames[direction] += 1
    },
    onAnswer: log.answer,
    until: (_, answer) => unasked !== undefined || endsItself && (log.finished() !== undefined || answer.give === 'closed'),
  }).catch((error: unknown) => {
    // To stop it after the last answer is a good end.
    if (!signal.aborted || !log.isDone()) throw error
  })
  if (unasked !== undefined) throw unasked
  return { ceremony: log.finished(), frames }
}
