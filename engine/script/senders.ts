/** Which step or dispute sends each message, so that everything read was sent before. */
import type { Declaring } from './declare.ts'
import { nearest } from './nearest.ts'
import type { Path } from './yaml.ts'

export type Sender =
  | { readonly by: 'step'; readonly step: string; readonly index: number }
  /** Stated in a step instead of what it sends; opens a dispute. */
  | { readonly by: 'dispute'; readonly step: string; readonly index: number }
  /** The answer of the accused. */
  | { readonly by: 'answer'; readonly dispute: string }

/** The first sender of each message. Reports those that have two, or none. */
export function sendersOf(checking: Declaring): ReadonlyMap<string, Sender> {
  const { draft, declared, report, at } = checking
  const senders = new Map<string, Sender>()
  const add = (message: string, sender: Sender, path: Path) => {
    const known = [...declared.messages.keys()]
    // One that is only misspelt is reported there, and is not also never sent.
    const meant = known.includes(message) ? message : (nearest(message, known) ?? message)
    const first = senders.get(meant)
    if (first === undefined) senders.set(meant, sender)
    else report('sent-twice', at.value(path), { message, other: first.by === 'answer' ? `the dispute ${first.dispute}` : first.step })
  }
  for (const [index, step] of declared.steps.entries()) {
    const { sends, disputes } = draft.steps[step] ?? {}
    if (sends !== undefined) add(sends, { by: 'step', step, index }, ['steps', step, 'sends'])
    if (disputes !== undefined) add(disputes, { by: 'dispute', step, index }, ['steps', step, 'disputes'])
  }
  for (const [dispute, { sends }] of Object.entries(draft.disputes ?? {})) {
    add(sends, { by: 'answer', dispute }, ['disputes', dispute, 'sends'])
  }
  for (const message of declared.messages.keys()) {
    const isDispute = Object.hasOwn(draft.disputes ?? {}, message)
    if (!senders.has(message) && !isDispute && declared.steps.length > 0) {
      report('sent-never', at.key(['messages', message]), { message })
    }
  }
  return senders
}
