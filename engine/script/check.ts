/** The third layer: does everything in a script resolve, fit together, keep secrets where they are, and end? */
import type { Ceremony, Output, Ref } from '../machines/ceremony.ts'
import { MAX_PARTICIPANTS } from '../verbs/types.ts'
import { candidatesOf, checkCall, ofEach, resolve } from './calls.ts'
import type { Resolving, Reach } from './calls.ts'
import { nearest } from './codes.ts'
import { checkDisputes, declare, sendersOf } from './declare.ts'
import type { Sender } from './checking.ts'
import type { Library } from './declare.ts'
import type { Reporter } from './diagnostic.ts'
import { checkFlow } from './flow.ts'
import { hasForm, version } from './forms.ts'
import type { Draft } from './schema.ts'
import { checkStep } from './steps.ts'
import type { Locator, Path } from './yaml.ts'

// The results of a ceremony: one value each, the same for everybody.

function checkOutputs(resolving: Resolving, senders: ReadonlyMap<string, Sender>): Readonly<Record<string, Output>> {
  const { draft, declared } = resolving
  const end = declared.steps.length
  return Object.fromEntries(Object.entries(draft.outputs ?? {}).flatMap(([name, output]): [string, Output][] => {
    const scope: Reach = { here: name, collected: end, prepared: { index: end, order: 0 } }
    const path = ['outputs', name]
    if (typeof output !== 'string') {
      const checked = checkCall(resolving, 'output', output, path, scope)
      return checked === undefined ? [] : [[name, { kind: 'call', call: checked.call, type: checked.signature.gives }]]
    }
    const ref = resolve(resolving, output, path, scope)?.ref
    if (ref === undefined) return []
    checkField(resolving, output, ref, path, senders)
    return [[name, { kind: 'ref', ref, type: ofEach(ref.type) }]]
  }))
}

/** Checks that an output is one value: a field that all agree on, or a field of a message of which one is enough. */
function checkField(resolving: Resolving, name: string, ref: Ref, path: Path, senders: ReadonlyMap<string, Sender>): void {
  const { draft, at, report } = resolving
  if (ref.from === 'kept') {
    report('leak', at.value(path), {
      what: `${name} is kept in the airgap’s vault`, must: 'an output is public', hint: 'it cannot be an output',
    })
    return
  }
  if (ref.from !== 'column') {
    report('output-source', at.value(path), { name })
    return
  }
  const sender = senders.get(ref.message)
  const step = sender?.by === 'step' ? draft.steps[sender.step] : undefined
  if (step === undefined || step.collect === 'any') return
  const agreed = step.agree ?? []
  if (ref.part === 'payload' && agreed.includes(ref.field)) return
  // A field that is only misspelt under `agree` is reported there.
  const payload = draft.messages[ref.message]?.payload ?? {}
  if (agreed.some((field) => !Object.hasOwn(payload, field) && nearest(field, [ref.field]) !== undefined)) return
  report('output-ambiguous', at.value(path), { name, why: 'nothing says that they are all equal' })
}

/**
 * Checks a draft. The ceremony is good only if nothing was reported.
 *
 * @param library finds the ceremony that this one follows
 */
export function checkDraft(draft: Draft, at: Locator, report: Reporter, library: Library): Ceremony {
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
