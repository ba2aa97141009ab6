/**
 * `keyrite verify`: checks a transcript offline, as any stranger may, and says line by line what holds. It runs the
 * very fold that the clients ran, over the same messages.
 */
import { sha256Hex } from '../crypto/bytes.ts'
import { ceremonyNumber } from '../crypto/number.ts'
import { expandMessages, messagesHash } from '../messages/batch.ts'
import { loadScript } from '../script/load.ts'
import type { Library } from '../script/load.ts'
import type { Script } from '../script/model.ts'
import type { Random, Verbs } from '../verbs/runtime.ts'
import { utf8 } from '../wire/canonical.ts'
import type { Json, JsonObject } from '../wire/canonical.ts'
import { isKeyriteError } from '../wire/error.ts'
import { verifyMessage } from '../wire/message.ts'
import type { Fault } from './abort.ts'
import { Ledger } from './ledger.ts'
import { runError } from './errors.ts'
import { checkOpening } from './opening.ts'
import { readTranscript } from './transcript.ts'
import type { Transcript, TranscriptPart } from './transcript.ts'

/** One thing that was checked. */
export interface Finding {
  readonly check: string
  readonly holds: boolean
  /** What was found, in words; of a failure, where. */
  readonly detail: string
  /** The transcript's line, from 1, where one line is to blame. */
  readonly line?: number
}

export type Verdict =
  /** Succeeded, and every step after the certificate is complete too. */
  | 'usable'
  /** Succeeded; proofs are missing. */
  | 'unconfirmed'
  | 'aborted'
  | 'unfinished'
  /** The transcript itself is not what it claims to be. */
  | 'invalid'

export interface Verification {
  readonly verdict: Verdict
  readonly findings: readonly Finding[]
  readonly ceremony?: string
  readonly number?: string
  readonly script?: { readonly name: string; readonly version: string; readonly hash: string }
  readonly participants?: readonly string[]
  readonly parameters?: JsonObject
  readonly rehearsal?: boolean
  readonly outputs?: JsonObject
  /** Whom the transcript proves guilty, and of what. */
  readonly convicted?: readonly { readonly name: string; readonly reason: string }[]
  /** What the ceremony follows, by the script's local name. */
  readonly followed?: Readonly<Record<string, Omit<Verification, 'findings'>>>
}

type Result = Omit<Verification, 'findings'>

export interface VerifyOptions {
  readonly library: Library
  readonly verbs: Verbs
  readonly random: Random
}

/** Verifies a transcript's text. Never throws for what it holds. */
export function verifyTranscript(text: string, options: VerifyOptions): Verification {
  const findings: Finding[] = []
  try {
    const transcript = readTranscript(text)
    findings.push({
      check: 'log', holds: true,
      detail: `${transcript.heads.length} entries, every head from the first to the last; last head ${transcript.heads.at(-1) ?? ''}`,
    })
    const { result } = verifyPart(transcript, transcript, options, (finding) => findings.push(finding))
    return { ...result, findings }
  } catch (error) {
    if (!isKeyriteError(error)) throw error
    const { line } = error.facts
    findings.push({ check: 'transcript', holds: false, detail: error.message, ...(typeof line === 'number' ? { line } : {}) })
    return { verdict: 'invalid', findings }
  }
}

/** One of the ceremonies in a transcript, after those that it follows, whose findings come first and bear their names. */
function verifyPart(part: TranscriptPart, transcript: Transcript, options: VerifyOptions, say: (finding: Finding) => void): { readonly ledger: Ledger; readonly result: Result } {
  const before = Object.entries(part.followed).map(([name, one]) =>
    [name, verifyPart(one, transcript, options, (finding) => say({ ...finding, check: `${name}: ${finding.check}` }))] as const)
  const scripts = before.map(([, { ledger }]) => ledger.script)
  const library: Library = (name) => scripts.find(({ ceremony }) => ceremony.name === name)?.ceremony ?? options.library(name)
  const script = readScript(part, { ...options, library })
  const [wanted, brought] = [Object.keys(script.ceremony.follows), Object.keys(part.followed)]
  const missing = wanted.find((name) => !brought.includes(name))
  if (missing !== undefined) throw runError('transcript', { line: 1, why: `the script of ${missing}, which the ceremony follows, is not in it` })
  if (brought.length > wanted.length) throw runError('transcript', { line: 1, why: 'it has the script of a ceremony that it does not follow' })
  say({ check: 'script', holds: true, detail: `${script.ceremony.name} ${script.ceremony.version}, SHA-256 ${script.hash}` })
  const followed = Object.fromEntries(before.map(([name, { ledger }]) => [name, ledger]))
  checkOpening(part.opening, script, undefined, (id) => Object.values(followed).find((one) => one.id === id && one.finished))
  checkOpener(part, transcript)
  say({ check: 'opening', holds: true, detail: `by ${part.openedBy}, with ${part.opening.roster.length} participants: ${names(part).join(', ')}` })
  const { verbs, random } = options
  const headAt = (offset: number) => (offset === -1 ? '0'.repeat(64) : transcript.heads[offset])
  const ledger = new Ledger({ script, opening: part.opening, verbs, random, headAt, followed })
  const result = readLedger(ledger, transcript, say)
  return { ledger, result: before.length === 0 ? result : { ...result, followed: Object.fromEntries(before.map(([name, one]) => [name, one.result])) } }
}

const names = ({ opening }: TranscriptPart): readonly string[] => opening.roster.map((card) => card.name)

function readScript(transcript: TranscriptPart, { library }: VerifyOptions): Script {
  const { script, diagnostics } = loadScript(transcript.scriptSource, { file: 'the script', library })
  const hash = sha256Hex(utf8(transcript.scriptSource))
  if (hash !== transcript.opening.script.hash) throw runError('transcript', { line: 1, why: `its script is another file: SHA-256 ${hash}` })
  if (script !== undefined) return script
  const [first] = diagnostics
  throw runError('transcript', { line: 1, why: `its script is not valid: ${first?.message ?? 'unknown'}` })
}

/** The Opening must bear its opener's signature, by the card in the very roster that it opens. */
function checkOpener({ opening, openedBy, openingMessage, openingOffset }: TranscriptPart, { lineOf }: Transcript): void {
  const card = opening.roster.find((one) => one.name === openedBy)
  if (card === undefined || !verifyMessage(openingMessage, card.signingKey)) {
    throw runError('transcript', { line: lineOf(openingOffset), why: `the opening is not signed by ${openedBy}, a participant of it` })
  }
}

function readLedger(ledger: Ledger, transcript: Transcript, say: (finding: Finding) => void): Result {
  const { script, opening } = ledger
  for (const finding of messageFindings(ledger)) say(finding)
  for (const post of transcript.posts) {
    const before = ledger.faults.length
    const step = ledger.current
    ledger.accept(post)
    for (const fault of ledger.faults.slice(before)) say(faultFinding(fault, transcript))
    for (const done of script.ceremony.steps.slice(step, ledger.current)) {
      say({ check: done.name, holds: true, detail: stepDetail(ledger, done.name) })
    }
  }
  const current = script.ceremony.steps[ledger.current]
  if (current !== undefined) {
    say({ check: current.name, holds: false, detail: `not complete; missing: ${ledger.missing(current.index).join(', ') || 'nobody, but its check failed'}` })
  }
  for (const abort of ledger.aborts) {
    const { reason, accused, evidence } = abort.payload
    const counts = !ledger.certified ? '' : ledger.isOut(abort.from) ? ' — enough others took part' : ' — after the success certificate, so it does not count'
    say({
      check: 'abort', holds: ledger.certified, line: transcript.lineOf(abort.offset),
      detail: `${abort.from} aborted (${reason}${accused === null ? '' : `, naming ${accused}`}): ${evidence.why}${counts}`,
    })
  }
  if (ledger.certified) say({ check: 'certificate', holds: true, detail: `${script.ceremony.certificate} is complete: nobody can undo this success` })
  for (const [name, value] of Object.entries(ledger.outputs ?? {})) say({ check: `output ${name}`, holds: true, detail: outputDetail(value) })
  return {
    verdict: verdictOf(ledger), ceremony: ledger.id, number: ceremonyNumber(ledger.id),
    script: { name: script.ceremony.name, version: script.ceremony.version, hash: script.hash },
    participants: opening.roster.map((card) => card.name), parameters: opening.parameters, rehearsal: opening.rehearsal,
    ...(ledger.outputs === undefined ? {} : { outputs: ledger.outputs }),
    convicted: ledger.faults.flatMap(({ convicts, accused, reason }) => (convicts && accused !== null ? [{ name: accused, reason }] : [])),
  }
}

/** What an opening wants signed: how many, and H(JCS(messages)) of all, as every airgap showed it. */
function messageFindings({ ceremony, opening }: Ledger): readonly Finding[] {
  return Object.entries(ceremony.parameters).flatMap(([name, type]) => {
    const items = opening.parameters[name]
    if (type !== '[message]' || !Array.isArray(items)) return []
    const messages = expandMessages(items as readonly Json[])
    return [{ check: name, holds: true, detail: `${messages.length} to be signed, SHA-256 of all ${messagesHash(messages)}` }]
  })
}

/** Longer lists are told by their length. */
const MOST_OUTPUT = 2000

function outputDetail(value: Json | undefined): string {
  const json = JSON.stringify(value ?? null)
  return Array.isArray(value) && json.length > MOST_OUTPUT ? `${value.length} of them` : json
}

function verdictOf(ledger: Ledger): Verdict {
  if (ledger.finished) return 'usable'
  if (ledger.certified) return 'unconfirmed'
  return ledger.ending === null ? 'unfinished' : 'aborted'
}

function faultFinding({ reason, step, accused, why, convicts, offsets }: Fault, transcript: Transcript): Finding {
  const [offset] = offsets
  const guilt = convicts ? ` This proves ${accused ?? 'somebody'} guilty.` : ' This proves nobody guilty.'
  return {
    check: `${step ?? 'log'}: ${reason}`, holds: false, detail: `${why}.${guilt}`,
    ...(offset === undefined ? {} : { line: transcript.lineOf(offset) }),
  }
}

function stepDetail(ledger: Ledger, name: string): string {
  const step = ledger.ceremony.steps.find((one) => one.name === name)
  const spec = step === undefined ? undefined : ledger.ceremony.messages[step.sends]
  const n = ledger.roster.length
  const isPartial = step !== undefined && step.collect.kind !== 'all'
  const count = isPartial ? ledger.sources.statements(step.sends).length : spec?.to === 'others' ? n * (n - 1) : n
  const agreed = step !== undefined && step.agree.length > 0 ? `, all equal in ${step.agree.join(' and ')}` : ''
  const checked = step?.check === undefined ? '' : `, each checked by ${step.check.verb}`
  return `${count} ${step?.sends ?? ''}, every signature and view right${checked}${agreed}`
}
