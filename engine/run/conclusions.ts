/**
 * A client's conclusions from the log that it sees, from its own part in it, and from its clock. Nothing here waits: the run asks
 * again whenever one of the three changes, and the model check asks the same in every order in which they can change.
 */
import { abandonStep, certificateIndex } from '../machines/ceremony.ts'
import type { Step } from '../machines/ceremony.ts'
import type { ClientEvent, CollectedHow, Duty } from '../machines/client.ts'
import { isStorages } from '../wire/abort.ts'
import type { Fault } from '../wire/abort.ts'
import type { DisputeState } from './disputes.ts'
import { mayBeAccused } from './ending.ts'
import { withheldWords } from './following.ts'
import type { Ledger } from './ledger.ts'

/** The things that a participant's client did itself, which the log need not show yet. */
export interface OwnPart {
  readonly ledger: Ledger
  readonly me: string
  /** The names under which it keeps what it began to post of the certificate, and the answers to disputes that it posted. */
  readonly begun: ReadonlySet<string>
}

/** Is its part of the certificate in the log, or may it be, while the certificate may still complete? */
export const isBound = ({ ledger, me, begun }: OwnPart): boolean =>
  ledger.isBound(me) || (begun.has(ledger.ceremony.certificate) && ledger.dead === null && !ledger.certified)

/** Is its own Abort in the log? */
export const hasLeft = ({ ledger, me }: Pick<OwnPart, 'ledger' | 'me'>): boolean => ledger.aborts.some(({ from }) => from === me)

/** The disputes about it that wait for its answer. */
export const accusations = ({ ledger, me, begun }: OwnPart): readonly DisputeState[] => ledger.disputes.filter((one) =>
  one.accused === me && !one.answered && !begun.has(answerName(one)) && !ledger.hasStated(one.step.name, me, one.complainer))

/** The name under which the answer to a dispute is kept. */
export const answerName = ({ name, complainer }: Pick<DisputeState, 'name' | 'complainer'>): string => `${name}-${complainer}`

/** Must the client post no part of the certificate? So it is after an Abort, a fault or a dispute; the machine hears of it by itself. */
export const mustNotCertify = ({ certified, ending, dead }: Ledger): boolean => !certified && (ending !== null || dead !== null)

/** The view of a client at one moment, from which it concludes. */
export interface Look {
  readonly ledger: Ledger
  readonly me: string
  /** Milliseconds since 1970, by its own clock. */
  readonly now: number
  /** Its part of the certificate is, or may be, in the log, and the certificate may still complete. */
  readonly isBound: boolean
  /** Its own Abort is in the log. */
  readonly hasLeft: boolean
  /** For each complaint about it that waits for its answer, the end of the time for that, counted from when it first saw the complaint. */
  readonly accusedUntil: readonly number[]
}

/** The step whose statements may be disputed, where the script has one. */
const disputedStep = ({ ceremony }: Ledger): Step | undefined => ceremony.steps.find((step) => step.disputes !== undefined)

/** The time from which nothing of a ceremony can come in time any more. */
export const lastDeadline = (ledger: Ledger): number =>
  Math.max(ledger.deadline(ledger.ceremony.steps.length - 1), ...ledger.disputes.map((one) => ledger.disputeDeadline(one.name)))

/** The next time at which a conclusion may change by the clock alone; infinite where none does. */
export function nextTime({ ledger, now, accusedUntil }: Look, least = -Infinity): number {
  const dispute = disputedStep(ledger)?.disputes
  const times = [
    ...ledger.ceremony.steps.map(({ index }) => ledger.deadline(index)), ...(dispute === undefined ? [] : [ledger.disputeDeadline(dispute)]),
    ...accusedUntil, least,
  ]
  return Math.min(...times.filter((time) => time > now))
}

/**
 * Finds what the log tells the machine once: that others see another log, a fault, or an Abort; undefined while there is none.
 *
 * @param heard how many of the log's faults were told before: after a success, a fault that aborted before it stops nobody
 */
export function watched({ ledger, hasLeft }: Look, heard = 0): ClientEvent | undefined {
  const { ending, certified, dead, disputes, faults } = ledger
  const fork = certified ? faults.slice(heard).find(isStorages) : undefined
  if (fork !== undefined) return { type: 'FORKED', why: fork.why }
  if (certified) return undefined
  if (ending?.kind === 'fault') return { type: 'FAULT', fault: ending.fault }
  // With a dispute in the log the death is not told: the dispute is heard where it matters, so that others can still state theirs.
  const isDead = dead !== null && disputes.length === 0
  return ending !== null || hasLeft || isDead ? { type: 'ABORT' } : undefined
}

/** The fault of those whose time is over, up to the certificate, on this client's clock; undefined while there are none. */
export function missed({ ledger, now }: Look): Fault | undefined {
  const step = ledger.ceremony.steps[ledger.current]
  if (step === undefined || ledger.certified || now < ledger.deadline(step.index)) return undefined
  const dispute = ledger.disputes.find((one) => one.step.name === step.name)
  if (dispute === undefined) return missing(ledger, step)
  return now < ledger.disputeDeadline(dispute.name) ? undefined : unanswered(ledger, dispute.name)
}

function missing(ledger: Ledger, step: Step): Fault {
  if (ledger.withheld !== null) {
    return {
      reason: 'withheld', step: step.name, accused: null, convicts: false, offsets: [ledger.asOf + 1],
      why: withheldWords(ledger.withheld, ledger.asOf),
    }
  }
  const names = ledger.missing(step.index)
  const by = new Date(ledger.deadline(step.index)).toISOString()
  const wanted = ledger.wanted(step)
  const some = `${ledger.roster.length - names.length} of the ${wanted} that it takes finished ${step.name} by ${by}`
  return {
    reason: 'missing', step: step.name, accused: names.length === 1 ? names[0] ?? null : null, convicts: false, offsets: [],
    why: wanted < ledger.roster.length ? some : `${names.join(', ')} did not finish ${step.name} by ${by}`,
  }
}

/**
 * The way in which a step's collecting ends; undefined while it does not. Before the certificate only the log ends it.
 *
 * @param least the time until which it waits, however late it began
 */
export function collected({ ledger, now }: Look, { index, name }: Step, least: number): CollectedHow | undefined {
  if (ledger.current > index) return { kind: 'complete' }
  if (index <= certificateIndex(ledger.ceremony)) return ledger.disputes.some((one) => one.step.name === name) ? { kind: 'disputed' } : undefined
  return ledger.dead !== null || now >= Math.max(ledger.deadline(index), least) ? { kind: 'late' } : undefined
}

/** Is the certificate complete, or impossible, or are all deadlines over? */
export const isDoubtOver = ({ ledger, isBound, now }: Look, least: number): boolean =>
  ledger.certified || ledger.dead !== null || !isBound || now >= Math.max(lastDeadline(ledger), least)

/** Could a complaint about this participant still be answered, or come? */
export function isOnDuty({ ledger, me, now, accusedUntil }: Look): boolean {
  const name = disputedStep(ledger)?.disputes
  return name !== undefined && mayBeAccused(ledger, me, now, Math.max(ledger.disputeDeadline(name), ...accusedUntil))
}

/** The next thing that a client owes to disputes: an answer, a word about their verdicts, or nothing more; undefined while that is open. */
export function dutyOf(look: Look): Duty | undefined {
  const { ledger, now, hasLeft, accusedUntil } = look
  const { certified, usable, ending, disputes } = ledger
  if (certified || usable) return { kind: 'over' }
  const owes = isOnDuty(look)
  if (accusedUntil.length > 0 && owes) return { kind: 'accused' }
  const areJudged = disputes.length > 0 && disputes.every(({ answered, name }) => answered || now >= ledger.disputeDeadline(name))
  if (areJudged && ending?.kind !== 'abort' && !hasLeft) return { kind: 'judged', fault: judged(ledger) }
  // Another complaint may still come: said to be over now, it would only be asked again.
  return owes || (disputes.length > 0 && !areJudged) ? undefined : { kind: 'over' }
}

/** The result of the disputes: the first verdict, or the fault of an answer that did not come in time. */
const judged = (ledger: Ledger): Fault =>
  ledger.faults.find(({ convicts, step }) => convicts && step === disputedStep(ledger)?.name) ??
  unanswered(ledger, ledger.disputes.find(({ answered }) => !answered)?.name ?? '')

/** The fault of an answer that did not come: it convicts nobody, since a storage can delay. */
function unanswered({ disputes }: Ledger, name: string): Fault {
  const open = disputes.find((one) => one.name === name && !one.answered)
  const accused = open?.accused ?? null
  return {
    reason: 'missing', step: open?.step.name ?? null, accused, convicts: false, offsets: open === undefined ? [] : [open.dispute.offset],
    why: `${accused ?? 'the accused'} did not answer the ${name} of ${open?.dispute.statement.from ?? 'a participant'} in time`,
  }
}

/** The answers to the machine's guards. @param offers its owner can be asked to give the ceremony up */
export const guardsOf = (look: Look, offers: boolean) => ({
  isBound: look.isBound,
  isCertified: look.ledger.certified,
  isDead: look.ledger.dead !== null,
  isUsable: look.ledger.usable,
  mayAbandon: look.isBound && offers && abandonStep(look.ledger.ceremony) !== undefined,
  isOnDuty: isOnDuty(look),
  isOver: look.now >= lastDeadline(look.ledger),
})
