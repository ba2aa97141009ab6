/** The secrets of a simulated participant, by what they are, as they would look to somebody who found them: for checks that nobody does. */
import { concat, fromHex, toHex } from '../crypto/bytes.ts'
import { scalarToBytes } from '../crypto/scalar.ts'
import { airgapKeyPair, derive, encryptionKeyPair, openSession } from '../crypto/seed.ts'
import type { Script } from '../machines/ceremony.ts'
import type { Simulated, SimulatedMember } from '../simulate/simulate.ts'

/** Everything secret in hex that a participant's machines hold of a ceremony. A number that the script has it show is none. */
export function secretsOf({ seed, signingKey, memory }: SimulatedMember, { ceremony, opening }: Pick<Simulated, 'ceremony' | 'opening'>, { ceremony: { steps } }: Script): ReadonlyMap<string, string> {
  const session = openSession(seed, ceremony, opening.rehearsal)
  const id = fromHex(ceremony, 32)
  const salt = derive(seed, 'salt', id)
  const shows = steps.some(({ airgap }) => airgap?.verb === 'random.reveal')
  const secrets: [string, string][] = [
    ['seed', toHex(seed)], ['signing key', toHex(signingKey)], ['airgap key', toHex(airgapKeyPair(seed).secretKey)],
    ['session salt', toHex(salt)], ['session seed', toHex(derive(seed, opening.rehearsal ? 'rehearsal' : 'session', concat(id, salt)))],
    ['encryption key', toHex(encryptionKeyPair(session).secretKey)],
    ...(shows ? [] : [['number', toHex(session.expand('random/value', 32))] as [string, string]]),
  ]
  opening.roster.forEach((_, k) => secrets.push([`coefficient ${k}`, toHex(scalarToBytes(session.scalar(`coefficient/${k}`)))]))
  for (const { values } of Object.values(memory.read().kept)) {
    for (const value of Object.values(values)) {
      if (typeof value === 'object' && value !== null && 'share' in value && typeof value.share === 'string') secrets.push(['share', value.share])
    }
  }
  return new Map(secrets)
}
