/**
 * XState takes a machine as it comes: an action that nobody implements is silently skipped, an unknown actor hangs, a
 * wrong target shows at run time only. So every machine passes through here first.
 */
import { errorTable } from '../base/errors.ts'

export const compileError = errorTable('compile', {
  unknown: ({ machine, what, name, where }: { machine: string; what: string; name: string; where: string }) => ({
    what: `The machine ${machine} names the ${what} ${name} at ${where}, which nothing implements.`,
    todo: 'This is a bug in the compiler of ceremonies; please report it with the script.',
  }),
})

/** The names that an engine implements. */
export interface Implemented {
  readonly actors: readonly string[]
  readonly guards: readonly string[]
  readonly actions: readonly string[]
}

type Node = Readonly<Record<string, unknown>>

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && !Array.isArray(value)
const listOf = (value: unknown): readonly unknown[] => (value === undefined ? [] : Array.isArray(value) ? value : [value])

/**
 * Checks that every actor, guard, action and target that a machine's configuration names is there.
 *
 * @throws compile.unknown at the first that is not
 */
export function assertComplete(machine: string, config: Node, implemented: Implemented): void {
  const ids = new Set<string>()
  collectIds(config, ids)
  checkState(machine, config, machine, undefined, implemented, ids)
}

function collectIds(state: Node, ids: Set<string>): void {
  if (typeof state['id'] === 'string') ids.add(state['id'])
  if (!isNode(state['states'])) return
  for (const child of Object.values(state['states'])) if (isNode(child)) collectIds(child, ids)
}

function checkState(
  machine: string, state: Node, where: string, siblings: Node | undefined, implemented: Implemented, ids: ReadonlySet<string>,
): void {
  const unknown = (what: string, name: string, at: string) => compileError('unknown', { machine, what, name, where: at })
  const named = (what: string, value: unknown, names: readonly string[], at: string) => {
    const name = isNode(value) ? value['type'] : value
    if (value !== undefined && (typeof name !== 'string' || !names.includes(name))) throw unknown(what, String(name), at)
  }
  const children = isNode(state['states']) ? state['states'] : undefined
  const transition = (value: unknown, at: string) => {
    for (const one of listOf(value)) {
      const target = isNode(one) ? one['target'] : one
      if (isNode(one)) {
        named('guard', one['guard'], implemented.guards, at)
        for (const action of listOf(one['actions'])) named('action', action, implemented.actions, at)
      }
      if (target === undefined) continue
      if (typeof target !== 'string') throw unknown('state', typeof target, at)
      if (!hasTarget(target, siblings, children, ids)) throw unknown('state', target, at)
    }
  }
  if (children !== undefined) {
    const initial = state['initial']
    if (typeof initial !== 'string' || !Object.hasOwn(children, initial)) throw unknown('initial state', String(initial), where)
  }
  for (const invoke of listOf(state['invoke'])) {
    if (!isNode(invoke)) continue
    named('actor', invoke['src'], implemented.actors, where)
    // An invoked actor that fails with nobody watching ends the process.
    if (invoke['onError'] === undefined) throw unknown('error transition of', String(invoke['src']), where)
    transition(invoke['onDone'], where)
    transition(invoke['onError'], where)
  }
  transition(state['always'], where)
  for (const [event, value] of Object.entries(isNode(state['on']) ? state['on'] : {})) transition(value, `${where} on ${event}`)
  for (const kind of ['entry', 'exit']) for (const action of listOf(state[kind])) named('action', action, implemented.actions, where)
  for (const [name, child] of Object.entries(children ?? {})) {
    if (isNode(child)) checkState(machine, child, `${where}.${name}`, children, implemented, ids)
  }
}

function hasTarget(target: string, siblings: Node | undefined, children: Node | undefined, ids: ReadonlySet<string>): boolean {
  if (target.startsWith('#')) return ids.has(target.slice(1))
  if (target.startsWith('.')) return children !== undefined && Object.hasOwn(children, target.slice(1))
  return siblings !== undefined && Object.hasOwn(siblings, target)
}
