/** A running ceremony as people see it: participants × steps, who is awaited and until when, how it ended. */
import { stripVTControlCharacters } from 'node:util'
import { isKeyriteError } from '../../engine/base/errors.ts'
import { printableLine } from '../../engine/base/text.ts'
import { counted } from '../../engine/base/words.ts'
import type { Ceremony, Step } from '../../engine/machines/ceremony.ts'
import { expandMessages, messagesHash } from '../../engine/messages/batch.ts'
import { convictedIn, unansweredIn, unansweredWords } from '../../engine/run/disputes.ts'
import { endingFor, unmade } from '../../engine/run/ending.ts'
import type { Ledger } from '../../engine/run/ledger.ts'
import type { SignaturesVerification } from '../../engine/run/signatures.ts'
import type { Finding, Verification } from '../../engine/run/verify.ts'
import { shippedByHash } from '../../engine/script/load.ts'
import type { Json } from '../../engine/base/canonical.ts'
import type { Opening } from '../../engine/wire/card.ts'
import { EXIT } from '../errors.ts'
import type { ExitCode } from '../errors.ts'
import { duration, paint, table } from '../output.ts'

const MARKS = { done: '✓', awaited: '…', later: '·', disputed: '!', out: '✗' } as const

/** How far a ceremony is, as a `Ledger` tells it. */
export interface Progress {
  readonly ceremony: Ceremony
  readonly roster: readonly { readonly name: string }[]
  /** The current step's index, or the number of steps when all are complete. */
  readonly current: number
  readonly disputes: readonly { readonly step: Step; readonly dispute: { readonly statement: { readonly from: string } } }[]
  readonly hasStated: (step: string, name: string) => boolean
  /** Takes no part any more, where some are enough. */
  readonly isOut?: (name: string) => boolean
}

/**
 * One line a participant, one column a step.
 *
 * @param columns how wide the screen is, where it matters: steps whose names have no room have their numbers
 */
export function progressTable(ledger: Progress, me?: string, columns?: number): string[] {
  const { steps } = ledger.ceremony
  const rows = ledger.roster.map(({ name }) => [
    name === me ? paint('bold', `${name} (you)`) : name,
    ...steps.map((step) => {
      const disputed = ledger.disputes.some((one) => one.step.name === step.name && one.dispute.statement.from === name)
      if (disputed) return paint('red', MARKS.disputed)
      if (ledger.hasStated(step.name, name)) return paint('green', MARKS.done)
      if (ledger.isOut?.(name) === true) return paint('red', MARKS.out)
      return step.index === ledger.current ? paint('yellow', MARKS.awaited) : paint('dim', MARKS.later)
    }),
  ])
  const under = (heads: readonly string[]): string[] => table([['', ...heads.map((head) => paint('dim', head))], ...rows])
  const named = under(steps.map((step) => step.name))
  const isTooWide = columns !== undefined && stripVTControlCharacters(named[0] ?? '').length >= columns
  return isTooWide ? under(steps.map((step) => String(step.index + 1))) : named
}

/** `SendDeals (3 of 5): waiting for bob, carol`, since when, and until when. Where some are enough, how many are still needed and who is out. */
export function waitingLines(ledger: Ledger, now: number, since?: number): string[] {
  const { steps } = ledger.ceremony
  const step = steps[ledger.current]
  if (step === undefined) return []
  const deadline = ledger.deadline(step.index)
  const left = deadline > now ? `${duration(deadline - now)} left` : 'passed'
  const awaited = ledger.missing(step.index).filter((name) => !ledger.isOut(name))
  return [
    `${step.name} (${String(step.index + 1)} of ${String(steps.length)}): waiting for ${neededText(ledger, step)}${awaited.join(', ') || 'nobody'}`,
    ...outLines(ledger).map((line) => `  ${line}`),
    ...(since === undefined ? [] : [`  since     ${clockTime(since)} (${duration(now - since)})`]),
    `  deadline  ${clockTime(deadline)} (${left})`,
  ]
}

/** `2 more (1 of 3 in) of `, where not all are wanted. */
function neededText(ledger: Ledger, step: Step): string {
  if (step.collect.kind === 'all') return ''
  const wanted = ledger.wanted(step)
  const made = ledger.roster.length - ledger.missing(step.index).length
  return `${String(wanted - made)} more (${String(made)} of ${String(wanted)} in) of `
}

/** Who takes no part any more, where some are enough, and why. */
export function outLines(ledger: Ledger): string[] {
  return ledger.roster.filter(({ name }) => ledger.isOut(name)).map(({ name }) => {
    const abort = ledger.aborts.find((one) => one.from === name)?.payload
    if (abort === undefined) return `${name} is out: ${ledger.faults.find((one) => one.convicts && one.accused === name)?.why ?? 'proven guilty'}`
    return `${name} ${abort.reason === 'rejected' ? 'declined' : `is out (${abort.reason})`}: ${abort.evidence.why}`
  })
}

/** What an opening wants done: texts in its opener's words, which nobody has checked, and how many messages there are to be signed. */
export function claimLines({ parameters }: Ceremony, opening: Opening): string[] {
  return Object.entries(parameters).flatMap(([name, type]) => {
    const value = opening.parameters[name]
    if (type === 'text' && typeof value === 'string') return [`${name}, as the opener claims: ${printableLine(value)}`]
    if (type !== '[message]' || !Array.isArray(value)) return []
    const messages = messagesIn(value as readonly Json[])
    return messages === undefined ? [`${name}: not readable`] : [`${name}: ${counted(messages.length, 'message')} to be signed, SHA-256 ${messagesHash(messages)}`]
  })
}

function messagesIn(items: readonly Json[]): ReturnType<typeof expandMessages> | undefined {
  try {
    return expandMessages(items)
  } catch (error) {
    if (isKeyriteError(error)) return undefined
    throw error
  }
}

/** Longer lists are told by their length. */
const MOST_OUTPUT = 240

/** What a ceremony made, a line each. */
export function outputLines({ outputs = {} }: Pick<Ledger, 'outputs'>): string[] {
  return Object.entries(outputs).map(([name, value]) => {
    if (typeof value === 'string') return `${name}: ${value}`
    const json = JSON.stringify(value)
    return `${name}: ${Array.isArray(value) && json.length > MOST_OUTPUT ? `${String(value.length)} of them` : json}`
  })
}

/** `2026-11-23 14:05 UTC` */
export const clockTime = (time: number): string => `${new Date(time).toISOString().slice(0, 16).replace('T', ' ')} UTC`

export type CeremonyState = 'running' | 'disputed' | 'aborted' | 'dead' | 'abandoned' | 'left' | 'doubtful' | 'confirming' | 'unconfirmed' | 'usable'

/** Where a ceremony stands for its owner: how its log ends, told by what is still awaited. @param hasBegun as for `endingFor` */
export function stateOf(ledger: Ledger, now: number, me?: string, hasBegun = false): CeremonyState {
  const ending = endingFor(ledger, me, hasBegun)
  switch (ending) {
    case 'open': return 'running'
    case 'unconfirmed': return now > ledger.deadline(ledger.ceremony.steps.length - 1) || unmade(ledger) !== null ? ending : 'confirming'
    case 'dead': return ledger.disputes.some(({ answered, name }) => !answered && now < ledger.disputeDeadline(name)) ? 'disputed' : ending
    default: return ending
  }
}

/** Nothing more will come of it. */
export const isOver = (state: CeremonyState): boolean => ['usable', 'aborted', 'dead', 'abandoned', 'left'].includes(state)

/** What a state means for the owner. */
export const STATE_WORDS: Readonly<Record<CeremonyState, string>> = {
  running: 'running',
  disputed: 'a participant complains: it can never be usable, and who is to blame is being judged',
  aborted: 'aborted',
  dead: 'over: it can never be usable',
  abandoned: 'over: you gave it up for good',
  left: 'you take no part in it any more; the others may go on without you',
  doubtful: 'DOUBTFUL: your part of its success is stated, and it may still succeed. Do not open it again yet: wait, or end the doubt with keyrite client abandon.',
  confirming: 'succeeded; DO NOT USE ITS RESULT YET: not everyone has confirmed',
  unconfirmed: 'succeeded, but UNCONFIRMED: do not use its result before everyone has confirmed',
  usable: 'complete: usable',
}

/** Why it aborted, from the log: who said so, the reason, and whom the log itself proves guilty. */
export function abortLines(ledger: Ledger): string[] {
  const said = ledger.aborts.map(({ from, payload }) =>
    `${from} aborted in ${payload.step ?? 'the ceremony'} (${payload.reason}${payload.accused === null ? '' : `, naming ${payload.accused}`}): ${payload.evidence.why}`)
  const accused = unansweredIn(ledger).map(unansweredWords)
  const dead = ledger.dead === null ? [] : [`It can never be usable: ${ledger.dead.why}.`]
  const proof = convictedIn(ledger).map(({ name, reason, why }) => `The log proves ${name} guilty (${reason}): ${why}`)
  return [...dead, ...said, ...accused, ...(proof.length > 0 ? proof : ['The log proves nobody guilty.'])]
}

// What `keyrite verify` found, in words.

/** What was found, and the script of this very hash that ships with this keyrite: its name and version, or null. */
export interface Verified extends Omit<Verification, 'followed'> {
  readonly shipped: { readonly name: string; readonly version: string } | null
  /** It does not ship, and whoever asks gave its hash. */
  readonly isKnown: boolean
  /** The same of what it follows. */
  readonly followed?: Readonly<Record<string, Omit<Verified, 'findings'>>>
}

/** Looks up a transcript's scripts, by their hashes, among those that ship with keyrite. @param known the hashes of others on which participants agreed */
export const withShipped = (found: Verification, known: readonly string[] = []): Verified => ({ ...lookedUp(found, known), findings: found.findings })

/** Does whoever asks know every script that this was verified by? Any other may have been written to find nothing wrong. */
export const isTrusted = ({ shipped, isKnown, script, followed = {} }: Omit<Verified, 'findings'>): boolean =>
  (script === undefined || shipped !== null || isKnown) && Object.values(followed).every(isTrusted)

/** 0 if it is usable; 5 where it is not right, or nobody here knows its script; else 4. */
export function exitOf(found: Verified): ExitCode {
  if (found.verdict === 'invalid' || !isTrusted(found)) return EXIT.unverified
  return found.verdict === 'usable' ? EXIT.ok : EXIT.aborted
}

function lookedUp({ followed, ...found }: Omit<Verification, 'findings'>, known: readonly string[]): Omit<Verified, 'findings'> {
  const ceremony = found.script === undefined ? undefined : shippedByHash(found.script.hash)?.ceremony
  return {
    ...found,
    shipped: ceremony === undefined ? null : { name: ceremony.name, version: ceremony.version },
    isKnown: found.script !== undefined && known.includes(found.script.hash),
    ...(followed === undefined ? {} : { followed: Object.fromEntries(Object.entries(followed).map(([name, one]) => [name, lookedUp(one, known)])) }),
  }
}

const VERDICTS: Readonly<Record<Verification['verdict'], string>> = {
  usable: 'The ceremony is complete, and its result is confirmed: it may be used, and nothing changes that any more.',
  unconfirmed: 'The success certificate is complete, but its result is not confirmed by all: do not use it. A later transcript may tell that it is.',
  aborted: 'The ceremony was aborted, as far as this transcript goes: do not use anything of it.',
  dead: 'The ceremony can never be usable: whatever comes after, nothing of it counts. To have its result, open it anew.',
  open: 'The ceremony is not finished, as far as this transcript goes. A later transcript tells more.',
  invalid: 'The transcript is not valid.',
}

const onStdout = (style: Parameters<typeof paint>[0], text: string): string => paint(style, text, process.stdout)

/** Line by line what holds, whose script it is, and the verdict. */
export function verdictLines(found: Verified): string[] {
  const { findings, number, rehearsal = false, convicted = [], verdict } = found
  return [
    ...findings.map(findingLine),
    ...followedLines(found),
    ...scriptLines(found),
    ...(number === undefined ? [] : ['', `Ceremony number: ${number}${rehearsal ? '   (a REHEARSAL)' : ''}`]),
    ...convicted.map(({ name, reason }) => `Proven guilty: ${name} (${reason})`),
    ...asOfLines(found),
    '',
    rehearsal && verdict === 'usable' ? 'The ceremony is complete, and its result is confirmed.' : VERDICTS[verdict],
    ...(rehearsal ? [onStdout('yellow', 'It was a REHEARSAL: nothing that it made is for use.')] : []),
  ]
}

/** Up to where this is more than the word of whoever made the file. */
function asOfLines({ asOf, vouched = [] }: Verified): string[] {
  if (asOf === undefined) return []
  const offsets = [...new Set(vouched.map(({ offset }) => offset))].sort((a, b) => b - a).filter((offset) => offset >= 0)
  const [last = -1] = offsets
  return [
    '', `All of this is as of offset ${String(asOf.offset)}, head ${asOf.head}.`,
    ...offsets.map((offset) => `Up to ${String(offset)} ${nameList(vouched.filter((one) => one.offset >= offset).map(({ name }) => name))} signed that this is the log.`),
    ...(last < asOf.offset ? [`Of what comes after ${String(last)}, this file’s maker is the only witness.`] : []),
  ]
}

/** `anna, ben and cleo` */
const nameList = (names: readonly string[]): string => (names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`)

const findingLine = ({ check, holds, detail, line }: Finding): string =>
  `${holds ? onStdout('green', 'ok ') : onStdout('red', 'BAD')}  ${check.padEnd(18)} ${detail}${line === undefined ? '' : ` (line ${String(line)})`}`

/** What was found of a file of signatures, and of the transcript beside it. */
export function signatureLines(found: SignaturesVerification, transcript: Verified | undefined): string[] {
  const { findings, verdict, keyIsProven, number, rehearsal = false, purpose, count = 0 } = found
  return [
    ...findings.map(findingLine),
    ...(transcript === undefined ? [] : [...followedLines(transcript), ...scriptLines(transcript)]),
    ...(number === undefined ? [] : ['', `Ceremony number: ${number}${rehearsal ? '   (a REHEARSAL)' : ''}`]),
    ...(purpose === undefined ? [] : [`Its purpose, as its opener claimed: ${printableLine(purpose)}`]),
    '',
    verdict === 'signed' ? `${count === 1 ? 'The signature is' : `All ${String(count)} signatures are`} good.` : 'The file is not valid.',
    ...(verdict !== 'signed' ? [] : keyIsProven
      ? ['The transcript proves that the key is that of its participants: compare the ceremony number with one of them.']
      : [onStdout('yellow', 'Whose key it is, and what stands here of ceremony and purpose, is only this file’s claim: verify with --transcript to know.')]),
    ...(rehearsal ? [onStdout('yellow', 'It was a REHEARSAL: nothing that it made is for use.')] : []),
  ]
}

/** What a ceremony follows: which, its script, its key. */
function followedLines({ followed = {} }: Verified): string[] {
  return Object.entries(followed).flatMap(([name, one]) => [
    '',
    `It follows ${one.ceremony ?? ''} (${name}), number ${one.number ?? ''}.`,
    ...scriptLines(one).filter((line) => line !== '').map((line) => line.replace('Its script', `The script of ${name}`)),
  ])
}

function scriptLines({ script, shipped, isKnown }: Omit<Verified, 'findings'>): string[] {
  if (script === undefined) return []
  if (isKnown && shipped === null) return ['', `Its script, ${script.name} ${script.version}, is the one whose hash you gave; its own rules were checked.`]
  if (shipped !== null) return ['', `Its script is ${shipped.name} ${shipped.version}, as it ships with this keyrite.`]
  return [
    '',
    ...[
      `WARNING: its script calls itself ${script.name} ${script.version}, but it is none that ships with this keyrite.`,
      'What holds above was checked by that script’s own rules: another file may ask for fewer checks, or for other ones.',
      'So nothing here is good, unless the participants agreed on the very file with this SHA-256. Then verify with:',
      `  --script-hash ${script.hash}`,
    ].map((line) => onStdout('yellow', line)),
  ]
}
