/**
 * Turns a call's arguments into values, from whatever holds them: the ledger of a client or auditor, or the memory
 * of an airgap.
 */
import type { Call, Ref } from '../machines/ceremony.ts'
import type { Collected, Followed } from '../verbs/runtime.ts'
import type { Json, JsonObject } from '../wire/canonical.ts'

/** What is known of a running ceremony. */
export interface Sources {
  readonly parameters: JsonObject
  /** All collected statements of a message, in roster order. */
  readonly statements: (message: string) => readonly Collected[]
  /** A `prepare`'s value. */
  readonly prepared: (name: string) => Json
  /** The ceremony that this one follows, by the script's local name. */
  readonly followed: (name: string) => Followed
  /** What the followed ceremony left in the vault. An airgap's alone. */
  readonly kept: (name: string, field: string) => Json
}

/** The values of a call's arguments, in order. */
export function resolveArgs(call: Call, sources: Sources): readonly unknown[] {
  return call.args.map((ref) => resolveRef(ref, sources))
}

/** One value. */
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
