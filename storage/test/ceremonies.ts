/** Whole ceremonies over a real storage: simulated participants with real keys, whose clients post to its board. */
import { randomBytes } from 'node:crypto'
import { toHex } from '../../engine/base/bytes.ts'
import { airgapKeyPair } from '../../engine/crypto/seed.ts'
import { readShipped } from '../../engine/script/load.ts'
import { tamperingOf } from '../../engine/simulate/faults.ts'
import { prepareSimulation, runMember } from '../../engine/simulate/simulate.ts'
import type { MemberKeys, Prepared, SimulatedMember } from '../../engine/simulate/simulate.ts'
import { verbs } from '../../engine/verbs/implementations.ts'
import { canonical } from '../../engine/base/canonical.ts'
import type { JsonObject } from '../../engine/base/canonical.ts'
import { signCard } from '../../engine/wire/card.ts'
import type { Opening } from '../../engine/wire/card.ts'
import { EMPTY_LOG } from '../../engine/wire/log.ts'
import { signMessage } from '../../engine/wire/message.ts'
import type { Statement } from '../../engine/wire/message.ts'
import { signObject } from '../../engine/wire/sign.ts'
import { connectBoard } from '../client.ts'
import { BOARD, TOKEN } from './support.ts'

export const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length))

export interface Staged extends Prepared {
  /** Registers these participants, or all. */
  ready(names?: readonly string[]): Promise<void>
  open(): Promise<void>
  /** Runs these clients, or all, until they end or the signal aborts. */
  run(signal: AbortSignal, names?: readonly string[]): Promise<void>
}

export interface StageOptions {
  readonly names: readonly string[]
  readonly threshold: number
  readonly rehearsal?: boolean
  readonly opensAt?: number
  readonly faults?: readonly string[]
}

/** A day, as the time after which a simulation calls a ceremony still: no deadline passes during a test. */
const DAY = 86_400_000

/** @param url the storage's address */
export async function stageDkg(url: string, { names, threshold, faults = [], ...more }: StageOptions): Promise<Staged> {
  const script = readShipped('dkg')
  const cheats = tamperingOf(faults, { script, verbs, random, names })
  const board = (_: unknown, { name, signingKey }: MemberKeys) => connectBoard({
    url: `${url}/boards/${BOARD}`, token: TOKEN, credentials: { name, sign: (label, object) => signObject(signingKey, label, object) },
  })
  const tamper = Object.fromEntries(names.map((name) => [name, { ...cheats[name], board }]))
  const prepared = await prepareSimulation({ script, names, parameters: { threshold }, verbs, random, idle: DAY, tamper, ...more })
  const chosen = (wanted: readonly string[] | undefined): readonly SimulatedMember[] => prepared.members.filter(({ name }) => wanted?.includes(name) ?? true)
  return {
    ...prepared,
    async ready(wanted) {
      for (const member of chosen(wanted)) {
        const cardSignature = signCard(airgapKeyPair(member.seed).secretKey, member.card)
        await say(member, 'Ready', { card: member.card, cardSignature, script: { name: 'dkg', hash: script.hash } })
      }
    },
    async open() {
      const [opener] = prepared.members
      if (opener !== undefined) await say(opener, 'Opening', prepared.opening)
    },
    async run(signal, wanted) {
      await Promise.all(chosen(wanted).map((member) => runMember(member, prepared.opening, signal)))
    },
  }
}

/** Posts a message that has no slot, in a participant's name. */
export async function say({ client, name, signingKey }: SimulatedMember, type: string, payload: JsonObject, ceremony: string | null = null, more: Partial<Statement> = {}): Promise<void> {
  const statement = { ceremony, step: null, type, from: name, view: ceremony, payload, ...more }
  await client.board.post(canonical(signMessage(signingKey, { statement, seen: EMPTY_LOG })))
}

/** An opening by a script that nobody has, with any parameters. */
export const foreignOpening = ({ opening }: Prepared, parameters: JsonObject, name = 'harvest', version = '0.1.0'): Opening =>
  ({ ...opening, script: { name, version, hash: toHex(random(32)) }, parameters, nonce: toHex(random(32)) })
