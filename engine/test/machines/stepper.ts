/**
 * The two compiled machines, stepped by XState's pure transitions: every state that they come to is kept once, every transition
 * computed once. Before each, the client's machine is told the answers to its guards.
 */
import { initialTransition, transition } from 'xstate'
import type { AnyMachineSnapshot, AnyStateMachine, EventObject } from 'xstate'
import type { compileAirgap } from '../../machines/airgap.ts'
import type { Ceremony } from '../../machines/ceremony.ts'
import { compileClient, OUTCOMES } from '../../machines/client.ts'
import type { ClientContext, Outcome } from '../../machines/client.ts'
import { statesIn } from '../../machines/graph.ts'
import type { guardsOf } from '../../run/conclusions.ts'

export type Guards = ReturnType<typeof guardsOf>

/** A state that a client's machine can be in. */
export interface ClientNode {
  readonly index: number
  readonly snapshot: AnyMachineSnapshot
  readonly place: string
  /** The actor that runs there, if one does, and in which step. */
  readonly actor: string
  readonly actorId: string
  readonly step: string
  readonly isRunning: boolean
  /** It has asked its client, and was answered. */
  readonly isAssisted: boolean
  /** The reason of the fault for which it aborts. */
  readonly reason: string | undefined
  readonly outcome: Outcome | undefined
}

/** The event that a move tells the machine; the key says what it does to it. */
export interface Told {
  readonly key: string
  readonly event: EventObject & { readonly output?: unknown; readonly error?: unknown; readonly fault?: unknown }
}

const places = (value: unknown): readonly string[] =>
  typeof value === 'string' ? [value] : Object.entries(value ?? {}).flatMap(([name, inner]) => [name, ...places(inner)])

/** A machine's context, of which XState's untyped machines know no more than that it is there. */
function checkContext(context: unknown): ClientContext {
  if (typeof context === 'object' && context !== null && 'fault' in context && 'assist' in context && 'question' in context) return context as ClientContext
  throw new TypeError('it is no client’s machine')
}

export class ClientStepper {
  readonly first: ClientNode
  private readonly ceremony: Ceremony
  private readonly machine: AnyStateMachine
  private readonly nodes: ClientNode[] = []
  private readonly byKey = new Map<string, ClientNode>()
  private readonly memo = new Map<string, ClientNode>()
  private guards: Guards = { isBound: false, isCertified: false, isDead: false, isUsable: false, mayAbandon: false, isOnDuty: false, isOver: false }
  private current = 0

  constructor(ceremony: Ceremony) {
    this.ceremony = ceremony
    this.machine = compileClient(ceremony).provide({
      guards: {
        isBound: () => this.guards.isBound, isCertified: () => this.guards.isCertified, isDead: () => this.guards.isDead, isUsable: () => this.guards.isUsable,
        mayAbandon: () => this.guards.mayAbandon, isOnDuty: () => this.guards.isOnDuty, isOver: () => this.guards.isOver,
        isPassed: (_, { step }) => this.current > ceremony.steps.findIndex(({ name }) => name === step),
      },
    })
    this.first = this.keep(initialTransition(this.machine)[0])
  }

  node(index: number): ClientNode {
    const node = this.nodes[index]
    if (node === undefined) throw new TypeError(`no node ${index}`)
    return node
  }

  next(from: ClientNode, { key, event }: Told, guards: Guards, current: number): ClientNode {
    const asked = `${from.index} ${key} ${current} ${Object.values(guards).map(Number).join('')}`
    const known = this.memo.get(asked)
    if (known !== undefined) return known
    this.guards = guards
    this.current = current
    const found = this.keep(transition(this.machine, from.snapshot, event)[0])
    this.memo.set(asked, found)
    return found
  }

  private keep(snapshot: AnyMachineSnapshot): ClientNode {
    const path = places(snapshot.value)
    const context: unknown = snapshot.context
    const { fault, assist, question } = checkContext(context)
    const outcome = OUTCOMES.find((one) => snapshot.status === 'done' && one === snapshot.output)
    const place = path.join('.')
    const key = outcome ?? `${place} ${fault?.reason ?? ''} ${assist !== null} ${question !== null}`
    const known = this.byKey.get(key)
    if (known !== undefined) return known
    const leaf = statesIn(this.machine.root).find((one) => one.path.join('.') === place)
    const invoked = leaf?.invoke[0]
    const node: ClientNode = {
      index: this.nodes.length, snapshot, place, outcome,
      actor: typeof invoked?.src === 'string' ? invoked.src : '', actorId: invoked?.id ?? '',
      step: path[0] === 'running' && this.ceremony.steps.some(({ name }) => name === path[1]) ? path[1] ?? '' : '',
      isRunning: path[0] === 'running', isAssisted: assist !== null, reason: fault?.reason,
    }
    this.nodes.push(node)
    this.byKey.set(key, node)
    return node
  }
}

export type AirgapMachine = ReturnType<typeof compileAirgap>

/** A state that an airgap's machine can be in. */
export interface AirgapNode {
  readonly index: number
  readonly snapshot: AnyMachineSnapshot
  readonly place: string
  readonly output: unknown
}

export class AirgapStepper {
  readonly first: AirgapNode
  private readonly machine: AnyStateMachine
  private readonly nodes: AirgapNode[] = []
  private readonly byKey = new Map<string, AirgapNode>()
  private readonly memo = new Map<string, AirgapNode>()

  constructor(machine: AirgapMachine) {
    this.machine = machine
    this.first = this.keep(initialTransition(this.machine)[0])
  }

  node(index: number): AirgapNode {
    const node = this.nodes[index]
    if (node === undefined) throw new TypeError(`no node ${index}`)
    return node
  }

  /** Is it at work on a request, so that it takes no other? */
  isBusy(node: AirgapNode): boolean {
    return ['verifying', 'confirming', 'computing'].some((doing) => node.place.endsWith(doing))
  }

  can(from: AirgapNode, event: EventObject): boolean {
    return from.snapshot.can(event)
  }

  /** Moves the machine by these events; one that may not come changes nothing. */
  next(from: AirgapNode, ...events: readonly EventObject[]): AirgapNode {
    return events.reduce((node, event) => {
      const asked = `${node.index} ${JSON.stringify(event)}`
      const found = this.memo.get(asked) ?? this.keep(transition(this.machine, node.snapshot, event)[0])
      this.memo.set(asked, found)
      return found
    }, from)
  }

  private keep(snapshot: AnyMachineSnapshot): AirgapNode {
    const key = `${JSON.stringify(snapshot.value)} ${JSON.stringify(snapshot.context)}`
    const known = this.byKey.get(key)
    if (known !== undefined) return known
    const node: AirgapNode = { index: this.nodes.length, snapshot, place: places(snapshot.value).join('.'), output: snapshot.output }
    this.nodes.push(node)
    this.byKey.set(key, node)
    return node
  }
}
