/** One step: a verb whose parts the step has, a message that is what the verb makes, and a collect that can end. */
import type { Call, Collect, Ref, Step } from '../machines/ceremony.ts'
import type { AirgapSignature, ClientSignature, Fields } from '../verbs/table.ts'
import { keptTypes } from '../verbs/types.ts'
import { checkCall, resolve } from './calls.ts'
import type { CheckedCall, Resolving, Reach } from './calls.ts'
import { nearest } from './codes.ts'
import type { DeclaredMessage } from './checking.ts'
import { describeContent, describeFields, describeType } from './diagnostic.ts'
import { MAX_WITHIN, milliseconds, MIN_WITHIN } from './forms.ts'
import type { DraftStep } from './schema.ts'
import type { Path } from './yaml.ts'

/**
 * Checks a step.
 *
 * @returns the step as far as it is good; complete if nothing was reported
 */
export function checkStep(resolving: Resolving, name: string, index: number): Step {
  const { draft, at, report } = resolving
  const step = draft.steps[name]
  if (step === undefined) throw new TypeError(`no step ${name}`)
  const path = ['steps', name]
  const before: Reach = { here: name, collected: index, prepared: { index, order: 0 } }
  const scope: Reach = { ...before, prepared: { index: index + 1, order: 0 } }

  const prepare = Object.entries(step.prepare ?? {}).flatMap(([value, call], order): [string, Call][] => {
    const checked = checkCall(resolving, 'prepare', call, [...path, 'prepare', value], { ...before, prepared: { index, order } })
    return checked === undefined ? [] : [[value, checked.call]]
  })
  const airgap = step.airgap && checkCall(resolving, 'airgap', step.airgap, [...path, 'airgap'], scope)
  const client = step.client && checkCall(resolving, 'client', step.client, [...path, 'client'], scope)
  if ((step.airgap === undefined) === (step.client === undefined)) {
    report('step-side', at.key(path), { step: name, both: step.airgap !== undefined })
  }
  const made = airgap ?? client
  const message = findMessage(resolving, step.sends, [...path, 'sends'])
  if (made && message) checkEmits(resolving, made, message, [...path, 'sends'])

  if (made) checkParts(resolving, made, step, path)
  const assist = step.assist && checkAssist(resolving, step, airgap?.signature, [...path, 'assist'], scope)
  const check = checkCheck(resolving, step, made, message, path, scope)
  checkConfirm(resolving, name, step, path)
  checkAgree(resolving, step, message, path)

  return {
    name, index, prepare: Object.fromEntries(prepare), confirm: step.confirm ?? [], sends: step.sends, agree: step.agree ?? [],
    collect: checkCollect(resolving, name, step, message, path, scope),
    within: checkWithin(resolving, step.within, [...path, 'within']),
    ...(airgap && { airgap: airgap.call }),
    ...(client && { client: client.call }),
    ...(assist && { assist }),
    ...(check && { check }),
    ...(step.disputes !== undefined && { disputes: step.disputes }),
    ...(step.keeps !== undefined && { keeps: step.keeps }),
  }
}

/** Finds the message of that name, if it is declared and good. */
export function findMessage(resolving: Resolving, name: string, path: Path): DeclaredMessage | undefined {
  const { declared, draft, at, report } = resolving
  const message = declared.messages.get(name)
  if (message === undefined) {
    const step = Object.hasOwn(draft.steps, name) ? (draft.steps[name]?.sends ?? '') : ''
    report('unknown-message', at.value(path), { name, known: [...declared.messages.keys()], step: step === name ? '' : step })
  }
  return message?.good === true && !resolving.mismatched.has(name) ? message : undefined
}

type Making = CheckedCall<AirgapSignature | ClientSignature>

/** Checks that a message has the fields that the verb emits, and goes to those for whom it emits them. */
export function checkEmits(resolving: Resolving, { signature }: Making, message: DeclaredMessage, path: Path): void {
  const { at, report } = resolving
  const { name: verb, emits } = signature
  if (emits.to === 'others' && message.to === 'everyone') {
    report('leak', at.value(path), {
      what: `${verb} emits data for one recipient`, must: `${message.name} must be sent to others, each alone`,
      hint: `write \`to: others\` at ${message.name} under \`messages\``,
    })
  } else if (emits.to === 'everyone' && message.to === 'others') report('audience', at.value(path), { verb, message: message.name })
  if (!sameFields(emits.payload, message.payload) || !sameFields(emits.attachment ?? {}, message.attachment ?? {})) {
    resolving.mismatched.add(message.name)
    report('sends-mismatch', at.value(path), {
      verb, message: message.name, emits: describeContent(emits.payload, emits.attachment),
      has: describeContent(message.payload, message.attachment),
    })
  }
}

export function sameFields(a: Fields, b: Fields): boolean {
  return Object.keys(a).length === Object.keys(b).length && within(a, b)
}

/** Are all fields of `part` in `whole`, with the same types? */
function within(part: Fields, whole: Fields): boolean {
  return Object.entries(part).every(([name, type]) => Object.hasOwn(whole, name) && whole[name] === type)
}

/** Checks that the step names the parts that its verb needs to dispute, ask back or keep, and none that the verb never uses. */
function checkParts(resolving: Resolving, { signature, path: verbPath }: Making, step: DraftStep, path: Path): void {
  const { at, report, declared } = resolving
  const airgap = signature.use === 'airgap' ? signature : undefined
  const { disputes, asks, keeps } = airgap ?? {}
  const verb = signature.name
  const part = (name: 'disputes' | 'assist' | 'keeps', does: string | undefined, never: string): boolean => {
    const has = step[name] !== undefined
    if (does !== undefined && !has) report('part-missing', at.key(verbPath), { verb, does, part: name })
    if (does === undefined && has) report('part-needless', at.key([...path, name]), { verb, part: name, never })
    return does !== undefined && has
  }
  const mayDispute = disputes && `may state ${describeFields(disputes)} instead`
  if (part('disputes', mayDispute, 'disputes anything') && disputes && step.disputes !== undefined) {
    const message = findMessage(resolving, step.disputes, [...path, 'disputes'])
    if (message?.to === 'others') report('audience', at.value([...path, 'disputes']), { verb, message: message.name })
    if (message && !(sameFields(disputes, message.payload) && message.attachment === undefined)) {
      resolving.mismatched.add(message.name)
      report('part-mismatch', at.value([...path, 'disputes']), {
        verb, wants: `may state ${describeFields(disputes)}`, other: message.name,
        has: `has ${describeContent(message.payload, message.attachment)}`,
      })
    }
  }
  part('assist', asks && `may ask back ${asks}`, 'asks back')
  if (part('keeps', keeps && `leaves a ${keeps} in the vault`, 'keeps anything') && step.keeps !== undefined) {
    const type = Object.hasOwn(declared.keeps, step.keeps) ? declared.keeps[step.keeps] : undefined
    const where = at.value([...path, 'keeps'])
    if (type === undefined) report('unknown-keep', where, { name: step.keeps, known: Object.keys(declared.keeps) })
    else if (type !== keeps && Object.hasOwn(keptTypes, type)) {
      report('part-mismatch', where, { verb, wants: `keeps a ${keeps ?? ''}`, other: step.keeps, has: `is a ${type}` })
    }
  }
}

function checkAssist(
  resolving: Resolving, step: DraftStep, airgap: AirgapSignature | undefined, path: Path, scope: Reach,
): Call | undefined {
  const checked = checkCall(resolving, 'assist', step.assist ?? {}, path, scope)
  if (checked && airgap?.asks !== undefined && checked.signature.asked !== airgap.asks) {
    resolving.report('part-mismatch', resolving.at.key(checked.path), {
      verb: checked.signature.name, wants: `answers ${checked.signature.asked}`, other: airgap.name, has: `asks ${airgap.asks}`,
    })
  }
  return checked?.call
}

function checkCheck(
  resolving: Resolving, step: DraftStep, made: Making | undefined, message: DeclaredMessage | undefined, path: Path, scope: Reach,
): Call | undefined {
  const { at, report } = resolving
  const checked = step.check && checkCall(resolving, 'check', step.check, [...path, 'check'], scope)
  const isFaulty = step.check !== undefined && checked === undefined
  const needs = made?.signature.checkedBy
  if (made && needs !== undefined && !isFaulty && checked?.signature.name !== needs) {
    report('check-missing', at.key(checked?.path ?? made.path), { verb: made.signature.name, check: needs, has: checked?.signature.name })
    return checked?.call
  }
  if (checked === undefined || message === undefined || resolving.mismatched.has(message.name)) return checked?.call
  const { name, payload, attachment } = checked.signature
  if (!(within(payload, message.payload) && within(attachment ?? {}, message.attachment ?? {}))) {
    report('part-mismatch', at.key(checked.path), {
      verb: name, wants: `checks ${describeContent(payload, attachment)}`, other: message.name,
      has: `has ${describeContent(message.payload, message.attachment)}`,
    })
  }
  return checked.call
}

function checkConfirm(resolving: Resolving, name: string, step: DraftStep, path: Path): void {
  const { draft, at, report, used } = resolving
  if (step.confirm === undefined) return
  if (step.client !== undefined && step.airgap === undefined) report('confirm-client', at.key([...path, 'confirm']), { step: name })
  const known = Object.keys(draft.parameters ?? {})
  for (const [position, parameter] of step.confirm.entries()) {
    const where = at.value([...path, 'confirm', position])
    if (!known.includes(parameter)) report('unknown-parameter', where, { name: parameter, known })
    used.add(nearest(parameter, known) ?? '')
    if (step.confirm.indexOf(parameter) < position) report('repeated', where, { name: parameter })
  }
}

function checkAgree(resolving: Resolving, step: DraftStep, message: DeclaredMessage | undefined, path: Path): void {
  const { at, report } = resolving
  for (const [position, field] of (step.agree ?? []).entries()) {
    const where = at.value([...path, 'agree', position])
    if (step.agree?.indexOf(field) !== position) report('repeated', where, { name: field })
    else if (message !== undefined && !(message.to === 'everyone' && Object.hasOwn(message.payload, field))) {
      const known = message.to === 'everyone' ? Object.keys(message.payload) : []
      report('agree-field', where, { name: field, message: message.name, known })
    }
  }
}

function checkCollect(
  resolving: Resolving, name: string, step: DraftStep, message: DeclaredMessage | undefined, path: Path, scope: Reach,
): Collect {
  const { at, report } = resolving
  if (step.collect === 'all') return { kind: 'all' }
  const where = at.value([...path, 'collect'])
  const because = message?.to === 'others' ? 'it goes to each other participant alone'
    : step.disputes !== undefined ? `a ${step.disputes} can stand in its place`
    : step.agree !== undefined ? 'all must agree' : undefined
  if (because !== undefined) {
    report('collect-others', where, { message: step.sends, because })
    return { kind: 'all' }
  }
  if (step.collect === 'any') return { kind: 'any' }
  const ref = resolving.candidates.get(step.collect)?.ref
  if (ref !== undefined && isQuorum(ref)) {
    resolve(resolving, step.collect, [...path, 'collect'], scope)
    return { kind: 'count', of: ref }
  }
  const known = [...resolving.candidates.values()].filter((one) => isQuorum(one.ref)).map((one) => one.name)
  // The parameter of an unknown ceremony cannot be judged.
  const { follows } = resolving.declared
  const silent = follows !== undefined && follows.ceremony === undefined && step.collect.startsWith(`${follows.local}.`)
  if (silent) resolving.used.add(follows.local)
  else {
    const got = ref === undefined ? 'nothing has that name' : `it is ${describeType(ref.type)}`
    report('bad-collect', where, { step: name, name: step.collect, known, got })
  }
  return { kind: 'all' }
}

function isQuorum(ref: Ref): boolean {
  const isParameter = ref.from === 'parameter' || (ref.from === 'followed-value' && ref.part === 'parameter')
  return isParameter && ref.type.kind === 'value' && ref.type.name === 'quorum'
}

/** Reads a step's time, in milliseconds; 0 where something was reported. */
export function checkWithin({ at, report }: Resolving, written: string, path: Path): number {
  const time = milliseconds(written)
  const why = time === undefined ? 'it is not a number with a unit'
    : time < MIN_WITHIN ? 'nobody can do anything in less than a minute'
    : time > MAX_WITHIN ? 'it is more than 90 days' : undefined
  if (why !== undefined) report('within', at.value(path), { within: written, why })
  return why === undefined ? (time ?? 0) : 0
}
