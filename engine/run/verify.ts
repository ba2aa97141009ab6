/**
 * `keyrite verify`: checks a transcript offline, as any stranger may, and says line by line what holds. It runs the very
 * fold that the clients ran, over the same messages.
 */
import { isKeyriteError } from '../base/errors.ts'
import { sha256Hex } from '../crypto/hash.ts'
import { ceremonyNumber } from '../crypto/number.ts'
import type { Script } from '../machines/ceremony.ts'
import { expandMessages, messagesHash } from '../messages/batch.ts'
import { loadScript } from '../script/load.ts'
import type { Library } from '../script/load.ts'
import type { Random, Verbs } from '../verbs/runtime.ts'
import type { Fault } from '../wire/abort.ts'
import { utf8 } from '../base/bytes.ts'
import type { Json, JsonObject } from '../base/canonical.ts'
import { listed } from '../base/words.ts'
import { convictedIn, unansweredIn, unansweredWords } from './ending.ts'
import type { Conviction, Unanswered } from './ending.ts'
import type { LogEnding } from './disputes.ts'
import { fileFinding, runError } from './errors.ts'
import { Ledger } from './ledger.ts'
import { checkOpening } from './opening.ts'
import { headIn, readInto, readTranscript, refuseHidden } from './transcript.ts'
import type { Transcript, TranscriptPart, TranscriptSource } from './transcript.ts'

/** One thing that was checked. */
export interface Finding {
  readonly check: string
  readonly holds: boolean
  /** The finding in words; of a failure, with its place. */
  readonly detail: string
  /** The transcript's line, from 1, where one line is to blame. */
  readonly line?: number
}

/** The ending of the log as of its last entry; `invalid`: the transcript itself is not what it claims to be. */
export type Verdict = LogEnding | 'invalid'

/** A participant who signed to have seen the log up to an offset: so far it is more than its maker's word. */
export interface Vouched {
  readonly name: string
  /** -1 where it signed none. */
  readonly offset: number
}

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
  /** The last entry that the transcript has. It cannot tell what came after that. */
  readonly asOf?: { readonly offset: number; readonly head: string }
  readonly vouched?: readonly Vouched[]
  /** The accused without an answer in the log: neither guilty nor cleared. */
  readonly unanswered?: readonly Unanswered[]
  /** The participants whom the transcript proves guilty, and of what. */
  readonly convicted?: readonly Pick<Conviction, 'name' | 'reason'>[]
  /** The ceremonies that it follows, by the script's local name. */
  readonly followed?: Readonly<Record<string, Omit<Verification, 'findings'>>>
}

type Result = Omit<Verification, 'findings'>

export interface VerifyOptions {
  readonly library: Library
  readonly verbs: Verbs
  readonly random: Random
}

/** Verifies a transcript. Never throws for what it holds. */
export function verifyTranscript(source: TranscriptSource, options: VerifyOptions): Verification {
  const findings: Finding[] = []
  try {
    const transcript = readTranscript(source)
    const { offset, head } = transcript.chain.pin
    findings.push({
      check: 'log', holds: true,
      detail: `${offset + 1} entries, every head from the first to the last; last head ${head}`,
    })
    const { result, ledgers } = verifyPart(transcript, transcript, options, (finding) => findings.push(finding))
    refuseHidden(transcript, ledgers)
    return { ...result, findings }
  } catch (error) {
    if (!isKeyriteError(error)) throw error
    const line = isKeyriteError(error, 'run.transcript') ? { line: error.facts.line } : {}
    findings.push({ check: 'transcript', holds: false, detail: fileFinding(error), ...line })
    return { verdict: 'invalid', findings }
  }
}

/** Verifies one ceremony of a transcript, after those that it follows, whose findings come first and bear their names. */
function verifyPart(part: TranscriptPart, transcript: Transcript, options: VerifyOptions, say: (finding: Finding) => void): { readonly ledger: Ledger; readonly ledgers: readonly Ledger[]; readonly result: Result } {
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
  checkOpening(part.opening, script, undefined, (id) => Object.values(followed).find((one) => one.id === id && one.usable))
  say({ check: 'opening', holds: true, detail: `by ${part.openedBy}, with ${part.opening.roster.length} participants: ${names(part).join(', ')}` })
  const { verbs, random } = options
  const ledger = new Ledger({ script, opening: part.opening, verbs, random, headAt: headIn(transcript), followed })
  const result = readLedger(ledger, transcript, say)
  const ledgers = [ledger, ...before.flatMap(([, one]) => one.ledgers)]
  return { ledger, ledgers, result: before.length === 0 ? result : { ...result, followed: Object.fromEntries(before.map(([name, one]) => [name, one.result])) } }
}

const names = ({ opening }: TranscriptPart): readonly string[] => opening.roster.map((card) => card.name)

function readScript(transcript: TranscriptPart, { library }: VerifyOptions): Script {
  // First, since nobody needs to parse what is not what the participants signed for.
  const hash = sha256Hex(utf8(transcript.scriptSource))
  if (hash !== transcript.opening.script.hash) throw runError('transcript', { line: 1, why: `its script is another file: SHA-256 ${hash}` })
  const { script, diagnostics } = loadScript(transcript.scriptSource, { file: 'the script', library })
  if (script !== undefined) return script
  const [first] = diagnostics
  throw runError('transcript', { line: 1, why: `its script is not valid: ${first?.message ?? 'unknown'}` })
}

function readLedger(ledger: Ledger, transcript: Transcript, say: (finding: Finding) => void): Result {
  const { script, opening } = ledger
  for (const finding of messageFindings(ledger)) say(finding)
  let [found, step] = [0, 0]
  readInto(ledger, transcript, () => {
    for (const fault of ledger.faults.slice(found)) say(faultFinding(fault, transcript, ledger))
    for (const done of script.ceremony.steps.slice(step, ledger.current)) {
      say({ check: done.name, holds: true, detail: stepDetail(ledger, done.name) })
    }
    ;[found, step] = [ledger.faults.length, ledger.current]
  })
  const current = script.ceremony.steps[ledger.current]
  if (current !== undefined) {
    say({ check: current.name, holds: false, detail: `not complete; missing: ${ledger.missing(current.index).join(', ') || 'nobody, but its check failed'}` })
  }
  for (const abort of ledger.aborts) {
    const { reason, accused, evidence } = abort.payload
    const counts = !ledger.certified ? '' : ledger.isOut(abort.from) ? ' — enough others took part' : ' — the success certificate is complete, so it does not count'
    say({
      check: 'abort', holds: ledger.certified, line: transcript.lineOf(abort.offset),
      detail: `${abort.from} aborted (${reason}${accused === null ? '' : `, naming ${accused}`}): ${evidence.why}${counts}`,
    })
  }
  const unanswered = unansweredIn(ledger)
  for (const one of unanswered) say({ check: 'dispute', holds: false, detail: unansweredWords(one) })
  if (ledger.dead !== null) say({ check: 'end', holds: false, line: transcript.lineOf(ledger.dead.offset), detail: `${ledger.dead.why}: it can never be usable` })
  if (ledger.certified) say({ check: 'certificate', holds: true, detail: `${script.ceremony.certificate} is complete: no Abort and no deadline counts any more` })
  for (const [name, value] of Object.entries(ledger.outputs ?? {})) say({ check: `output ${name}`, holds: true, detail: outputDetail(value) })
  return {
    verdict: ledger.end, ceremony: ledger.id, number: ceremonyNumber(ledger.id),
    script: { name: script.ceremony.name, version: script.ceremony.version, hash: script.hash },
    participants: opening.roster.map((card) => card.name), parameters: opening.parameters, rehearsal: opening.rehearsal,
    asOf: transcript.chain.pin,
    vouched: opening.roster.map(({ name }) => ({ name, offset: ledger.vouched.get(name) ?? -1 })), unanswered,
    ...(ledger.outputs === undefined ? {} : { outputs: ledger.outputs }),
    convicted: convictedIn(ledger).map(({ name, reason }) => ({ name, reason })),
  }
}

/** The findings on the messages that an opening wants signed: their number, and the hash of all, as every airgap showed it. */
function messageFindings({ ceremony, opening }: Ledger): readonly Finding[] {
  return Object.entries(ceremony.parameters).flatMap(([name, type]) => {
    const items = opening.parameters[name]
    if (type !== '[message]' || !Array.isArray(items)) return []
    const messages = expandMessages(items as readonly Json[])
    return [{ check: name, holds: true, detail: `${messages.length} to be signed, SHA-256 of all ${messagesHash(messages)}` }]
  })
}

/** The most characters of a list that is written out; a longer one is told by its length. */
const MOST_OUTPUT = 2000

function outputDetail(value: Json | undefined): string {
  const json = JSON.stringify(value ?? null)
  return Array.isArray(value) && json.length > MOST_OUTPUT ? `${value.length} of them` : json
}

function faultFinding({ reason, step, accused, why, convicts, offsets }: Fault, transcript: Transcript, ledger: Ledger): Finding {
  const [offset] = offsets
  const last = offsets.at(-1)
  const after = ledger.usableAt !== null && last !== undefined && last > ledger.usableAt ? ' It stands after the success, which it does not change.' : ''
  const guilt = convicts ? ` This proves ${accused ?? 'somebody'} guilty.` : ' This proves nobody guilty.'
  return {
    check: `${step ?? 'log'}: ${reason}`, holds: false, detail: `${why}.${guilt}${after}`,
    ...(offset === undefined ? {} : { line: transcript.lineOf(offset) }),
  }
}

function stepDetail(ledger: Ledger, name: string): string {
  const step = ledger.ceremony.steps.find((one) => one.name === name)
  const isPartial = step !== undefined && step.collect.kind !== 'all'
  const count = isPartial ? ledger.sources.statements(step.sends).length : ledger.roster.length
  const agreed = step !== undefined && step.agree.length > 0 ? `, all equal in ${listed(step.agree)}` : ''
  const checked = step?.check === undefined ? '' : `, each checked by ${step.check.verb}`
  return `${count} ${step?.sends ?? ''}, every signature and view right${checked}${agreed}`
}
