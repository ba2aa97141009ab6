/**
 * What an airgap remembers (protocol §7): one JSON value, in the vault. Per ceremony what it was asked and what it
 * answered; of finished ones what they left. Secret: the seed, and every kept value.
 */
import type { Carried, Stated } from '../wire/exchange.ts'
import type { Json, JsonObject } from '../wire/canonical.ts'
import type { Followed } from '../verbs/runtime.ts'
import type { Card, Opening } from '../wire/card.ts'
import { cardSchema, hexSchema, objectSchema, openingSchema } from '../wire/schema.ts'

/** One answered step. */
export interface StepMemory extends JsonObject {
  /** H over the set of statements that it was asked with: the same set gets the same answer. */
  readonly asked: string
  /** The previous step's statements by the others, as verified. */
  readonly collected: readonly Carried[]
  readonly prepared: JsonObject
  readonly stated: readonly Stated[]
  readonly attachment?: JsonObject
}

/** `left`: live when a backup was made; what came back from it takes no step of that ceremony. */
export type CellState = 'live' | 'finished' | 'declined' | 'aborted' | 'left'

/** An airgap's memory of one ceremony. */
export interface Cell extends JsonObject {
  readonly opening: Opening
  /** 32 bytes, hex; gone once the session is erased. */
  readonly salt: string | null
  readonly state: CellState
  readonly steps: Readonly<Record<string, StepMemory>>
  readonly disputes: Readonly<Record<string, StepMemory>>
  /** What is under way and takes long. Gone once it is done. */
  readonly work?: Work
}

/** Work under way, to which the owner has consented where that was asked. As secret as the session. */
export interface Work extends JsonObject {
  readonly step: string
  /** As in the step's memory. */
  readonly asked: string
  /** How far it is, in the verb's own form; null at its beginning. */
  readonly state: Json
  /** The owner stopped it, so that it asks again before it goes on. */
  readonly stopped?: true
}

/** What a finished ceremony left in the vault. */
export interface KeptRecord extends JsonObject {
  readonly opening: Opening
  readonly finishedAt: string
  /** By the script's local name, for example `share`. Secret. */
  readonly values: JsonObject
}

/** A finished ceremony as its airgap finds it again when another one follows it. */
export interface FollowedHere extends Followed {
  /** By the script's local name. Secret. */
  readonly values: JsonObject
}

/** Finds a finished ceremony in a memory, by its id. */
export function followedIn({ kept }: AirgapMemory, id: string): FollowedHere | undefined {
  const record = Object.hasOwn(kept, id) ? kept[id] : undefined
  return record === undefined ? undefined : { id, opening: record.opening, values: record.values }
}

export interface AddedScript extends JsonObject {
  readonly name: string
  readonly hash: string
  readonly source: string
}

export interface AirgapMemory extends JsonObject {
  readonly version: 1
  /** 64 bytes, hex. */
  readonly seed: string
  /**
   * When it was made from the words or a backup, RFC 3339. A ceremony that was opened before may have been joined by the memory that was lost.
   */
  readonly restoredAt?: string
  readonly card: Card | null
  readonly scripts: readonly AddedScript[]
  readonly ceremonies: Readonly<Record<string, Cell>>
  readonly kept: Readonly<Record<string, KeptRecord>>
}

const text = { type: 'string' }
const nullable = (schema: object) => ({ anyOf: [schema, { type: 'null' }] })
const record = (schema: object) => ({ type: 'object', additionalProperties: schema })

const stepSchema = objectSchema(
  {
    asked: hexSchema(32),
    collected: { type: 'array', items: { type: 'object' } },
    prepared: { type: 'object' },
    stated: { type: 'array', items: { type: 'object' } },
    attachment: { type: 'object' },
  },
  ['attachment'],
)

/** The vault's schema: what is in it was written by this program, but perhaps by another version. */
export const memorySchema = objectSchema({
  version: { type: 'integer', const: 1 },
  seed: hexSchema(64),
  restoredAt: text,
  card: nullable(cardSchema),
  scripts: { type: 'array', items: objectSchema({ name: text, hash: hexSchema(32), source: text }) },
  ceremonies: record(
    objectSchema({
      opening: openingSchema,
      salt: nullable(hexSchema(32)),
      state: { type: 'string', enum: ['live', 'finished', 'declined', 'aborted', 'left'] },
      steps: record(stepSchema),
      disputes: record(stepSchema),
      work: objectSchema({ step: text, asked: hexSchema(32), state: {}, stopped: { type: 'boolean', const: true } }, ['stopped']),
    }, ['work']),
  ),
  kept: record(objectSchema({ opening: openingSchema, finishedAt: text, values: { type: 'object' } })),
}, ['restoredAt'])

/** @param restoredAt where the seed is an earlier airgap's */
export const emptyMemory = (seed: string, restoredAt?: Date): AirgapMemory => ({
  version: 1, seed, ...(restoredAt === undefined ? {} : { restoredAt: restoredAt.toISOString() }), card: null, scripts: [], ceremonies: {}, kept: {},
})

/** What a backup holds. As secret as the memory. */
export interface Backup extends JsonObject {
  readonly keyrite: 'airgap-backup/1'
  /** RFC 3339. */
  readonly madeAt: string
  readonly memory: AirgapMemory
}

export const backupSchema = objectSchema({ keyrite: { type: 'string', const: 'airgap-backup/1' }, madeAt: text, memory: memorySchema })

/**
 * The memory without its live sessions: a backup must not be able to answer a live step again, and differently. That it
 * was in them is kept, so that it does not join them anew either. What a finished ceremony's airgap answered
 * holds no secret, and is the same however often it is given. Work under way is left out with its session.
 */
export function forBackup(memory: AirgapMemory): AirgapMemory {
  const ceremonies = Object.entries(memory.ceremonies).map(([id, cell]): [string, Cell] => {
    if (cell.state === 'finished') return [id, cell]
    return [id, { opening: cell.opening, salt: null, state: cell.state === 'live' ? 'left' : cell.state, steps: {}, disputes: {} }]
  })
  return { ...memory, ceremonies: Object.fromEntries(ceremonies) }
}

export const backupOf = (memory: AirgapMemory, madeAt: Date): Backup => ({
  keyrite: 'airgap-backup/1', madeAt: madeAt.toISOString(), memory: forBackup(memory),
})

/** A backup's memory in a new airgap. Ceremonies that were opened before now are taken for ones that the lost airgap may have joined. */
export const restoredFrom = ({ memory }: Backup, now: Date): AirgapMemory => ({ ...forBackup(memory), restoredAt: now.toISOString() })

/** Where the memory lives. `update` resolves after the new value is durable. */
export interface MemoryStore {
  readonly read: () => AirgapMemory
  readonly update: (change: (memory: AirgapMemory) => AirgapMemory) => Promise<void>
}

