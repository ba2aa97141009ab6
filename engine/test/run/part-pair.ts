/** One client and its airgap, with small parts, for tests. */
import { expect } from 'chai'
import { isKeyriteError } from '../../base/errors.ts'
import type { KeyriteError } from '../../base/errors.ts'
import { openEnvelope, sealEnvelope } from '../../channel/envelope.ts'
import { memoryParts } from '../../channel/parts.ts'
import { airgapInParts, clientInParts } from '../../run/parts.ts'
import type { PartProgress } from '../../run/parts.ts'
import type { Exchange } from '../../wire/exchange.ts'
import { airgapFrom, bodyOf } from './harness.ts'
import type { Crossing } from './harness.ts'

/** Small enough that a key generation among three crosses in dozens of parts. */
export const LIMIT = 600
export const never = new AbortController().signal

export async function codeOfLater(run: Promise<unknown>): Promise<string> {
  try {
    await run
  } catch (error) {
    if (isKeyriteError(error)) return error.code
    throw error
  }
  return 'nothing was thrown'
}

/** A client and an airgap that may die and start again, with what they had on disk. */
export class Pair {
  readonly shown: string[] = []
  readonly replies: string[] = []
  readonly problems: KeyriteError[] = []
  readonly told: (PartProgress | null)[] = []
  readonly asked: unknown[] = []
  readonly clientStore = memoryParts()
  readonly airgapStore = memoryParts()
  private readonly crossing: Crossing
  private airgap: ReturnType<typeof airgapInParts>
  private readonly memory

  /** @param crossing the request; the airgap has the memory of before it or after it */
  constructor(crossing: Crossing, when: 'before' | 'after' = 'after') {
    this.crossing = crossing
    this.memory = airgapFrom(crossing[when]).memory
    this.airgap = this.started()
  }

  private started() {
    const { airgap, asked } = airgapFrom(this.memory.read(), { memory: this.memory })
    const { request, answer } = this.crossing
    const handle = async (text: string): Promise<string> => {
      if (this.crossing.name === 'made up') return text === request ? answer : expect.fail('another request')
      const given = await airgap.handle(text)
      this.asked.push(...asked.splice(0))
      return given
    }
    return airgapInParts({ handle }, { above: LIMIT, store: this.airgapStore, onProblem: (problem) => this.problems.push(problem) })
  }

  restartAirgap(): void {
    this.airgap = this.started()
  }

  readonly cross: Exchange = async (request) => {
    this.shown.push(request)
    const { text } = await this.airgap.take(request)
    this.replies.push(text)
    return text
  }

  take(text: string) {
    return this.airgap.take(text)
  }

  /** The client, started anew. */
  ask(exchange: Exchange = this.cross, request = this.crossing.request): Promise<string> {
    return clientInParts(exchange, { above: LIMIT, store: this.clientStore, onPart: (part) => this.told.push(part) })(request, never)
  }

  /** The parts that were shown of the request and asked for of the answer, in short. */
  get story(): string[] {
    return this.shown.map((text) => {
      const { ask, index } = bodyOf(text)
      const what = ask === 'part' ? 'show' : ask === 'answer-part' ? 'want' : 'whole'
      return typeof index === 'number' ? `${what} ${index}` : what
    })
  }

  get last() {
    return bodyOf(this.replies.at(-1) ?? '')
  }
}

/** A request's part with other numbers, as one that a stranger made. */
export const resealed = (request: string, change: object): string => {
  const { kind, ceremony, step, body } = openEnvelope(request)
  return sealEnvelope({ kind, ceremony, step, body: { ...(body as object), ...change } })
}

/** Shows something else in a part's place; the reply is to the part, as the client sees it. */
export async function aimed(cross: Exchange, shown: string, instead: string): Promise<string> {
  const reply = openEnvelope(await cross(instead, never))
  return sealEnvelope({ ...reply, body: { ...(reply.body as object), request: openEnvelope(shown).digest } })
}
