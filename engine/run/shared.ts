/**
 * What the clients of one simulation need to do only once: all of them verify the same public messages, with the same
 * result, and n clients in one process would take n times as long for it. Each result is kept by all that it follows
 * from, so that whoever is shown something else (a fault's doing) verifies that itself. Airgaps get none of this:
 * every one does all of its work. Nor does anything but a simulation.
 */
import { sha256Hex } from '../crypto/bytes.ts'
import type { Args, CheckVerb, Scope, Verbs } from '../verbs/runtime.ts'
import { utf8 } from '../wire/canonical.ts'
import type { MessageChecks } from './checks.ts'
import { ownChecks } from './checks.ts'

/** Gives the first result again for equal arguments. What throws is not kept. */
function once<A extends readonly unknown[], R>(run: (...args: A) => R, keyOf: (...args: A) => unknown): (...args: A) => R {
  const known = new Map<string, R>()
  return (...args) => {
    // Not canonical, for it is five times as fast: equal values in another order are done twice.
    const key = JSON.stringify(keyOf(...args))
    if (known.has(key)) return known.get(key) as R
    const result = frozen(run(...args))
    known.set(key, result)
    return result
  }
}

/** Deeply: nobody changes what others were given too. */
function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const item of Object.values(value)) frozen(item)
  }
  return value
}

/** The checks on messages, for clients that share them. For one ceremony: rosters are taken for equal. */
export function sharedChecks(): MessageChecks {
  return {
    message: once(ownChecks.message, (message, key) => [message, key]),
    statement: once(ownChecks.statement, (statement, signature, key) => [statement, signature, key]),
    fields: once(ownChecks.fields, (fields, object, _, held, skip) => [fields, object, held, skip]),
  }
}

/** What a verb's result follows from besides its other arguments. Its randomness is for weights, and changes nothing. */
const placeOf = ({ ceremony, rehearsal, step, type, view }: Scope, args: Args) => [ceremony, rehearsal, step, type, view, args.map(printOf)]

const prints = new WeakMap<object, string>()

/** Stands for an argument, which may be all n² messages of a step, and the same again for the next message. */
function printOf(arg: unknown): unknown {
  if (typeof arg !== 'object' || arg === null) return arg
  const known = prints.get(arg) ?? sha256Hex(utf8(JSON.stringify(arg)))
  prints.set(arg, known)
  return known
}

function sharedCheck({ when, before, run, slices }: CheckVerb): CheckVerb {
  const shared = once(run, (scope, incoming, args) => [placeOf(scope, args), incoming])
  return {
    when,
    run: shared,
    // Two that do it a slice at a time would both do all of it.
    ...(slices === undefined ? {} : {
      slices: function* (...given) {
        yield
        return shared(...given)
      },
    }),
    ...(before === undefined ? {} : { before: once(before, (scope, one, args) => [placeOf(scope, args), one]) }),
  }
}

const mapped = <T>(table: Readonly<Record<string, T>>, change: (verb: T) => T): Readonly<Record<string, T>> =>
  Object.fromEntries(Object.entries(table).map(([name, verb]) => [name, change(verb)]))

/** The same verbs, for clients that share what theirs give. */
export function sharedVerbs(verbs: Verbs): Verbs {
  return {
    airgap: verbs.airgap,
    value: mapped(verbs.value, (run) => once(run, placeOf)),
    client: mapped(verbs.client, (run) => once(run, placeOf)),
    check: mapped(verbs.check, sharedCheck),
    assist: mapped(verbs.assist, (run) => once(run, (scope, me, question, args) => [placeOf(scope, args), me, question])),
    judge: mapped(verbs.judge, (run) => once(run, (scope, dispute, answer, args) => [placeOf(scope, args), dispute, answer])),
  }
}
