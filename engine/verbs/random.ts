/** The `random.*` verbs: commit to a number, reveal it, mix all numbers (the beacon). */
import { fromHex, toHex } from '../base/bytes.ts'
import { taggedHash } from '../crypto/hash.ts'
import { canonicalBytes } from '../base/canonical.ts'
import { ArgReader, textField } from './runtime.ts'
import type { AirgapScope, AirgapVerb, CheckVerb, Collected, Scope, ValueVerb, VerbFault } from './runtime.ts'

const VALUE_LENGTH = 32

const ownValue = (scope: AirgapScope): string => toHex(scope.secrets.expand('random/value', VALUE_LENGTH))

const commitment = (ceremony: string, from: string, value: string): string =>
  taggedHash('random', canonicalBytes({ ceremony, from, value }))

export const randomCommit: AirgapVerb = (scope) => ({
  kind: 'states',
  payload: { digest: commitment(scope.ceremony, scope.me.name, ownValue(scope)) },
})

/** Reveals the number. Its argument makes the script wait until every commitment is in. */
export const randomReveal: AirgapVerb = (scope) => ({ kind: 'states', payload: { value: ownValue(scope) } })

function opens(scope: Scope, incoming: Collected, commits: readonly Collected[]): readonly VerbFault[] {
  const committed = commits[incoming.index - 1]
  const digest = commitment(scope.ceremony, incoming.from, textField(incoming.payload, 'value'))
  if (committed !== undefined && textField(committed.payload, 'digest') === digest) return []
  return [{ reason: 'random.bad-opening', accused: incoming.from, why: 'the number is not the one committed to' }]
}

export const randomOpens: CheckVerb = {
  when: 'arrival',
  run: (scope, incoming, args) => {
    const commits = new ArgReader('random.opens', args).statements(0)
    return incoming.flatMap((one) => opens(scope, one, commits))
  },
}

/** The hash of all revealed numbers in roster order, bound to the ceremony. Hex. */
export const randomMix: ValueVerb = (scope, args) => {
  const values = new ArgReader('random.mix', args).statements(0).map((one) => fromHexText(textField(one.payload, 'value')))
  return taggedHash('beacon', fromHex(scope.ceremony, 32), ...values)
}

const fromHexText = (value: string): Uint8Array => fromHex(value, VALUE_LENGTH)
