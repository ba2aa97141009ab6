/**
 * Parts around an airgap: puts requests together that come in parts, and gives answers in parts that are too long to be looked at.
 * The airgap itself sees whole requests only and checks them as ever. It holds one request at a time, until another one begins:
 * with it, any part of its answer can be given again, after a restart too.
 */
import { isKeyriteError } from '../base/errors.ts'
import type { KeyriteError } from '../base/errors.ts'
import { openEnvelope, sealEnvelope } from '../channel/envelope.ts'
import type { Envelope } from '../channel/envelope.ts'
import type { PartStore } from '../channel/part-store.ts'
import { Assembly, cutInParts, firstMissing, wholeHash } from '../channel/parts.ts'
import { checkPartRequest, isPartRequest } from '../wire/exchange.ts'
import type { AnswerPart, AnswerPartRequest, HeldAnswer, Part, RequestPart } from '../wire/exchange.ts'
import type { Airgap } from './airgap.ts'
import type { OnPart } from './part-progress.ts'

export interface AirgapPartsUse {
  /** Packed bytes of a transfer above which it crosses in parts. */
  readonly above: number
  readonly store: PartStore
  readonly onPart?: OnPart
  /** Hears of parts that had to be dropped, and of a disk on which none can be kept: then a restart begins anew. */
  readonly onProblem?: (problem: KeyriteError) => void
}

/** What an airgap shows next. */
export interface Taken {
  readonly text: string
  /** The request that was answered and its answer, both whole; not set while parts of the request are missing. */
  readonly answered?: {
    readonly request: string
    readonly answer: string
    /** The airgap has just given it; otherwise it was at hand, and only another part of it is shown. */
    readonly isNew: boolean
    /** All of it was shown with this. */
    readonly isLast: boolean
  }
}

export interface AirgapInParts extends Airgap {
  /** Takes what the client shows, gives what to show. @throws what `handle` of the airgap throws, channel.bad-part */
  readonly take: (text: string) => Promise<Taken>
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

  async function take(text: string): Promise<Taken> {
    await (loaded ??= load())
    const envelope = openEnvelope(text)
    if (envelope.kind !== 'request' || !isPartRequest(envelope.body)) return await takeWhole(text, envelope)
    const body = checkPartRequest(envelope.body, 'The request')
    return body.ask === 'part' ? await takePart(text, envelope, body) : await takeWish(envelope, body)
  }

  async function takeWhole(text: string, envelope: Envelope): Promise<Taken> {
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

  async function takePart(text: string, envelope: Envelope, part: RequestPart): Promise<Taken> {
    if (under?.assembly?.isOf(part) !== true) {
      // Refused before anything that is held makes room for it.
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
    // Shown once more, a request is asked once more: a refusal may be mended since.
    const answer = await answerOrForget(now.text, envelope, now)
    now.answer = answer
    return give(envelope, { whole: now.whole, text: now.text, answer }, 1, true)
  }

  async function takeWish(envelope: Envelope, { whole, index }: AnswerPartRequest): Promise<Taken> {
    const now = under
    if (now?.whole !== whole || now.text === undefined) return held(envelope, whole, now?.whole === whole ? now.assembly : undefined)
    const isNew = now.answer === undefined
    const answer = now.answer ?? (await answerOrForget(now.text, envelope, now))
    now.answer = answer
    // Another answer than the client knows, perhaps: it sees that, and begins with it.
    return give(envelope, { whole, text: now.text, answer }, index <= answer.parts.length ? index : 1, isNew)
  }

  /** Puts the parts together, or drops them all: nobody knows which one is wrong. */
  async function complete(now: Under, assembly: Assembly): Promise<void> {
    try {
      now.text = assembly.join()
    } catch (problem) {
      tell(problem)
      await forget()
    }
  }

  /** @param mayBeBare the answer crosses as it is if it is short enough, since the request did */
  async function answerTo(text: string, envelope: Envelope, of: string, mayBeBare: boolean): Promise<Cut> {
    const answer = await airgap.handle(text)
    const parts = cutInParts(answer, use.above, (part) => (mayBeBare && part.count === 1 ? answer : sealed(envelope, of, part)))
    return { text: answer, parts }
  }

  /** What is no request at all stays none, however often it is asked. */
  async function answerOrForget(text: string, envelope: Envelope, { whole, assembly }: Under): Promise<Cut> {
    try {
      return await answerTo(text, envelope, whole, assembly === undefined)
    } catch (error) {
      if (isKeyriteError(error)) await forget()
      throw error
    }
  }

  function give(envelope: Envelope, { whole, text, answer }: Required<Omit<Under, 'assembly'>>, index: number, isNew: boolean): Taken {
    const part = answer.parts[index - 1]
    if (part === undefined) throw new TypeError('a part that there is not')
    const { count } = part
    use.onPart?.(count === 1 ? null : { direction: 'out', index, count, done: index - 1 })
    return { text: sealed(envelope, whole, part), answered: { request: text, answer: answer.text, isNew, isLast: index === count } }
  }

  function held(envelope: Envelope, whole: string, assembly: Assembly | undefined): Taken {
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
