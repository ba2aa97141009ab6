/**
 * A ceremony as the states that its two machines go through, for people (Mermaid) and for the checker: does every path
 * end, and can anything still abort after success?
 */
import type { Ceremony } from './ceremony.ts'

export type Role = 'client' | 'airgap'

/** What of a ceremony makes its graph. */
export interface Outline {
  readonly steps: readonly OutlineStep[]
  /** The index of the certificate's step. */
  readonly certificate: number
}

export interface OutlineStep {
  readonly name: string
  readonly side: Role
  readonly confirm: boolean
  readonly assist: boolean
  /** The message that opens a dispute, where the step has one. */
  readonly disputes?: string
  readonly agree: boolean
  /** It collects from all, not from some. */
  readonly all: boolean
}

export interface State {
  readonly id: string
  readonly label: string
  /** The composite state that it is in. */
  readonly inside?: string
  readonly final?: boolean
}

export interface Edge {
  readonly from: string
  readonly to: string
  readonly label: string
  /** The step and the part of it that this edge is there for. */
  readonly because?: { readonly step: string; readonly part: 'disputes' | 'confirm' | 'agree' }
}

export interface Graph {
  readonly start: string
  readonly states: readonly State[]
  readonly edges: readonly Edge[]
  /** Composite states with their labels, in order. */
  readonly groups: readonly { readonly id: string; readonly label: string }[]
}

export function outlineOf(ceremony: Ceremony): Outline {
  return {
    certificate: ceremony.steps.findIndex(({ name }) => name === ceremony.certificate),
    steps: ceremony.steps.map((step) => ({
      name: step.name,
      side: step.airgap === undefined ? 'client' : 'airgap',
      confirm: step.confirm.length > 0,
      assist: step.assist !== undefined,
      agree: step.agree.length > 0,
      all: step.collect.kind === 'all',
      ...(step.disputes === undefined ? {} : { disputes: step.disputes }),
    })),
  }
}

export function graphOf(outline: Outline, role: Role): Graph {
  return role === 'client' ? clientGraph(outline) : airgapGraph(outline)
}

/** A composite state's id. The prefix keeps names such as Note and State, which are Mermaid's own, apart. */
function groupOf(name: string): string {
  return `in_${name}`
}

function clientGraph({ steps, certificate }: Outline): Graph {
  const states: State[] = []
  const edges: Edge[] = []
  const groups: { id: string; label: string }[] = []
  const ready = certificate === steps.length - 1
  const usable: State = { id: 'usable', label: ready ? 'succeeded' : 'succeeded, usable', final: true }
  const entryOf = (step: OutlineStep | undefined) =>
    step === undefined ? usable.id : `${step.name}_${step.side === 'airgap' ? 'asking' : 'computing'}`
  const disputed = steps.findIndex(({ disputes }) => disputes !== undefined)
  const duty = disputed === -1 || disputed > certificate ? undefined : `${steps[disputed]?.disputes ?? ''}_waiting`
  const success = entryOf(steps[certificate + 1])

  for (const [index, step] of steps.entries()) {
    const { name, side, assist, disputes, agree, confirm } = step
    const state = (what: string): string => {
      const id = `${name}_${what}`
      if (!states.some((one) => one.id === id)) states.push({ id, label: what, inside: groupOf(name) })
      return id
    }
    const later = index > certificate
    groups.push({ id: groupOf(name), label: later ? `${name}: confirming` : name })
    const making = state(side === 'airgap' ? 'asking' : 'computing')
    if (assist) {
      edges.push({ from: making, to: state('assisting'), label: 'the airgap asks back' })
      edges.push({ from: state('assisting'), to: making, label: 'answered' })
    }
    edges.push({ from: making, to: state('posting'), label: side === 'airgap' ? 'answer' : 'computed' })
    edges.push({ from: state('posting'), to: state('collecting'), label: 'posted' })
    edges.push({ from: state('posting'), to: state('posting'), label: 'RETRY' })
    const complete = index === certificate ? 'complete, success' : 'complete'
    edges.push({ from: state('collecting'), to: entryOf(steps[index + 1]), label: complete })
    if (index === steps.length - 1) edges.push({ from: state('collecting'), to: 'unconfirmed', label: 'its result cannot be made' })

    if (confirm) edges.push({ from: making, to: 'aborted', label: 'too many owners decline', because: { step: name, part: 'confirm' } })
    if (agree) edges.push({ from: state('collecting'), to: 'aborted', label: 'they disagree', because: { step: name, part: 'agree' } })
    if (disputes !== undefined) {
      edges.push({ from: state('collecting'), to: duty ?? 'aborted', label: disputes, because: { step: name, part: 'disputes' } })
      if (duty !== undefined) addDuty(disputes, { isBound: index === certificate, success }, { states, edges, groups })
    }
    if (later) {
      edges.push({ from: groupOf(name), to: 'unconfirmed', label: 'deadline' })
      if (step.all) edges.push({ from: groupOf(name), to: 'dead', label: 'an Abandoned, a check failed for good' })
    } else if (duty !== undefined && index >= disputed) edges.push({ from: groupOf(name), to: duty, label: 'deadline, Abort' })
    else if (index === certificate) {
      edges.push({ from: making, to: 'aborted', label: 'deadline, Abort' })
      edges.push({ from: state('posting'), to: 'doubting', label: 'deadline, Abort' })
      edges.push({ from: state('collecting'), to: 'doubting', label: 'deadline, Abort' })
    } else edges.push({ from: groupOf(name), to: 'aborted', label: 'deadline, Abort, check failed' })
  }
  addDoubt(steps.slice(certificate + 1).some(({ side, all }) => side === 'airgap' && all), success, { states, edges })
  states.push(usable)
  states.push({ id: 'unconfirmed', label: 'succeeded, unconfirmed', final: true })
  states.push({ id: 'aborted', label: 'aborted', final: true }, { id: 'dead', label: 'dead, never usable', final: true })
  return { start: entryOf(steps[0]), states, edges, groups }
}

interface Drawing {
  readonly states: State[]
  readonly edges: Edge[]
  readonly groups: { id: string; label: string }[]
}

/** From the first moment at which somebody may complain, an ended ceremony is not over: whoever is accused answers. */
function addDuty(message: string, { isBound, success }: { readonly isBound: boolean; readonly success: string }, { states, edges, groups }: Drawing): void {
  const [waiting, justifying] = [`${message}_waiting`, `${message}_justifying`]
  groups.push({ id: groupOf(message), label: `dispute: ${message}` })
  for (const [id, label] of [[waiting, 'waiting'], [justifying, 'justifying']] as const) states.push({ id, label, inside: groupOf(message) })
  edges.push({ from: waiting, to: justifying, label: 'is accused' }, { from: justifying, to: waiting, label: 'answered' })
  edges.push({ from: waiting, to: 'dead', label: 'a complaint was judged, or not answered in time' })
  edges.push({ from: waiting, to: 'aborted', label: 'none can come any more' })
  if (isBound) edges.push({ from: waiting, to: 'doubting', label: 'none can come, and its part is stated' })
  edges.push({ from: waiting, to: success, label: 'complete after all, success' })
}

/** Whoever stated its part of the certificate cannot take it back, and may end the doubt for good where a step after it is its airgap's. */
function addDoubt(mayAbandon: boolean, success: string, { states, edges }: Omit<Drawing, 'groups'>): void {
  states.push({ id: 'doubting', label: 'in doubt' })
  edges.push({ from: 'doubting', to: success, label: 'complete after all, success' }, { from: 'doubting', to: 'dead', label: 'it can never be complete' })
  if (mayAbandon) {
    states.push({ id: 'abandoning', label: 'asking to give it up' })
    edges.push({ from: 'doubting', to: 'abandoning', label: 'last deadline' })
    edges.push({ from: 'abandoning', to: 'dead', label: 'given up for good' }, { from: 'abandoning', to: 'doubtful', label: 'not given up' })
  }
  edges.push({ from: 'doubting', to: 'doubtful', label: mayAbandon ? 'last deadline, no offer' : 'last deadline' })
  states.push({ id: 'doubtful', label: 'doubtful', final: true })
}

function airgapGraph({ steps, certificate }: Outline): Graph {
  const states: State[] = []
  const edges: Edge[] = []
  const groups: { id: string; label: string }[] = []
  const own = steps.flatMap((step, index) => (step.side === 'airgap' ? [{ step, index }] : []))
  let abandons = false
  const entryOf = (next: { step: OutlineStep } | undefined) => (next === undefined ? 'finished' : `${next.step.name}_waiting`)

  for (const [place, { step, index }] of own.entries()) {
    const { name, assist, disputes } = step
    const state = (what: string): string => {
      const id = `${name}_${what}`
      if (!states.some((one) => one.id === id)) states.push({ id, label: what, inside: groupOf(name) })
      return id
    }
    groups.push({ id: groupOf(name), label: name })
    const confirms = place === 0 || step.confirm
    edges.push({ from: state('waiting'), to: state(confirms ? 'confirming' : 'computing'), label: 'request, all of it verified' })
    if (confirms) {
      const because = step.confirm ? { because: { step: name, part: 'confirm' } as const } : {}
      edges.push({ from: state('confirming'), to: state('computing'), label: 'the owner confirms' })
      edges.push({ from: state('confirming'), to: 'declined', label: 'the owner declines', ...because })
    }
    if (assist) {
      edges.push({ from: state('computing'), to: state('asking'), label: 'does not fit' })
      edges.push({ from: state('asking'), to: state('computing'), label: 'assisted' })
    }
    edges.push({ from: state('computing'), to: state('answered'), label: 'states its message' })
    edges.push({ from: state('answered'), to: state('answered'), label: 'same request, same answer' })
    edges.push({ from: state('answered'), to: entryOf(own[place + 1]), label: own[place + 1] === undefined ? 'done' : 'next' })
    if (disputes !== undefined) {
      groups.push({ id: groupOf(disputes), label: `dispute: ${disputes}` })
      states.push({ id: `${disputes}_justifying`, label: 'justifying', inside: groupOf(disputes) })
      const because = { step: name, part: 'disputes' } as const
      edges.push({ from: state('computing'), to: `${disputes}_stated`, label: `states ${disputes}`, because })
      states.push({ id: `${disputes}_stated`, label: 'stated', inside: groupOf(disputes) })
      edges.push({ from: `${disputes}_stated`, to: 'closed', label: 'the client shows the end' })
      edges.push({ from: state('waiting'), to: `${disputes}_justifying`, label: 'is accused', because })
      edges.push({ from: state('answered'), to: `${disputes}_justifying`, label: 'is accused', because })
      edges.push({ from: `${disputes}_justifying`, to: `${disputes}_justifying`, label: 'another one complains' })
      edges.push({ from: `${disputes}_justifying`, to: 'closed', label: 'the client shows the end' })
    }
    edges.push({ from: state('waiting'), to: 'closed', label: index <= certificate ? 'the client shows an Abort' : 'the client shows what ends it for good' })
    if (index > certificate && step.all && own.findIndex((one) => one.index > certificate && one.step.all) === place) {
      edges.push({ from: state('waiting'), to: 'abandoned', label: 'the owner gives it up' })
      abandons = true
    }
  }
  states.push({ id: 'finished', label: 'finished', final: true }, { id: 'declined', label: 'declined', final: true })
  states.push({ id: 'closed', label: 'closed, session erased', final: true })
  if (abandons) states.push({ id: 'abandoned', label: 'abandoned', final: true })
  return { start: entryOf(own[0]), states, edges, groups }
}

/** All states that can be reached from `start`. An edge of a composite state is one of every state in it. */
export function reachable(graph: Graph, start: string): ReadonlySet<string> {
  return closure(graph, [start], ({ from, to }) => [from, to])
}

/** States from which no final state can be reached: a machine that gets there never ends. */
export function deadEnds(graph: Graph): readonly string[] {
  const finals = graph.states.filter(({ final }) => final === true).map(({ id }) => id)
  const ending = closure(graph, finals, ({ from, to }) => [to, from])
  return graph.states.map(({ id }) => id).filter((id) => !ending.has(id))
}

function closure(graph: Graph, seeds: readonly string[], direction: (edge: Edge) => readonly [string, string]): Set<string> {
  const plain = plainEdges(graph).map(direction)
  const found = new Set(seeds)
  for (let size = -1; size < found.size; ) {
    size = found.size
    for (const [from, to] of plain) if (found.has(from)) found.add(to)
  }
  return found
}

function plainEdges({ states, edges, groups }: Graph): Edge[] {
  return edges.flatMap((edge) =>
    groups.some(({ id }) => id === edge.from)
      ? states.filter(({ inside }) => inside === edge.from).map(({ id }) => ({ ...edge, from: id }))
      : [edge])
}

/** The parts of steps that could abort a ceremony which has already succeeded. */
export function abortsAfterSuccess(outline: Outline): readonly NonNullable<Edge['because']>[] {
  const first = outline.steps[outline.certificate + 1]
  if (first === undefined) return []
  const graph = clientGraph(outline)
  const entry = `${first.name}_${first.side === 'airgap' ? 'asking' : 'computing'}`
  const after = reachable(graph, entry)
  return graph.edges.flatMap(({ from, because }) => (because !== undefined && after.has(from) ? [because] : []))
}

/**
 * A ceremony as a Mermaid state diagram, for one role.
 *
 * @returns `stateDiagram-v2` text that ends with a newline
 */
export function mermaid(ceremony: Ceremony, role: Role): string {
  const graph = graphOf(outlineOf(ceremony), role)
  const seen = reachable(graph, graph.start)
  const lines = ['stateDiagram-v2', `  %% ${ceremony.name} ${ceremony.version}, ${role}`, `  [*] --> ${graph.start}`]
  const write = (states: readonly State[], indent: string) => {
    for (const { id, label } of states) if (seen.has(id)) lines.push(`${indent}state "${label}" as ${id}`)
  }
  for (const group of graph.groups) {
    const inside = graph.states.filter((state) => state.inside === group.id)
    const ids = new Set(inside.map(({ id }) => id))
    lines.push(`  state "${group.label}" as ${group.id} {`)
    write(inside, '    ')
    for (const { from, to, label } of graph.edges) if (ids.has(from) && ids.has(to)) lines.push(`    ${from} --> ${to}: ${label}`)
    lines.push('  }')
  }
  write(graph.states.filter(({ inside }) => inside === undefined), '  ')
  const composite = new Map(graph.states.map(({ id, inside }) => [id, inside]))
  for (const { from, to, label } of graph.edges) {
    const within = composite.get(from)
    if (within === undefined || within !== composite.get(to)) lines.push(`  ${from} --> ${to}: ${label}`)
  }
  for (const { id, final } of graph.states) if (final === true && seen.has(id)) lines.push(`  ${id} --> [*]`)
  return `${lines.join('\n')}\n`
}
