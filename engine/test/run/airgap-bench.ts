/** One airgap of a recorded key generation to ask anything of, and statements that the others' airgaps could have made instead. */
import { expect } from 'chai'
import { airgapKeyPair } from '../../crypto/seed.ts'
import { sealEnvelope } from '../../channel/envelope.ts'
import type { AirgapPorts } from '../../run/airgap-session.ts'
import { bindPieces, pieceFor } from '../../run/attachment.ts'
import type { AirgapMemory, Session } from '../../run/memory.ts'
import type { Json } from '../../base/canonical.ts'
import { indexOf } from '../../wire/card.ts'
import type { Carried } from '../../wire/exchange.ts'
import { signStatement } from '../../wire/message.ts'
import type { Statement } from '../../wire/message.ts'
import { airgapFrom, bodyOf, changed, memberOf, refusalOf, resultOf } from './harness.ts'
import type { Crossing, Recorded } from './harness.ts'

type Payload = Readonly<Record<string, Json>>

/** The place and payload of another's airgap's statement. */
export interface Place {
  readonly step: string
  readonly type: string
  readonly view: string
  readonly payload: Payload
  readonly ceremony?: string
}

export const carried = (request: string): Carried[] => bodyOf(request)['collected'] as Carried[]

export const withCollected = (request: string, collected: readonly Carried[]): string =>
  changed(request, { body: (body) => ({ ...body, collected }) })

/** Any piece that has the form of a deal, and opens for nobody. */
export const GARBAGE = { sealed: 'ab'.repeat(80) }

export class Bench {
  readonly run: Recorded
  readonly name: string

  /** @param name the participant whose airgap is asked */
  constructor(run: Recorded, name = 'ben') {
    this.run = run
    this.name = name
  }

  /** Its recorded request, answer and memories. */
  at(step: string): Crossing {
    return this.run.crossing(this.name, step)
  }

  viewBefore(step: string): string {
    const { ledger } = resultOf(this.run, this.name)
    return ledger.viewBefore(ledger.ceremony.steps.findIndex((one) => one.name === step)) ?? ''
  }

  /** The statement that another participant's airgap would make in this place with this payload. */
  carry(name: string, { payload, ...place }: Place): Carried {
    const { secretKey } = airgapKeyPair(memberOf(this.run, name).seed)
    const statement: Statement = { ceremony: this.run.ceremony, from: name, payload, ...place }
    return { from: name, payload, airgapSignature: signStatement(secretKey, statement) }
  }

  /** The Deals of another that binds such a piece for this airgap, with it and its path. */
  deals(from: string, piece: Payload): Carried {
    const { roster } = this.run.opening
    const { payload, attachment } = bindPieces(roster, new Map(roster.filter(({ name }) => name !== from).map(({ name }) => [name, name === this.name ? piece : GARBAGE])))
    return {
      ...this.carry(from, { step: 'SendDeals', type: 'Deals', view: this.viewBefore('SendDeals'), payload: payload as Payload }),
      ...pieceFor(attachment, indexOf(roster, this.name)),
    }
  }

  /** Its recorded request for a step, with one participant's statement changed. */
  withOne(step: string, from: string, change: (one: Carried) => unknown): string {
    const { request } = this.at(step)
    return withCollected(request, carried(request).map((one) => (one.from === from ? change(one) as Carried : one)))
  }

  /** The request that makes it complain of cleo, whose deal to it does not open. */
  get complaining(): string {
    return this.withOne('ProcessDeals', 'cleo', () => this.deals('cleo', GARBAGE))
  }

  complaint(from: string, accused: string, more: Partial<Place> = {}): Carried {
    return this.carry(from, { step: 'ProcessDeals', type: 'Complaint', view: this.viewBefore('ProcessDeals'), payload: { accused }, ...more })
  }

  /** @param collected as a request for the disputed step brings it */
  dispute(dispute: object, step = 'Complaint', collected: readonly object[] = carried(this.at('ProcessDeals').request)): string {
    return this.sealed(step, { ask: 'dispute', dispute, collected })
  }

  sealed(step: string, body: object, ceremony = this.run.ceremony): string {
    return sealEnvelope({ kind: 'request', ceremony, step, body: body as Record<string, Json> })
  }

  sessionOf(memory: AirgapMemory): Session {
    return memory.sessions[this.run.ceremony] ?? expect.fail('no session')
  }

  /** Asks an airgap that has this memory. */
  async ask(memory: AirgapMemory, request: string, more: Partial<AirgapPorts> = {}) {
    const made = airgapFrom(memory, more)
    return { ...made, text: await made.airgap.handle(request) }
  }

  /** Expects a refusal with this code: nothing is remembered of the request, and the right one then gets the recorded answer. */
  async expectRefused(step: string, request: string, code: string, label = ''): Promise<void> {
    const { before, request: right, answer } = this.at(step)
    const { airgap, memory, text } = await this.ask(before, request)
    expect(refusalOf(text), label).to.equal(code)
    expect(memory.read(), label).to.equal(before)
    expect(await airgap.handle(right), `${label}: the right request after it`).to.equal(answer)
  }
}
