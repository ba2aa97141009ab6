/**
 * Envelopes, which cross between a client and its airgap: canonical JSON that names the ceremony, the step and its own
 * SHA-256. The digest finds damage that CRC-32 does not find. It proves no author: the signatures inside do that.
 */
import { sha256Hex } from '../crypto/hash.ts'
import { canonical, canonicalBytes, parseCanonical } from '../base/canonical.ts'
import type { Json, JsonObject } from '../base/canonical.ts'
import { isHex } from '../base/bytes.ts'
import { isName } from '../base/names.ts'
import { channelError } from './errors.ts'

export interface Envelope {
  /** The kind of content, a name: `request`, `answer`, … */
  readonly kind: string
  /** The ceremony id in hex, or null where there is none yet. */
  readonly ceremony: string | null
  /** The step's name, or null. */
  readonly step: string | null
  readonly body: Json
  /** SHA-256 (hex) of the canonical JSON of the members above. */
  readonly digest: string
}

const STEP = /^[A-Za-z0-9-]{1,64}$/
const MEMBERS = ['body', 'ceremony', 'digest', 'kind', 'step']

const digestOf = ({ kind, ceremony, step, body }: Omit<Envelope, 'digest'>): string =>
  sha256Hex(canonicalBytes({ kind, ceremony, step, body }))

/**
 * Makes an envelope.
 *
 * @returns the envelope's text, canonical JSON
 * @throws channel.bad-envelope for a name that `openEnvelope` would refuse, wire.not-json for a body that is not JSON
 */
export function sealEnvelope(content: Omit<Envelope, 'digest'>): string {
  const { kind, ceremony, step, body } = content
  checkNames(kind, ceremony, step)
  return canonical({ kind, ceremony, step, body, digest: digestOf(content) })
}

/**
 * Reads an envelope's text and checks its form and digest.
 *
 * @throws wire.not-canonical, channel.bad-envelope, channel.wrong-digest
 */
export function openEnvelope(text: string): Envelope {
  const value = parseCanonical(text, 'The transfer')
  if (!isObject(value)) throw channelError('bad-envelope', { where: '', why: 'it is not an object' })
  if (Object.keys(value).join() !== MEMBERS.join()) {
    throw channelError('bad-envelope', { where: '', why: `its members are not ${MEMBERS.join(', ')}` })
  }
  const { kind, ceremony, step, body, digest } = value
  checkNames(kind, ceremony, step)
  if (typeof digest !== 'string') throw channelError('bad-envelope', { where: '/digest', why: 'it is not text' })
  if (body === undefined) throw channelError('bad-envelope', { where: '/body', why: 'it is missing' })
  const content = { kind, ceremony, step, body } as Omit<Envelope, 'digest'>
  if (digest !== digestOf(content)) throw channelError('wrong-digest', { kind: content.kind })
  return { ...content, digest }
}

function checkNames(kind: Json | undefined, ceremony: Json | undefined, step: Json | undefined): void {
  if (typeof kind !== 'string' || !isName(kind)) throw channelError('bad-envelope', { where: '/kind', why: 'it is no name' })
  if (ceremony !== null && !isHex(ceremony, 32)) {
    throw channelError('bad-envelope', { where: '/ceremony', why: 'it is neither null nor a ceremony id' })
  }
  if (step !== null && (typeof step !== 'string' || !STEP.test(step))) {
    throw channelError('bad-envelope', { where: '/step', why: 'it is neither null nor a step name' })
  }
}

const isObject = (value: Json): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value)
