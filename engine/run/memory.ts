/**
 * The memory of an airgap (protocol §7): one JSON value, in the vault. It has a session for each ceremony, with the requests
 * and their answers, and an archive of what finished ones left. Secret: the seed, the sessions, and the archive's values.
 */
import { fromHex, isHex, toHex } from '../base/bytes.ts'
import { airgapKeyPair } from '../crypto/seed.ts'
import type { Followed } from '../verbs/runtime.ts'
import type { Json, JsonObject } from '../base/canonical.ts'
import type { Card, Opening } from '../wire/card.ts'
import type { Carried, Stated } from '../wire/exchange.ts'
import { hexSchema, nameSchema, objectSchema, openingSchema } from '../wire/schema.ts'

/** One answered step. */
export interface StepMemory extends JsonObject {
  /** H over the set of statements that it was asked with: the same set gets the same answer. */
  readonly asked: string
  /** The previous step's statements by the others, as verified. */
  readonly collected: readonly Carried[]
  readonly prepared: JsonObject
  /** Null while it is being made. */
  readonly stated: Stated | null
  readonly attachment?: JsonObject
}

/**
 * The states of a session. `closed`: its client showed it that the ceremony is over. `abandoned`: its owner gave it up for good. `left`:
 * it was live when a backup was made; a vault restored from that takes no step of the ceremony.
 */
export const SESSION_STATES = ['live', 'finished', 'closed', 'abandoned', 'left'] as const
export type SessionState = (typeof SESSION_STATES)[number]

/** An airgap's memory of one ceremony. */
export interface Session extends JsonObject {
  readonly opening: Opening
  readonly state: SessionState
  readonly steps: Readonly<Record<string, StepMemory>>
  /** Answered disputes, by name and complainer (`disputeKey`). Once there is one, the ceremony is never finished here. */
  readonly disputes: Readonly<Record<string, StepMemory>>
  /** Work under way that takes long. Gone once it is done. */
  readonly work?: Work
}

/** The key under which the answer to a complainer's dispute is remembered: one answer each, always the same. */
export const disputeKey = (dispute: string, complainer: string): string => `${dispute} ${complainer}`

/** Work under way, with the owner's consent where that was asked. As secret as the session. */
export interface Work extends JsonObject {
  readonly step: string
  /** As in the step's memory. */
  readonly asked: string
  /** How far it is, in the verb's own form; null at its beginning. */
  readonly state: Json
  /** The owner stopped it, so that it asks again before it goes on. */
  readonly stopped?: true
}

/** The archive's record of a finished ceremony. */
export interface Archived extends JsonObject {
  readonly opening: Opening
  readonly finishedAt: string
  /** By the script's local name, for example `share`. Secret. */
  readonly values: JsonObject
  /** It was recovered from a log in which not everybody had confirmed. */
  readonly unconfirmed?: true
}

/** A finished ceremony as its airgap finds it again when another one follows it. */
export interface FollowedHere extends Followed {
  /** By the script's local name. Secret. */
  readonly values: JsonObject
  readonly unconfirmed?: true
}

/** Finds a finished ceremony in a memory, by its id. */
export function followedIn({ archive }: AirgapMemory, id: string): FollowedHere | undefined {
  const record = Object.hasOwn(archive, id) ? archive[id] : undefined
  return record === undefined ? undefined : { id, opening: record.opening, values: record.values, ...(record.unconfirmed === true ? { unconfirmed: true } : {}) }
}

export interface AddedScript extends JsonObject {
  readonly name: string
  readonly hash: string
  readonly source: string
}

/** A client as its airgap's owner confirmed it. */
export interface Paired extends JsonObject {
  readonly name: string
  /** 32 bytes, hex. */
  readonly signingKey: string
}

export interface AirgapMemory extends JsonObject {
  readonly version: 2
  /** 64 bytes, hex. */
  readonly seed: string
  /** 16 bytes, hex, drawn when this vault was made, and in no backup: of two vaults of one seed each joins its own ceremonies only. */
  readonly epoch: string
  readonly client: Paired | null
  readonly scripts: readonly AddedScript[]
  readonly sessions: Readonly<Record<string, Session>>
  /** The ids of ceremonies that the owner declined, whose openings are not kept: whoever opens many fills no vault. They go with their client. */
  readonly declined: readonly string[]
  readonly archive: Readonly<Record<string, Archived>>
}

const text = { type: 'string' }
const nullable = (schema: object) => ({ anyOf: [schema, { type: 'null' }] })
const record = (schema: object) => ({ type: 'object', additionalProperties: schema })

const stepSchema = objectSchema(
  {
    asked: hexSchema(32),
    collected: { type: 'array', items: { type: 'object' } },
    prepared: { type: 'object' },
    stated: nullable({ type: 'object' }),
    attachment: { type: 'object' },
  },
  ['attachment'],
)

/** The schema of a backup's part of the vault: all but its epoch. */
const backedUpSchemas = {
  version: { type: 'integer', const: 2 },
  seed: hexSchema(64),
  client: nullable(objectSchema({ name: nameSchema, signingKey: hexSchema(32) })),
  scripts: { type: 'array', items: objectSchema({ name: text, hash: hexSchema(32), source: text }) },
  sessions: record(
    objectSchema({
      opening: openingSchema,
      state: { type: 'string', enum: SESSION_STATES },
      steps: record(stepSchema),
      disputes: record(stepSchema),
      work: objectSchema({ step: text, asked: hexSchema(32), state: {}, stopped: { type: 'boolean', const: true } }, ['stopped']),
    }, ['work']),
  ),
  declined: { type: 'array', items: hexSchema(32) },
  archive: record(objectSchema({ opening: openingSchema, finishedAt: text, values: { type: 'object' }, unconfirmed: { type: 'boolean', const: true } }, ['unconfirmed'])),
}

/** The vault's schema: this program wrote the vault, but perhaps another version of it. */
export const memorySchema = objectSchema({ ...backedUpSchemas, epoch: hexSchema(16) })

/** Bytes of an epoch. */
export const EPOCH = 16

/** @param epoch fresh, 16 bytes, wherever the seed comes from */
export const emptyMemory = (seed: string, epoch: Uint8Array): AirgapMemory =>
  ({ version: 2, seed, epoch: toHex(epoch), client: null, scripts: [], sessions: {}, declined: [], archive: {} })

/** This airgap's card, once it is paired: by its client, its own key, and the epoch of this vault. */
export const cardIn = ({ seed, epoch, client }: AirgapMemory): Card | null =>
  client === null ? null : { ...client, airgapKey: toHex(airgapKeyPair(fromHex(seed, 64)).publicKey), epoch }

/** The part of a memory that a backup has: all but its epoch. */
export type BackedUp = JsonObject & Pick<AirgapMemory, 'version' | 'seed' | 'client' | 'scripts' | 'sessions' | 'declined' | 'archive'>

/** A backup. As secret as the memory. */
export interface Backup extends JsonObject {
  readonly keyrite: 'airgap-backup/2'
  /** RFC 3339. */
  readonly madeAt: string
  readonly memory: BackedUp
}

export const backupSchema = objectSchema({ keyrite: { type: 'string', const: 'airgap-backup/2' }, madeAt: text, memory: objectSchema(backedUpSchemas) })

/**
 * The memory without its live sessions and its epoch: a backup must not be able to answer a live step again, nor to join what this
 * vault may have joined. The answers of a finished session hold no secret, and are the same however often they are given, so
 * they stay. Work under way is left out with its session.
 */
export function forBackup({ version, seed, client, scripts, archive, declined, sessions }: AirgapMemory): BackedUp {
  const kept = Object.entries(sessions).map(([id, session]): [string, Session] => {
    if (session.state === 'finished') return [id, session]
    return [id, { opening: session.opening, state: session.state === 'live' ? 'left' : session.state, steps: {}, disputes: {} }]
  })
  return { version, seed, client, scripts, archive, declined, sessions: Object.fromEntries(kept) }
}

export const backupOf = (memory: AirgapMemory, madeAt: Date): Backup => ({
  keyrite: 'airgap-backup/2', madeAt: madeAt.toISOString(), memory: forBackup(memory),
})

/** A backup's memory in a new vault. @param epoch fresh, 16 bytes */
export const restoredFrom = ({ memory }: Backup, epoch: Uint8Array): AirgapMemory => ({ ...memory, epoch: toHex(epoch) })

/** How a ceremony stands in a memory; null where it never joined. */
export function stateIn({ sessions, declined, archive }: AirgapMemory, id: string): SessionState | 'declined' | null {
  if (declined.includes(id)) return 'declined'
  return sessions[id]?.state ?? (archive[id] === undefined ? null : 'finished')
}

/** The place of the memory. `update` resolves after the new value is durable. */
export interface MemoryStore {
  readonly read: () => AirgapMemory
  readonly update: (change: (memory: AirgapMemory) => AirgapMemory) => Promise<void>
}

// The public side of the archive, for the owner's screen.

/** A finished ceremony as its owner may see it anywhere: nothing of it is secret. */
export interface ArchivedShown {
  readonly id: string
  readonly opening: Opening
  /** For a key: 48 bytes, hex. */
  readonly groupKey?: string
  /** Its share was recovered from a log in which not everybody had confirmed: the others may have given it up. */
  readonly isUnconfirmed: boolean
}

/** The public side of one finished ceremony from the archive. */
export function shownOf(
  { id, opening, values, unconfirmed = false }: { readonly id: string; readonly opening: Opening; readonly values: JsonObject; readonly unconfirmed?: boolean },
): ArchivedShown {
  const groupKey = groupKeyIn(values)
  return { id, opening, isUnconfirmed: unconfirmed, ...(groupKey === undefined ? {} : { groupKey }) }
}

/** The group key of a share, which stands beside the share. */
function groupKeyIn(values: JsonObject): string | undefined {
  for (const value of Object.values(values)) {
    if (typeof value !== 'object' || value === null || !('groupKey' in value)) continue
    const { groupKey } = value
    if (isHex(groupKey, 48)) return groupKey
  }
  return undefined
}
