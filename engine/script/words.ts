/** Types and signatures in words, for diagnostics and for the editor. */
import type { Fields, Signature, Type } from '../verbs/signature.ts'

/** `{ digest: hash, points: [g1] }` */
export function describeFields(fields: Fields): string {
  const entries = Object.entries(fields).map(([name, type]) => `${name}: ${type}`)
  return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`
}

/** A payload, and an attachment where there is one. */
export function describeContent(payload: Fields, attachment: Fields | undefined): string {
  const empty = Object.keys(payload).length === 0
  const body = empty ? 'no payload' : `the payload ${describeFields(payload)}`
  return attachment === undefined ? body : `${body} and the attachment ${describeFields(attachment)}`
}

export function describeType(type: Type): string {
  switch (type.kind) {
    case 'value':
      return `${type.name.startsWith('x') ? 'an' : 'a'} ${type.name}`
    case 'list':
      return `a list [${type.name}]`
    case 'each':
      return `${describeType(type.of)} from each participant`
    case 'statements':
      return `a message with ${describeFields(type.payload)}`
    case 'kept':
      return `a kept ${type.name}`
    case 'followed':
      return `a finished ${type.script} ceremony`
  }
}

/** Where a verb belongs, as in "dkg.sum is ...". */
export function describeUse(signature: Signature): string {
  switch (signature.use) {
    case 'airgap':
      return signature.answers === undefined ? 'a step’s airgap verb' : 'a dispute’s airgap verb'
    case 'client':
      return 'a step’s client verb'
    case 'value':
      return 'a verb for prepare and outputs'
    case 'check':
      return 'a check verb'
    case 'assist':
      return 'an assist verb'
    case 'judge':
      return 'a judge verb'
  }
}

/** What an editor shows about a verb: what it does, takes and gives. */
export function describeSignature(signature: Signature): string {
  const takes = signature.takes.length === 0 ? 'nothing: []' : signature.takes.map(describeType).join('; ')
  const lines = [signature.doc, `Takes ${takes}.`]
  switch (signature.use) {
    case 'airgap':
    case 'client': {
      const { to, payload, attachment } = signature.emits
      lines.push(`Emits to ${to} ${describeContent(payload, attachment)}.`)
      break
    }
    case 'value':
      lines.push(`Gives ${describeType(signature.gives)}.`)
      break
    case 'check':
      lines.push(`For messages with ${describeContent(signature.payload, signature.attachment)}.`)
      break
    case 'assist':
      lines.push(`Answers the question ${signature.asked}.`)
      break
    case 'judge':
      lines.push(`Judges ${describeFields(signature.dispute)} by the answer ${describeFields(signature.answer)}.`)
  }
  if (signature.use === 'airgap') {
    if (signature.disputes !== undefined) lines.push(`May state ${describeFields(signature.disputes)} instead: the step needs \`disputes\`.`)
    if (signature.asks !== undefined) lines.push(`May ask back ${signature.asks}: the step needs \`assist\`.`)
    if (signature.keeps !== undefined) lines.push(`Leaves a ${signature.keeps} in the vault: the step needs \`keeps\`.`)
    if (signature.answers !== undefined) lines.push(`Answers ${describeFields(signature.answers)}.`)
  }
  return lines.join(' ')
}
