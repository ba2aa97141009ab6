/**
 * The airgap role: takes requests, gives answers. It believes nothing that a request says, asks its owner before the
 * first step, remembers what it answered, and gives the same answer to the same question. Nothing that this file
 * imports can open a socket.
 */
import { createActor, fromPromise } from 'xstate'
import type { Actor } from 'xstate'
import { isKeyriteError } from '../base/errors.ts'
import { openEnvelope, sealEnvelope } from '../channel/envelope.ts'
import type { Envelope } from '../channel/envelope.ts'
import { ceremonyNumber } from '../crypto/number.ts'
import { airgapSteps, compileAirgap } from '../machines/airgap.ts'
import type { Script, Step } from '../machines/ceremony.ts'
import type { Random, Verbs } from '../verbs/runtime.ts'
import type { Json, JsonObject } from '../wire/canonical.ts'
import type { Card, Opening } from '../wire/card.ts'
import { checkRequest } from '../wire/exchange.ts'
import type { Answer, Request, Stated, StepRequest } from '../wire/exchange.ts'
import { hashOf } from '../wire/message.ts'
import { refuseBlind } from './airgap-blind.ts'
import { disputedIn, erased, isBarred, joinedFor, knownNow, newCell, saveCell, withoutWork } from './airgap-cell.ts'
import type { Joined } from './airgap-cell.ts'
import { computeStep } from './airgap-compute.ts'
import { refusal } from './airgap-refusal.ts'
import { abandonCeremony, answerDispute, closeCeremony, pair } from './airgap-requests.ts'
import { setHash, verifyCollected, verifyPrepared } from './airgap-verify.ts'
import type { Known } from './airgap-verify.ts'
import { checkpointOf, isUnderWay } from './airgap-work.ts'
import { runError } from './errors.ts'
import { shownOf } from './kept.ts'
import type { KeptShown } from './kept.ts'
import type { Cell, MemoryStore, StepMemory } from './memory.ts'

/** What the owner sees and confirms, on the airgap's own screen. */
export interface Confirmation {
  readonly kind: 'join' | 'step'
  readonly ceremony: string
  /** 40 digits in eight groups, to be read aloud. */
  readonly number: string
  readonly script: Script
  readonly opening: Opening
  readonly me: Card
  readonly step: string
  /** What this step wants shown besides, by parameter name. */
  readonly shows: JsonObject
  /** What the ceremony follows, by the script's name for it. */
  readonly followed: Readonly<Record<string, KeptShown>>
}

export interface Pairing {
  readonly kind: 'pair'
  readonly card: Card
}

/** Asks whether a ceremony is to be given up for good: after that nobody can ever use its result. */
export interface Abandoning {
  readonly kind: 'abandon'
  readonly ceremony: string
  readonly script: Script
  readonly opening: Opening
  readonly me: Card
}

/** A no for good, and why: one line that everybody can read (`reasonProblem`), or null. */
export interface Declined {
  readonly declined: string | null
}

export interface AirgapPorts {
  readonly memory: MemoryStore
  /** Asks the owner. @throws what the owner's screen cannot do; the step is then not used up */
  readonly confirm: (question: Confirmation | Pairing | Abandoning) => Promise<true | Declined>
  /** The script with this hash, from the airgap's own disk. */
  readonly script: (hash: string) => Script | undefined
  readonly verbs: Verbs
  readonly random: Random
  readonly now: () => Date
  /** Brings messages before the owner of which nobody can see what they are; without it they are refused unasked. */
  readonly allowBlind?: boolean
  /** Stops work that takes long; what was done is kept first. */
  readonly signal?: AbortSignal
  /** Hears what the airgap does, for its screen. Public. */
  readonly onProgress?: (progress: AirgapProgress) => void
}

export interface AirgapProgress {
  readonly ceremony: string
  readonly step: string
  readonly state: 'verifying' | 'confirming' | 'computing' | 'answered' | 'asking' | 'refused' | 'finished'
  /** Of work that takes long: how much is done, of how much. */
  readonly done?: number
  readonly total?: number
}

export interface Airgap {
  /**
   * Takes a request's text, gives the answer's. A refusal is an answer too.
   *
   * @throws channel.*, wire.* for what is no request at all
   */
  readonly handle: (text: string) => Promise<string>
}

type Machine = Actor<ReturnType<typeof compileAirgap>>

/** One request under way in a ceremony's machine. */
interface Pending {
  readonly body: StepRequest
  readonly settle: (answer: PartialAnswer) => void
  readonly fail: (error: unknown) => void
}

interface StatedPart {
  readonly give: 'statement'
  readonly statement: Stated
  readonly attachment?: JsonObject
}

type PartialAnswer = StatedPart | { readonly give: 'question'; readonly question: Json }

/** Makes the airgap role over its ports. */
export function createAirgap(ports: AirgapPorts): Airgap {
  const machines = new Map<string, Machine>()
  const pending = new Map<string, Pending>()
  let last: Promise<unknown> = Promise.resolve()

  async function take(text: string): Promise<string> {
    const envelope = openEnvelope(text)
    if (envelope.kind !== 'request') throw runError('answer', { step: envelope.step ?? '', why: `it is a ${envelope.kind}, not a request` })
    const request = checkRequest(envelope.body, 'The request')
    const answer = await answerTo(envelope, request).catch((error: unknown) => refusal(envelope.digest, error))
    return sealEnvelope({ kind: 'answer', ceremony: envelope.ceremony, step: envelope.step, body: answer })
  }

  async function answerTo(envelope: Envelope, request: Request): Promise<Answer> {
    const { ceremony, step: name, digest } = envelope
    if (request.ask === 'pair') return pair(ports, envelope, request)
    if (ceremony === null || name === null) throw runError('unknown-ceremony', { ceremony: 'none' })
    if (request.ask === 'close') {
      await closeCeremony(ports, ceremony, request)
      machines.get(ceremony)?.send({ type: 'CLOSE' })
      return { give: 'closed', request: digest }
    }
    if (request.ask === 'dispute') return { give: 'statement', request: digest, statement: await answerDispute(ports, ceremony, name, request) }
    if (request.ask === 'abandon') {
      const statement = await abandonCeremony(ports, ceremony, name)
      machines.get(ceremony)?.send({ type: 'CLOSE' })
      return { give: 'statement', request: digest, statement }
    }
    return { ...(await step(ceremony, name, digest, request)), request: digest }
  }

  /** Answers a step: from memory where it was answered, or through the ceremony's machine. */
  async function step(id: string, name: string, digest: string, body: StepRequest): Promise<PartialAnswer> {
    const joined = joinedFor(ports, id, body.opening)
    const { cell, script } = joined
    if (!airgapSteps(script.ceremony).some((one) => one.name === name)) throw runError('unknown-step', { ceremony: id, step: name })
    const answered = cell?.steps[name]
    if (answered !== undefined) {
      if (answered.asked !== askedHash(id, name, body)) throw runError('other-request', { step: name })
      return fromMemory(answered)
    }
    // One that was recovered has its share, and not what it had answered: to state any of it anew, to other statements, would be equivocation.
    if (cell?.state === 'finished') throw runError('closed', { ceremony: id, why: 'it is finished, and its session is erased' })
    const certificate = script.ceremony.steps.findIndex((one) => one.name === script.ceremony.certificate)
    const isAfter = script.ceremony.steps.findIndex((one) => one.name === name) > certificate
    if (isAfter && isBarred(cell)) throw runError('closed', { ceremony: id, why: 'this airgap was shown a complaint, beside which there can be no success' })
    const disputed = disputedIn(joined)
    if (ports.allowBlind !== true) refuseBlind(id, script, joined.opening)
    if (disputed !== undefined) throw runError('closed', { ceremony: id, why: `this airgap disputed in ${disputed}, so it aborts` })
    const machine = machines.get(id) ?? startMachine(joined)
    const wanted = currentStep(machine, script)
    try {
      if (wanted !== name) throw runError('out-of-order', { step: name, expected: wanted ?? 'none' })
      return await new Promise<PartialAnswer>((settle, fail) => {
        pending.set(digest, { body, settle, fail })
        machine.send({ type: 'REQUEST', step: name, request: digest })
      })
    } finally {
      pending.delete(digest)
      // What was never joined leaves nothing behind, however many openings a client makes up.
      if (ports.memory.read().ceremonies[id] === undefined) machines.delete(id)
    }
  }

  function startMachine({ id, script, opening }: Joined): Machine {
    const here = { id, script, opening }
    const stepOf = (name: string): Step => {
      const found = script.ceremony.steps.find((one) => one.name === name)
      if (found === undefined) throw new TypeError(`no step ${name}`)
      return found
    }
    const requestOf = (digest: string): Pending => {
      const found = pending.get(digest)
      if (found === undefined) throw new TypeError('a request that nobody brought')
      return found
    }
    const tell = (state: AirgapProgress['state'], name: string) => ports.onProgress?.({ ceremony: id, step: name, state })
    const machine = compileAirgap(script.ceremony).provide({
      actors: {
        verify: fromPromise(({ input }) => {
          tell('verifying', input.step)
          const { body } = requestOf(input.request)
          const known = knownNow(ports, here)
          verifyCollected(known, stepOf(input.step), body.collected)
          verifyPrepared(known, stepOf(input.step), body.prepared)
          return Promise.resolve(null)
        }),
        confirm: fromPromise(async ({ input }) => {
          const asked = askedHash(id, input.step, requestOf(input.request).body)
          if (isUnderWay(ports.memory.read().ceremonies[id], input.step, asked)) return true
          tell('confirming', input.step)
          const answer = await ports.confirm(confirmation(ports, here, stepOf(input.step)))
          if (answer !== true) {
            await saveCell(ports, id, (cell) => erased(cell ?? newCell(opening), 'declined'))
            requestOf(input.request).fail(runError('rejected', { ceremony: id, isForAll: stepOf(input.step).collect.kind === 'all', reason: answer.declined }))
          }
          return answer === true
        }),
        compute: fromPromise(async ({ input }) => {
          tell('computing', input.step)
          const request = requestOf(input.request)
          const answer = await compute(ports, here, stepOf(input.step), request.body)
          tell(answer.give === 'question' ? 'asking' : 'answered', input.step)
          request.settle(answer)
          return answer.give === 'question' ? 'asking' : 'answered'
        }),
      },
      guards: {
        wasAnswered: (_, { step: name }) => ports.memory.read().ceremonies[id]?.steps[name] !== undefined,
      },
      actions: {
        refuse: ({ context }, { error }) => {
          if (isKeyriteError(error)) tell('refused', currentStep(machines.get(id), script) ?? '')
          pending.get(context.request)?.fail(error)
        },
      },
    })
    const actor = createActor(machine)
    // Whatever goes wrong inside reaches the request that caused it; a failed machine is made anew from the vault.
    actor.subscribe({
      error: (error) => {
        machines.delete(id)
        for (const one of pending.values()) one.fail(error)
      },
    })
    machines.set(id, actor)
    actor.start()
    return actor
  }

  return {
    // One at a time: the owner answers one question at a time, and the vault is one file.
    handle: (text) => {
      const next = last.then(() => take(text))
      last = next.catch(() => undefined)
      return next
    },
  }
}

/** The step that the machine waits in, or undefined where it is over. */
function currentStep(machine: Machine | undefined, script: Script): string | undefined {
  const value: unknown = machine?.getSnapshot().value
  const name = typeof value === 'object' && value !== null ? Object.keys(value)[0] : value
  return airgapSteps(script.ceremony).find((one) => one.name === name)?.name
}

const askedHash = (id: string, step: string, body: StepRequest): string => hashOf([id, step, setHash(body.collected)])

function fromMemory({ stated, attachment }: StepMemory): StatedPart {
  if (stated === null) throw new TypeError('a step that was not answered')
  return { give: 'statement', statement: stated, ...(attachment === undefined ? {} : { attachment }) }
}

/** The last number: it is slow on purpose, and simulated airgaps all show the same. */
let shown = { id: '', number: '' }

function numberOf(id: string): string {
  if (shown.id !== id) shown = { id, number: ceremonyNumber(id) }
  return shown.number
}

function confirmation(ports: AirgapPorts, here: Omit<Joined, 'cell'>, step: Step): Confirmation {
  const { id, script, opening } = here
  const { me, followed } = knownNow(ports, here)
  const joins = airgapSteps(script.ceremony)[0]?.name === step.name
  const shows = Object.fromEntries(step.confirm.map((name) => [name, opening.parameters[name]]))
  return {
    kind: joins ? 'join' : 'step', ceremony: id, number: numberOf(id), script, opening, me, step: step.name, shows,
    followed: Object.fromEntries(Object.entries(followed).map(([name, found]) => [name, shownOf(found)])),
  }
}

/** Runs the verb, and puts the answer into the vault before anyone sees it. */
async function compute(ports: AirgapPorts, here: Omit<Joined, 'cell'>, step: Step, body: StepRequest): Promise<PartialAnswer> {
  const { id, script: { ceremony }, opening } = here
  const { seed, ceremonies } = ports.memory.read()
  const cell = ceremonies[id] ?? newCell(opening)
  const hash = askedHash(id, step.name, body)
  const asked: StepMemory = { asked: hash, collected: body.collected, prepared: body.prepared, stated: null }
  const before = knownNow(ports, here)
  const known: Known = { ...before, steps: { ...before.steps, [step.name]: asked } }
  const prepared: JsonObject = Object.fromEntries(Object.values(known.steps).flatMap((one) => Object.entries(one.prepared)))
  const result = await computeStep({
    known, step, prepared, verbs: ports.verbs, random: ports.random, secrets: { seed },
    checkpoint: checkpointOf(ports, id, cell, step.name, hash),
    tell: (done, total) => ports.onProgress?.({ ceremony: id, step: step.name, state: 'computing', done, total }),
    ...(body.assist === undefined ? {} : { assist: body.assist }),
  })
  if (result.kind === 'question') return { give: 'question', question: result.question }
  const answered: StepMemory = {
    ...asked, stated: result.stated, ...(result.attachment === undefined ? {} : { attachment: result.attachment }),
  }
  const now: Cell = { ...withoutWork(cell), steps: { ...cell.steps, [step.name]: answered } }
  const finished = airgapSteps(ceremony).at(-1)?.name === step.name
  const keeps = result.keep === undefined || step.keeps === undefined ? {} : { [step.keeps]: result.keep }
  await ports.memory.update((memory) => ({
    ...memory,
    ceremonies: { ...memory.ceremonies, [id]: finished ? erased(now, 'finished') : now },
    ...(Object.keys(keeps).length === 0
      ? {}
      : { kept: { ...memory.kept, [id]: { opening, finishedAt: ports.now().toISOString(), values: { ...memory.kept[id]?.values, ...keeps } } } }),
  }))
  return fromMemory(answered)
}
