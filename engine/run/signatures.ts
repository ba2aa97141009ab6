/**
 * The result of a signing as a file for those who use it: ceremony, messages, signatures, group key. The signed bytes follow from a
 * message and the ceremony's id, so anyone can check offline that they fit. Only the transcript proves whose key it is.
 */
import { isDeepStrictEqual } from 'node:util'
import { endsEarly } from '../base/container.ts'
import { isKeyriteError } from '../base/errors.ts'
import { decodeG1, DST_SIGNATURE, hashToG2, verifyBatch } from '../crypto/bls.ts'
import type { G1 } from '../crypto/bls.ts'
import { fromHex } from '../base/bytes.ts'
import { ceremonyNumber } from '../crypto/number.ts'
import { expandMessages, messagesHash } from '../messages/batch.ts'
import type { Signable } from '../messages/kind.ts'
import { displayMessage, signedBytesOf, signerOf } from '../messages/kinds.ts'
import { pointOrNull } from '../verbs/bls.ts'
import type { Random } from '../verbs/runtime.ts'
import type { Json, JsonObject } from '../base/canonical.ts'
import { firstListed } from '../base/words.ts'
import { CEREMONY_NUMBER } from '../base/names.ts'
import { compileCheck, hexSchema, nameSchema, objectSchema, patternSchema } from '../wire/schema.ts'
import { fileFinding, runError } from './errors.ts'
import type { Ledger } from './ledger.ts'
import type { Finding, Verification } from './verify.ts'

const FORMAT = 'signatures/2'

/** One message of an export. */
export interface SignedMessage extends JsonObject {
  readonly kind: string
  readonly message: Signable
  /** The message as every airgap's owner saw it. */
  readonly display: readonly { readonly label: string; readonly value: string; readonly warning?: boolean }[]
  /** 96 bytes, hex. */
  readonly signature: string
}

export interface SignatureExport extends JsonObject {
  readonly keyrite: typeof FORMAT
  readonly ceremony: string
  readonly number: string
  readonly rehearsal: boolean
  /** 48 bytes, hex. */
  readonly groupKey: string
  /** The ceremony that made the key. */
  readonly key: { readonly ceremony: string; readonly number: string }
  readonly openedBy: string
  /** In the opener's words; nobody has checked it. */
  readonly purpose: string
  readonly messages: readonly SignedMessage[]
}

/** A ceremony that signs under another one's key. */
export interface Signing {
  /** The ceremony that made the key. */
  readonly key: Ledger
  readonly groupKey: string
  readonly purpose: string
  readonly messages: readonly Signable[]
  /** One for each message; undefined until they are there. */
  readonly signatures: readonly string[] | undefined
}

/** The signing of a ceremony, or undefined if it signs nothing under another one's key. */
export function signingOf({ ceremony, opening, followed, outputs }: Ledger): Signing | undefined {
  const key = Object.values(followed).find((one) => typeof one.outputs?.['groupKey'] === 'string')
  const items = opening.parameters['messages']
  if (key === undefined || ceremony.parameters['messages'] !== '[message]' || !Array.isArray(items)) return undefined
  const { purpose } = opening.parameters
  const [groupKey, signatures] = [key.outputs?.['groupKey'], outputs?.['signatures']]
  return {
    key, groupKey: typeof groupKey === 'string' ? groupKey : '', purpose: typeof purpose === 'string' ? purpose : '',
    messages: expandMessages(items as readonly Json[]),
    signatures: Array.isArray(signatures) ? (signatures as readonly string[]) : undefined,
  }
}

/** The export of a finished signing; undefined for any other ceremony. */
export function exportSignatures(ledger: Ledger, openedBy: string): SignatureExport | undefined {
  const signing = signingOf(ledger)
  if (!ledger.usable || signing?.signatures === undefined) return undefined
  const { key, groupKey, purpose, messages, signatures } = signing
  return {
    keyrite: FORMAT, ceremony: ledger.id, number: ceremonyNumber(ledger.id), rehearsal: ledger.opening.rehearsal, groupKey,
    key: { ceremony: key.id, number: ceremonyNumber(key.id) }, openedBy, purpose,
    messages: messages.map((message, i) => ({ ...derived(message), signature: signatures[i] ?? '' })),
  }
}

const derived = (message: Signable) => ({
  kind: message.kind, message, display: displayMessage(message).map((line) => ({ ...line })),
})

const text = { type: 'string', maxLength: 100_000 }
const checkExport = compileCheck<SignatureExport>(objectSchema({
  keyrite: { type: 'string', const: FORMAT },
  ceremony: hexSchema(32), number: patternSchema(CEREMONY_NUMBER), rehearsal: { type: 'boolean' }, groupKey: hexSchema(48),
  key: objectSchema({ ceremony: hexSchema(32), number: patternSchema(CEREMONY_NUMBER) }),
  openedBy: nameSchema, purpose: text,
  messages: {
    type: 'array', minItems: 1, maxItems: 100_000,
    items: objectSchema({
      kind: text, message: { type: 'object' }, signature: hexSchema(96),
      display: { type: 'array', maxItems: 100, items: objectSchema({ label: text, value: text, warning: { type: 'boolean' } }, ['warning']) },
    }),
  },
}))

/** Is a text an export, by its first field, be it cut off or damaged? Any other text is none, a transcript perhaps. */
export function isSignatureExport(file: string): boolean {
  const value = parsed(file)
  if (value === undefined) return /^\s*\{\s*"keyrite"\s*:\s*"signatures\//.test(file)
  return typeof value === 'object' && value !== null && 'keyrite' in value && typeof value.keyrite === 'string' && value.keyrite.startsWith('signatures/')
}

function parsed(file: string): unknown {
  try {
    return JSON.parse(file)
  } catch {
    return undefined
  }
}

export interface SignaturesVerification {
  /** `signed`: every signature is that of its message under the group key. */
  readonly verdict: 'signed' | 'invalid'
  readonly findings: readonly Finding[]
  /** A transcript proves whose key it is, and that these are its ceremony's signatures. Without one the file alone claims it. */
  readonly keyIsProven: boolean
  readonly ceremony?: string
  readonly number?: string
  readonly rehearsal?: boolean
  readonly groupKey?: string
  readonly purpose?: string
  readonly count?: number
}

/**
 * Verifies an export. Never throws for what it holds.
 *
 * @param transcript the signing's, verified, with the ceremony that made the key; `isTrusted` if the caller knows its scripts
 */
export function verifySignatures(file: string, random: Random, transcript?: Verification & { readonly isTrusted: boolean }): SignaturesVerification {
  const findings: Finding[] = []
  const find = (check: string, problem: string | null, detail: string) => findings.push({ check, holds: problem === null, detail: problem ?? detail })
  try {
    const found = readExport(file)
    const { ceremony, number, rehearsal, groupKey, purpose, key, messages } = found
    find('number', ceremonyNumber(ceremony) === number && ceremonyNumber(key.ceremony) === key.number ? null : 'a ceremony number in it is not that of its ceremony id', number)
    const checked = expandMessages(messages.map(({ message }) => message))
    find('messages', derivedProblem(checked, messages), `${checked.length}, SHA-256 of all ${messagesHash(checked)}; each is shown as its kind wants`)
    const signed = checked.map((message) => signedBytesOf(message, ceremony))
    const problem = signatureProblem(groupKey, signed, messages.map(({ signature }) => signature), random)
    find('signatures', problem, `${checked.length}, each of its message in this ceremony under the group key ${groupKey}`)
    const others = checked.flatMap((message, i) => (signerOf(message) ?? groupKey) === groupKey ? [] : [i + 1])
    if (others.length > 0) find('signer', `they count under another public key than this one, and are of no use there: ${messagesSaid(others)}`, '')
    if (transcript !== undefined) for (const finding of transcript.findings) findings.push({ ...finding, check: `transcript: ${finding.check}` })
    if (transcript !== undefined) find('group key', transcriptProblem(found, checked, transcript), 'as the transcript proves')
    return {
      verdict: findings.every(({ holds, check }) => holds || check.startsWith('transcript: ')) ? 'signed' : 'invalid', findings,
      keyIsProven: transcript !== undefined && findings.some(({ check, holds }) => check === 'group key' && holds),
      ceremony, number, rehearsal, groupKey, purpose, count: checked.length,
    }
  } catch (error) {
    if (!isKeyriteError(error)) throw error
    findings.push({ check: 'file', holds: false, detail: fileFinding(error) })
    return { verdict: 'invalid', findings, keyIsProven: false }
  }
}

/** Reads an export. @throws run.signatures */
function readExport(file: string): SignatureExport {
  const value = parsed(file)
  if (value === undefined) throw runError('signatures', { why: endsEarly(file) ? 'it is cut off, and its end is missing' : 'it is no JSON' })
  if (isSignatureExport(file) && (value as { readonly keyrite: string }).keyrite !== FORMAT) {
    throw runError('signatures', { why: 'it is of another version of keyrite’s protocol, which this one does not read' })
  }
  try {
    return checkExport(value, 'It')
  } catch (error) {
    if (!isKeyriteError(error)) throw error
    throw runError('signatures', { why: error.message.replace(/\.$/, '') }, error)
  }
}

function derivedProblem(checked: readonly Signable[], messages: readonly SignedMessage[]): string | null {
  const wrong = checked.flatMap((message, i) => {
    const { kind, display } = messages[i] ?? {}
    return isDeepStrictEqual({ kind, message, display }, derived(message)) ? [] : [i + 1]
  })
  return wrong.length === 0 ? null : `what is shown of it does not follow from the message: ${messagesSaid(wrong)}`
}

function signatureProblem(groupKey: string, signed: readonly Uint8Array[], signatures: readonly string[], random: Random): string | null {
  let publicKey: G1
  try {
    publicKey = decodeG1(fromHex(groupKey, 48), 'The group key')
  } catch (error) {
    if (isKeyriteError(error)) return error.message.replace(/\.$/, '')
    throw error
  }
  const pairs = signed.map((bytes, i) => ({ hash: hashToG2(bytes, DST_SIGNATURE), signature: pointOrNull(signatures[i] ?? '') }))
  const good = (some: typeof pairs): boolean => verifyBatch(publicKey, some.flatMap(({ hash, signature }) => (signature === null ? [] : [{ hash, signature }])), random)
  if (pairs.every(({ signature }) => signature !== null) && good(pairs)) return null
  const bad = pairs.flatMap((pair, i) => (pair.signature !== null && good([pair]) ? [] : [i + 1]))
  return `not that of its message in this ceremony under the group key: ${messagesSaid(bad)}`
}

const MOST_LISTED = 20

/** Writes `message 3`, or `messages 3, 5 and 998 more`. */
const messagesSaid = (numbers: readonly number[]): string => `message${numbers.length === 1 ? '' : 's'} ${firstListed(numbers, MOST_LISTED)}`

/** The reason why a transcript does not prove an export's key, or null. */
function transcriptProblem(found: SignatureExport, messages: readonly Signable[], { verdict, isTrusted, ceremony, rehearsal, outputs, followed = {}, parameters }: Verification & { readonly isTrusted: boolean }): string | null {
  if (verdict !== 'usable') return 'the transcript is not that of a usable ceremony'
  if (!isTrusted) return 'a script in the transcript is none that ships with keyrite, and its hash was not given: such a script proves what it likes'
  if (rehearsal !== found.rehearsal) return 'one of transcript and file is a rehearsal’s'
  if (ceremony !== found.ceremony) return 'the transcript is not that of this signing (which holds the key’s as well): `keyrite client export` writes it'
  const key = Object.values(followed).find((one) => one.ceremony === found.key.ceremony)
  if (key?.outputs?.['groupKey'] !== found.groupKey) return 'the group key in the transcript is another one'
  const items = parameters?.['messages']
  const same = Array.isArray(items) && messagesHash(expandMessages(items as readonly Json[])) === messagesHash(messages)
  if (!same || parameters?.['purpose'] !== found.purpose) return 'messages or purpose in the transcript are other ones'
  return isDeepStrictEqual(outputs?.['signatures'], found.messages.map(({ signature }) => signature)) ? null : 'the signatures in the transcript are other ones'
}
