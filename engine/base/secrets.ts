/** Secrets in memory. For Node; what browsers load does not import it. */
import { createHash, timingSafeEqual } from 'node:crypto'

/** Are these secrets equal? Takes the same time whatever they hold, whatever their lengths. */
export function equalSecrets(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(a), digest(b))
}
