/** The declarations of a script: names of the right form, one meaning each, and types that exist and may stand there. */
import type { Ceremony, Dispute } from '../machines/ceremony.ts'
import type { Fields } from '../verbs/table.ts'
import { keptTypes, valueTypes } from '../verbs/types.ts'
import type { FieldPlace } from '../verbs/types.ts'
import { checkCall } from './calls.ts'
import type { Resolving, Reach } from './calls.ts'
import type { Checking, Declared, DeclaredMessage, FollowedScript, Declaring, Sender } from './checking.ts'
import { nearest } from './codes.ts'
import { describeFields } from './diagnostic.ts'
import { bigName, hasForm, scriptName, smallName } from './forms.ts'
import type { Form } from './forms.ts'
import type { DraftFields } from './schema.ts'
import { checkEmits, checkWithin, findMessage, sameFields } from './steps.ts'
import type { Path } from './yaml.ts'

/** A script by its name, already checked; for `follows`. */
export type Library = (name: string) => Ceremony | undefined

/** The input of every check. */
type Basics = Omit<Checking, 'declared' | 'used' | 'mismatched'>

export function declare(basics: Basics, library: Library): Declared {
  const { draft, at, report } = basics
  if (!hasForm(draft.ceremony, scriptName)) {
    report('bad-name', at.value(['ceremony']), { name: draft.ceremony, what: 'a ceremony', form: scriptName.says })
  }
  checkNames(basics)
  const parameters = declareFields(basics, draft.parameters ?? {}, ['parameters'], 'parameter').fields
  const follows = declareFollows(basics, library)
  const messages = new Map<string, DeclaredMessage>()
  for (const name of Object.keys(draft.messages)) messages.set(name, declareMessage(basics, name))
  return {
    parameters, messages, keeps: declareKeeps(basics), steps: Object.keys(draft.steps),
    ...(follows === undefined ? {} : { follows }),
  }
}

/** Names that JavaScript gives a meaning on every object. */
const INHERITED = Object.getOwnPropertyNames(Object.prototype)

interface Named {
  readonly name: string
  readonly path: Path
  /** The kind of thing that has the name, with its article. */
  readonly what: string
}

function checkNames(basics: Basics): void {
  const { draft } = basics
  const under = (what: string, path: Path, of: object | undefined): Named[] =>
    Object.keys(of ?? {}).map((name) => ({ name, what, path: [...path, name] }))

  const big = [...under('a message', ['messages'], draft.messages), ...under('a step', ['steps'], draft.steps)]
  for (const named of big) {
    checkName(basics, named, bigName)
    if (['Ready', 'Opening', 'Abort'].includes(named.name)) {
      reserved(basics, named, 'every ceremony sends a message of this name')
    }
  }
  checkClashes(basics, big)

  const small = [
    ...under('a followed ceremony', ['follows'], draft.follows),
    ...under('a parameter', ['parameters'], draft.parameters),
    ...under('what is kept', ['keeps'], draft.keeps),
    ...Object.entries(draft.steps).flatMap(([step, { prepare }]) => under('a prepared value', ['steps', step, 'prepare'], prepare)),
    ...under('an output', ['outputs'], draft.outputs),
  ]
  for (const named of small) {
    checkName(basics, named, smallName)
    if (named.name === 'all' || named.name === 'any') reserved(basics, named, 'it is a word of the language, for `collect`')
  }
  checkClashes(basics, small)

  for (const [message, { payload, attachment }] of Object.entries(draft.messages)) {
    const fields = [
      ...under('a payload field', ['messages', message, 'payload'], payload),
      ...under('an attachment field', ['messages', message, 'attachment'], attachment),
    ]
    for (const named of fields) checkName(basics, named, smallName)
    checkClashes(basics, fields)
  }
}

function checkName(basics: Basics, named: Named, form: Form): void {
  if (!hasForm(named.name, form)) {
    basics.report('bad-name', basics.at.key(named.path), { name: named.name, what: named.what, form: form.says })
  } else if (INHERITED.includes(named.name)) reserved(basics, named, 'programs give it a meaning of its own')
}

function reserved({ report, at }: Basics, { name, path }: Named, why: string): void {
  report('reserved-name', at.key(path), { name, why })
}

/** Reports those of `names` that the same word could mean. */
function checkClashes({ report, at }: Basics, names: readonly Named[]): void {
  const first = new Map<string, Named>()
  for (const named of names) {
    // People do not tell names apart by letter case alone.
    const other = first.get(named.name.toLowerCase())
    if (other === undefined) first.set(named.name.toLowerCase(), named)
    else {
      const written = other.name === named.name ? other.what : `${other.what}, ${other.name}`
      report('name-clash', at.key(named.path), { name: named.name, what: named.what, other: written })
    }
  }
}

function declareMessage(basics: Basics, name: string): DeclaredMessage {
  const { report, at } = basics
  const { to, payload, attachment } = basics.draft.messages[name] ?? { to: '' }
  const path = ['messages', name]
  const audience = to === 'everyone' || to === 'others'
  if (!audience) report('bad-audience', at.value([...path, 'to']), { name: to, message: name })
  const body = declareFields(basics, payload ?? {}, [...path, 'payload'], 'payload')
  const rest = attachment && declareFields(basics, attachment, [...path, 'attachment'], 'attachment')
  if (to === 'others' && rest) report('private-attachment', at.key([...path, 'attachment']), { message: name })
  const shared = Object.keys(rest?.fields ?? {}).some((field) => Object.hasOwn(body.fields, field))
  return {
    name, to: to === 'others' ? 'others' : 'everyone', payload: body.fields,
    ...(rest === undefined ? {} : { attachment: rest.fields }),
    good: audience && body.good && (rest?.good ?? true) && !shared,
  }
}

const placeWords: Readonly<Record<FieldPlace, string>> = {
  parameter: 'a parameter', payload: 'a payload', attachment: 'an attachment',
}

function declareFields(basics: Basics, fields: DraftFields, path: Path, place: FieldPlace): { fields: Fields; good: boolean } {
  const { report, at } = basics
  const known = Object.keys(valueTypes).filter((name) => valueTypes[name]?.stands.includes(place))
  const good: [string, string][] = []
  for (const [name, written] of Object.entries(fields)) {
    const where = at.value([...path, name])
    const items: unknown[] = Array.isArray(written) ? written : [written]
    const type = items[0]
    if (items.length !== 1 || typeof type !== 'string') {
      report('bad-type', where, {})
      continue
    }
    const found = Object.hasOwn(valueTypes, type) ? valueTypes[type] : undefined
    if (found === undefined) report('unknown-type', where, { name: type, known })
    else if (!found.stands.includes(place)) {
      report('type-place', where, { name: type, place: placeWords[place], places: found.stands.map((one) => placeWords[one]) })
    } else good.push([name, Array.isArray(written) ? `[${type}]` : type])
  }
  const named = Object.keys(fields).every((name) => hasForm(name, smallName))
  return { fields: Object.fromEntries(good), good: named && good.length === Object.keys(fields).length }
}

function declareKeeps({ draft, report, at }: Basics): Fields {
  const known = Object.keys(keptTypes)
  const entries = Object.entries(draft.keeps ?? {})
  for (const [name, type] of entries) {
    if (!known.includes(type)) report('unknown-kept-type', at.value(['keeps', name]), { name: type, known })
  }
  return Object.fromEntries(entries)
}

function declareFollows({ draft, report, at }: Basics, library: Library): FollowedScript | undefined {
  const [first, ...more] = Object.entries(draft.follows ?? {})
  if (first === undefined) return undefined
  const [local, script] = first
  for (const [name] of more) report('follows-many', at.key(['follows', name]), { first: script })
  const where = at.value(['follows', local])
  if (script === draft.ceremony) {
    report('follows-itself', where, { name: script })
    return { local, script }
  }
  const ceremony = hasForm(script, scriptName) ? library(script) : undefined
  if (ceremony === undefined) report('unknown-script', where, { name: script })
  return { local, script, ...(ceremony === undefined ? {} : { ceremony }) }
}

// The step or dispute that sends each message, so that everything read was sent before.

/** The first sender of each message. Reports those that have two, or none. */
export function sendersOf(checking: Declaring): ReadonlyMap<string, Sender> {
  const { draft, declared, report, at } = checking
  const senders = new Map<string, Sender>()
  const add = (message: string, sender: Sender, path: Path) => {
    const known = [...declared.messages.keys()]
    // A misspelt name is reported where it stands; the message that it means is not also reported as never sent.
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

// The sequel of a dispute: the answer of the accused, and the judge of both.

/** Checks that each step that disputes has its section, and each section its step. */
export function checkDisputes(resolving: Resolving, senders: ReadonlyMap<string, Sender>): Readonly<Record<string, Dispute>> {
  const { draft, at, report } = resolving
  const sections = Object.keys(draft.disputes ?? {})
  for (const [step, { disputes }] of Object.entries(draft.steps)) {
    // A section whose name is only misspelt is reported at the section.
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
  // The messages and values that were there when the step that disputes began.
  const index = sender?.by === 'dispute' ? sender.index : resolving.declared.steps.length
  const scope: Reach = { here: message, collected: index, prepared: { index: index + 1, order: 0 } }

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
