/**
 * Parts around an airgap: puts requests together that come in parts, and gives in parts the answers that are too long for one transfer.
 * The airgap itself sees whole requests only and checks them as ever. One request is held at a time, until another one begins.
 * While it is held, any part of its answer can be given again, after a restart too.
 */
import { isKeyriteError } from '../base/errors.ts'
import type { KeyriteError } from '../base/errors.ts'
import { openEnvelope, sealEnvelope } from '../channel/envelope.ts'
import type { Envelope } from '../channel/envelope.ts'
import { Assembly, cutInParts, firstMissing, wholeHash } from '../channel/parts.ts'
import type { PartStore } from '../channel/parts.ts'
import type { Json } from '../base/canonical.ts'
import { checkPartAnswer, checkPartRequest, isPartAnswer, isPartRequest } from '../wire/exchange.ts'
import type { AnswerPart, AnswerPartRequest, Exchange, HeldAnswer, Part, PartAnswer, RequestPart } from '../wire/exchange.ts'
import type { Airgap } from './airgap.ts'
import { runError } from './errors.ts'

export interface AirgapPartsUse {
  /** Packed bytes of a transfer above which it crosses in parts. */
  readonly above: number
  readonly store: PartStore
  readonly onPart?: OnPart
  /** Hears of parts that had to be dropped, and of a disk that stores none: then a restart begins anew. */
  readonly onProblem?: (problem: KeyriteError) => void
}

/** The next text that an airgap shows. */
export interface NextShown {
  readonly text: string
  /** The request that was answered and its answer, both whole; not set while parts of the request are missing. */
  readonly answered?: {
    readonly request: string
    readonly answer: string
    /** The airgap has just given it; otherwise it was held, and only another part of it is shown. */
    readonly isNew: boolean
    /** With this, all of it was shown. */
    readonly isLast: boolean
  }
}

export interface AirgapInParts extends Airgap {
  /** Takes the text that the client shows and gives the one to show. @throws what `handle` of the airgap throws, channel.bad-part */
  readonly take: (text: string) => Promise<NextShown>
  /** Erases what is held. */
  readonly forget: () => Promise<void>
}

/** The one request under way. */
interface Under {
  /** SHA-256 of its text. */
  readonly whole: string
  /** Its parts, if it came in parts. */
  readonly assembly?: Assembly
  /** Its text, once it is whole. */
  text?: string
  answer?: Cut
}

interface Cut {
  readonly text: string
  readonly parts: readonly Part[]
}

export function airgapInParts(airgap: Airgap, use: AirgapPartsUse): AirgapInParts {
  let under: Under | undefined
  let loaded: Promise<void> | undefined
  let last: Promise<unknown> = Promise.resolve()

  /** Reads back what an earlier run held, as if it came from the client. */
  async function load(): Promise<void> {
    for (const text of await use.store.load()) {
      try {
        const { kind, body } = openEnvelope(text)
        if (kind !== 'request') continue
        if (!isPartRequest(body)) {
          under ??= { whole: wholeHash(text), text }
          continue
        }
        const part = checkPartRequest(body, 'A kept part')
        if (part.ask !== 'part') continue
        under ??= { whole: part.whole, assembly: new Assembly(part) }
        if (under.assembly?.isOf(part) === true) under.assembly.add(part)
      } catch (error) {
        if (!isKeyriteError(error)) throw error
      }
    }
    if (under?.assembly?.isComplete === true) await complete(under, under.assembly)
  }

  async function keep(text: string): Promise<void> {
    await use.store.add(text).catch(tell)
  }

  async function forget(): Promise<void> {
    under = undefined
    await use.store.clear().catch(tell)
  }

  function tell(problem: unknown): void {
    if (!isKeyriteError(problem)) throw problem
    use.onProblem?.(problem)
  }

  async function take(text: string): Promise<NextShown> {
    await (loaded ??= load())
    const envelope = openEnvelope(text)
    if (envelope.kind !== 'request' || !isPartRequest(envelope.body)) return await takeWhole(text, envelope)
    const body = checkPartRequest(envelope.body, 'The request')
    return body.ask === 'part' ? await takePart(text, envelope, body) : await takeWish(envelope, body)
  }

  async function takeWhole(text: string, envelope: Envelope): Promise<NextShown> {
    const whole = wholeHash(text)
    if (under !== undefined && under.whole !== whole) await forget()
    const answer = await answerTo(text, envelope, whole, true)
    if (answer.parts.length === 1) {
      use.onPart?.(null)
      return { text: answer.text, answered: { request: text, answer: answer.text, isNew: true, isLast: true } }
    }
    if (under === undefined) await keep(text)
    under = { ...under, whole, text, answer }
    return give(envelope, { whole, text, answer }, 1, true)
  }

  async function takePart(text: string, envelope: Envelope, part: RequestPart): Promise<NextShown> {
    if (under?.assembly?.isOf(part) !== true) {
      // A bad part is refused before anything that is held makes room for it.
      const assembly = new Assembly(part)
      assembly.add(part)
      await forget()
      under = { whole: part.whole, assembly }
      await keep(text)
    } else if (under.assembly.add(part)) await keep(text)
    const now = under
    const { assembly } = now
    if (assembly === undefined) throw new TypeError('parts that nobody holds')
    if (assembly.isComplete && now.text === undefined) await complete(now, assembly)
    if (now.text === undefined) return held(envelope, part.whole, under === now ? assembly : undefined)
    // A request that is shown again is asked again: what it was refused for may be mended since.
    const answer = await answerOrForget(now.text, envelope, now)
    now.answer = answer
    return give(envelope, { whole: now.whole, text: now.text, answer }, 1, true)
  }

  async function takeWish(envelope: Envelope, { whole, index }: AnswerPartRequest): Promise<NextShown> {
    const now = under
    if (now?.whole !== whole || now.text === undefined) return held(envelope, whole, now?.whole === whole ? now.assembly : undefined)
    const isNew = now.answer === undefined
    const answer = now.answer ?? (await answerOrForget(now.text, envelope, now))
    now.answer = answer
    // The answer may be another than the client knows: the client sees that, and begins with it.
    return give(envelope, { whole, text: now.text, answer }, index <= answer.parts.length ? index : 1, isNew)
  }

  /** Puts the parts together, or drops them all where they do not fit, since nobody knows which one is wrong. */
  async function complete(now: Under, assembly: Assembly): Promise<void> {
    try {
      now.text = assembly.join()
    } catch (problem) {
      tell(problem)
      await forget()
    }
  }

  /** @param mayBeBare the answer crosses without parts if it is short enough, since the request did */
  async function answerTo(text: string, envelope: Envelope, of: string, mayBeBare: boolean): Promise<Cut> {
    const answer = await airgap.handle(text)
    const parts = cutInParts(answer, use.above, (part) => (mayBeBare && part.count === 1 ? answer : sealed(envelope, of, part)))
    return { text: answer, parts }
  }

  /** Answers a text, or forgets it where it is no request at all, however often it is asked. */
  async function answerOrForget(text: string, envelope: Envelope, { whole, assembly }: Under): Promise<Cut> {
    try {
      return await answerTo(text, envelope, whole, assembly === undefined)
    } catch (error) {
      if (isKeyriteError(error)) await forget()
      throw error
    }
  }

  function give(envelope: Envelope, { whole, text, answer }: Required<Omit<Under, 'assembly'>>, index: number, isNew: boolean): NextShown {
    const part = answer.parts[index - 1]
    if (part === undefined) throw new TypeError('a part that there is not')
    const { count } = part
    use.onPart?.(count === 1 ? null : { direction: 'out', index, count, done: index - 1 })
    return { text: sealed(envelope, whole, part), answered: { request: text, answer: answer.text, isNew, isLast: index === count } }
  }

  function held(envelope: Envelope, whole: string, assembly: Assembly | undefined): NextShown {
    const parts = assembly?.held ?? []
    const next = assembly === undefined ? undefined : firstMissing(parts, assembly.count)
    use.onPart?.(assembly === undefined || next === undefined ? null : { direction: 'in', index: next, count: assembly.count, done: parts.length })
    const body: HeldAnswer = { give: 'held', request: envelope.digest, whole, held: parts }
    return { text: sealEnvelope({ kind: 'answer', ceremony: envelope.ceremony, step: envelope.step, body }) }
  }

  return {
    take: (text) => {
      const next = last.then(() => take(text))
      last = next.catch(() => undefined)
      return next
    },
    handle: async (text) => {
      const next = last.then(() => take(text))
      last = next.catch(() => undefined)
      return (await next).text
    },
    forget,
  }
}

function sealed({ ceremony, step, digest }: Envelope, of: string, part: Part): string {
  const body: AnswerPart = { give: 'part', request: digest, of, ...part }
  return sealEnvelope({ kind: 'answer', ceremony, step, body })
}

// Parts around a client's exchange with its airgap: shows in parts a request that is too long for one transfer, and asks for an answer
// part by part. The caller sees whole requests and answers only, and checks them as ever. What the airgap said that it holds and the
// parts of its answer are stored, so that a client that starts again shows and asks for nothing twice.


export interface ClientPartsUse {
  /** Packed bytes of a transfer above which it crosses in parts. */
  readonly above: number
  /** The parts that crossed for this ceremony's request under way. One exchange at a time. */
  readonly store: PartStore
  readonly onPart?: OnPart
  /** Hears of a disk on which nothing can be stored: then a restart begins anew. */
  readonly onProblem?: (problem: KeyriteError) => void
}

/** The tries that a part has on average, and some more: another airgap in the place of the first knows nothing. */
const TRIES = 3
const MORE_TRIES = 10

/**
 * Makes an exchange of whole requests and answers from one of transfers.
 *
 * @throws (the exchange) what `exchange` throws; run.answer, channel.bad-part, channel.wrong-whole for answers that cannot be; run.no-progress
 */
export function clientInParts(exchange: Exchange, use: ClientPartsUse): Exchange {
  return async (request, signal) => {
    const talk = new Talk(request, use)
    try {
      await talk.load()
      for (let crossings = 0; talk.answer === undefined; crossings++) {
        if (crossings > TRIES * talk.count + MORE_TRIES) throw runError('no-progress', { crossings })
        const shown = talk.next()
        await talk.take(shown, await exchange(shown, signal))
      }
      return talk.answer
    } finally {
      use.onPart?.(null)
    }
  }
}

/** One request on its way, and its answer on the way back. */
class Talk {
  answer: string | undefined
  private readonly request: string
  private readonly envelope: Envelope
  private readonly use: ClientPartsUse
  private readonly parts: readonly Part[]
  private readonly whole: string
  /** The parts of the request that the airgap says it holds. */
  private held: readonly number[] = []
  /** The answer's parts, from the first on, without gaps. */
  private assembly: Assembly | undefined

  constructor(request: string, use: ClientPartsUse) {
    this.request = request
    this.envelope = openEnvelope(request)
    this.use = use
    this.whole = wholeHash(request)
    this.parts = cutInParts(request, use.above, (part) => (part.count === 1 ? request : this.sealed({ ask: 'part', ...part })))
  }

  /** The number of parts of both, as far as they are known. */
  get count(): number {
    return this.parts.length + (this.assembly?.count ?? 0)
  }

  /** Goes on from what crossed in an earlier run; drops what crossed for another request. */
  async load(): Promise<void> {
    const texts = await this.use.store.load()
    for (const text of texts) {
      try {
        const { kind, body } = openEnvelope(text)
        if (kind === 'answer' && isPartAnswer(body)) this.learn(checkPartAnswer(body, 'A kept answer'))
      } catch (error) {
        // Of another request, or damaged: the part crosses again where it is wanted.
        if (!isKeyriteError(error)) throw error
      }
    }
    if (texts.length > 0 && this.held.length === 0 && this.assembly === undefined) await this.forget()
    await this.finish()
  }

  /** The next text to show. */
  next(): string {
    const { assembly, parts, held } = this
    if (assembly !== undefined) {
      const done = assembly.held.length
      this.use.onPart?.({ direction: 'in', index: done + 1, count: assembly.count, done })
      return this.sealed({ ask: 'answer-part', whole: this.whole, index: done + 1 })
    }
    if (parts.length === 1) return this.request
    // An airgap that says that it holds all and answers nothing is shown a part again.
    const index = firstMissing(held, parts.length) ?? 1
    this.use.onPart?.({ direction: 'out', index, count: parts.length, done: held.length })
    return this.sealed({ ask: 'part', ...parts[index - 1] })
  }

  /** Takes the airgap's reply to what was shown. */
  async take(shown: string, reply: string): Promise<void> {
    const { ceremony, step } = this.envelope
    const { kind, body, ...place } = openEnvelope(reply)
    if (!isPartAnswer(body)) {
      if (shown !== this.request) throw this.refuse('it is no answer to a part')
      await this.forget()
      this.answer = reply
      return
    }
    const answer = checkPartAnswer(body, 'The airgap’s answer')
    if (kind !== 'answer' || place.ceremony !== ceremony || place.step !== step || answer.request !== openEnvelope(shown).digest) {
      throw this.refuse('it answers another request')
    }
    const isNew = this.learn(answer)
    if (isNew) await this.use.store.add(reply).catch(this.tell)
    await this.finish()
  }

  /** Takes in a part of the answer, or which parts the airgap holds. @returns whether that was new. @throws run.answer, channel.bad-part */
  private learn(answer: PartAnswer): boolean {
    if (answer.give === 'held') {
      if (answer.whole !== this.whole) throw this.refuse('it speaks of another request’s parts')
      this.held = answer.held.filter((index) => index <= this.parts.length)
      this.assembly = undefined
      return true
    }
    if (answer.of !== this.whole) throw this.refuse('it is a part of the answer to another request')
    const assembly = this.assembly?.isOf(answer) === true ? this.assembly : new Assembly(answer)
    // The parts are asked for in order, so that the last one asked for is the last: by it the airgap knows that all were taken.
    const isNext = answer.index === assembly.held.length + 1
    const isNew = isNext && assembly.add(answer)
    this.assembly = assembly
    return isNew
  }

  /** Forgets the parts once the answer is whole: should it be refused, it is asked for again. */
  private async finish(): Promise<void> {
    if (this.assembly?.isComplete !== true) return
    await this.forget()
    this.answer = this.assembly.join()
  }

  private async forget(): Promise<void> {
    await this.use.store.clear().catch(this.tell)
  }

  private readonly tell = (problem: unknown): void => {
    if (!isKeyriteError(problem)) throw problem
    this.use.onProblem?.(problem)
  }

  private sealed(body: Json): string {
    return sealEnvelope({ kind: 'request', ceremony: this.envelope.ceremony, step: this.envelope.step, body })
  }

  private refuse(why: string): KeyriteError {
    return runError('answer', { step: this.envelope.step ?? '', why })
  }
}

/** The whole answer in an airgap's envelope: its body, or the one part that is all of it. Unchecked; undefined for anything else. */
export function answerIn({ kind, body }: Envelope): Json | undefined {
  if (kind !== 'answer') return undefined
  if (!isPartAnswer(body)) return body
  try {
    const part = checkPartAnswer(body, 'The airgap’s answer')
    return part.give === 'part' && part.count === 1 ? openEnvelope(part.text).body : undefined
  } catch (error) {
    if (isKeyriteError(error)) return undefined
    throw error
  }
}

/** The progress of a transfer in parts. */
export interface PartProgress {
  /** `out`: this side's own text. `in`: the other side's. */
  readonly direction: 'in' | 'out'
  /** The part that crosses now, from 1. */
  readonly index: number
  readonly count: number
  /** Parts that have crossed. */
  readonly done: number
}

/** Hears of each part, and null once nothing crosses in parts any more. */
type OnPart = (progress: PartProgress | null) => void
