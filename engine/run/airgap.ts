/**
 * The airgap role: takes requests, gives answers. It believes nothing that a request says, asks its owner before the
 * first step, remembers what it answered, and gives the same answer to the same question. Nothing that this file
 * imports can open a socket.
 */
import { createActor, fromPromise } from 'xstate'
import type { Actor } from 'xstate'
import { openEnvelope, sealEnvelope } from '../channel/envelope.ts'
import type { Envelope } from '../channel/envelope.ts'
import { compileAirgap, airgapSteps } from '../compile/airgap.ts'
import { ceremonyNumber } from '../crypto/number.ts'
import { fromHex, toHex } from '../crypto/bytes.ts'
import { airgapKeyPair } from '../crypto/seed.ts'
import type { Script, Step } from '../script/model.ts'
import type { Random, Verbs } from '../verbs/runtime.ts'
import type { Json, JsonObject } from '../wire/canonical.ts'
import { ceremonyId } from '../wire/card.ts'
import type { Card, Opening } from '../wire/card.ts'
import { isKeyriteError } from '../wire/error.ts'
import type { KeyriteError } from '../wire/error.ts'
import { checkRequest } from '../wire/exchange.ts'
import type { Answer, CloseRequest, DisputeRequest, PairRequest, RefusalAnswer, Request, Stated, StepRequest } from '../wire/exchange.ts'
import { hashOf, parseMessage, verifyMessage } from '../wire/message.ts'
import { computeDispute, computeStep } from './airgap-compute.ts'
import { knownOf, setHash, verifyCollected, verifyDispute, verifyPrepared } from './airgap-verify.ts'
import type { Known } from './airgap-verify.ts'
import { runError } from './errors.ts'
import type { Cell, MemoryStore, StepMemory } from './memory.ts'
import { checkOpening } from './opening.ts'

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
}

export interface Pairing {
  readonly kind: 'pair'
  readonly card: Card
}

export interface AirgapPorts {
  readonly memory: MemoryStore
  /** Asks the owner. @throws what the owner's screen cannot do; the step is then not used up */
  readonly confirm: (question: Confirmation | Pairing) => Promise<boolean>
  /** The script with this hash, from the airgap's own disk. */
  readonly script: (hash: string) => Script | undefined
  readonly verbs: Verbs
  readonly random: Random
  readonly now: () => Date
  /** Hears what the airgap does, for its screen. Public. */
  readonly onProgress?: (progress: AirgapProgress) => void
}

export interface AirgapProgress {
  readonly ceremony: string
  readonly step: string
  readonly state: 'verifying' | 'confirming' | 'computing' | 'answered' | 'asking' | 'refused' | 'finished'
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
  readonly opening: Opening
  readonly settle: (answer: PartialAnswer) => void
  readonly fail: (error: unknown) => void
}

interface StatedPart {
  readonly give: 'statements'
  readonly statements: readonly Stated[]
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
    if (request.ask === 'pair') return pair(ports, envelope, request)
    if (envelope.ceremony === null || envelope.step === null) throw runError('unknown-ceremony', { ceremony: 'none' })
    if (request.ask === 'close') return close(ports, envelope, request, machines)
    if (request.ask === 'dispute') return { ...(await dispute(ports, envelope.ceremony, envelope.step, request)), request: envelope.digest }
    const answer = await step(envelope.ceremony, envelope.step, envelope.digest, request)
    return { ...answer, request: envelope.digest }
  }

  /** Answers a step: from memory where it was answered, or through the ceremony's machine. */
  async function step(id: string, name: string, digest: string, body: StepRequest): Promise<PartialAnswer> {
    const { cell, script, opening } = cellFor(ports, id, body)
    const answered = cell?.steps[name]
    if (answered !== undefined) {
      if (answered.asked !== askedHash(id, name, body)) throw runError('other-request', { step: name })
      return fromMemory(answered)
    }
    const machine = machines.get(id) ?? startMachine(id, script, opening)
    const wanted = currentStep(machine, script)
    if (wanted !== name) {
      if (!airgapSteps(script.ceremony).some((one) => one.name === name)) throw runError('unknown-step', { ceremony: id, step: name })
      throw runError('out-of-order', { step: name, expected: wanted ?? 'none' })
    }
    return new Promise<PartialAnswer>((settle, fail) => {
      pending.set(digest, { body, opening, settle, fail })
      machine.send({ type: 'REQUEST', step: name, request: digest })
    }).finally(() => pending.delete(digest))
  }

  function startMachine(id: string, script: Script, opening: Opening): Machine {
    const { ceremony } = script
    const stepOf = (name: string): Step => {
      const found = ceremony.steps.find((one) => one.name === name)
      if (found === undefined) throw new TypeError(`no step ${name}`)
      return found
    }
    const requestOf = (digest: string): Pending => {
      const found = pending.get(digest)
      if (found === undefined) throw new TypeError('a request that nobody brought')
      return found
    }
    const tell = (state: AirgapProgress['state'], name: string) => ports.onProgress?.({ ceremony: id, step: name, state })
    const machine = compileAirgap(ceremony).provide({
      actors: {
        verify: fromPromise(({ input }) => {
          tell('verifying', input.step)
          const { body } = requestOf(input.request)
          const known = knownNow(ports, id, script, opening)
          verifyCollected(known, stepOf(input.step), body.collected)
          verifyPrepared(known, stepOf(input.step), body.prepared)
          return Promise.resolve(null)
        }),
        confirm: fromPromise(async ({ input }) => {
          tell('confirming', input.step)
          const confirmed = await ports.confirm(confirmation(ports, id, script, opening, stepOf(input.step)))
          if (!confirmed) {
            await saveCell(ports, id, (cell) => ({ ...(cell ?? newCell(opening, null)), salt: null, state: 'declined' }))
            requestOf(input.request).fail(runError('rejected', { ceremony: id }))
          }
          return confirmed
        }),
        compute: fromPromise(async ({ input }) => {
          tell('computing', input.step)
          const request = requestOf(input.request)
          const answer = await compute(ports, id, script, opening, stepOf(input.step), request.body)
          tell(answer.give === 'question' ? 'asking' : 'answered', input.step)
          request.settle(answer)
          return answer.give === 'question' ? 'asking' : 'answered'
        }),
      },
      guards: {
        wasAnswered: (_, params: unknown) => {
          const name = typeof params === 'object' && params !== null && 'step' in params ? String(params.step) : ''
          return ports.memory.read().ceremonies[id]?.steps[name] !== undefined
        },
      },
      actions: {
        refuse: ({ context }, params) => {
          pending.get(context.request)?.fail(params.error)
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
function currentStep(machine: Machine, script: Script): string | undefined {
  const { value } = machine.getSnapshot()
  const name = typeof value === 'string' ? value : Object.keys(value)[0]
  return airgapSteps(script.ceremony).some((one) => one.name === name) ? name : undefined
}

/** The ceremony's cell, or what its first request brings. */
function cellFor(ports: AirgapPorts, id: string, body: StepRequest): { cell: Cell | undefined; script: Script; opening: Opening } {
  const memory = ports.memory.read()
  const cell = memory.ceremonies[id]
  if (cell !== undefined && cell.state !== 'live' && cell.state !== 'finished') {
    throw runError('closed', { ceremony: id, why: cell.state === 'declined' ? 'its owner declined it' : 'it was aborted' })
  }
  const opening = cell?.opening ?? body.opening
  if (opening === undefined || ceremonyId(opening) !== id) throw runError('unknown-ceremony', { ceremony: id })
  const script = ports.script(opening.script.hash)
  if (script === undefined) throw runError('unknown-script', { script: opening.script.name, hash: opening.script.hash })
  if (memory.card === null) throw runError('not-paired', { name: '' })
  if (cell === undefined) {
    if (memory.kept[id] !== undefined) throw runError('closed', { ceremony: id, why: 'it is finished, and its session is erased' })
    checkOpening(opening, script, memory.card)
  }
  return { cell, script, opening }
}

const askedHash = (id: string, step: string, body: StepRequest): string => hashOf([id, step, setHash(body.collected)])

const fromMemory = ({ stated, attachment }: StepMemory): StatedPart => ({
  give: 'statements', statements: stated, ...(attachment === undefined ? {} : { attachment }),
})

function knownNow(ports: AirgapPorts, id: string, script: Script, opening: Opening): Known {
  const { seed, ceremonies } = ports.memory.read()
  const airgapKey = toHex(airgapKeyPair(fromHex(seed, 64)).publicKey)
  const me = opening.roster.find((card) => card.airgapKey === airgapKey)
  if (me === undefined) throw runError('opening', { why: 'this airgap’s key is not in its roster' })
  return knownOf(script, ceremonies[id] ?? newCell(opening, null), me)
}

function confirmation(ports: AirgapPorts, id: string, script: Script, opening: Opening, step: Step): Confirmation {
  const { me } = knownNow(ports, id, script, opening)
  const joins = airgapSteps(script.ceremony)[0]?.name === step.name
  const shows = Object.fromEntries(step.confirm.map((name) => [name, opening.parameters[name]]))
  return { kind: joins ? 'join' : 'step', ceremony: id, number: ceremonyNumber(id), script, opening, me, step: step.name, shows }
}

const newCell = (opening: Opening, salt: string | null): Cell => ({ opening, salt, state: 'live', steps: {}, disputes: {} })

async function saveCell(ports: AirgapPorts, id: string, change: (cell: Cell | undefined) => Cell): Promise<void> {
  await ports.memory.update((memory) => ({
    ...memory, ceremonies: { ...memory.ceremonies, [id]: change(memory.ceremonies[id]) },
  }))
}

/** Runs the verb, and puts the answer into the vault before anyone sees it. */
async function compute(
  ports: AirgapPorts, id: string, script: Script, opening: Opening, step: Step, body: StepRequest,
): Promise<PartialAnswer> {
  const first = airgapSteps(script.ceremony)[0]?.name === step.name
  const cell = ports.memory.read().ceremonies[id] ?? newCell(opening, first ? toHex(ports.random(32)) : null)
  const { salt } = cell
  if (salt === null) throw runError('unknown-ceremony', { ceremony: id })
  const asked: StepMemory = { asked: askedHash(id, step.name, body), collected: body.collected, prepared: body.prepared, stated: [] }
  const before = knownNow(ports, id, script, opening)
  const known: Known = { ...before, steps: { ...before.steps, [step.name]: asked } }
  const prepared = Object.assign({}, ...Object.values(known.steps).map((one) => one.prepared)) as JsonObject
  const result = computeStep({
    known, step, prepared, verbs: ports.verbs, random: ports.random,
    secrets: { seed: ports.memory.read().seed, salt },
    ...(body.assist === undefined ? {} : { assist: body.assist }),
  })
  if (result.kind === 'question') return { give: 'question', question: result.question }
  const answered: StepMemory = {
    ...asked, stated: result.stated, ...(result.attachment === undefined ? {} : { attachment: result.attachment }),
  }
  const finished = airgapSteps(script.ceremony).at(-1)?.name === step.name
  const steps = { ...cell.steps, [step.name]: answered }
  await ports.memory.update((memory) => ({
    ...memory,
    ceremonies: { ...memory.ceremonies, [id]: finished ? erased({ ...cell, steps }) : { ...cell, steps } },
    ...(result.keep === undefined || step.keeps === undefined
      ? {}
      : { kept: { ...memory.kept, [id]: { opening, finishedAt: ports.now().toISOString(), values: { [step.keeps]: result.keep } } } }),
  }))
  return fromMemory(answered)
}

/** A finished cell: what was answered stays, to be answered again; salt and others' statements go. */
function erased(cell: Cell): Cell {
  const steps = Object.fromEntries(
    Object.entries(cell.steps).map(([name, step]) => [name, { ...step, collected: [], prepared: {} }]),
  )
  return { ...cell, salt: null, state: 'finished', steps }
}

/** Answers a dispute about this participant: once, from memory after that. */
async function dispute(ports: AirgapPorts, id: string, name: string, request: DisputeRequest): Promise<StatedPart> {
  const cell = ports.memory.read().ceremonies[id]
  const script = cell === undefined ? undefined : ports.script(cell.opening.script.hash)
  if (cell === undefined || script === undefined) throw runError('unknown-ceremony', { ceremony: id })
  const step = script.ceremony.steps.find((one) => one.disputes === name)
  if (step === undefined) throw runError('unknown-step', { ceremony: id, step: name })
  const asked = hashOf([id, name, request.dispute])
  const before = cell.disputes[name]
  if (before !== undefined) {
    if (before.asked !== asked) throw runError('other-request', { step: name })
    return { give: 'statements', statements: before.stated }
  }
  if (cell.state !== 'live' || cell.salt === null) throw runError('closed', { ceremony: id, why: 'its session is erased' })
  if (cell.steps[step.name] === undefined) throw runError('out-of-order', { step: name, expected: step.name })
  const known = knownNow(ports, id, script, cell.opening)
  const statement = verifyDispute(known, step, name, request)
  const stated = computeDispute({
    known, step, prepared: {}, dispute: statement, verbs: ports.verbs, random: ports.random,
    secrets: { seed: ports.memory.read().seed, salt: cell.salt },
  })
  const answered: StepMemory = { asked, collected: [request.dispute], prepared: {}, stated }
  await saveCell(ports, id, () => ({ ...cell, disputes: { ...cell.disputes, [name]: answered } }))
  return { give: 'statements', statements: stated }
}

/** Erases an aborted ceremony's session, on a signed Abort of a participant; never once the certificate's part is stated. */
async function close(ports: AirgapPorts, envelope: Envelope, request: CloseRequest, machines: Map<string, Machine>): Promise<Answer> {
  const id = envelope.ceremony ?? ''
  const cell = ports.memory.read().ceremonies[id]
  if (cell === undefined) throw runError('unknown-ceremony', { ceremony: id })
  const { statement, ...rest } = parseMessage(request.abort)
  const author = cell.opening.roster.find((card) => card.name === statement.from)
  const signed = author !== undefined && verifyMessage({ statement, ...rest }, author.signingKey)
  if (statement.type !== 'Abort' || statement.ceremony !== id || !signed) {
    throw runError('statements', { step: 'Abort', why: 'it is no Abort of this ceremony that a participant signed' })
  }
  const script = ports.script(cell.opening.script.hash)
  if (script === undefined || cell.steps[script.ceremony.certificate] !== undefined) {
    throw runError('closed', { ceremony: id, why: 'this airgap has stated its part of the certificate and keeps its session until all have' })
  }
  if (cell.state === 'live') await saveCell(ports, id, () => ({ ...erased(cell), state: 'aborted' }))
  machines.get(id)?.send({ type: 'CLOSE' })
  return { give: 'closed', request: envelope.digest }
}

/** Shows its card to its own client, and learns the client's half of it. */
async function pair(ports: AirgapPorts, envelope: Envelope, request: PairRequest): Promise<Answer> {
  const { seed, card: before } = ports.memory.read()
  const card: Card = {
    name: request.name, signingKey: request.signingKey,
    airgapKey: toHex(airgapKeyPair(fromHex(seed, 64)).publicKey),
  }
  if (before?.name !== card.name || before.signingKey !== card.signingKey) {
    if (!(await ports.confirm({ kind: 'pair', card }))) throw runError('rejected', { ceremony: 'pairing' })
    await ports.memory.update((memory) => ({ ...memory, card }))
  }
  return { give: 'card', request: envelope.digest, card }
}

function refusal(request: string, error: unknown): RefusalAnswer {
  if (!isKeyriteError(error)) throw error
  return { give: 'refusal', request, code: error.code, what: error.message.slice(0, 2000), todo: error.todo.slice(0, 2000), ...faultFacts(error) }
}

function faultFacts(error: KeyriteError): Pick<RefusalAnswer, 'fault'> {
  if (error.code === 'run.rejected') return { fault: { reason: 'rejected', accused: null } }
  if (error.code !== 'verb.fault') return {}
  const { reason, accused } = error.facts
  return { fault: { reason: String(reason), accused: accused === '' ? null : String(accused) } }
}
