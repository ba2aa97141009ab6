/**
 * Every kind of message that can be signed. To add one, add its file in `kinds/` and its line here. A message of any
 * other kind is refused, never signed blind.
 */
import { isKeyriteError } from '../base/errors.ts'
import { concat, fromHex } from '../base/bytes.ts'
import { tag } from '../crypto/hash.ts'
import type { Json, JsonObject } from '../base/canonical.ts'
import { compileCheck, objectSchema } from '../wire/schema.ts'
import type { Check, Schema } from '../wire/schema.ts'
import { messageError } from './kind.ts'
import type { Line, Signable, MessageKind, ItemPlace } from './kind.ts'
import { bytes } from './kinds/bytes.ts'
import { ethBlsToExecutionChange } from './kinds/eth-bls-to-execution-change.ts'
import { ethDeposit } from './kinds/eth-deposit.ts'
import { ethVoluntaryExit } from './kinds/eth-voluntary-exit.ts'
import { file } from './kinds/file.ts'
import { raw } from './kinds/raw.ts'
import { text } from './kinds/text.ts'

/** All kinds, in the order in which documents list them. */
export const messageKinds: readonly MessageKind[] = [
  text,
  bytes,
  file,
  ethBlsToExecutionChange,
  ethVoluntaryExit,
  ethDeposit,
  raw,
]

const byName: ReadonlyMap<string, MessageKind> = new Map(messageKinds.map((kind) => [kind.name, kind]))

/** The kind of a message. @throws message.unknown-kind */
export function kindOf({ kind }: { readonly kind: string }, place: ItemPlace = {}): MessageKind {
  const found = byName.get(kind)
  if (found === undefined) throw messageError('unknown-kind', { kind: kind.slice(0, 200), known: [...byName.keys()], ...place })
  return found
}

/** The strict schema of a kind's messages, `kind` included. */
export function schemaOfKind({ name, fields }: MessageKind): Schema {
  return objectSchema({ kind: { type: 'string', const: name }, ...Object.fromEntries(Object.entries(fields).map(([field, { schema }]) => [field, schema])) })
}

const checks: ReadonlyMap<string, Check<JsonObject>> = new Map(messageKinds.map((kind) => [kind.name, compileCheck<JsonObject>(schemaOfKind(kind))]))

/**
 * Checks one message as a whole: its kind, its fields, and the rules that no schema can express.
 *
 * @param place its place in the list, for the error
 * @throws message.unknown-kind, message.malformed
 */
export function checkMessage(value: Json | undefined, place: ItemPlace = {}): Signable {
  const message = withKind(value, place)
  const kind = kindOf(message, place)
  const refuse = (where: string, why: string) => messageError('malformed', { where, why, ...place })
  for (const name of Object.keys(message)) {
    if (name !== 'kind' && !Object.hasOwn(kind.fields, name)) {
      throw refuse(`/${name}`, `${kind.name} has no such field; it has ${Object.keys(kind.fields).join(', ')}`)
    }
  }
  for (const [name, { wants }] of Object.entries(kind.fields)) {
    if (!Object.hasOwn(message, name)) throw refuse('', `it has no ${name}, which should be ${wants}`)
  }
  try {
    checks.get(kind.name)?.(message, 'The message')
  } catch (error) {
    if (!isKeyriteError(error, 'wire.malformed')) throw error
    const { where } = error.facts
    throw refuse(where, `it should be ${kind.fields[where.split('/')[1] ?? '']?.wants ?? 'otherwise'}`)
  }
  for (const [name, field] of Object.entries(kind.fields)) {
    const problem = field.problem?.(message[name] ?? null) ?? null
    if (problem !== null) throw refuse(`/${name}`, problem)
  }
  return message
}

/** Checks that a value is an object with a `kind`: before the kind is known, no more can be checked. */
export function withKind(value: Json | undefined, place: ItemPlace): Signable {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw messageError('malformed', { where: '', why: 'it should be an object with a kind', ...place })
  const object = value as JsonObject
  const kind = Object.hasOwn(object, 'kind') ? object['kind'] : undefined
  if (typeof kind !== 'string') throw messageError('malformed', { where: '/kind', why: 'it should have a kind, in quotes', ...place })
  return { ...object, kind }
}

/** The lines that the airgap's owner sees of a checked message. */
export const displayMessage = (message: Signable): readonly Line[] => kindOf(message).display(message)

/**
 * The exact bytes that BLS signs of a checked message (protocol §8.1): a root of 32 bytes as it is, or prefix, id and content.
 *
 * @param ceremony the id of the ceremony that signs, in hex
 */
export function signedBytesOf(message: Signable, ceremony: string): Uint8Array {
  const { name, signs } = kindOf(message)
  if ('root' in signs) return signs.root(message)
  return concat(tag(`message/${name}`), fromHex(ceremony, 32), signs.content(message))
}

/** Do the signed bytes of a message hold the ceremony's id? */
export const isBoundToCeremony = (message: Signable): boolean => 'content' in kindOf(message).signs

/** One spelling of a message: the same for messages that differ only in capitals in an address or in 0x before hex. */
export function oneSpelling(message: Signable): Signable {
  const { fields } = kindOf(message)
  return { ...Object.fromEntries(Object.entries(message).map(([name, value]) => [name, fields[name]?.same?.(value ?? null) ?? value])), kind: message.kind }
}

/** The one public key (hex) under which a signature of a checked message counts, or undefined where it names none. */
export const signerOf = (message: Signable): string | undefined => kindOf(message).signer?.(message)

/** Is this a message of which nobody can see what is really signed? */
export const isBlind = (message: Signable): boolean => kindOf(message).blind === true
