/** Transcript hashes (protocol §4). */
import { concat, fromHex, sha256Hex } from '../crypto/bytes.ts'
import type { Message as MessageSpec, Step } from '../script/model.ts'
import { canonicalBytes } from '../wire/canonical.ts'
import { hashOf } from '../wire/message.ts'
import type { Statement } from '../wire/message.ts'

/**
 * The view after a step: `H(view || JCS([H(JCS(statement))…]))` over the step's statements to everyone, by roster
 * index. A step whose messages are private, that a client makes, or that does not collect all adds `[]`, since what
 * was collected then differs from one participant to the next, or is no airgap's word.
 */
export function nextView(view: string, step: Step, message: MessageSpec, statements: readonly Statement[]): string {
  const counts = step.airgap !== undefined && step.collect.kind === 'all' && message.to === 'everyone'
  const hashes = counts ? statements.map(hashOf) : []
  return sha256Hex(concat(fromHex(view, 32), canonicalBytes(hashes)))
}
