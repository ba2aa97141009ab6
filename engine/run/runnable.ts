/** Can this version run a script? Both roles ask before anyone is asked to confirm anything. */
import type { Call, Script } from '../machines/ceremony.ts'
import type { Verbs } from '../verbs/runtime.ts'
import { runError } from './errors.ts'

/**
 * Checks that every verb of a script has an implementation of the kind that its place wants.
 *
 * @throws run.not-runnable with all that are missing
 */
export function checkRunnable({ ceremony }: Script, verbs: Verbs): void {
  const refuse = (why: string) => runError('not-runnable', { script: ceremony.name, why })
  const missing = new Set<string>()
  const need = (table: object, call: Call | undefined) => {
    if (call !== undefined && !Object.hasOwn(table, call.verb)) missing.add(call.verb)
  }
  for (const step of ceremony.steps) {
    need(verbs.airgap, step.airgap)
    need(verbs.client, step.client)
    need(verbs.check, step.check)
    need(verbs.assist, step.assist)
    for (const call of Object.values(step.prepare)) need(verbs.value, call)
  }
  for (const dispute of Object.values(ceremony.disputes)) {
    need(verbs.airgap, dispute.airgap)
    need(verbs.judge, dispute.judge)
  }
  for (const output of Object.values(ceremony.outputs)) if (output.kind === 'call') need(verbs.value, output.call)
  if (missing.size > 0) throw refuse(`this version does not have ${[...missing].join(', ')}`)
}
