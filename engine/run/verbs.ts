/** The client verbs that every reader of a log runs alike: prepared values, checks, judges, outputs. */
import { isKeyriteError } from '../base/errors.ts'
import type { Slices } from '../base/turns.ts'
import type { Call, Ceremony, Dispute, Ref, Script, Step } from '../machines/ceremony.ts'
import type { Collected, Followed, Scope, VerbFault, Verbs, Judgement } from '../verbs/runtime.ts'
import type { Fault } from '../wire/abort.ts'
import type { Json, JsonObject } from '../base/canonical.ts'
import { runError } from './errors.ts'

// Turns a call's arguments into values, from whatever holds them: the ledger of a client or auditor, or the memory
// of an airgap.

/** The values that a running ceremony's arguments can name. */
export interface Sources {
  readonly parameters: JsonObject
  /** All collected statements of a message, in roster order. */
  readonly statements: (message: string) => readonly Collected[]
  /** A `prepare`'s value. */
  readonly prepared: (name: string) => Json
  /** The ceremony that this one follows, by the script's local name. */
  readonly followed: (name: string) => Followed
  /** A value that the followed ceremony left in the vault. An airgap's alone. */
  readonly kept: (name: string, field: string) => Json
}

/** The values of a call's arguments, in order. */
export function resolveArgs(call: Call, sources: Sources): readonly unknown[] {
  return call.args.map((ref) => resolveRef(ref, sources))
}

/** The value of one argument. */
export function resolveRef(ref: Ref, sources: Sources): unknown {
  switch (ref.from) {
    case 'parameter':
      return sources.parameters[ref.name]
    case 'message':
      return sources.statements(ref.message)
    case 'column':
      return sources.statements(ref.message).map((one) => one[ref.part]?.[ref.field])
    case 'prepared':
      return sources.prepared(ref.name)
    case 'followed':
      return sources.followed(ref.name)
    case 'followed-value': {
      const { opening, outputs = {} } = sources.followed(ref.name)
      return ref.part === 'parameter' ? opening.parameters[ref.field] : outputs[ref.field]
    }
    case 'kept':
      return sources.kept(ref.name, ref.field)
  }
}

/** The surroundings of a verb: the sources of its arguments, and the facts of a place in the ceremony. */
export interface VerbContext {
  readonly verbs: Verbs
  readonly sources: Sources
  /** The scope of a statement of this type in this step, made with this view. */
  readonly scope: (step: string, type: string, view: string) => Scope
}

function need<T>(table: Readonly<Record<string, T>>, { verb }: Call): T {
  const run = table[verb]
  if (run === undefined) throw new Error(`no verb ${verb}`)
  return run
}

/** Computes the values that a step prepares, and passes on each with its name. Stops at the first fault and gives it. */
export function prepareStep({ verbs, sources, scope }: VerbContext, step: Step, view: string, keep: (name: string, value: Json) => void): Fault | undefined {
  for (const [name, call] of Object.entries(step.prepare)) {
    try {
      keep(name, need(verbs.value, call)(scope(step.name, step.sends, view), resolveArgs(call, sources)))
    } catch (error) {
      return verbFaultOf(error, step.name)
    }
  }
  return undefined
}

/** The finding of a step's check on a message whose attachment is not decoded yet. */
export function checkBefore({ verbs, sources, scope }: VerbContext, step: Step, view: string, one: Collected): VerbFault | null {
  if (step.check === undefined) return null
  return need(verbs.check, step.check).before?.(scope(step.name, step.sends, view), one, resolveArgs(step.check, sources)) ?? null
}

/** Runs a step's check, if it is one that runs at this time. */
export function* checkMessages(
  { verbs, sources, scope }: VerbContext, step: Step, view: string, when: 'arrival' | 'complete', incoming: readonly Collected[],
): Slices<readonly VerbFault[]> {
  if (step.check === undefined) return []
  const check = need(verbs.check, step.check)
  if (check.when !== when) return []
  const given = [scope(step.name, step.sends, view), incoming, resolveArgs(step.check, sources)] as const
  return check.slices === undefined ? check.run(...given) : yield* check.slices(...given)
}

/** Judges who is guilty: the opener of the dispute, or the author of the answer. */
export function judgeDispute({ verbs, sources, scope }: VerbContext, dispute: Dispute, opened: Collected, answer: Collected): Judgement {
  const run = need(verbs.judge, dispute.judge)
  return run(scope(answer.step, dispute.sends, answer.view), opened, answer, resolveArgs(dispute.judge, sources))
}

/** The outputs of a finished ceremony, or the fault for which there are none. `view` is the one before its last step. */
export function outputsOf(context: VerbContext, ceremony: Ceremony, view: string): { readonly outputs: JsonObject } | { readonly fault: Fault } {
  const last = ceremony.steps.at(-1)?.name ?? ''
  try {
    return { outputs: computeOutputs(context, ceremony, last, view) }
  } catch (error) {
    return { fault: verbFaultOf(error, last) }
  }
}

function computeOutputs({ verbs, sources, scope }: VerbContext, ceremony: Ceremony, last: string, view: string): JsonObject {
  return Object.fromEntries(Object.entries(ceremony.outputs).map(([name, output]): [string, Json] => {
    if (output.kind === 'call') return [name, need(verbs.value, output.call)(scope(last, name, view), resolveArgs(output.call, sources))]
    const column = resolveRef(output.ref, sources)
    return [name, Array.isArray(column) ? (column as Json[])[0] ?? null : (column as Json)]
  }))
}

/** The fault inside a verb's error; any other error is a bug and goes on. */
function verbFaultOf(error: unknown, step: string): Fault {
  if (!isKeyriteError(error, 'verb.fault')) throw error
  const { reason, accused, why } = error.facts
  return {
    reason, step, accused: accused === '' ? null : accused, why,
    convicts: accused !== '', offsets: [],
  }
}

/** The sources of a reader's arguments: all but those that an airgap alone has. */
export const sourcesOf = (own: Omit<Sources, 'followed' | 'kept'>, followed: Readonly<Record<string, ReturnType<Sources['followed']>>>): Sources => ({
  ...own,
  followed: (name) => {
    const one = followed[name]
    if (one === undefined) throw new TypeError(`a ledger without the ${name} that it follows`)
    const { id, opening, outputs } = one
    return { id, opening, outputs }
  },
  kept: (name) => {
    throw new TypeError(`${name} is the airgap’s`)
  },
})

// Can this version run a script? Both roles check that before anyone is asked to confirm anything.

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
