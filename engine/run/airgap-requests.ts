/** The requests to an airgap that are no steps: answer a dispute, give a ceremony up, close one that is over, pair with a client. */
import type { Envelope } from '../channel/envelope.ts'
import { fromHex, toHex } from '../crypto/bytes.ts'
import { airgapKeyPair } from '../crypto/seed.ts'
import type { Script } from '../machines/ceremony.ts'
import { checkAbort } from '../wire/abort.ts'
import { signCard } from '../wire/card.ts'
import type { Card } from '../wire/card.ts'
import type { Answer, CloseRequest, DisputeRequest, PairRequest, Stated } from '../wire/exchange.ts'
import { hashOf, parseMessage, verifyMessage, verifyStatement } from '../wire/message.ts'
import { ABANDONED, abandonStep } from './abandon.ts'
import { erased, isBarred, isCommitted, knownNow, refuseOver, saveCell, scriptFor } from './airgap-cell.ts'
import { computeDispute, signStated } from './airgap-compute.ts'
import { accusedBy, verifyCollected, verifyDispute, viewBefore } from './airgap-verify.ts'
import type { Known } from './airgap-verify.ts'
import type { AirgapPorts } from './airgap.ts'
import { runError } from './errors.ts'
import { disputeKey } from './memory.ts'
import type { Cell, StepMemory } from './memory.ts'
import { cardProblem } from './opening.ts'

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
export async function answerDispute(ports: AirgapPorts, id: string, name: string, { dispute, collected }: DisputeRequest): Promise<Stated> {
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
export async function abandonCeremony(ports: AirgapPorts, id: string, name: string): Promise<Stated> {
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
export async function closeCeremony(ports: AirgapPorts, id: string, request: CloseRequest): Promise<void> {
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
export async function pair(ports: AirgapPorts, envelope: Envelope, { name, signingKey }: PairRequest): Promise<Answer> {
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
