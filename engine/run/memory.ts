/**
 * What an airgap remembers (protocol §7): one JSON value, in the vault. Per ceremony what it was asked and what it
 * answered; of finished ones what they left. Secret: the seed, and every kept value.
 */
import type { Carried, Stated } from '../wire/exchange.ts'
import type { JsonObject } from '../wire/canonical.ts'
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

export type CellState = 'live' | 'finished' | 'declined' | 'aborted'

/** An airgap's memory of one ceremony. */
export interface Cell extends JsonObject {
  readonly opening: Opening
  /** 32 bytes, hex; gone once the session is erased. */
  readonly salt: string | null
  readonly state: CellState
  readonly steps: Readonly<Record<string, StepMemory>>
  readonly disputes: Readonly<Record<string, StepMemory>>
}

/** What a finished ceremony left in the vault. */
export interface KeptRecord extends JsonObject {
  readonly opening: Opening
  readonly finishedAt: string
  /** By the script's local name, for example `share`. Secret. */
  readonly values: JsonObject
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
  card: nullable(cardSchema),
  scripts: { type: 'array', items: objectSchema({ name: text, hash: hexSchema(32), source: text }) },
  ceremonies: record(
    objectSchema({
      opening: openingSchema,
      salt: nullable(hexSchema(32)),
      state: { type: 'string', enum: ['live', 'finished', 'declined', 'aborted'] },
      steps: record(stepSchema),
      disputes: record(stepSchema),
    }),
  ),
  kept: record(objectSchema({ opening: openingSchema, finishedAt: text, values: { type: 'object' } })),
})

export const emptyMemory = (seed: string): AirgapMemory => ({
  version: 1, seed, card: null, scripts: [], ceremonies: {}, kept: {},
})

/** The memory without its session cells: a backup must not be able to answer a live step again. */
export const forBackup = (memory: AirgapMemory): AirgapMemory => ({ ...memory, ceremonies: {} })

/** Where the memory lives. `update` resolves after the new value is durable. */
export interface MemoryStore {
  readonly read: () => AirgapMemory
  readonly update: (change: (memory: AirgapMemory) => AirgapMemory) => Promise<void>
}

