/** Transcript hashes (protocol §4). */
import { fromHex, taggedHash } from '../crypto/bytes.ts'
import type { Step } from '../machines/ceremony.ts'
import { canonicalBytes } from '../wire/canonical.ts'
import { hashOf } from '../wire/message.ts'
import type { Statement } from '../wire/message.ts'

/**
 * The view after a step: `H("keyrite/2/view\n" || view || JCS([step, [H(JCS(statement))…]]))` over the statements that it
 * collected, by roster order. A client's step, or one for whoever comes, adds none: what was collected then is no airgap's
 * word, or differs from one participant to the next.
 */
export function nextView(view: string, step: Step, statements: readonly Statement[]): string {
  const counts = step.airgap !== undefined && step.collect.kind !== 'any'
  return taggedHash('view', fromHex(view, 32), canonicalBytes([step.name, counts ? statements.map(hashOf) : []]))
}
