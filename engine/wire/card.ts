/** Identity cards and openings: what participants agree on before a ceremony starts (protocol §2, §3). */
import { canonicalBytes, utf8 } from './canonical.ts'
import type { JsonObject } from './canonical.ts'
import { concat, fromHex, sha256, toHex } from '../crypto/bytes.ts'
import { checkEd25519Key } from '../crypto/ed25519.ts'

/** What a participant is known by. Keys are 32-byte Ed25519 public keys in hex. */
export interface Card extends JsonObject {
  readonly name: string
  readonly signingKey: string
  readonly airgapKey: string
}

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

/** The ceremony id, hex: `H("keyrite/1/ceremony\n" || JCS(opening))`. */
export function ceremonyId(opening: Opening): string {
  return toHex(sha256(concat(utf8('keyrite/1/ceremony\n'), canonicalBytes(opening))))
}

/** A participant's index, from 1, or 0 where the name is not in the roster. */
export function indexOf(roster: readonly Card[], name: string): number {
  return roster.findIndex((card) => card.name === name) + 1
}

/**
 * May this card's keys be used? Both must be canonical, of prime order and not the identity (protocol §2), and two
 * different keys.
 *
 * @returns null if so, else why not
 */
export function checkCard(card: Card): string | null {
  const keys = [['signing key', card.signingKey], ['airgap key', card.airgapKey]] as const
  for (const [what, key] of keys) {
    const why = checkEd25519Key(fromHex(key, 32, `The ${what}`))
    if (why !== null) return `the ${what} of ${card.name} cannot be used: ${why}`
  }
  return card.signingKey === card.airgapKey ? `the two keys of ${card.name} are the same` : null
}
