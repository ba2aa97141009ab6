/**
 * The public data beside a message that its payload binds by hash (protocol §4): its form on the board, its form where it crosses
 * between an airgap and its client, and the pieces for each other participant under one root.
 */
import { isKeyriteError } from '../base/errors.ts'
import { decodeG1OnCurve, decodeG2OnCurve, encodeG1Affine, encodeG2Affine } from '../crypto/bls.ts'
import { fromHex, toHex } from '../base/bytes.ts'
import { isInTree, leafHash, merklePath, merkleRoot } from '../crypto/merkle.ts'
import type { MessageSpec } from '../machines/ceremony.ts'
import type { Fields } from '../verbs/table.ts'
import { fieldsCheck, fieldsProblem } from '../verbs/values.ts'
import { parseType, valueTypes } from '../verbs/types.ts'
import { canonicalBytes, parseCanonical } from '../base/canonical.ts'
import type { Json, JsonObject } from '../base/canonical.ts'
import { indexOf } from '../wire/card.ts'
import type { Card } from '../wire/card.ts'
import { compileCheck, objectSchema } from '../wire/schema.ts'

const ROOT: Fields = { root: 'hash' }

/** The fields of a message's statement: its payload's, or the root that binds a piece for each other participant. */
export const statementFields = ({ to, payload }: MessageSpec): Fields => (to === 'others' ? ROOT : payload)

export const hasAttachment = ({ to, attachment }: MessageSpec): boolean => to === 'others' || attachment !== undefined

interface Pieces extends JsonObject {
  /** In the roster's order; null in the maker's own place. */
  readonly pieces: readonly (JsonObject | null)[]
}

const checkPieces = compileCheck<Pieces>(
  objectSchema({ pieces: { type: 'array', maxItems: 1024, items: { anyOf: [{ type: 'object' }, { type: 'null' }] } } }),
)

/** Checks the form alone; values are decoded later. @throws wire.malformed */
function checkForm(spec: MessageSpec, value: unknown, what: string, fields: (own: Fields) => Fields): JsonObject {
  if (spec.to === 'others') return checkPieces(value, what)
  return fieldsCheck(fields(spec.attachment ?? {}))(value, what)
}

/** Reads an attachment in its form on the board. @throws wire.malformed, wire.not-canonical, TypeError for what is not UTF-8 */
export function readAttachment(spec: MessageSpec, bytes: Uint8Array, what: string): JsonObject {
  return checkForm(spec, parseCanonical(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes), what), what, (own) => own)
}

const crossings = new WeakMap<Fields, Fields>()

/** Fields as they cross between an airgap and its client: points compressed, since more bytes are more codes to scan. */
function crossing(fields: Fields): Fields {
  const known = crossings.get(fields) ?? Object.fromEntries(Object.entries(fields).map(([field, written]) => {
    const { name, list } = parseType(written)
    const crosses = valueTypes[name]?.crosses ?? name
    return [field, list ? `[${crosses}]` : crosses]
  }))
  crossings.set(fields, known)
  return known
}

/** Checks an attachment that an airgap gave. @throws wire.malformed */
export const checkCrossed = (spec: MessageSpec, value: unknown): JsonObject => checkForm(spec, value, 'The attachment from the airgap', crossing)

const EXPAND: Readonly<Record<string, (point: string) => string>> = {
  'g1-affine': (point) => toHex(encodeG1Affine(decodeG1OnCurve(fromHex(point, 48)))),
  'g2-affine': (point) => toHex(encodeG2Affine(decodeG2OnCurve(fromHex(point, 96)))),
}

/** Expands an airgap's attachment to its form on the board: a point's root is computed here once, and by no reader. @throws crypto.bad-point */
export function expanded({ attachment: fields = {} }: MessageSpec, attachment: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(attachment).map(([field, value]) => {
    const { name, list } = parseType(fields[field] ?? '')
    const expand = EXPAND[name]
    if (expand === undefined) return [field, value]
    const one = (item: Json | undefined): string => expand(typeof item === 'string' ? item : '')
    return [field, list && Array.isArray(value) ? (value as readonly Json[]).map(one) : one(value)]
  }))
}

const NOTHING = new Uint8Array()
const leavesOf = (pieces: readonly (JsonObject | null)[]): Uint8Array[] => pieces.map((piece) => leafHash(piece === null ? NOTHING : canonicalBytes(piece)))

/** Binds the pieces for each other participant into one statement: the root that it states, and the pieces beside it. */
export function bindPieces(roster: readonly Card[], payloads: ReadonlyMap<string, JsonObject>): { readonly payload: JsonObject; readonly attachment: Pieces } {
  const pieces = roster.map(({ name }) => payloads.get(name) ?? null)
  return { payload: { root: toHex(merkleRoot(leavesOf(pieces))) }, attachment: { pieces } }
}

export interface PieceProblem {
  readonly why: string
  /** The maker's airgap bound it so; otherwise its client may have attached it. */
  readonly convicts: boolean
}

/** Finds why pieces are not those that a statement binds, or not of the right form; null if nothing is wrong. */
export function piecesProblem(spec: MessageSpec, roster: readonly Card[], from: string, root: string, attachment: JsonObject): PieceProblem | null {
  const { pieces } = attachment as Pieces
  if (pieces.length === 0 || toHex(merkleRoot(leavesOf(pieces))) !== root) return { why: 'its pieces are not those that it bound itself to', convicts: false }
  if (pieces.length !== roster.length) return { why: `it bound itself to ${pieces.length} pieces, and there are ${roster.length} participants`, convicts: true }
  for (const [i, { name }] of roster.entries()) {
    const problem = pieceProblem(spec, roster, pieces[i] ?? null, name === from)
    if (problem !== null) return { why: `its piece for ${name} ${problem}`, convicts: true }
  }
  return null
}

function pieceProblem(spec: MessageSpec, roster: readonly Card[], piece: JsonObject | null, isOwn: boolean): string | null {
  if (isOwn || piece === null) return isOwn === (piece === null) ? null : isOwn ? 'is its own, of which there is none' : 'is missing'
  try {
    fieldsCheck(spec.payload)(piece, 'A piece')
  } catch (error) {
    if (isKeyriteError(error)) return 'has another form'
    throw error
  }
  const problem = fieldsProblem(spec.payload, piece, roster)
  return problem === null ? null : `holds an unusable value: ${problem}`
}

/** The piece for one participant with its path, as both cross to its airgap. */
export function pieceFor(attachment: JsonObject, index: number): { readonly piece: JsonObject; readonly path: readonly string[] } {
  const { pieces } = attachment as Pieces
  const piece = pieces[index - 1]
  if (piece === undefined || piece === null) throw new TypeError('a participant without a piece')
  return { piece, path: merklePath(index - 1, leavesOf(pieces)).map(toHex) }
}

/** Is this the piece for that participant under a statement's root? Index and roster are the reader's own. */
export function isPieceUnder(roster: readonly Card[], name: string, root: string, piece: JsonObject, path: readonly string[]): boolean {
  return isInTree({
    index: indexOf(roster, name) - 1, count: roster.length, leaf: leafHash(canonicalBytes(piece)), path: path.map((hash) => fromHex(hash, 32)), root: fromHex(root, 32),
  })
}
