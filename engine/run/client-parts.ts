/**
 * Parts around a client's exchange with its airgap: shows a request in parts that is too long to be looked at, and asks for an answer
 * part by part. Whoever calls it sees whole requests and answers only, and checks them as ever. What the airgap said it holds and the
 * parts of its answer are kept, so that a client that starts again shows and asks for nothing twice.
 */
import { isKeyriteError } from '../base/errors.ts'
import type { KeyriteError } from '../base/errors.ts'
import { openEnvelope, sealEnvelope } from '../channel/envelope.ts'
import type { Envelope } from '../channel/envelope.ts'
import type { PartStore } from '../channel/part-store.ts'
import { Assembly, cutInParts, firstMissing, wholeHash } from '../channel/parts.ts'
import type { Json } from '../wire/canonical.ts'
import { checkPartAnswer, isPartAnswer } from '../wire/exchange.ts'
import type { Part, PartAnswer } from '../wire/exchange.ts'
import type { ClientPorts } from './client-ports.ts'
import { runError } from './errors.ts'
import type { OnPart } from './part-progress.ts'

type Exchange = ClientPorts['exchange']

export interface ClientPartsUse {
  /** Packed bytes of a transfer above which it crosses in parts. */
  readonly above: number
  /** What crossed of this ceremony's request under way. One exchange at a time. */
  readonly store: PartStore
  readonly onPart?: OnPart
  /** Hears of a disk on which nothing can be kept: then a restart begins anew. */
  readonly onProblem?: (problem: KeyriteError) => void
}

/** Each part may cross so often, and some more: an airgap that was exchanged knows nothing, and one restart takes one more crossing. */
const TRIES = 3
const MORE_TRIES = 10

/**
 * @returns an exchange of whole requests and answers
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
  /** Parts of the request that the airgap holds, as it says. */
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

  /** Parts of both, as far as they are known. */
  get count(): number {
    return this.parts.length + (this.assembly?.count ?? 0)
  }

  /** Takes up what crossed in an earlier run; drops what crossed for another request. */
  async load(): Promise<void> {
    const texts = await this.use.store.load()
    for (const text of texts) {
      try {
        const { kind, body } = openEnvelope(text)
        if (kind === 'answer' && isPartAnswer(body)) this.learn(checkPartAnswer(body, 'A kept answer'))
      } catch (error) {
        // Of another request, or damaged: it crosses again where it is wanted.
        if (!isKeyriteError(error)) throw error
      }
    }
    if (texts.length > 0 && this.held.length === 0 && this.assembly === undefined) await this.forget()
    await this.finish()
  }

  /** What to show next. */
  next(): string {
    const { assembly, parts, held } = this
    if (assembly !== undefined) {
      const done = assembly.held.length
      this.use.onPart?.({ direction: 'in', index: done + 1, count: assembly.count, done })
      return this.sealed({ ask: 'answer-part', whole: this.whole, index: done + 1 })
    }
    if (parts.length === 1) return this.request
    // An airgap that says it holds all and answers nothing is shown one again.
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

  /** @returns whether that was new. @throws run.answer, channel.bad-part */
  private learn(answer: PartAnswer): boolean {
    if (answer.give === 'held') {
      if (answer.whole !== this.whole) throw this.refuse('it speaks of another request’s parts')
      this.held = answer.held.filter((index) => index <= this.parts.length)
      this.assembly = undefined
      return true
    }
    if (answer.of !== this.whole) throw this.refuse('it is a part of the answer to another request')
    const assembly = this.assembly?.isOf(answer) === true ? this.assembly : new Assembly(answer)
    // Without gaps, the last one that is asked for is the last one: then the airgap knows that all was taken.
    const isNext = answer.index === assembly.held.length + 1
    const isNew = isNext && assembly.add(answer)
    this.assembly = assembly
    return isNew
  }

  /** Once the answer is whole, nothing of it is kept here: should it be refused, it is asked for again. */
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

/** The whole answer that an airgap's envelope holds: itself, or the one part that is all of it. Unchecked; undefined for anything else. */
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
