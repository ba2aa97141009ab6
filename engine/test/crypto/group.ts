import { encodeG1 } from '../../crypto/bls.ts'
import type { G1 } from '../../crypto/bls.ts'
import { toHex } from '../../base/bytes.ts'
import { commitments, evaluate, polynomial, proveKey } from '../../crypto/dkg.ts'
import { encryptionKeyPair, sessionSecrets } from '../../crypto/seed.ts'
import type { SessionSecrets } from '../../crypto/seed.ts'
import { seededRandom } from './random.ts'

/** All values of one honest participant. */
export interface Member {
  readonly index: number
  readonly session: SessionSecrets
  readonly coefficients: bigint[]
  /** A₀ … Aₜ₋₁. */
  readonly points: G1[]
  readonly encoded: Uint8Array[]
  readonly proof: Uint8Array
  readonly encryptionKey: Uint8Array
  /** f(x). */
  readonly share: (x: number) => bigint
}

/** Makes n honest participants of one ceremony, the same in every run. */
export function makeGroup(n: number, t: number, name = `${n}/${t}`): { id: string; members: Member[] } {
  const random = seededRandom(name)
  const id = toHex(random(32))
  const members = Array.from({ length: n }, (_, i) => {
    const session = sessionSecrets(random(64), id, false)
    const coefficients = polynomial(session, t)
    const points = commitments(coefficients)
    const proof = proveKey(session, { id, index: i + 1, secret: coefficients[0]!, key: points[0]! })
    const encryptionKey = encryptionKeyPair(session).publicKey
    return {
      index: i + 1, session, coefficients, points, encoded: points.map(encodeG1), proof, encryptionKey,
      share: (x: number) => evaluate(coefficients, x),
    }
  })
  return { id, members }
}
