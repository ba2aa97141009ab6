/** Identity cards and openings, on which participants agree before a ceremony starts (protocol §2, §3). */
import { canonicalBytes } from '../base/canonical.ts'
import type { JsonObject } from '../base/canonical.ts'
import { fromHex } from '../base/bytes.ts'
import { taggedHash } from '../crypto/hash.ts'
import { checkEd25519Key } from '../crypto/ed25519.ts'
import { signObject, verifyObject } from './sign.ts'

/** A participant's identity card, as the others know it. Keys are 32-byte Ed25519 public keys in hex. */
export interface Card extends JsonObject {
  readonly name: string
  readonly signingKey: string
  /** Two cards are the same participant's exactly if this key is the same. */
  readonly airgapKey: string
  /** 16 random bytes, hex, drawn whenever the airgap's vault is made, so that a new vault joins nothing that an earlier one may have joined. */
  readonly epoch: string
}

/** Signs a card as the airgap's own, with its present epoch: `sign(airgap key, "card", card)`. */
export const signCard = (secretKey: Uint8Array, card: Card): string => signObject(secretKey, 'card', card)

/** Is the card signed by the airgap that it names? The caller has checked its keys. */
export const verifyCard = (card: Card, cardSignature: string): boolean => verifyObject(card.airgapKey, 'card', card, cardSignature)

/** Are these the same card, byte for byte? */
export const sameCard = (a: Card, b: Card): boolean =>
  a.name === b.name && a.signingKey === b.signingKey && a.airgapKey === b.airgapKey && a.epoch === b.epoch

export interface ScriptRef extends JsonObject {
  readonly name: string
  /** SHA-256 of the script file's bytes, hex. */
  readonly hash: string
}

export interface Opening extends JsonObject {
  readonly script: { readonly name: string; readonly version: string; readonly hash: string }
  readonly parameters: JsonObject
  /** Sorted by name; a participant's index is its place here, from 1. */
  readonly roster: readonly Card[]
  /** RFC 3339, UTC, whole seconds. Deadlines count from here. */
  readonly opensAt: string
  /** 32 random bytes, hex. */
  readonly nonce: string
  readonly rehearsal: boolean
}

/** The ceremony id, hex: `H("keyrite/2/ceremony\n" || JCS(opening))`. */
export const ceremonyId = (opening: JsonObject): string => taggedHash('ceremony', canonicalBytes(opening))

/** A participant's index in the roster, from 1; 0 where the name is not in it. */
export function indexOf(roster: readonly Card[], name: string): number {
  return roster.findIndex((card) => card.name === name) + 1
}

/**
 * The reason why this card's keys cannot be used, or null. Both must be canonical, of prime order and not the identity
 * (protocol §2), and they must differ.
 */
export function cardProblem(card: Card): string | null {
  const keys = [['signing key', card.signingKey], ['airgap key', card.airgapKey]] as const
  for (const [what, key] of keys) {
    const why = checkEd25519Key(fromHex(key, 32, `The ${what}`))
    if (why !== null) return `the ${what} of ${card.name} cannot be used: ${why}`
  }
  return card.signingKey === card.airgapKey ? `the two keys of ${card.name} are the same` : null
}
