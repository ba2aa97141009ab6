/** The requests to an airgap that are no steps: answer a dispute, close an aborted ceremony, pair with a client. */
import type { Envelope } from '../channel/envelope.ts'
import { fromHex, toHex } from '../crypto/bytes.ts'
import { airgapKeyPair } from '../crypto/seed.ts'
import type { Card } from '../wire/card.ts'
import type { Answer, CloseRequest, DisputeRequest, PairRequest, Stated } from '../wire/exchange.ts'
import { hashOf, parseMessage, verifyMessage } from '../wire/message.ts'
import { checkAbort } from './abort.ts'
import type { AirgapPorts } from './airgap.ts'
import { erased, knownNow, saveCell, scriptFor, statedType } from './airgap-cell.ts'
import { computeDispute } from './airgap-compute.ts'
import { verifyDispute } from './airgap-verify.ts'
import { runError } from './errors.ts'
import type { StepMemory } from './memory.ts'
import { cardProblem } from './opening.ts'

/** Answers a dispute about this participant: once, from memory after that. */
export async function answerDispute(ports: AirgapPorts, id: string, name: string, request: DisputeRequest): Promise<readonly Stated[]> {
  const cell = ports.memory.read().ceremonies[id]
  if (cell === undefined) throw runError('unknown-ceremony', { ceremony: id })
  const script = scriptFor(ports, cell.opening)
  const step = script.ceremony.steps.find((one) => one.disputes === name)
  if (step === undefined) throw runError('unknown-step', { ceremony: id, step: name })
  const asked = hashOf([id, name, request.dispute])
  const before = cell.disputes[name]
  if (before !== undefined) {
    if (before.asked !== asked) throw runError('other-request', { step: name })
    return before.stated
  }
  if (cell.state !== 'live' || cell.salt === null) throw runError('closed', { ceremony: id, why: 'its session is erased' })
  if (cell.steps[step.name] === undefined) throw runError('out-of-order', { step: name, expected: step.name })
  const known = knownNow(ports, { id, script, opening: cell.opening })
  const dispute = verifyDispute(known, step, name, request)
  const stated = await computeDispute({
    known, step, prepared: {}, dispute, verbs: ports.verbs, random: ports.random,
    secrets: { seed: ports.memory.read().seed, salt: cell.salt },
  })
  const answered: StepMemory = { asked, collected: [request.dispute], prepared: {}, stated }
  await saveCell(ports, id, () => ({ ...cell, disputes: { ...cell.disputes, [name]: answered } }))
  return stated
}

/**
 * Erases an aborted ceremony's session, on a signed Abort of a participant; never once this airgap stated its part of
 * the certificate, which may complete all the same.
 */
export async function closeCeremony(ports: AirgapPorts, id: string, request: CloseRequest): Promise<void> {
  const cell = ports.memory.read().ceremonies[id]
  if (cell === undefined) throw runError('unknown-ceremony', { ceremony: id })
  const message = parseMessage(request.abort)
  const { statement } = message
  const author = cell.opening.roster.find((card) => card.name === statement.from)
  const signed = author !== undefined && verifyMessage(message, author.signingKey)
  if (statement.type !== 'Abort' || statement.ceremony !== id || !signed) {
    throw runError('statements', { step: 'Abort', why: 'it is no Abort of this ceremony that a participant signed' })
  }
  checkAbort(statement.payload, 'The Abort')
  const { ceremony } = scriptFor(ports, cell.opening)
  const certificate = ceremony.steps.find((step) => step.name === ceremony.certificate)
  const stated = statedType(cell, ceremony.certificate)
  if (stated !== undefined && stated !== certificate?.disputes) {
    throw runError('closed', { ceremony: id, why: 'this airgap has stated its part of the certificate and keeps its session until all have' })
  }
  if (cell.state === 'live') await saveCell(ports, id, () => erased(cell, 'aborted'))
}

/** Shows its card to its own client, and learns the client's half of it. */
export async function pair(ports: AirgapPorts, envelope: Envelope, request: PairRequest): Promise<Answer> {
  const { seed, card: before } = ports.memory.read()
  const card: Card = {
    name: request.name, signingKey: request.signingKey,
    airgapKey: toHex(airgapKeyPair(fromHex(seed, 64)).publicKey),
  }
  if (before?.name !== card.name || before.signingKey !== card.signingKey) {
    const problem = cardProblem(card)
    if (problem !== null) throw runError('card', { why: problem })
    if ((await ports.confirm({ kind: 'pair', card })) !== true) throw runError('pairing-declined', { name: card.name })
    await ports.memory.update((memory) => ({ ...memory, card }))
  }
  return { give: 'card', request: envelope.digest, card }
}
