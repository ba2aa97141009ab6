/** Runs one ceremony on a client, and tells its owner how it goes and how it ended. */
import { isKeyriteError } from '../../engine/base/errors.ts'
import { following, pause, until, within } from '../../engine/base/signals.ts'
import { fromHex } from '../../engine/base/bytes.ts'
import { cut } from '../../engine/base/text.ts'
import { ceremonyNumber } from '../../engine/crypto/number.ts'
import type { Script } from '../../engine/machines/ceremony.ts'
import { bringEnd, ClientWork, endToBring, hasBegun } from '../../engine/run/client-work.ts'
import type { ClientPorts, Clock } from '../../engine/run/client-work.ts'
import { runClient } from '../../engine/run/client.ts'
import type { ClientResult } from '../../engine/run/client.ts'
import { unansweredIn } from '../../engine/run/ending.ts'
import { runError } from '../../engine/run/errors.ts'
import type { Ledger } from '../../engine/run/ledger.ts'
import type { Opened } from '../../engine/wire/lobby.ts'
import { clientInParts } from '../../engine/run/parts.ts'
import { abandonStep } from '../../engine/machines/ceremony.ts'
import { signingOf } from '../../engine/run/signatures.ts'
import { standingOf } from '../../engine/run/standing.ts'
import type { Standing } from '../../engine/run/standing.ts'
import { guiltWords, outWords, reasonLines, sentence, STATE_WORDS, stateWords, whyWords } from '../../engine/run/telling.ts'
import { partFile } from '../../engine/vault/vault.ts'
import { verbs } from '../../engine/verbs/implementations.ts'
import { EXIT } from '../errors.ts'
import type { ExitCode } from '../errors.ts'
import { paint } from '../output.ts'
import { askYesNo } from '../prompt.ts'
import { clockTime } from '../../engine/base/time.ts'
import { claimLines, outputLines } from '../screen/ceremony.ts'
import { exchanger, withoutOldRefusals } from './channel.ts'
import type { Channel } from './channel.ts'
import { cardOf, clientPartsPath, textStore } from './client-home.ts'
import { chosen, Ledgers, openedWith, troubleTeller } from './client-session.ts'
import type { ClientSession } from './client-session.ts'
import { RunView } from './run-view.ts'
import { random } from '../random.ts'
import { lastDeadline } from '../../engine/run/conclusions.ts'

// After a ceremony that made nothing, the client shows the airgap that it is over, so that it erases the session
// (protocol §7).

/** Milliseconds for which the end is shown: an airgap that runs answers within a few seconds. */
const SHOWN_FOR = 20_000

/** Shows the airgap what ended the ceremony, and says whether it answered. An airgap that is not there is no error. */
async function closeOnAirgap(
  { feed, home, identity }: ClientSession, ledger: Ledger, exchange: ClientPorts['exchange'], say: (line: string) => void, signal: AbortSignal,
): Promise<void> {
  const request = await endToBring({ feed, store: textStore(home), me: cardOf(identity) }, ledger)
  if (request === undefined) return
  const late = new AbortController()
  const either = following(signal, late.signal)
  say(`Showing the end to your airgap, so that it erases this ceremony’s session (for ${String(SHOWN_FOR / 1000)} s) …`)
  try {
    await within(SHOWN_FOR, () => bringEnd(exchange, ledger, request, either.signal), () => late.abort())
    say('Your airgap has erased it.')
  } catch (error) {
    if (isKeyriteError(error)) say(error.message)
    else if (!either.signal.aborted) throw error
    say(`Your airgap may still hold it. To have it erased, run both again: keyrite client run --ceremony ${ledger.id.slice(0, 12)}`)
  } finally {
    either.release()
  }
}

export interface RunUse {
  readonly session: ClientSession
  readonly channel: Channel
  readonly signal: AbortSignal
  readonly wanted: string | undefined
  /** Packed bytes above which a request crosses in parts; the carrier's own limit by default. */
  readonly inPartsAbove?: number
}

export interface RunEnd {
  readonly lines: readonly string[]
  readonly next: readonly string[]
  readonly exit: ExitCode
  readonly json: Record<string, unknown>
}


export const systemClock: Clock = {
  now: () => Date.now(),
  until: async (time, signal) => {
    for (let left = time - Date.now(); left > 0 && !signal.aborted; left = time - Date.now()) await pause(left, signal)
  },
}

/**
 * Finds the ceremony or waits for its opening, and runs it to its end. @throws cli.ceremony, cli.followed, run.*,
 * board.tampered
 */
export async function runCeremony(use: RunUse): Promise<RunEnd> {
  const { session, signal } = use
  const { screen, page, open } = use.channel
  const me = cardOf(session.identity)
  const ledgers = new Ledgers(session.home, session.feed, session.signal)
  page?.tell({ doing: 'Looking for a ceremony with you in its roster. If there is none yet, it begins here once one is opened.' })
  const opened = await awaitOpening(use, ledgers, me.name)
  const { script, followed } = await ledgers.of(opened)
  for (const line of openedLines(opened, script)) screen.log(line)

  const view = new RunView({ home: session.home, me: me.name, screen, page })
  const carrier = await open({
    inPartsAbove: use.inPartsAbove, part: () => view.part,
    onProgress: (progress) => view.crossing(progress),
  })
  const exchange = clientInParts(exchanger(withoutOldRefusals(carrier, (line) => screen.log(line))), {
    above: carrier.inPartsAbove, store: partFile(clientPartsPath(session.home, opened.id)),
    onPart: (progress) => view.crossesIn(progress),
    onProblem: (problem) => screen.log(`${problem.message} ${problem.todo}`),
  })
  const stop = new AbortController()
  const either = following(signal, stop.signal)
  const onTrouble = troubleTeller((line) => screen.log(line))
  try {
    const run = runClient(
      {
        script, opening: opened.opening, me, signingKey: fromHex(session.secrets.signingSeed, 32),
        board: session.board, feed: session.feed, store: textStore(session.home, onTrouble),
        exchange: (request, asking) => {
          view.asks()
          return exchange(request, asking)
        },
        verbs, random, followed, clock: systemClock,
        offerAbandon: () => offered(use),
        onProgress: ({ step, doing }) => view.at(step, doing),
        onLedger: (ledger, begun) => view.follow(ledger, begun),
        onTrouble,
      },
      either.signal,
    )
    // A log that cannot be believed ends the run. `running` resolves only once the session is closed.
    const result = await Promise.race([run, session.running.then(() => null)])
    if (result === null) throw signal.reason instanceof Error ? signal.reason : new DOMException('stopped', 'AbortError')
    if (result.outcome !== 'aborted' && result.outcome !== 'dead') return endOf(result, view.frames, me.name)
    const ledger = await withAnAbort(session, ledgers, opened, signal)
    await closeOnAirgap(session, ledger, exchange, (line) => screen.log(line), signal)
    return endOf({ ...result, ledger }, view.frames, me.name)
  } finally {
    stop.abort()
    either.release()
    await carrier.close()
    view.close()
  }
}

/** Asks the owner whether to end the doubt, where somebody can be asked. Elsewhere there is `keyrite client abandon`. */
async function offered({ channel: { screen }, signal }: RunUse): Promise<boolean> {
  if (!process.stdin.isTTY) return false
  screen.log('All deadlines are over, and nobody knows whether it succeeds: it is in doubt, and stays so as long as you leave it.')
  return await askYesNo('End the doubt now, by giving the ceremony up for everybody and for good? Your airgap asks you once more.', '`keyrite client abandon`', signal)
}

/** The command that opens it without those whom the log proves guilty, where enough others are left. */
function withoutGuilty(ledger: Ledger, { convicted }: Standing): string[] {
  const guilty = [...new Set(convicted.map(({ name }) => name))]
  const others = ledger.roster.map(({ name }) => name).filter((name) => !guilty.includes(name))
  const { name, participants } = ledger.ceremony
  if (guilty.length === 0 || participants === undefined || others.length < participants.min) return []
  return [`Without ${guilty.join(', ')}: keyrite client open ${name} --roster ${others.join(',')}, with its other parameters`]
}

/** Milliseconds to wait for this client's last message to come back in the log. */
const COMES_BACK = 10_000

/** An aborted ceremony, read once its log has an Abort, which may be this client's own. */
async function withAnAbort({ feed }: ClientSession, ledgers: Ledgers, opened: Opened, signal: AbortSignal): Promise<Ledger> {
  const end = Date.now() + COMES_BACK
  for (;;) {
    const ledger = await ledgers.of(opened)
    if (ledger.aborts.length > 0 || signal.aborted || Date.now() > end) return ledger
    const before = feed.pin.offset
    await until(() => feed.pin.offset !== before, { every: 50, ms: end - Date.now(), signal })
  }
}

/** The ceremony to run: the wanted one, the only one that is not over, or the next that opens. */
async function awaitOpening({ session, channel: { screen }, signal, wanted }: RunUse, ledgers: Ledgers, name: string): Promise<Opened> {
  let told = false
  const refused = troubleTeller((line) => screen.log(line))
  for (;;) {
    const all = openedWith(session.feed, name)
    if (wanted !== undefined && all.length > 0) return chosen(all, wanted)
    const live: Opened[] = []
    for (const one of all) if (await isLive(session.home, ledgers, one, name, refused)) live.push(one)
    if (live.length > 0) return chosen(live, undefined)
    const last = all.at(-1)
    if (last !== undefined && wanted === undefined && !told) screen.log(`The last ceremony with you in its roster, ${last.id.slice(0, 12)}, is over.`)
    if (!told) screen.log('Waiting for a ceremony to be opened with you in its roster …')
    told = true
    const before = session.feed.pin.offset
    await Promise.race([until(() => session.feed.pin.offset !== before, { every: 200, signal }), session.running])
    if (signal.aborted) throw new DOMException('stopped', 'AbortError')
  }
}

/**
 * Whether there is still something to do in a ceremony. One whose script is not here counts, so that its owner hears of
 * it. A refused one does not, so that nobody's bad opening stands in the way; its owner hears why.
 */
async function isLive(home: string, ledgers: Ledgers, opened: Opened, me: string, refused: (error: Error) => void): Promise<boolean> {
  try {
    const ledger = await ledgers.of(opened)
    const { isOver, duty } = standingOf(ledger, Date.now(), { name: me, hasBegun: await hasBegun(textStore(home), ledger) })
    return !isOver || duty !== null
  } catch (error) {
    if (!isKeyriteError(error)) throw error
    if (isKeyriteError(error, 'run.unknown-script')) return true
    refused(new Error(`The ceremony ${opened.id.slice(0, 12)} is left out. ${error.message}`))
    return false
  }
}

function openedLines({ id, opening, by }: Opened, { ceremony }: Script): string[] {
  return [
    paint('bold', `${ceremony.name} ${ceremony.version}: ${ceremony.title}`),
    ...(opening.rehearsal ? [paint('yellow', 'This is a REHEARSAL.')] : []),
    ...claimLines(ceremony, opening),
    `opened by ${by} at ${clockTime(Date.parse(opening.opensAt))} with ${opening.roster.map((card) => card.name).join(', ')}`,
    `ceremony ${cut(id, 12)}, number ${ceremonyNumber(id)}`,
  ]
}

function endOf({ outcome, ledger, trouble, fault }: ClientResult, frames: { readonly in: number; readonly out: number }, me: string): RunEnd {
  const standing = standingOf(ledger, Date.now(), { name: me, hasBegun: outcome === 'doubtful' })
  const { state, awaited, convicted } = standing
  const json = {
    ceremony: ledger.id, outcome, frames, outputs: ledger.outputs ?? null,
    aborts: ledger.aborts.map(({ from, payload }) => ({ from, ...payload })),
    convicted: convicted.map(({ name, reason }) => ({ name, reason })), unanswered: unansweredIn(ledger),
    fault, trouble,
  }
  if (outcome === 'stopped') {
    return { lines: [`Stopped: ${trouble?.what ?? 'unknown'}`], next: [trouble?.todo ?? ''], exit: EXIT.refused, json }
  }
  if (outcome === 'usable') {
    const rehearsal = ledger.opening.rehearsal ? [paint('yellow', 'It was a REHEARSAL: nothing that it made is for use.', process.stdout)] : []
    const id = ledger.id.slice(0, 12)
    return {
      lines: [paint('green', 'The ceremony is complete.', process.stdout), ...rehearsal, ...reasonLines(standing), ...outputLines(ledger)],
      next: [
        ...(signingOf(ledger) !== undefined ? [`keyrite client signatures ${id}    writes messages and signatures`] : []),
        `keyrite client export ${id}    writes what anyone can verify`,
        ...(signingOf(ledger) === undefined ? ['keyrite airgap backup    on the airgap, once it has shown its last answer: the share is there alone'] : []),
      ],
      exit: EXIT.ok, json,
    }
  }
  if (outcome === 'unconfirmed') {
    const why = whyWords(standing)
    return {
      lines: [STATE_WORDS.unconfirmed.words, why ?? `Missing: ${awaited.join(', ')}`],
      next: [why === null ? 'Ask those who are missing to run their client and airgap; then run this again.' : 'It never will be: open another ceremony, by a script that fits.'],
      exit: EXIT.aborted, json,
    }
  }
  if (outcome === 'aborted' && state === 'left') {
    return {
      lines: [sentence(stateWords(standing)), ...standing.out.map(outWords), guiltWords(standing)],
      next: [`keyrite client status ${ledger.id.slice(0, 12)}    shows how it goes on`], exit: EXIT.aborted, json,
    }
  }
  // This client's own Abort may not have come back in the log yet.
  const own = fault === null || ledger.aborts.some(({ from }) => from === me) ? [] : [`You aborted (${fault.reason}): ${fault.why}`]
  const id = ledger.id.slice(0, 12)
  return {
    lines: [state === 'aborted' ? 'The ceremony was aborted.' : sentence(stateWords(standing)), ...own, ...reasonLines(standing)],
    next: [
      ...(outcome === 'doubtful' ? [`keyrite client abandon ${id}    ends the doubt, for everybody and for good`] : []),
      `When the cause is clear, one of you: keyrite client open --again ${id}`,
      ...withoutGuilty(ledger, standing),
    ],
    exit: EXIT.aborted, json,
  }
}

// Gives up for good a ceremony in doubt, so that everybody knows that it never succeeds (protocol §5.7).

/**
 * The reason why a ceremony cannot be given up now; null if it can. @param begun true if its client began to post its
 * part of the certificate
 */
export function abandonProblem(ledger: Ledger, me: string, now: number, begun = false): string | null {
  if (ledger.hasAbandoned(me)) return null
  if (ledger.dead !== null) return `it can never be usable anyway: ${ledger.dead.why}`
  if (ledger.certified) return 'its success certificate is complete: run the client and the airgap to confirm it'
  if (!begun && !ledger.isBound(me)) return 'your part of its success is not stated, so there is no doubt: abort it instead'
  if (abandonStep(ledger.ceremony) === undefined) return 'its script has no step by which it could be given up'
  const last = lastDeadline(ledger)
  return now < last ? `it may still succeed until ${clockTime(last)}` : null
}

/** Refuses before anything is shown to an airgap. @throws run.closed where it cannot be given up */
export async function refuseAbandon({ home, identity }: Pick<ClientSession, 'home' | 'identity'>, ledger: Ledger): Promise<void> {
  const why = abandonProblem(ledger, identity.name, Date.now(), await hasBegun(textStore(home), ledger))
  if (why !== null) throw runError('closed', { ceremony: ledger.id, why })
}

/** @throws airgap.refused where the airgap's owner says no */
export async function abandonOn({ board, feed, home, identity, secrets }: ClientSession, ledger: Ledger, exchange: ClientPorts['exchange'], signal: AbortSignal): Promise<void> {
  const me = cardOf(identity)
  const work = new ClientWork({
    script: ledger.script, opening: ledger.opening, me, signingKey: fromHex(secrets.signingSeed, 32), board, feed, store: textStore(home), exchange, verbs,
    random, clock: { now: () => Date.now(), until: () => Promise.resolve() },
  }, ledger)
  await work.abandon(signal)
}
