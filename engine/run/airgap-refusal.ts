/** What an airgap answers where it refuses. */
import { isKeyriteError } from '../base/errors.ts'
import type { KeyriteError } from '../base/errors.ts'
import type { RefusalAnswer } from '../wire/exchange.ts'

/** @throws what is no refusal: it ends this airgap */
export function refusal(request: string, error: unknown): RefusalAnswer {
  if (!isKeyriteError(error)) throw error
  return { give: 'refusal', request, code: error.code, what: shortened(error.message), todo: shortened(error.todo), ...faultFacts(error) }
}

/** A text may quote what came from outside, and a cut may fall between the two halves of a character. */
const shortened = (text: string): string => text.slice(0, 2000).toWellFormed()

function faultFacts(error: KeyriteError): Pick<RefusalAnswer, 'fault'> {
  if (error.code === 'run.rejected') {
    const { reason: why } = error.facts
    return { fault: { reason: 'rejected', accused: null, ...(typeof why === 'string' ? { why } : {}) } }
  }
  if (error.code !== 'verb.fault') return {}
  const { reason, accused } = error.facts
  return { fault: { reason: String(reason), accused: accused === '' ? null : String(accused) } }
}
