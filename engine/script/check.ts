/** The third layer: does everything in a script resolve, fit together, keep secrets where they are, and end? */
import type { Ceremony } from '../machines/ceremony.ts'
import { MAX_PARTICIPANTS } from '../verbs/types.ts'
import type { Resolving } from './calls.ts'
import { declare } from './declare.ts'
import type { Library } from './declare.ts'
import type { Report } from './diagnostic.ts'
import { checkDisputes } from './disputes.ts'
import type { Draft } from './draft.ts'
import { checkFlow } from './flow.ts'
import { hasForm, version } from './forms.ts'
import { checkOutputs } from './outputs.ts'
import { candidatesOf } from './refs.ts'
import { sendersOf } from './senders.ts'
import { checkStep } from './steps.ts'
import type { Locator } from './yaml.ts'

/**
 * Checks a draft. The ceremony is good only if nothing was reported.
 *
 * @param library finds the ceremony that this one follows
 */
export function checkDraft(draft: Draft, at: Locator, report: Report, library: Library): Ceremony {
  const basics = { draft, at, report }
  const declared = declare(basics, library)
  const senders = sendersOf({ ...basics, declared })
  const candidates = candidatesOf({ ...basics, declared }, senders)
  const resolving: Resolving = { ...basics, declared, candidates, used: new Set(), mismatched: new Set() }

  if (!hasForm(draft.version, version)) report('bad-version', at.value(['version']), { version: draft.version })
  checkParticipants(resolving)
  const steps = declared.steps.map((name, index) => checkStep(resolving, name, index))
  const disputes = checkDisputes(resolving, senders)
  const outputs = checkOutputs(resolving, senders)
  checkFlow(resolving, steps)

  return {
    name: draft.ceremony, version: draft.version, title: draft.title,
    ...(draft.participants && { participants: { min: draft.participants.min, max: draft.participants.max } }),
    parameters: declared.parameters,
    follows: declared.follows ? { [declared.follows.local]: declared.follows.script } : {},
    keeps: declared.keeps,
    messages: Object.fromEntries([...declared.messages].map(([name, { to, payload, attachment }]) =>
      [name, { name, to, payload, ...(attachment && { attachment }) }])),
    steps, disputes, certificate: draft.certificate, outputs,
  }
}

function checkParticipants({ draft, declared, at, report }: Resolving): void {
  const { participants } = draft
  if (declared.follows !== undefined) {
    const { local, script } = declared.follows
    if (participants !== undefined) report('participants-followed', at.key(['participants']), { name: local, script })
    return
  }
  if (participants === undefined) {
    report('participants-missing', at.key(['ceremony']), {})
    return
  }
  const { min, max } = participants
  if (min < 2) report('participants-range', at.value(['participants', 'min']), { why: 'a ceremony has at least 2 participants' })
  if (max > MAX_PARTICIPANTS) {
    report('participants-range', at.value(['participants', 'max']), { why: `a ceremony has at most ${MAX_PARTICIPANTS} participants` })
  }
  if (min > max) report('participants-range', at.value(['participants', 'min']), { why: `at least ${min} is more than at most ${max}` })
}
