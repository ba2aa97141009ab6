/** What comes out of a ceremony: one value each, the same for everybody. */
import type { Output, Ref } from '../machines/ceremony.ts'
import { checkCall, ofEach, resolve } from './calls.ts'
import type { Resolving, Scope } from './calls.ts'
import { nearest } from './nearest.ts'
import type { Sender } from './senders.ts'
import type { Path } from './yaml.ts'

export function checkOutputs(resolving: Resolving, senders: ReadonlyMap<string, Sender>): Readonly<Record<string, Output>> {
  const { draft, declared } = resolving
  const end = declared.steps.length
  return Object.fromEntries(Object.entries(draft.outputs ?? {}).flatMap(([name, output]): [string, Output][] => {
    const scope: Scope = { here: name, collected: end, prepared: { index: end, order: 0 } }
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

/** A field is one value only if all agree on it, or if one message is all that is wanted. */
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
  // One that is only misspelt under `agree` is reported there.
  const payload = draft.messages[ref.message]?.payload ?? {}
  if (agreed.some((field) => !Object.hasOwn(payload, field) && nearest(field, [ref.field]) !== undefined)) return
  report('output-ambiguous', at.value(path), { name, why: 'nothing says that they are all equal' })
}
