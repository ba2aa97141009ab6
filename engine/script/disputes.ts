/** What follows a dispute: the accused one's answer, and the judge of both. */
import type { Dispute } from '../machines/ceremony.ts'
import { checkCall } from './calls.ts'
import type { Resolving, Scope } from './calls.ts'
import { nearest } from './nearest.ts'
import type { Sender } from './senders.ts'
import { checkEmits, checkWithin, findMessage, sameFields } from './steps.ts'
import { describeFields } from './words.ts'

/** Checks that each step that disputes has its section, and each section its step. */
export function checkDisputes(resolving: Resolving, senders: ReadonlyMap<string, Sender>): Readonly<Record<string, Dispute>> {
  const { draft, at, report } = resolving
  const sections = Object.keys(draft.disputes ?? {})
  for (const [step, { disputes }] of Object.entries(draft.steps)) {
    // A section that is only misspelt is reported there.
    if (disputes !== undefined && nearest(disputes, sections) === undefined) {
      report('dispute-missing', at.value(['steps', step, 'disputes']), { message: disputes })
    }
  }
  return Object.fromEntries(sections.flatMap((message) => {
    const dispute = checkDispute(resolving, message, senders.get(message))
    return dispute === undefined ? [] : [[message, dispute]]
  }))
}

function checkDispute(resolving: Resolving, message: string, sender: Sender | undefined): Dispute | undefined {
  const { draft, at, report } = resolving
  const section = draft.disputes?.[message]
  if (section === undefined) return undefined
  const path = ['disputes', message]
  const opening = findMessageByKey(resolving, message)
  if (opening !== undefined && sender?.by !== 'dispute') report('dispute-unopened', at.key(path), { message })
  // What was there when the step that disputes began.
  const index = sender?.by === 'dispute' ? sender.index : resolving.declared.steps.length
  const scope: Scope = { here: message, collected: index, prepared: { index: index + 1, order: 0 } }

  const airgap = checkCall(resolving, 'disputeAirgap', section.airgap, [...path, 'airgap'], scope)
  const judge = checkCall(resolving, 'judge', section.judge, [...path, 'judge'], scope)
  const answer = findMessage(resolving, section.sends, [...path, 'sends'])
  if (airgap && answer) checkEmits(resolving, airgap, answer, [...path, 'sends'])
  if (airgap?.signature.answers && opening && !sameFields(airgap.signature.answers, opening.payload)) {
    report('part-mismatch', at.key(airgap.path), {
      verb: airgap.signature.name, wants: `answers ${describeFields(airgap.signature.answers)}`,
      other: message, has: `has ${describeFields(opening.payload)}`,
    })
  }
  const fits = judge && opening && answer &&
    sameFields(judge.signature.dispute, opening.payload) && sameFields(judge.signature.answer, answer.payload)
  if (judge && opening && answer && !fits) {
    report('part-mismatch', at.key(judge.path), {
      verb: judge.signature.name,
      wants: `judges ${describeFields(judge.signature.dispute)} by ${describeFields(judge.signature.answer)}`,
      other: `${message} and ${answer.name}`, has: `have ${describeFields(opening.payload)} and ${describeFields(answer.payload)}`,
    })
  }
  const within = checkWithin(resolving, section.within, [...path, 'within'])
  return airgap && judge && { message, airgap: airgap.call, sends: section.sends, within, judge: judge.call }
}

function findMessageByKey(resolving: Resolving, name: string) {
  const { declared, at, report } = resolving
  const message = declared.messages.get(name)
  if (message === undefined) {
    report('unknown-message', at.key(['disputes', name]), { name, known: [...declared.messages.keys()], step: '' })
  }
  return message?.good === true && !resolving.mismatched.has(name) ? message : undefined
}
