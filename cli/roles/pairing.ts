import { taggedHash } from '../../engine/crypto/bytes.ts'
import { canonicalBytes } from '../../engine/wire/canonical.ts'
import type { Card } from '../../engine/wire/card.ts'

/** Ten digits that both screens show after pairing: a card altered on the way would show others (protocol §3). */
export function pairingCode(card: Card): string {
  const digits = (BigInt(`0x${taggedHash('pairing', canonicalBytes(card))}`) % 10n ** 10n).toString().padStart(10, '0')
  return `${digits.slice(0, 5)} ${digits.slice(5)}`
}
