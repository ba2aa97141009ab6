/**
 * All that can come next in a ceremony. A world is a log and, for each honest participant, its client's machine, how far it has read,
 * its clock, its airgap's machine, and what it keeps and has on its way. The run's own functions draw the conclusions.
 */
import { airgapSteps } from '../../machines/airgap.ts'
import type { AirgapEvent } from '../../machines/airgap.ts'
import { ABANDONED, abandonStep, certificateIndex } from '../../machines/ceremony.ts'
import type { Ceremony, Step } from '../../machines/ceremony.ts'
import type { KeyriteError } from '../../base/errors.ts'
import * as conclusions from '../../run/conclusions.ts'
import type { Look, OwnPart } from '../../run/conclusions.ts'
import { runError } from '../../run/errors.ts'
import type { Fault } from '../../wire/abort.ts'
import { boardError } from '../../wire/board.ts'
import { Fold } from './fold.ts'
import type { Log } from './fold.ts'
import { shippedRules } from './setting.ts'
import type { Participant, Rules, Setting } from './setting.ts'
import { AirgapStepper, ClientStepper } from './stepper.ts'
import type { AirgapNode, ClientNode, Guards, Told } from './stepper.ts'
import { stripped } from './stripped.ts'

export interface World {
  /** The log at each place where somebody reads; the last is the whole. */
  readonly logs: readonly Log[]
  readonly tail: readonly number[]
  readonly at: readonly number[]
  readonly parts: readonly Participant[]
  /** The wrong way in which somebody ended, or null. */
  readonly wrong: string | null
}

export interface Move {
  readonly label: string
  /** The participant whose own doing it is, without hearing anything or being heard; null for all other moves. */
  readonly alone: number | null
  /** The participant whose own doing it is, with a storage that takes what it brings. */
  readonly by: number | null
  readonly world: World
}

type Change = (here: Here) => Told | undefined
type MakeMove = (label: string, change: Change) => Move
type Choice = readonly [label: string, change: Change]

const GRACE = 60_000
/** A name among what was begun: the part of the certificate is signed and on the client's disk, as it is before it is posted. */
const OUTBOX = 'outbox'
type Draft = { -readonly [K in keyof Participant]: Participant[K] }

interface Here {
  readonly draft: Draft
  readonly name: string
  /** The log as it has read it, and the whole one. */
  readonly mine: Log
  readonly all: Log
}

const done = ({ actorId }: ClientNode, output: unknown = null, kind = ''): Told => ({ key: `done ${kind}`, event: { type: `xstate.done.actor.${actorId}`, output } })
const failed = ({ actorId }: ClientNode, error: KeyriteError, kind = ''): Told => ({ key: `${error.code} ${kind}`, event: { type: `xstate.error.actor.${actorId}`, error } })
const unreachable = boardError('unreachable', { url: 'memory', why: 'it is cut off' })
const refused = runError('closed', { ceremony: '', why: 'it is over' })
const found = (node: ClientNode, reason: string): Told => failed(node, runError('fault', faultOf(reason)), reason)
/** The fault of a reason. Machines do not ask what a fault is, except for an owner's no. */
const faultOf = (reason: string): Fault => ({ reason: reason === 'rejected' ? reason : 'operator', step: null, accused: null, convicts: false, offsets: [], why: reason })

const never = (): never => {
  throw new TypeError('nobody is there')
}
const requestOf = ({ name: step }: Step): AirgapEvent => ({ type: 'REQUEST', step })

export class Model {
  readonly fold: Fold
  readonly clients: ClientStepper
  readonly airgaps: AirgapStepper
  readonly ceremony: Ceremony
  readonly setting: Setting
  private readonly rules: Rules
  private readonly visible = new Map<string, string>()

  constructor(setting: Setting, rules: Rules = shippedRules) {
    const { ceremony, honest, dishonest = [], quorum } = setting
    const made = stripped(ceremony, [...honest, ...dishonest].sort(), quorum)
    this.setting = setting
    this.rules = rules
    this.ceremony = made.script.ceremony
    this.fold = new Fold(made)
    this.clients = new ClientStepper(this.ceremony)
    this.airgaps = new AirgapStepper(rules.airgap(this.ceremony))
  }

  first(): World {
    const { honest, lives = {}, from } = this.setting
    const parts = honest.map((name): Participant => ({
      client: this.clients.first.index, airgap: this.airgaps.first.index, now: Date.parse(this.fold.empty.ledger.opening.opensAt), least: 0,
      kept: {}, begun: [], flying: [], seen: {}, said: [], lives: lives[name] ?? 0, hears: true,
    }))
    const world: World = { logs: [this.fold.empty], tail: [], at: honest.map(() => 0), parts, wrong: null }
    const begun = honest.reduce((now, _, i) => this.changed(now, i, () => undefined), world)
    return from === undefined ? begun : this.until(begun, this.stepOf(from).index)
  }

  /** The world in which everybody has read all messages of the steps before one. */
  private until(world: World, index: number): World {
    const behind = world.parts.map((_, i) => i).filter((i) => this.ledgerOf(world, i).current < index)
    if (behind.length === 0) return world
    const well = behind.flatMap((i) => this.movesOf(world, i)).find(({ label }) => / (reaches|reads) |: answers$/.test(label)) ??
      (this.setting.dishonest ?? []).flatMap((name) => this.lies(world, name)).find(({ label }) => !label.endsWith(' Abort'))
    if (well === undefined) throw new Error('nothing goes on')
    return this.until(well.world, index)
  }

  /** All worlds that can come right after one. */
  moves(world: World): readonly Move[] {
    return [...world.parts.flatMap((_, i) => this.movesOf(world, i)), ...(this.setting.dishonest ?? []).flatMap((name) => this.lies(world, name))]
  }

  ledgerOf = (world: World, i: number) => (world.logs[world.at[i] ?? 0] ?? this.fold.empty).ledger
  whole = ({ logs }: World): Log => logs.at(-1) ?? this.fold.empty
  nodeOf = (world: World, i: number): ClientNode => this.clients.node(world.parts[i]?.client ?? 0)
  airgapOf = (world: World, i: number): AirgapNode => this.airgaps.node(world.parts[i]?.airgap ?? 0)

  /** Has it stated its part of the certificate, and does it wait for what comes after? */
  isCommitted = ({ snapshot }: AirgapNode): boolean =>
    this.ceremony.steps.some(({ name, index }) => index > certificateIndex(this.ceremony) && snapshot.matches({ live: name }))

  /** The moves that one participant can make, or that happen to it. @param isCutOff it reaches nobody */
  movesOf(world: World, i: number, isCutOff = false): readonly Move[] {
    const part = world.parts[i]
    const name = this.setting.honest[i] ?? ''
    if (part === undefined) return []
    const node = this.clients.node(part.client)
    const move: MakeMove = (label, change) => ({ label: `${name} ${label}`, alone: i, by: i, world: this.changed(world, i, change) })
    const here = { draft: { ...part }, name, mine: world.logs[world.at[i] ?? 0] ?? this.fold.empty, all: this.whole(world) }
    if (isCutOff) return [...this.waits(here, i, world, move), ...this.chosen(here, node, true, move)]
    const landing = part.flying.map((entry): Move => ({
      label: `${name} reaches the storage: ${this.fold.entry(entry).message.statement.type}`, alone: null, by: i,
      world: this.changed(this.longer(world, entry), i, ({ draft }) => {
        draft.flying = draft.flying.filter((one) => one !== entry)
        return undefined
      }),
    }))
    const killed = part.lives === 0 ? [] : this.restarts(world, i, node)
    if (node.outcome !== undefined) return [...landing, ...killed]
    return [
      ...landing, ...killed,
      ...((world.at[i] ?? 0) < world.tail.length ? [this.reads(world, i)] : []),
      ...this.waits(here, i, world, move), ...this.chosen(here, node, false, move),
    ]
  }

  /** Its client is killed and begins anew, having read this much more of the log; perhaps just after it kept what its airgap stated. */
  private restarts(world: World, i: number, node: ClientNode): readonly Move[] {
    const name = this.setting.honest[i] ?? ''
    const at = world.at[i] ?? 0
    return world.logs.slice(at).flatMap((mine, more) => {
      const read: World = { ...world, at: world.at.map((one, j) => (j === i ? at + more : one)) }
      const restarted = (label: string, change: Change): Move => ({
        label: `${name} ${label}, having read ${more} more`, alone: null, by: null,
        world: this.changed(read, i, (here) => {
          change(here)
          this.restart(here.draft)
        }),
      })
      const keeps = node.actor !== 'ask' || world.parts[i]?.hears !== true ? [] : this.choices({ draft: { ...(world.parts[i] ?? never()) }, name, mine: world.logs[at] ?? mine, all: this.whole(world) }, node, false)
      return [
        restarted('starts again', () => undefined),
        ...keeps.filter(([label]) => label === 'answers').map(([, change]) => restarted('keeps what its airgap states, and starts again', (here) => {
          change({ ...here, mine: world.logs[at] ?? mine })
        })),
      ]
    })
  }

  /** Waits for the next time at which it does something else, and hears what it has not heard. */
  private waits(here: Here, i: number, world: World, move: MakeMove): readonly Move[] {
    const heard = here.draft.hears ? [] : [move('hears', ({ draft }) => {
      draft.hears = true
      return undefined
    })]
    const before = this.untimed(here, here.draft)
    for (;;) {
      const time = this.nextTime(here)
      if (time === Infinity) return heard
      const waited = move(`waits until ${new Date(time).toISOString()}`, ({ draft }) => {
        draft.now = time
        return undefined
      })
      const after = waited.world.parts[i]
      if (after !== undefined && (waited.world.wrong !== world.wrong || this.untimed(here, after) !== before)) return [waited, ...heard]
      here.draft.now = time
    }
  }

  /** A participant and the answers to its machine's guards, whatever the time. */
  private untimed = (here: Here, part: Participant): string => JSON.stringify([{ ...part, now: 0 }, this.guards({ ...here, draft: { ...part } })])

  private guards = (here: Here): Guards => this.rules.guardsOf(this.look(here), this.setting.abandons?.includes(here.name) === true)

  private chosen(here: Here, node: ClientNode, isCutOff: boolean, move: MakeMove): readonly Move[] {
    return this.choices(here, node, isCutOff).map(([label, change]) => move(`${node.place}: ${label}`, change))
  }

  /** The possible results of its work, where they are not certain. */
  private choices(here: Here, node: ClientNode, isCutOff: boolean): readonly Choice[] {
    const { name, draft } = here
    const isOut = (isCutOff || this.setting.outages?.includes(name) === true) && draft.flying.length > 0
    const lose = (now: Here) => {
      now.draft.flying = []
      return failed(node, unreachable)
    }
    const unheard = () => failed(node, unreachable)
    const outage = isOut ? [['it is lost on its way', lose], ['the storage does not answer', unheard]] as const : []
    switch (node.actor) {
      case 'ask':
        return draft.hears ? this.answers(here, node) : []
      case 'pause':
        return [['again', () => done(node)]]
      case 'post':
        return draft.hears ? outage : [['posts before it hears', (now) => (this.post(now, this.slotName(draft, node.step)) ? done(node) : undefined)]]
      case 'abort':
      case 'justify':
        return outage
      case 'abandon':
        if (draft.kept[ABANDONED] !== undefined) return outage.map(([label, change]) => [label, (now: Here) => {
          change(now)
          return done(node)
        }] as const)
        return [['no', () => done(node)], ['yes', (now) => this.abandon(now) ? undefined : done(node)]]
      default:
        return []
    }
  }

  /** The answers that an airgap can give to a step. */
  private answers({ name, draft, mine }: Here, node: ClientNode): readonly Choice[] {
    const { declines = [], fails = [], complains = {} } = this.setting
    const step = this.stepOf(node.step)
    const asked = this.airgaps.next(this.airgaps.node(draft.airgap), requestOf(step), { type: 'VERIFIED' })
    if (asked.index === draft.airgap) return [['the airgap refuses', () => failed(node, refused)]]
    const to = (event: string, told: Told, stated?: number) => (here: Here): Told => {
      here.draft.airgap = this.airgaps.next(asked, { type: 'CONFIRMED' }, { type: event }).index
      if (stated !== undefined) here.draft.kept = { ...here.draft.kept, [step.name]: stated }
      return told
    }
    const about = step.disputes === undefined ? undefined : complains[name]
    const statement = done(node, { kind: 'statement' }, 'statement')
    if (about !== undefined && step.assist !== undefined && !node.isAssisted) return [['asks back', to('ASKED', done(node, { kind: 'question', question: 'sums' }, 'question'))]]
    const isAsked = this.airgaps.can(asked, { type: 'DECLINED' })
    return [
      ['answers', to('ANSWERED', statement, this.number(mine, name, step, step.sends))] as const,
      ...(about === undefined || step.disputes === undefined ? [] : [['complains', to('DISPUTED', statement, this.number(mine, name, step, step.disputes, about))] as const]),
      ...(!fails.includes(name) ? [] : [['cannot go on', to('REFUSED', found(node, 'a check'))] as const]),
      ...(!isAsked || !declines.includes(name)
        ? []
        : [['its owner declines', (here: Here) => {
            here.draft.airgap = this.airgaps.next(asked, { type: 'DECLINED' }).index
            return found(node, 'rejected')
          }] as const]),
    ]
  }

  /** Does the work that is certain, and says what the machine hears of it; undefined where it waits. */
  private due(here: Here, node: ClientNode): Told | undefined {
    const { draft, name, mine, all } = here
    const { ledger } = mine
    const { rules } = this
    const look = this.look(here)
    if (node.isRunning && draft.hears) {
      const event = rules.watched(look)
      if (event !== undefined) return { key: event.type, event: event.type === 'FAULT' ? { ...event, fault: faultOf(event.fault.reason) } : event }
      if (rules.missed(look) !== undefined) return { key: 'FAULT', event: { type: 'FAULT', fault: faultOf('missing') } }
    }
    switch (node.actor) {
      case 'ask': {
        // An earlier run said why it aborts, and was killed before the storage had it.
        if (rules.resumesAbort && !ledger.certified && draft.kept['Abort'] !== undefined) return found(node, this.reasonOf(draft.kept['Abort']))
        if (draft.kept[this.slotName(draft, node.step)] !== undefined || ledger.hasStated(node.step, name)) return done(node, { kind: 'statement' }, 'statement')
        // A scan takes longer than anything that it hears at once.
        if (!draft.hears) return undefined
        const [only, other] = this.answers(here, node)
        // The result is certain, and no log or clock can make its time matter.
        return only !== undefined && other === undefined && only[0] === 'answers' && node.step !== this.ceremony.certificate ? only[1](here) : undefined
      }
      case 'assist':
        return done(node, 'sums')
      case 'compute': {
        const step = this.stepOf(node.step)
        draft.kept = { ...draft.kept, [step.name]: draft.kept[step.name] ?? this.number(mine, name, step, step.sends) }
        return done(node)
      }
      case 'post':
        if (!draft.hears && draft.kept[node.step] !== undefined && node.step === this.ceremony.certificate) return undefined
        return this.post(here, this.slotName(draft, node.step)) ? done(node) : undefined
      case 'collect': {
        const how = rules.collected(look, this.stepOf(node.step), draft.least)
        return how === undefined ? undefined : done(node, how, how.kind)
      }
      case 'duty': {
        const duty = rules.dutyOf(look)
        return duty === undefined ? undefined : done(node, duty.kind === 'judged' ? { ...duty, fault: faultOf('judged') } : duty, duty.kind)
      }
      case 'justify':
        return this.justify(here, node)
      case 'abort': {
        if (ledger.certified || ledger.ending?.kind === 'abort' || look.hasLeft) return done(node)
        const reason = node.reason ?? ''
        const entry = draft.kept['Abort'] ?? this.fold.number({
          ceremony: ledger.id, step: null, type: 'Abort', from: name, view: null, payload: { reason, step: null, accused: null, evidence: { why: reason, offsets: [] } },
        }, false)
        draft.kept = { ...draft.kept, Abort: entry }
        this.fly(here, entry)
        return all.has.has(entry) && draft.now >= draft.least ? done(node) : undefined
      }
      case 'doubt':
        return rules.isDoubtOver(look, draft.least) ? done(node) : undefined
      case 'abandon': {
        const entry = draft.kept[ABANDONED]
        if (entry === undefined) return undefined
        this.fly(here, entry)
        return all.has.has(entry) && (ledger.dead !== null || ledger.certified || draft.now >= draft.least) ? done(node) : undefined
      }
      default:
        return undefined
    }
  }

  /** Posts the entry that is kept under a name. @returns whether that is done */
  private post(here: Here, kept: string): boolean {
    const { draft, mine: { ledger }, all } = here
    const entry = draft.kept[kept]
    if (entry === undefined) return true
    const { certificate } = this.ceremony
    const isPart = kept === certificate && this.fold.entry(entry).message.statement.type === this.stepOf(certificate).sends
    if (all.has.has(entry)) {
      if (kept !== certificate && this.isAnswer(kept)) draft.begun = [...draft.begun, kept]
      return true
    }
    if (isPart && !draft.begun.includes(OUTBOX)) draft.begun = [...draft.begun, OUTBOX]
    // It goes on to collect, where it hears of what keeps it from that.
    if (isPart && this.rules.mustNotCertify(ledger)) return this.rules.goesOn
    if (isPart || (this.isAnswer(kept) && !this.rules.isPostedWhenTaken)) draft.begun = [...new Set([...draft.begun, kept])]
    this.fly(here, entry)
    return false
  }

  private slotName = ({ kept }: Draft, step: string): string => (abandonStep(this.ceremony)?.name === step && kept[ABANDONED] !== undefined ? ABANDONED : step)

  private reasonOf = (abort: number): string => this.fold.reasonOf(abort)

  private isAnswer = (kept: string): boolean => Object.keys(this.ceremony.disputes).some((dispute) => kept.startsWith(`${dispute}-`))

  private justify(here: Here, node: ClientNode): Told | undefined {
    const { draft, name, mine } = here
    const under = Object.keys(draft.kept).filter(this.isAnswer).find((kept) => draft.flying.includes(draft.kept[kept] ?? -1))
    const [state] = conclusions.accusations(this.part(here))
    const kept = under ?? (state === undefined ? undefined : conclusions.answerName(state))
    if (kept === undefined) return done(node)
    if (draft.kept[kept] === undefined && state !== undefined) {
      const airgap = this.airgaps.node(draft.airgap)
      if (!this.airgaps.can(airgap, { type: 'ACCUSED' })) return failed(node, refused)
      draft.airgap = this.airgaps.next(airgap, { type: 'ACCUSED' }).index
      draft.kept = { ...draft.kept, [kept]: this.number(mine, name, state.step, this.ceremony.disputes[state.name]?.sends ?? '', state.complainer) }
    }
    return this.post(here, kept) ? done(node) : undefined
  }

  private abandon(here: Here): boolean {
    const step = abandonStep(this.ceremony)
    const airgap = this.airgaps.node(here.draft.airgap)
    if (step === undefined || !this.airgaps.can(airgap, { type: 'ABANDONED' })) return false
    here.draft.airgap = this.airgaps.next(airgap, { type: 'ABANDONED' }).index
    here.draft.kept = { ...here.draft.kept, [ABANDONED]: this.number(here.mine, here.name, step, ABANDONED) }
    return true
  }

  private fly({ draft, all }: Here, entry: number): void {
    if (!all.has.has(entry) && !draft.flying.includes(entry)) draft.flying = [...draft.flying, entry].sort((a, b) => a - b)
  }

  private part = ({ draft, name, mine: { ledger } }: Here): OwnPart => ({ ledger, me: name, begun: new Set(draft.begun) })

  private look(here: Here): Look {
    const { draft, name, mine: { ledger } } = here
    const part = this.part(here)
    const open = conclusions.accusations(part)
    draft.seen = Object.fromEntries(open.map((one) => [conclusions.answerName(one), draft.seen[conclusions.answerName(one)] ?? draft.now]))
    const accusedUntil = open.map((one) => (draft.seen[conclusions.answerName(one)] ?? 0) + (this.ceremony.disputes[one.name]?.within ?? 0))
    return { ledger, me: name, now: draft.now, isBound: this.rules.isBound(part), hasLeft: conclusions.hasLeft(part), accusedUntil }
  }

  private nextTime = (here: Here): number => conclusions.nextTime(this.look(here), here.draft.least === 0 ? undefined : here.draft.least)

  /** The number of a statement of this type, as a participant makes it who has read the log so far. */
  private number({ ledger }: Log, from: string, step: Step, type: string, named?: string): number {
    const view = ledger.viewBefore(type === ABANDONED ? certificateIndex(this.ceremony) : step.index) ?? null
    const [field] = Object.keys(this.ceremony.messages[type]?.payload ?? {})
    const payload = field === undefined || named === undefined ? {} : { [field]: named }
    return this.fold.number({ ceremony: ledger.id, step: step.name, type, from, view, payload }, step.airgap !== undefined)
  }

  private stepOf(name: string): Step {
    const step = this.ceremony.steps.find((one) => one.name === name)
    if (step === undefined) throw new TypeError(`no step ${name}`)
    return step
  }

  private restart(draft: Draft): void {
    const { certificate } = this.ceremony
    Object.assign(draft, {
      client: this.clients.first.index, lives: draft.lives - 1, seen: {}, least: 0, hears: false,
      begun: draft.begun.includes(OUTBOX) ? [...(this.rules.remembers ? [certificate] : []), OUTBOX] : [],
    })
  }

  /** All that a dishonest one can bring to the storage now. */
  private lies(world: World, name: string): readonly Move[] {
    const all = this.whole(world)
    const { ledger } = all
    const { steps, disputes } = this.ceremony
    const step = steps[ledger.current]
    const others = ledger.roster.map((card) => card.name).filter((one) => one !== name)
    const abandons = abandonStep(this.ceremony)
    const entries = [
      ...(conclusions.hasLeft({ ledger, me: name }) ? [] : [this.fold.number({
        ceremony: ledger.id, step: null, type: 'Abort', from: name, view: null, payload: { reason: 'operator', step: null, accused: null, evidence: { why: 'no', offsets: [] } },
      }, false)]),
      ...(step === undefined || ledger.hasStated(step.name, name) ? [] : [
        this.number(all, name, step, step.sends),
        ...(step.disputes === undefined ? [] : others.map((one) => this.number(all, name, step, step.disputes ?? '', one))),
        // One with a wrong view, which every reader must refuse.
        this.fold.number({ ceremony: ledger.id, step: step.name, type: step.sends, from: name, view: '0'.repeat(64), payload: {} }, step.airgap !== undefined),
      ]),
      ...ledger.disputes.flatMap((one) => (one.accused !== name || one.answered ? [] : [this.number(all, name, one.step, disputes[one.name]?.sends ?? '', one.complainer)])),
      ...(abandons === undefined || ledger.current < certificateIndex(this.ceremony) || ledger.hasStated(abandons.name, name) ? [] : [this.number(all, name, abandons, ABANDONED)]),
    ]
    const { lies } = this.setting
    return entries.filter((entry) => lies?.includes(this.fold.entry(entry).message.statement.type) ?? true).map((entry) => ({
      label: `${name} brings ${this.fold.entry(entry).message.statement.type}`, alone: null, by: null, world: this.settledAll(this.longer(world, entry)),
    }))
  }

  private longer({ logs, tail, ...world }: World, entry: number): World {
    return { ...world, logs: [...logs, this.fold.after(logs.at(-1) ?? this.fold.empty, entry)], tail: [...tail, entry] }
  }

  private reads(world: World, i: number): Move {
    const at = (world.at[i] ?? 0) + 1
    const before = this.ledgerOf(world, i).current
    const read: World = { ...world, at: world.at.map((one, j) => (j === i ? at : one)) }
    const { current } = this.ledgerOf(read, i)
    return {
      label: `${this.setting.honest[i] ?? ''} reads ${this.fold.entry(world.tail[at - 1] ?? 0).message.statement.type}`, alone: null, by: null,
      world: this.changed(read, i, () => (current > before ? { key: 'PASSED', event: { type: 'PASSED' } } : undefined)),
    }
  }

  /** The world after something happened to one participant, and all that certainly follows. */
  private changed(world: World, i: number, change: Change): World {
    const part = world.parts[i]
    const name = this.setting.honest[i] ?? ''
    if (part === undefined) return world
    const here: Here = { draft: { ...part }, name, mine: world.logs[world.at[i] ?? 0] ?? this.fold.empty, all: this.whole(world) }
    let told = change(here)
    const walked: string[] = []
    for (let turns = 0; ; turns += 1) {
      if (turns > 90) walked.push(this.clients.node(here.draft.client).place)
      if (turns > 100) throw new Error(`${name} never rests: ${walked.join(', ')}`)
      const node = this.clients.node(here.draft.client)
      if (node.outcome !== undefined) break
      told ??= this.due(here, node)
      if (told === undefined) break
      this.send(here, node, told)
      told = undefined
    }
    const wrong = this.clients.node(here.draft.client).outcome === undefined || this.clients.node(part.client).outcome !== undefined ? null : this.endsWrong(here)
    const parts = world.parts.map((one, j) => (j === i ? this.canonical(here) : one))
    return this.settledAll({ ...world, parts, wrong: world.wrong ?? wrong })
  }

  private send(here: Here, node: ClientNode, told: Told): void {
    const { draft, mine: { ledger } } = here
    const next = this.clients.next(node, told, this.guards(here), ledger.current)
    if (next.index !== node.index) draft.least = this.least(next, draft.now, here.mine)
    draft.client = next.index
  }

  /** The time until which it waits at least: a message of the last moment still has some time to be read. */
  private least({ actor, step }: ClientNode, now: number, { ledger }: Log): number {
    const least = now + GRACE
    if (actor === 'abort' || actor === 'abandon') return least
    if (actor === 'doubt') return least > conclusions.lastDeadline(ledger) ? least : 0
    if (actor !== 'collect') return 0
    const { index } = this.stepOf(step)
    return index > certificateIndex(this.ceremony) && least > ledger.deadline(index) ? least : 0
  }

  /** Says how it ended otherwise than the log that it has read; null where it did not. */
  private endsWrong(here: Here): string | null {
    const { draft, name, mine: { ledger } } = here
    const outcome = this.clients.node(draft.client).outcome ?? 'stopped'
    const look = this.look(here)
    const own = conclusions.isBound(this.part(here))
    const says = ledger.usable ? 'usable' : ledger.dead !== null ? 'dead' : ledger.certified ? 'unconfirmed' : own ? 'doubtful' : 'aborted'
    if (outcome !== says) return `${name} says ${outcome}, and its log ${says}`
    if (look.accusedUntil.some((until) => until > look.now) && !ledger.certified && look.now < conclusions.lastDeadline(ledger)) return `${name} ends, and a complaint about it waits for its answer`
    return null
  }

  /** A participant without anything that cannot matter any more. */
  private canonical({ draft, name, mine: { ledger } }: Here): Participant {
    const node = this.clients.node(draft.client)
    const { outcome } = node
    if (outcome !== undefined && !draft.said.includes(outcome)) draft.said = [...draft.said, outcome].sort()
    if (outcome !== undefined && draft.lives === 0) return { ...draft, now: 0, least: 0, kept: {}, begun: [], seen: {} }
    // It knows its own statement without reading it; nothing asks any more for one of a step that is over.
    const isOver = (under: string): boolean => this.ceremony.steps.some((step) => step.name === under && step.index < ledger.current) || (under === 'Abort' && conclusions.hasLeft({ ledger, me: name }))
    const kept = Object.fromEntries(Object.entries(draft.kept).filter(([under]) => !isOver(under)).sort(([a], [b]) => (a < b ? -1 : 1)))
    const isOpen = !ledger.certified && ledger.dead === null
    const begun = draft.begun.filter((one) => (one === this.ceremony.certificate || one === OUTBOX ? isOpen : kept[one] !== undefined)).sort()
    // A clock before the deadline of a step that is over may as well be at it.
    const now = ledger.current === 0 ? draft.now : Math.max(draft.now, ledger.deadline(ledger.current - 1))
    if (draft.lives > 0 || node.isRunning || Object.keys(draft.seen).length > 0) return { ...draft, kept, begun: [...new Set(begun)], now }
    // After its end has begun, deadlines before that of the certificate are nothing to it any more.
    const times = this.ceremony.steps.flatMap(({ index }) => (index < certificateIndex(this.ceremony) ? [] : [ledger.deadline(index)]))
    const past = Math.max(Date.parse(ledger.opening.opensAt), ...times.filter((time) => time <= draft.now))
    return { ...draft, kept, begun: [...new Set(begun)], now: past, least: draft.least === 0 ? 0 : Math.min(draft.least, past + GRACE) }
  }

  /** Goes on for everybody over entries that change nothing for them, and forgets what everybody has read. */
  private settledAll(world: World): World {
    const { logs, tail, parts } = world
    const at = world.at.map((place, i) => {
      const part = parts[i]
      if (part === undefined || (this.clients.node(part.client).outcome !== undefined && part.lives === 0)) return tail.length
      let next = place
      while (next < tail.length && this.seen(logs[next], i) === this.seen(logs[next + 1], i)) next += 1
      return next
    })
    const least = Math.min(tail.length, ...at)
    return { ...world, logs: logs.slice(least), tail: tail.slice(least), at: at.map((place) => place - least) }
  }

  /** All that one participant can see of a log. */
  private seen(log: Log | undefined, i: number): string {
    if (log === undefined) return ''
    const key = `${log.index} ${i}`
    const known = this.visible.get(key)
    if (known !== undefined) return known
    const { ledger } = log
    const me = this.setting.honest[i] ?? ''
    const disputed = this.ceremony.steps.find(({ disputes }) => disputes !== undefined)
    const found = JSON.stringify([
      ledger.current, ledger.viewBefore(ledger.current) ?? '', ledger.certified, ledger.usable, ledger.dead !== null, ledger.ending?.kind ?? '', conclusions.hasLeft({ ledger, me }),
      ledger.disputes.map(({ complainer, accused, answered, name, step }) => [name, complainer, accused, answered, ledger.hasStated(step.name, accused, complainer)]),
      disputed === undefined ? false : ledger.areOthersIn(disputed.name, me),
    ])
    this.visible.set(key, found)
    return found
  }
}

/** The steps in which an airgap takes part after the certificate: where there is one, it finishes only with what all stated. */
export const hasConfirming = (ceremony: Ceremony): boolean => airgapSteps(ceremony).some(({ index }) => index > certificateIndex(ceremony))
