/**
 * The airgap role: takes requests, gives answers. It believes nothing that a request says, asks its owner before the
 * first step, remembers what it answered, and gives the same answer to the same question. Nothing that this file
 * imports can open a socket.
 */
import { isKeyriteError } from '../base/errors.ts'
import { openEnvelope, sealEnvelope } from '../channel/envelope.ts'
import type { Envelope } from '../channel/envelope.ts'
import { fromHex, toHex } from '../base/bytes.ts'
import { ceremonyNumber } from '../crypto/number.ts'
import { airgapKeyPair } from '../crypto/seed.ts'
import { airgapSteps, isCertifying } from '../machines/airgap.ts'
import type { AirgapEvent, AirgapPlace } from '../machines/airgap.ts'
import type { Script, Step } from '../machines/ceremony.ts'
import { checkAbort } from '../wire/abort.ts'
import type { Json, JsonObject } from '../base/canonical.ts'
import { cardProblem, signCard } from '../wire/card.ts'
import type { Card } from '../wire/card.ts'
import { checkRequest } from '../wire/exchange.ts'
import type { Answer, CloseRequest, DisputeRequest, PairRequest, Request, Stated, StepRequest } from '../wire/exchange.ts'
import { hashOf, parseMessage, verifyMessage, verifyStatement } from '../wire/message.ts'
import { erased, joinedFor, knownNow, moved, newSession, outOfPlace, airgapPlace, positionOf, refusalAnswer, refuseOver, saveSession, scriptFor, withoutWork, refuseDeclined, saveDeclined } from './airgap-session.ts'
import type { AirgapPorts, AirgapProgress, Confirmation, Joined, Position } from './airgap-session.ts'
import { accusedBy, setHash, verifyCollected, verifyDispute, verifyPrepared, viewBefore } from './airgap-verify.ts'
import type { Known } from './airgap-verify.ts'
import { checkpointOf, computeDispute, computeStep, isUnderWay, signStated } from './airgap-work.ts'
import { runError } from './errors.ts'
import { disputeKey, shownOf } from './memory.ts'
import type { Session, StepMemory } from './memory.ts'
import { refuseBlind } from './opening.ts'
import { ABANDONED, abandonStep } from '../machines/ceremony.ts'

// The requests to an airgap that are no steps: to answer a dispute, to give a ceremony up, to close one that is over, to pair.

interface Here {
  readonly session: Session
  readonly script: Script
  readonly known: Known
  readonly position: Position
}

function hereOf(ports: AirgapPorts, id: string): Here {
  const memory = ports.memory.read()
  refuseDeclined(memory, id)
  const session = memory.sessions[id]
  if (session === undefined) throw runError('unknown-ceremony', { ceremony: id })
  const script = scriptFor(ports, session.opening)
  return { session, script, known: knownNow(ports, { id, script, opening: session.opening }), position: positionOf(script.ceremony, session) }
}

/** Answers a dispute about this participant: once for each complainer, from memory after that. */
async function answerDispute(ports: AirgapPorts, id: string, name: string, { dispute, collected }: DisputeRequest): Promise<Stated> {
  const { session, script, known, position } = hereOf(ports, id)
  const step = script.ceremony.steps.find((one) => one.disputes === name)
  if (step === undefined) throw runError('unknown-step', { ceremony: id, step: name })
  const key = disputeKey(name, dispute.from)
  const before = Object.hasOwn(session.disputes, key) ? session.disputes[key]?.stated : undefined
  if (before !== undefined && before !== null) return before
  refuseOver(id, position)
  if (!position.can({ type: 'ACCUSED' })) throw runError('closed', { ceremony: id, why: 'its session is erased' })
  const viewed = session.steps[step.name] === undefined ? withCollected(known, step.name, collected) : known
  if (viewed !== known) verifyCollected(known, step, collected)
  const verified = verifyDispute(viewed, step, name, dispute)
  if (accusedBy(viewed, verified) !== known.me.name) throw runError('statements', { step: name, why: 'it does not name this participant' })
  const stated = await computeDispute({
    known: viewed, step, prepared: {}, dispute: verified, verbs: ports.verbs, random: ports.random, secrets: { seed: ports.memory.read().seed },
  })
  const answered: StepMemory = { asked: hashOf([id, name, dispute]), collected: [], prepared: {}, stated }
  await saveSession(ports, id, () => ({ ...session, disputes: { ...session.disputes, [key]: answered } }))
  return stated
}

/** The ceremony as the airgap would know it had the step been asked for with these statements. */
const withCollected = (known: Known, step: string, collected: DisputeRequest['collected']): Known =>
  ({ ...known, steps: { ...known.steps, [step]: { asked: '', collected, prepared: {}, stated: null } } })

/**
 * Gives a ceremony up for good, once its owner confirms it. The statement takes the slot of a step that this airgap then never
 * takes: whatever becomes of the certificate, nobody can use its result.
 */
async function abandonCeremony(ports: AirgapPorts, id: string, name: string): Promise<Stated> {
  const { session, script, known, position } = hereOf(ports, id)
  const step = abandonStep(script.ceremony)
  const certificate = script.ceremony.steps.find((one) => one.name === script.ceremony.certificate)
  if (step?.name !== name || certificate === undefined) throw runError('unknown-step', { ceremony: id, step: name })
  const before = session.steps[step.name]?.stated
  if (before?.type === ABANDONED) return before
  refuseOver(id, position)
  if (!position.can({ type: 'ABANDONED' })) {
    const isAnswered = before !== undefined || position.status !== 'active'
    throw isAnswered
      ? runError('closed', { ceremony: id, why: `this airgap has answered ${step.name}: what it kept stays` })
      : runError('out-of-order', { step: ABANDONED, expected: certificate.name })
  }
  if ((await ports.confirm({ kind: 'abandon', ceremony: id, script, opening: session.opening, me: known.me })) !== true) throw runError('not-abandoned', { ceremony: id })
  const stated = signStated({ known, secrets: { seed: ports.memory.read().seed } }, { step: step.name, type: ABANDONED, view: viewBefore(known, certificate.index), payload: {} })
  const answered: StepMemory = { asked: hashOf([id, name, ABANDONED]), collected: [], prepared: {}, stated }
  await saveSession(ports, id, () => erased({ ...session, steps: { ...session.steps, [step.name]: answered } }, 'abandoned'))
  return stated
}

/**
 * Erases the session of a ceremony that is over. Before this airgap stated its part of the certificate, an Abort of a participant is
 * enough. After that the certificate may complete all the same, so it takes a statement of another's airgap that rules out any
 * success.
 */
async function closeCeremony(ports: AirgapPorts, id: string, request: CloseRequest): Promise<void> {
  if (ports.memory.read().declined.includes(id)) return
  const { session, known, position } = hereOf(ports, id)
  // Closed before, perhaps with an answer that got lost: with the session erased no end can be checked any more, and none is needed.
  if (position.output === 'closed') return
  if (request.ending !== undefined) verifyEnding(known, request.ending)
  else if (request.abort === undefined) throw runError('statements', { step: 'Abort', why: 'it brings nothing that shows an end' })
  else verifyAbort(known, request.abort)
  const by = request.ending === undefined ? 'abort' : 'ending'
  // A machine that ended takes no CLOSED. That is an error only where the certificate that the airgap has part in may still complete.
  const isCommitted = position.output === 'finished' && isCertifying(known.script.ceremony)
  if (position.status !== 'active' && !(isCommitted && by === 'abort')) return
  if (!position.can({ type: 'CLOSED', by })) {
    throw runError('closed', { ceremony: id, why: 'this airgap has stated its part of the certificate and keeps its session until all have' })
  }
  await saveSession(ports, id, () => erased(session, 'closed'))
}

/** Checks an Abort that a participant of this ceremony signed. @throws run.statements, wire.* */
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

/** Checks a dispute or an Abandoned of another's airgap, under this airgap's own view. @throws run.statements */
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
    // No opening of an earlier client can be joined any more: its roster has another card.
    await ports.memory.update((memory) => ({ ...memory, client: { name, signingKey }, declined: [] }))
  }
  return { give: 'card', request: envelope.digest, card, cardSignature: signCard(secretKey, card) }
}

export interface Airgap {
  /**
   * Takes a request's text and gives the answer's text. A refusal is an answer too.
   *
   * @throws channel.*, wire.* for what is no request at all
   */
  readonly handle: (text: string) => Promise<string>
}

interface StatedPart {
  readonly give: 'statement'
  readonly statement: Stated
  readonly attachment?: JsonObject
}

type PartialAnswer = StatedPart | { readonly give: 'question'; readonly question: Json }

/** Makes the airgap role over its ports. */
export function createAirgap(ports: AirgapPorts): Airgap {
  let last: Promise<unknown> = Promise.resolve()

  async function take(text: string): Promise<string> {
    const envelope = openEnvelope(text)
    if (envelope.kind !== 'request') throw runError('answer', { step: envelope.step ?? '', why: `it is a ${envelope.kind}, not a request` })
    const request = checkRequest(envelope.body, 'The request')
    const answer = await answerTo(envelope, request).catch((error: unknown) => refusalAnswer(envelope.digest, error))
    return sealEnvelope({ kind: 'answer', ceremony: envelope.ceremony, step: envelope.step, body: answer })
  }

  async function answerTo(envelope: Envelope, request: Request): Promise<Answer> {
    const { ceremony, step: name, digest } = envelope
    if (request.ask === 'pair') return pair(ports, envelope, request)
    if (ceremony === null || name === null) throw runError('unknown-ceremony', { ceremony: 'none' })
    if (request.ask === 'close') {
      await closeCeremony(ports, ceremony, request)
      return { give: 'closed', request: digest }
    }
    if (request.ask === 'dispute') return { give: 'statement', request: digest, statement: await answerDispute(ports, ceremony, name, request) }
    if (request.ask === 'abandon') return { give: 'statement', request: digest, statement: await abandonCeremony(ports, ceremony, name) }
    return { ...(await answerStep(ports, ceremony, name, request)), request: digest }
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

/** Answers a step: from memory where it was answered, else by its machine, from the state that the memory gives it. */
async function answerStep(ports: AirgapPorts, id: string, name: string, body: StepRequest): Promise<PartialAnswer> {
  const joined = joinedFor(ports, id, body.opening)
  const { session, script, opening, position } = joined
  const { ceremony } = script
  const step = airgapSteps(ceremony).find((one) => one.name === name)
  if (step === undefined) throw runError('unknown-step', { ceremony: id, step: name })
  const asked = askedHash(id, name, body)
  const answered = session?.steps[name]
  if (answered !== undefined) {
    if (answered.asked !== asked) throw runError('other-request', { step: name })
    return fromMemory(answered)
  }
  if (!position.can({ type: 'REQUEST', step: name })) throw outOfPlace(id, ceremony, position, name)
  if (ports.allowBlind !== true) refuseBlind(id, script, opening)
  const tell = (state: AirgapProgress['state']) => ports.onProgress?.({ ceremony: id, step: name, state })

  /** Does what a place asks for, and gives the event or the answer that comes of it. */
  const done: Readonly<Record<Exclude<AirgapPlace['doing'], 'waiting'>, () => Promise<AirgapEvent | PartialAnswer>>> = {
    verifying: () => {
      const known = knownNow(ports, joined)
      verifyCollected(known, step, body.collected)
      verifyPrepared(known, step, body.prepared)
      return Promise.resolve({ type: 'VERIFIED' })
    },
    confirming: async () => {
      // Its owner has said yes to this very work before it was interrupted.
      if (isUnderWay(ports.memory.read().sessions[id], name, asked)) return { type: 'CONFIRMED' }
      tell('confirming')
      const said = await ports.confirm(confirmation(ports, joined, step))
      if (said === true) return { type: 'CONFIRMED' }
      await saveDeclined(ports, id)
      throw runError('rejected', { ceremony: id, isForAll: step.collect.kind === 'all', reason: said.declined })
    },
    computing: () => {
      tell('computing')
      return compute(ports, joined, step, body)
    },
  }
  tell('verifying')
  try {
    for (let at = moved(ceremony, position, { type: 'REQUEST', step: name }); ; ) {
      const doing = airgapPlace(at)?.doing
      if (doing === undefined || doing === 'waiting') throw new TypeError(`nothing is done in ${name}`)
      const result = await done[doing]()
      if ('give' in result) {
        tell(result.give === 'question' ? 'asking' : 'answered')
        return result
      }
      at = moved(ceremony, at, result)
    }
  } catch (error) {
    if (isKeyriteError(error) && error.code !== 'run.rejected') tell('refused')
    throw error
  }
}

const askedHash = (id: string, step: string, body: StepRequest): string => hashOf([id, step, setHash(body.collected)])

function fromMemory({ stated, attachment }: StepMemory): StatedPart {
  if (stated === null) throw new TypeError('a step that was not answered')
  return { give: 'statement', statement: stated, ...(attachment === undefined ? {} : { attachment }) }
}

/** The last ceremony number: computing it is slow on purpose, and simulated airgaps all show the same one. */
let shown = { id: '', number: '' }

function numberOf(id: string): string {
  if (shown.id !== id) shown = { id, number: ceremonyNumber(id) }
  return shown.number
}

function confirmation(ports: AirgapPorts, here: Joined, step: Step): Confirmation {
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
async function compute(ports: AirgapPorts, here: Joined, step: Step, body: StepRequest): Promise<PartialAnswer> {
  const { id, script: { ceremony }, opening } = here
  const { seed, sessions } = ports.memory.read()
  const session = sessions[id] ?? newSession(opening)
  const hash = askedHash(id, step.name, body)
  const asked: StepMemory = { asked: hash, collected: body.collected, prepared: body.prepared, stated: null }
  const before = knownNow(ports, here)
  const known: Known = { ...before, steps: { ...before.steps, [step.name]: asked } }
  const prepared: JsonObject = Object.fromEntries(Object.values(known.steps).flatMap((one) => Object.entries(one.prepared)))
  const result = await computeStep({
    known, step, prepared, verbs: ports.verbs, random: ports.random, secrets: { seed },
    checkpoint: checkpointOf(ports, id, session, step.name, hash),
    tell: (done, total) => ports.onProgress?.({ ceremony: id, step: step.name, state: 'computing', done, total }),
    ...(body.assist === undefined ? {} : { assist: body.assist }),
  })
  if (result.kind === 'question') return { give: 'question', question: result.question }
  const answered: StepMemory = {
    ...asked, stated: result.stated, ...(result.attachment === undefined ? {} : { attachment: result.attachment }),
  }
  const now: Session = { ...withoutWork(session), steps: { ...session.steps, [step.name]: answered } }
  const finished = airgapSteps(ceremony).at(-1)?.name === step.name
  const keeps = result.keep === undefined || step.keeps === undefined ? {} : { [step.keeps]: result.keep }
  await ports.memory.update((memory) => ({
    ...memory,
    sessions: { ...memory.sessions, [id]: finished ? erased(now, 'finished') : now },
    ...(Object.keys(keeps).length === 0
      ? {}
      : { archive: { ...memory.archive, [id]: { opening, finishedAt: ports.now().toISOString(), values: { ...memory.archive[id]?.values, ...keeps } } } }),
  }))
  return fromMemory(answered)
}
