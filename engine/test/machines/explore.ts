/**
 * Goes through every world of a model once, the nearest first, and checks each and all of them: nobody ends otherwise than the log
 * says, no two honest ones end against each other, nobody waits for ever, and every accused one can answer by its own doing.
 */
import { abandonStep } from '../../machines/ceremony.ts'
import { hasConfirming } from './world.ts'
import type { Participant } from './setting.ts'
import type { Model, World } from './world.ts'

export interface Explored {
  readonly states: number
  readonly moves: number
  /** The number of logs that were told apart. */
  readonly logs: number
  /** The ways in which everybody can end, one line each. */
  readonly ends: readonly string[]
  /** The first thing that is wrong, by its name, and the way to it; null where nothing is. */
  readonly violation: { readonly name: string; readonly trace: readonly string[] } | null
}

/** Numbers in a list that grows. */
class Numbers {
  length = 0
  private list = new Int32Array(1024)

  push(value: number): void {
    if (this.length === this.list.length) {
      const longer = new Int32Array(this.list.length * 2)
      longer.set(this.list)
      this.list = longer
    }
    this.list[this.length] = value
    this.length += 1
  }

  at = (index: number): number => this.list[index] ?? 0
}

/** The facts that are stored of every world. */
interface Facts {
  readonly isOver: boolean
  /** Complaints about honest ones, one bit each: those with an answer awaited in time, and those with one that has come. */
  readonly accused: number
  readonly answered: number
}

/** @param most stops with an error where there are more */
export function explore(model: Model, most = 2_000_000): Explored {
  const indexes = new Map<string, number>()
  const waiting = new Map<number, World>()
  const facts: Facts[] = []
  const [parents, labels, from, to, by] = [new Numbers(), [] as string[], new Numbers(), new Numbers(), new Numbers()]
  const ends = new Set<string>()
  const complaints: string[] = []
  const parts = new Map<string, number>()

  const partKeys = new WeakMap<Participant, number>()
  const partKey = (part: Participant): number => {
    const known = partKeys.get(part)
    if (known !== undefined) return known
    const text = JSON.stringify(part)
    const index = parts.get(text) ?? parts.size
    parts.set(text, index)
    partKeys.set(part, index)
    return index
  }
  const keyOf = ({ logs, tail, at, parts: all }: World): string => `${logs[0]?.index ?? 0} ${tail.join()} ${all.map((part, i) => `${partKey(part)}@${at[i] ?? 0}`).join(' ')}`

  const add = (world: World, parent: number, label: string): number => {
    const key = keyOf(world)
    const known = indexes.get(key)
    if (known !== undefined) return known
    const index = indexes.size
    if (index >= most) throw new Error(`more than ${most} worlds`)
    indexes.set(key, index)
    waiting.set(index, world)
    parents.push(parent)
    labels.push(label)
    facts.push(factsOf(model, world, complaints))
    return index
  }

  const traceTo = (index: number): readonly string[] => {
    const trace: string[] = []
    for (let at = index; at > 0; at = parents.at(at)) trace.unshift(labels[at] ?? '')
    return trace
  }
  const explored = (name: string | null, index = 0): Explored => ({
    states: indexes.size, moves: from.length, logs: model.fold.size, ends: [...ends].sort(), violation: name === null ? null : { name, trace: traceTo(index) },
  })

  add(model.first(), 0, '')
  const isAloneEnding = aloneEnding(model, partKey)
  for (const [at, world] of waiting) {
    // A world that is done with need not be stored.
    waiting.delete(at)
    const wrong = wrongIn(model, world)
    if (wrong !== null) return explored(wrong, at)
    if (facts[at]?.isOver === true) ends.add(world.parts.map((_, i) => model.nodeOf(world, i).outcome).join(' '))
    const stuck = model.setting.honest.find((_, i) => !isAloneEnding(world, i))
    if (stuck !== undefined) return explored(`${stuck} never ends by its own clock`, at)
    for (const { label, by: who, world: next } of model.moves(world)) {
      from.push(at)
      by.push(who ?? -1)
      to.push(add(next, at, label))
    }
  }
  const before = backwards(indexes.size, from, to)
  const stranded = before((index) => facts[index]?.isOver === true).find((index) => index >= 0)
  if (stranded !== undefined) return explored('an end cannot be reached', stranded)
  for (const [i, complaint] of complaints.entries()) {
    const own = model.setting.honest.findIndex((name) => complaint.endsWith(` ${name}`))
    const isUnanswered = new Set(before((index) => (((facts[index]?.answered ?? 0) >> i) & 1) === 1, (move) => by.at(move) === own))
    const open = facts.findIndex(({ accused }, index) => ((accused >> i) & 1) === 1 && isUnanswered.has(index))
    if (open >= 0) return explored(`the complaint of ${complaint} cannot be answered by whom it accuses`, open)
  }
  return explored(null)
}

function factsOf(model: Model, world: World, complaints: string[]): Facts {
  const bits = { accused: 0, answered: 0 }
  const bitOf = (complaint: string): number => {
    if (!complaints.includes(complaint)) complaints.push(complaint)
    return 1 << complaints.indexOf(complaint)
  }
  for (const { complainer, accused, answered } of model.whole(world).ledger.disputes) if (answered) bits.answered |= bitOf(`${complainer} about ${accused}`)
  for (const [i, name] of model.setting.honest.entries()) {
    const ledger = model.ledgerOf(world, i)
    const now = world.parts[i]?.now ?? 0
    if (model.nodeOf(world, i).outcome !== undefined) continue
    for (const { complainer, accused, answered, name: dispute } of ledger.disputes) {
      if (accused === name && !answered && now < ledger.disputeDeadline(dispute)) bits.accused |= bitOf(`${complainer} about ${accused}`)
    }
  }
  return { ...bits, isOver: world.parts.every((_, i) => model.nodeOf(world, i).outcome !== undefined) }
}

/** The worlds from which none of these can be reached, by moves that are taken. */
const backwards = (size: number, from: Numbers, to: Numbers) => {
  const starts = new Int32Array(size + 1)
  for (let i = 0; i < to.length; i += 1) starts[to.at(i) + 1] = (starts[to.at(i) + 1] ?? 0) + 1
  for (let i = 0; i < size; i += 1) starts[i + 1] = (starts[i + 1] ?? 0) + (starts[i] ?? 0)
  const fill = starts.slice()
  const [sources, moves] = [new Int32Array(to.length), new Int32Array(to.length)]
  for (let i = 0; i < to.length; i += 1) {
    const place = fill[to.at(i)] ?? 0
    sources[place] = from.at(i)
    moves[place] = i
    fill[to.at(i)] = place + 1
  }
  return (isGoal: (index: number) => boolean, isTaken: (move: number) => boolean = () => true): readonly number[] => {
    const reaches = new Uint8Array(size)
    const found = new Numbers()
    for (let i = 0; i < size; i += 1) {
      if (!isGoal(i)) continue
      reaches[i] = 1
      found.push(i)
    }
    for (let i = 0; i < found.length; i += 1) {
      const at = found.at(i)
      for (let j = starts[at] ?? 0; j < (starts[at + 1] ?? 0); j += 1) {
        const source = sources[j] ?? 0
        if (reaches[source] === 1 || !isTaken(moves[j] ?? 0)) continue
        reaches[source] = 1
        found.push(source)
      }
    }
    return [...reaches.keys()].filter((i) => reaches[i] === 0)
  }
}

/**
 * Does a participant end all the same where it hears nothing any more, and is not heard: by its own doing and its clock? Only what it
 * has to say after the certificate is left out: that it brings as long as it takes.
 */
function aloneEnding(model: Model, partKey: (part: Participant) => number): (world: World, i: number) => boolean {
  const known = new Set<string>()
  return (start, i) => {
    const key = (world: World): string => {
      const part = world.parts[i]
      return `${i} ${model.whole(world).index} ${world.logs[world.at[i] ?? 0]?.index ?? 0} ${part === undefined ? '' : partKey(part)}`
    }
    if (known.has(key(start))) return true
    const seen = new Map<string, string | null>([[key(start), null]])
    const queue = [start]
    for (const world of queue) {
      const here = key(world)
      if (known.has(here) || model.nodeOf(world, i).outcome !== undefined || (model.ledgerOf(world, i).certified && world.parts[i]?.flying.length !== 0)) {
        for (let at: string | null | undefined = here; at !== null && at !== undefined; at = seen.get(at)) known.add(at)
        return true
      }
      for (const { alone, world: next } of model.movesOf(world, i, true)) {
        if (alone !== i || seen.has(key(next))) continue
        seen.set(key(next), here)
        queue.push(next)
      }
    }
    return false
  }
}

/** The first thing in a world that may be in none. */
function wrongIn(model: Model, world: World): string | null {
  if (world.wrong !== null) return world.wrong
  const { ceremony, setting: { honest } } = model
  const whole = model.whole(world).ledger
  const isForAll = ceremony.steps.every(({ collect }) => collect.kind === 'all')
  const outcomes = honest.map((name, i) => ({ name, said: new Set([...(world.parts[i]?.said ?? [])]), airgap: model.airgapOf(world, i) }))
  const who = (...wanted: readonly string[]) => outcomes.find(({ said }) => wanted.some((one) => [...said].some((had) => had === one)))?.name
  const [usable, confirmed, aborted, dead, stopped] = [who('usable'), who('usable', 'unconfirmed'), who('aborted'), who('dead'), who('stopped')]
  if (stopped !== undefined) return `${stopped} stops`
  if (usable !== undefined && !whole.usable) return `${usable} says usable, and the log does not`
  if (usable !== undefined && dead !== undefined) return `${usable} says usable, and ${dead} dead`
  if (dead !== undefined && whole.dead === null) return `${dead} says dead, and the log does not`
  if (isForAll && confirmed !== undefined && aborted !== undefined) return `${confirmed} says that it succeeded, and ${aborted} aborted`
  if (isForAll && aborted !== undefined && whole.certified) return `${aborted} says aborted, and the certificate is complete`
  for (const { name, said, airgap } of outcomes) {
    const { output } = airgap
    if (output === 'abandoned' && whole.usable) return `${name} gave it up, and it is usable`
    if (abandonStep(ceremony) !== undefined && whole.hasAbandoned(name) && output !== 'abandoned') return `${name} gave it up, and its airgap did not`
    if (hasConfirming(ceremony) && output === 'finished' && !whole.certified) return `the airgap of ${name} finishes without a certificate`
    if (isForAll && said.has('usable') && output !== 'finished') return `${name} says usable, and its airgap did not finish`
    if (isForAll && said.has('aborted') && whole.isBound(name)) return `${name} says aborted, and its part of the certificate is in the log`
    // An airgap that stated its part cannot know that its client never posted it, and keeps its session.
    const isJoined = airgap.index !== model.airgaps.first.index && output === undefined
    if (said.has('aborted') && isJoined && !model.isCommitted(airgap) && !model.airgaps.can(airgap, CLOSED)) return `${name} says aborted, and its airgap keeps the session`
  }
  return null
}

const CLOSED = { type: 'CLOSED', by: 'abort' }
