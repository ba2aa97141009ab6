/**
 * The machine that runs, as its states and the ways between them: for people (Mermaid), for the check that every path ends, and
 * for tests. Nothing is drawn that does not run, nor runs that is not drawn; the words are the machine's own descriptions.
 */
import type { AnyStateMachine, AnyStateNode } from 'xstate'
import { compileAirgap } from './airgap.ts'
import type { Ceremony } from './ceremony.ts'
import { compileClient } from './client.ts'
import type { Role } from '../base/names.ts'

/** The machine of a role. */
export const machineOf = (ceremony: Ceremony, role: Role): AnyStateMachine => (role === 'client' ? compileClient(ceremony) : compileAirgap(ceremony))

/** A way from one state to another. A way from a state with others inside is a way from each of them. */
export interface Way {
  readonly from: AnyStateNode
  readonly to: AnyStateNode
  readonly label: string
}

/** All states below one, in order, those with others inside before these. */
export const statesIn = (node: AnyStateNode): readonly AnyStateNode[] => Object.values(node.states).flatMap((state) => [state, ...statesIn(state)])

/** The ways that a state has of its own. */
export function waysFrom(node: AnyStateNode): readonly Way[] {
  return [...(node.always ?? []), ...[...node.transitions.values()].flat()].flatMap(({ target = [node], description, eventType }) =>
    target.map((to): Way => ({ from: node, to, label: description ?? String(eventType) })))
}

/** The states that a machine is in when it enters one: that state, and the first ones inside it. */
function entered(node: AnyStateNode): readonly AnyStateNode[] {
  return [node, ...(isLeaf(node) ? [] : node.initial.target.flatMap(entered))]
}

const within = (node: AnyStateNode): readonly AnyStateNode[] => (node.parent === undefined ? [node] : [node, ...within(node.parent)])
const isLeaf = (node: AnyStateNode): boolean => Object.keys(node.states).length === 0

/** The states that can come right after one, whatever its guards say. */
const after = (node: AnyStateNode): readonly AnyStateNode[] => within(node).flatMap(waysFrom).flatMap(({ to }) => [...entered(to), ...within(to)])

/** All states that a machine can come to, from its beginning or from a state. */
export function reachable({ root }: AnyStateMachine, from: AnyStateNode = root): ReadonlySet<AnyStateNode> {
  const found = new Set(entered(from))
  for (const node of found) for (const next of after(node)) found.add(next)
  return found
}

/** States from which no end can be reached: a machine that gets there never ends. Empty in a good one. */
export function deadEnds({ root }: AnyStateMachine): readonly AnyStateNode[] {
  const leaves = statesIn(root).filter(isLeaf)
  const ending = new Set(leaves.filter(({ type }) => type === 'final'))
  for (let size = -1; size < ending.size; ) {
    size = ending.size
    for (const leaf of leaves) if (after(leaf).some((next) => ending.has(next))) ending.add(leaf)
  }
  return leaves.filter((leaf) => !ending.has(leaf))
}

/** The machine as data, in the form that Stately's tools and `createMachine` read; functions are left out. */
export const configOf = (machine: AnyStateMachine): unknown => JSON.parse(JSON.stringify(machine.config))

/** A state's name in Mermaid. */
const idOf = ({ path }: AnyStateNode): string => path.join('_')

/** A state that the machine leaves at once. */
const isChoice = (node: AnyStateNode): boolean => isLeaf(node) && (node.always ?? []).length > 0 && node.invoke.length === 0 && node.transitions.size === 0

/**
 * A ceremony as a Mermaid state diagram, for one role.
 *
 * @returns `stateDiagram-v2` text that ends with a newline
 */
export function mermaid(ceremony: Ceremony, role: Role): string {
  const machine = machineOf(ceremony, role)
  const { root } = machine
  const lines = ['stateDiagram-v2', `  %% ${ceremony.name} ${ceremony.version}, ${role}`]
  const drawn = lifted(root)
  const draw = (node: AnyStateNode, indent: string): void => {
    const children = Object.values(node.states)
    for (const first of node.initial.target) lines.push(`${indent}[*] --> ${idOf(first)}`)
    for (const child of children) {
      const [id, label] = [idOf(child), child.description ?? child.key]
      if (isChoice(child)) lines.push(`${indent}state ${id} <<choice>>`)
      else lines.push(`${indent}state "${label}" as ${id}${isLeaf(child) ? '' : ' {'}`)
      if (isLeaf(child)) continue
      draw(child, `${indent}  `)
      lines.push(`${indent}}`)
    }
    // A way stands in the innermost state that has both its ends.
    for (const { from, to, label } of drawn) {
      const both = within(from).slice(1).find((one) => within(to).slice(1).includes(one))
      if (both === node) lines.push(`${indent}${idOf(from)} --> ${idOf(to)}: ${label}`)
    }
    for (const child of children) if (child.type === 'final') lines.push(`${indent}${idOf(child)} --> [*]`)
  }
  draw(root, '  ')
  return `${lines.join('\n')}\n`
}

/** The ways as they are drawn: a way that all states inside a state share is drawn once, from that state. */
function lifted(root: AnyStateNode): readonly Way[] {
  const same = (one: Way, other: Way): boolean => one.to === other.to && one.label === other.label
  const ways: Way[] = []
  const lift = (node: AnyStateNode): readonly Way[] => {
    const children = Object.values(node.states).filter(({ type }) => type !== 'final')
    const inside = children.map(lift)
    const isCommon = (way: Way): boolean => node !== root && children.length > 1 && inside.every((list) => list.some((one) => same(one, way)))
    ways.push(...inside.flat().filter((way) => !isCommon(way)))
    return unique([...waysFrom(node), ...(inside[0] ?? []).filter(isCommon).map((way) => ({ ...way, from: node }))], same)
  }
  ways.push(...lift(root))
  return ways
}

const unique = <T>(list: readonly T[], same: (one: T, other: T) => boolean): readonly T[] => list.filter((one, i) => list.findIndex((other) => same(one, other)) === i)
