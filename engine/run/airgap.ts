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
import { fromHex, toHex } from '../base/bytes.ts'
import { ceremonyNumber } from '../crypto/number.ts'
import { airgapKeyPair } from '../crypto/seed.ts'
import { airgapSteps, compileAirgap } from '../machines/airgap.ts'
import type { Script, Step } from '../machines/ceremony.ts'
import { checkAbort } from '../wire/abort.ts'
import type { Json, JsonObject } from '../base/canonical.ts'
import { signCard } from '../wire/card.ts'
import type { Card } from '../wire/card.ts'
import { checkRequest } from '../wire/exchange.ts'
import type { Answer, CloseRequest, DisputeRequest, PairRequest, Request, Stated, StepRequest } from '../wire/exchange.ts'
import { hashOf, parseMessage, verifyMessage, verifyStatement } from '../wire/message.ts'
import { disputedIn, erased, isBarred, isCommitted, joinedFor, knownNow, newCell, refusal, refuseOver, saveCell, scriptFor, withoutWork } from './airgap-cell.ts'
import type { AirgapProgress, AirgapPorts, Joined, Confirmation } from './airgap-cell.ts'
import { accusedBy, setHash, verifyCollected, verifyDispute, verifyPrepared, viewBefore } from './airgap-verify.ts'
import type { Known } from './airgap-verify.ts'
import { checkpointOf, computeDispute, computeStep, isUnderWay, signStated } from './airgap-work.ts'
import { runError } from './errors.ts'
import { disputeKey, shownOf } from './memory.ts'
import type { Cell, StepMemory } from './memory.ts'
import { cardProblem, refuseBlind } from './opening.ts'
import { ABANDONED, abandonStep } from './reading.ts'

// The requests to an airgap that are no steps: answer a dispute, give a ceremony up, close one that is over, pair with a client.

interface Here {
  readonly cell: Cell
  readonly script: Script
  readonly known: Known
}

function hereOf(ports: AirgapPorts, id: string): Here {
  const cell = ports.memory.read().ceremonies[id]
  if (cell === undefined) throw runError('unknown-ceremony', { ceremony: id })
  const script = scriptFor(ports, cell.opening)
  return { cell, script, known: knownNow(ports, { id, script, opening: cell.opening }) }
}

/** Answers a dispute about this participant: once for each complainer, from memory after that. */
async function answerDispute(ports: AirgapPorts, id: string, name: string, { dispute, collected }: DisputeRequest): Promise<Stated> {
  const { cell, script, known } = hereOf(ports, id)
  const step = script.ceremony.steps.find((one) => one.disputes === name)
  if (step === undefined) throw runError('unknown-step', { ceremony: id, step: name })
  const key = disputeKey(name, dispute.from)
  const before = Object.hasOwn(cell.disputes, key) ? cell.disputes[key]?.stated : undefined
  if (before !== undefined && before !== null) return before
  refuseOver(id, cell)
  if (cell.state !== 'live') throw runError('closed', { ceremony: id, why: 'its session is erased' })
  const viewed = cell.steps[step.name] === undefined ? withCollected(known, step.name, collected) : known
  if (viewed !== known) verifyCollected(known, step, collected)
  const verified = verifyDispute(viewed, step, name, dispute)
  if (accusedBy(viewed, verified) !== known.me.name) throw runError('statements', { step: name, why: 'it does not name this participant' })
  const stated = await computeDispute({
    known: viewed, step, prepared: {}, dispute: verified, verbs: ports.verbs, random: ports.random, secrets: { seed: ports.memory.read().seed },
  })
  const answered: StepMemory = { asked: hashOf([id, name, dispute]), collected: [], prepared: {}, stated }
  await saveCell(ports, id, () => ({ ...cell, disputes: { ...cell.disputes, [key]: answered } }))
  return stated
}

/** The ceremony as it would be known had the step been asked for with these statements. */
const withCollected = (known: Known, step: string, collected: DisputeRequest['collected']): Known =>
  ({ ...known, steps: { ...known.steps, [step]: { asked: '', collected, prepared: {}, stated: null } } })

/**
 * Gives a ceremony up for good, in the slot of the step that this airgap then never takes: whatever becomes of the
 * certificate, nobody can use its result. Its owner confirms it.
 */
async function abandonCeremony(ports: AirgapPorts, id: string, name: string): Promise<Stated> {
  const { cell, script, known } = hereOf(ports, id)
  const step = abandonStep(script.ceremony)
  const certificate = script.ceremony.steps.find((one) => one.name === script.ceremony.certificate)
  if (step?.name !== name || certificate === undefined) throw runError('unknown-step', { ceremony: id, step: name })
  const before = cell.steps[step.name]?.stated
  if (before?.type === ABANDONED) return before
  refuseOver(id, cell)
  if (before !== undefined || cell.state !== 'live') throw runError('closed', { ceremony: id, why: `this airgap has answered ${step.name}: what it kept stays` })
  if (!isCommitted(script, cell)) throw runError('out-of-order', { step: ABANDONED, expected: certificate.name })
  if ((await ports.confirm({ kind: 'abandon', ceremony: id, script, opening: cell.opening, me: known.me })) !== true) throw runError('not-abandoned', { ceremony: id })
  const stated = signStated({ known, secrets: { seed: ports.memory.read().seed } }, { step: step.name, type: ABANDONED, view: viewBefore(known, certificate.index), payload: {} })
  const answered: StepMemory = { asked: hashOf([id, name, ABANDONED]), collected: [], prepared: {}, stated }
  await saveCell(ports, id, () => erased({ ...cell, steps: { ...cell.steps, [step.name]: answered } }, 'abandoned'))
  return stated
}

/**
 * Erases the session of a ceremony that is over. An Abort of a participant is enough before this airgap stated its part of
 * the certificate, which may complete all the same; after that it takes a statement of another's airgap beside which there can be no
 * success.
 */
async function closeCeremony(ports: AirgapPorts, id: string, request: CloseRequest): Promise<void> {
  const { cell, script, known } = hereOf(ports, id)
  // Closed before, perhaps with an answer that got lost: what was erased shows no end any more, and none is needed.
  if (cell.state === 'closed') return
  const isCommittedStill = isCommitted(script, cell) && !isBarred(cell)
  if (request.ending !== undefined) verifyEnding(known, request.ending)
  else if (request.abort === undefined) throw runError('statements', { step: 'Abort', why: 'it brings nothing that shows an end' })
  else verifyAbort(known, request.abort)
  if (isCommittedStill && request.ending === undefined) {
    throw runError('closed', { ceremony: id, why: 'this airgap has stated its part of the certificate and keeps its session until all have' })
  }
  if (cell.state === 'live') await saveCell(ports, id, () => erased(cell, 'closed'))
}

/** @throws run.statements, wire.* */
function verifyAbort({ id, opening }: Known, text: string): void {
  const message = parseMessage(text)
  const { statement } = message
  const author = opening.roster.find((card) => card.name === statement.from)
  const isSigned = author !== undefined && verifyMessage(message, author.signingKey)
  if (statement.type !== 'Abort' || statement.ceremony !== id || !isSigned) {
    throw runError('statements', { step: 'Abort', why: 'it is no Abort of this ceremony that a participant signed' })
  }
  checkAbort(statement.payload, 'The Abort')
}

/** A dispute or an Abandoned of another's airgap, under the view that this one has. @throws run.statements */
function verifyEnding(known: Known, { type, from, payload, airgapSignature }: NonNullable<CloseRequest['ending']>): void {
  const { ceremony } = known.script
  const disputed = ceremony.steps.find(({ disputes }) => disputes === type)
  if (disputed !== undefined) {
    verifyDispute(known, disputed, type, { from, payload, airgapSignature })
    return
  }
  const [step, certificate] = [abandonStep(ceremony), ceremony.steps.find(({ name }) => name === ceremony.certificate)]
  const card = known.opening.roster.find(({ name }) => name === from && name !== known.me.name)
  const isSigned = step !== undefined && certificate !== undefined && card !== undefined && type === ABANDONED && Object.keys(payload).length === 0 &&
    verifyStatement({ ceremony: known.id, step: step.name, type, from, view: viewBefore(known, certificate.index), payload }, airgapSignature, card.airgapKey)
  if (!isSigned) throw runError('statements', { step: type, why: 'it is no statement of another airgap that ends this ceremony' })
}

/** Shows its card to its own client, and learns the client's half of it. */
async function pair(ports: AirgapPorts, envelope: Envelope, { name, signingKey }: PairRequest): Promise<Answer> {
  const { seed, epoch, client: before } = ports.memory.read()
  const { publicKey, secretKey } = airgapKeyPair(fromHex(seed, 64))
  const card: Card = { name, signingKey, airgapKey: toHex(publicKey), epoch }
  if (before?.name !== name || before.signingKey !== signingKey) {
    const problem = cardProblem(card)
    if (problem !== null) throw runError('card', { why: problem })
    if ((await ports.confirm({ kind: 'pair', card })) !== true) throw runError('pairing-declined', { name })
    await ports.memory.update((memory) => ({ ...memory, client: { name, signingKey } }))
  }
  return { give: 'card', request: envelope.digest, card, cardSignature: signCard(secretKey, card) }
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
