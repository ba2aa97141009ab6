/** An unlocked client on its board, for the commands ready, open, run, abort and abandon. */
import { isKeyriteError } from '../../engine/base/errors.ts'
import type { Code } from '../../engine/base/errors.ts'
import { following, pause, until } from '../../engine/base/signals.ts'
import { printableLine } from '../../engine/base/text.ts'
import { fromHex, HEX_DIGIT } from '../../engine/base/bytes.ts'
import { ceremonyNumber } from '../../engine/crypto/number.ts'
import type { Script } from '../../engine/machines/ceremony.ts'
import { hasBegun } from '../../engine/run/client-work.ts'
import { unansweredIn } from '../../engine/run/ending.ts'
import { noScript } from '../../engine/run/errors.ts'
import { Feed } from '../../engine/run/feed.ts'
import { withheldWords } from '../../engine/run/following.ts'
import { Ledger } from '../../engine/run/ledger.ts'
import { openedIn } from '../../engine/wire/lobby.ts'
import type { Opened } from '../../engine/wire/lobby.ts'
import { checkOpening, followedIds } from '../../engine/run/opening.ts'
import { standingOf } from '../../engine/run/standing.ts'
import type { Standing } from '../../engine/run/standing.ts'
import { reasonLines, stateWords } from '../../engine/run/telling.ts'
import { lockFolder } from '../../engine/base/lock.ts'
import { verbs } from '../../engine/verbs/implementations.ts'
import { tampered } from '../../engine/wire/board.ts'
import type { Board } from '../../engine/wire/board.ts'
import { canonical } from '../../engine/base/canonical.ts'
import type { JsonObject } from '../../engine/base/canonical.ts'
import type { Opening } from '../../engine/wire/card.ts'
import { Chain, holding } from '../../engine/wire/log.ts'
import { signMessage } from '../../engine/wire/message.ts'
import type { Pin, Statement } from '../../engine/wire/message.ts'
import { signObject } from '../../engine/wire/sign.ts'
import { connectBoard } from '../../storage/client.ts'
import { cliError } from '../errors.ts'
import { screenWidth, withProgress } from '../output.ts'
import { askPassphrase } from '../prompt.ts'
import { clockTime } from '../../engine/base/time.ts'
import { claimLines, outputLines, progressTable, waitingLines } from '../screen/ceremony.ts'
import { random } from '../random.ts'
import { clientLog, keptFirst } from './client-log.ts'
import { attachmentFiles, cardOf, clientCrlfScript, clientScript, readClient, textStore, unlockClient } from './client-home.ts'
import type { ClientSecrets, Identity } from './client-home.ts'

// A client's way to its board: the log, followed and verified, and its content.

export interface BoardSession {
  readonly board: Board
  readonly feed: Feed
  /** The last entry that an earlier run of this client verified. */
  readonly pinned: Promise<Pin>
  /** The last entry of its log that is on this disk. */
  readonly held: Promise<Pin>
  /** Rejects when the log cannot be believed or stored; resolves when the session is closed. */
  readonly running: Promise<void>
  /** Aborts when the session is closed, and with the command. Nothing waits for the storage any longer then. */
  readonly signal: AbortSignal
  readonly close: () => Promise<void>
}

export interface BoardUse {
  readonly home: string
  readonly identity: Identity
  /** Absent for commands that only read. */
  readonly secrets?: ClientSecrets
  readonly signal: AbortSignal
  readonly onTrouble?: (error: Error) => void
}

/** Follows the board's log from the last entry on this disk. */
export function openBoard({ home, identity, secrets, signal, onTrouble }: BoardUse): BoardSession {
  const remote = connectBoard({
    url: identity.board,
    ...(secrets === undefined || secrets.joinToken === null ? {} : { token: secrets.joinToken }),
    ...(secrets === undefined
      ? {}
      : { credentials: { name: identity.name, sign: (label, object) => signObject(fromHex(secrets.signingSeed, 32), label, object) } }),
  })
  const closing = new AbortController()
  const store = clientLog(home, secrets !== undefined, (error) => onTrouble?.(error))
  const board = keptFirst(remote, store)
  const [pinned, held] = [store.pinned(), store.held()]
  for (const one of [pinned, held]) one.catch(() => undefined)
  const feed = new Feed({ board, store, attachments: attachmentFiles(home, secrets !== undefined), ...(onTrouble === undefined ? {} : { onTrouble }) })
  const either = following(closing.signal, signal).signal
  const running = feed.run(either)
  // A failure is heard by whoever waits for `running`. Until then it must not end the process.
  running.catch(() => undefined)
  return {
    board, feed, running, signal: either,
    pinned, held,
    close: async () => {
      closing.abort()
      await running.catch(() => undefined)
    },
  }
}

const TRY_AGAIN = 2000

/**
 * Waits until the whole log, as it is now, was read.
 *
 * @param isPatient waits for a storage that cannot be reached; the session's `onTrouble` tells of it
 * @throws board.tampered; board.unreachable unless it is patient
 */
export async function caughtUp({ board, feed, pinned, running }: BoardSession, signal: AbortSignal, isPatient = false): Promise<void> {
  const asking = async (): Promise<Pin> => {
    for (;;) {
      try {
        return await board.head()
      } catch (error) {
        if (!isPatient || signal.aborted || !isKeyriteError(error, 'board.unreachable')) throw error
        await Promise.race([pause(TRY_AGAIN, signal), running])
      }
    }
  }
  const pin = await pinned
  const head = await asking()
  // The head is checked before the feed looks for attachments, which a storage that went back may not have any more.
  holding(() => new Chain(pin).end(head), tampered)
  await Promise.race([until(() => feed.pin.offset >= head.offset, { every: 20, signal }), running])
}

/** A ceremony's id, or its first digits. */
const ID_BEGINS = new RegExp(`^${HEX_DIGIT}{1,64}$`)

/**
 * The ceremony that a command means: the one whose id begins so, or the only one.
 *
 * @throws cli.ceremony
 */
export function chosen(opened: readonly Opened[], wanted: string | undefined): Opened {
  const fitting = wanted === undefined ? opened : opened.filter((one) => one.id.startsWith(wanted.toLowerCase()))
  const [only, second] = fitting
  if (only === undefined) {
    throw cliError('ceremony', { why: wanted === undefined ? 'none was opened with you in its roster' : `none here has an id that begins with ${wanted}` })
  }
  if (second !== undefined) {
    throw cliError('ceremony', { why: `it is not clear which is meant, there are ${fitting.length}: ${fitting.map((one) => one.id.slice(0, 12)).join(', ')}` })
  }
  return only
}

/**
 * The ceremonies that a reading command may mean, in the log's order. With an id they are all of the board, which is
 * public. Without one they are this participant's, under another client's name too where the airgap is the same.
 */
export function readableCeremonies({ all }: Feed, { name, airgap }: Identity, wanted: string | undefined): readonly Opened[] {
  return openedIn(all).filter(({ opening }) => wanted !== undefined || opening.roster.some((card) => card.name === name || card.airgapKey === airgap?.airgapKey))
}

/** The ceremonies in which this client takes part, in the log's order. */
export const openedWith = (feed: Feed, name: string): readonly Opened[] =>
  openedIn(feed.all).filter((one) => one.opening.roster.some((card) => card.name === name))

export interface ClientSession extends BoardSession {
  readonly home: string
  readonly identity: Identity
  readonly secrets: ClientSecrets
}

export interface SessionUse {
  /** The value of `--passphrase-file`. */
  readonly file: string | undefined
  readonly signal: AbortSignal
  /** Hears of trouble with the storage. */
  readonly say: (line: string) => void
  /** Waits for a storage that cannot be reached, and says so. */
  readonly isPatient?: boolean
  /** A join token other than the one with which the client was made. */
  readonly joinToken?: string
}

/**
 * Unlocks this home's paired client, whose lock it holds, and reads its board's log to the end. @throws cli.no-client,
 * cli.not-paired, lock.*, vault.*, board.*
 */
export async function unlockedClient({ file, signal, say, isPatient = false, joinToken }: SessionUse): Promise<ClientSession> {
  const { home, identity } = await readClient()
  cardOf(identity)
  const lock = await lockFolder(home)
  try {
    const passphrase = await askPassphrase({ of: `the client of ${identity.name}`, file, signal })
    const kept = await withProgress('Unlocking', () => unlockClient(home, passphrase))
    const secrets = joinToken === undefined ? kept : { ...kept, joinToken }
    // A session that does not wait tells of it once, by the error.
    const onTrouble = isPatient ? troubleTeller(say) : () => undefined
    const session = openBoard({ home, identity, secrets, signal, onTrouble })
    try {
      await caughtUp(session, signal, isPatient)
    } catch (error) {
      await session.close()
      throw error
    }
    return {
      ...session, home, identity, secrets,
      close: async () => {
        await session.close()
        await lock.release()
      },
    }
  } catch (error) {
    await lock.release()
    throw error
  }
}

/** Milliseconds after which the same trouble is told again. */
const TELL_AGAIN = 60_000

/** Tells each trouble once, and again after a while. */
export function troubleTeller(say: (line: string) => void, now: () => number = Date.now): (error: Error) => void {
  const told = new Map<string, number>()
  return (error) => {
    const text = `${error.message}${isKeyriteError(error) ? ` ${error.todo}` : ''}`
    if (now() - (told.get(text) ?? -Infinity) < TELL_AGAIN) return
    told.set(text, now())
    say(text)
  }
}

/** Signs and posts a message that needs no airgap: Ready, Opening, or an Abort of a ceremony. */
export async function postSigned(
  { board, feed, identity, secrets }: ClientSession, type: string, payload: JsonObject,
  place: Pick<Statement, 'ceremony' | 'step' | 'view'> = { ceremony: null, step: null, view: null },
): Promise<Pin> {
  const statement: Statement = { ...place, type, from: identity.name, payload }
  return await board.post(canonical(signMessage(fromHex(secrets.signingSeed, 32), { statement, seen: feed.pin })))
}

// The ceremonies of a board as its log tells them, each with the finished ones that it follows.

/** The ceremonies that an opening follows, by the script's local names. */
export type FollowedLedgers = Readonly<Record<string, Ledger>>

/** The ceremonies of one feed. Each is read once, and from then on only its new entries. */
export class Ledgers {
  private readonly home: string
  private readonly feed: Feed
  private readonly known = new Map<string, { readonly ledger: Ledger; read: number }>()
  private readonly signal: AbortSignal | undefined
  private readonly gone: Error | undefined

  /**
   * @param home the client's home, where scripts that do not ship are stored
   * @param signal stops a reading that takes long
   * @param gone the reason why the storage cannot be reached. An attachment that is not on disk is then not waited for,
   * and this is thrown
   */
  constructor(home: string, feed: Feed, signal?: AbortSignal, gone?: Error) {
    this.home = home
    this.feed = feed
    this.signal = signal
    this.gone = gone
  }

  /**
   * A ceremony as the log tells it up to now.
   *
   * @throws run.unknown-script, run.opening, cli.followed, and the reason `gone` where an attachment is not on disk
   */
  async of({ opening, id }: Opened): Promise<Ledger> {
    const known = this.known.get(id) ?? { ledger: await this.begin(opening), read: 0 }
    this.known.set(id, known)
    const { all } = this.feed
    for (const posted of all.slice(known.read)) void known.ledger.follow(posted, (hash, signal, onMissing) => this.feed.attachment(hash, this.gone === undefined ? signal : AbortSignal.abort(this.gone), onMissing), this.signal)
    known.read = all.length
    await known.ledger.settled()
    return known.ledger
  }

  /**
   * The finished ceremonies that an opening follows.
   *
   * @throws cli.followed where one is not here, or not finished
   */
  async followed({ ceremony }: Script, opening: Opening): Promise<FollowedLedgers> {
    const found: [string, Ledger][] = []
    for (const [name, id] of Object.entries(followedIds(ceremony, opening))) found.push([name, await this.finished(name, id)])
    return Object.fromEntries(found)
  }

  /**
   * The finished ceremony whose id begins so.
   *
   * @param name the script's name for it
   * @throws cli.followed
   */
  async finished(name: string, wanted: string): Promise<Ledger> {
    const refuse = (why: string, todo?: string) => cliError('followed', { name, wanted: wanted.slice(0, 80), why, ...(todo === undefined ? {} : { todo }) })
    const given = wanted.toLowerCase()
    if (!ID_BEGINS.test(given)) throw refuse('a ceremony’s id has 64 digits of hex, of which the first ones will do')
    const fitting = openedIn(this.feed.all).filter(({ id }) => id.startsWith(given))
    const [one, ...more] = fitting
    if (one === undefined) throw refuse('no ceremony on this board has an id that begins so')
    if (more.length > 0) throw refuse(`several ids begin so: ${fitting.map(({ id }) => id.slice(0, 12)).join(', ')}`)
    const ledger = await this.of(one)
    if (ledger.usable) return ledger
    const standing = standingOf(ledger, Date.now())
    const { awaited } = standing
    const todo = ledger.certified && awaited.length > 0 ? `Do not use this key yet. Missing: ${awaited.join(', ')}; they run their client and airgap to the end.` : undefined
    throw refuse(`that ceremony is not usable: ${stateWords(standing)}${standing.why === null ? '' : `: ${standing.why}`}`, todo)
  }

  private async begin(opening: Opening): Promise<Ledger> {
    const script = await clientScript(this.home, opening.script.hash)
    if (script === undefined) throw noScript(opening.script, await clientCrlfScript(this.home, opening.script.hash))
    const followed = await this.followed(script, opening)
    checkOpening(opening, script, undefined, (id) => Object.values(followed).find((one) => one.id === id))
    return new Ledger({ script, opening, verbs, random, followed, headAt: (offset) => this.feed.headAt(offset) })
  }
}

// One ceremony's state, read from the log.

export interface Status {
  readonly id: string
  /** Null where the ceremony cannot be read. */
  readonly standing: Standing | null
  readonly lines: readonly string[]
  readonly json: Record<string, unknown>
}

const timeOf = (time: number): string => new Date(time).toISOString()

/** The states of ceremonies that cannot be read for a reason other than their openings. */
const UNREADABLE: Readonly<Partial<Record<Code, string>>> = { 'run.unknown-script': 'unknown-script', 'board.unreachable': 'unreachable' }

/** The status of a ceremony. One that cannot be read, for want of its script or of a ceremony that it follows, says why. */
export async function statusOf(home: string, identity: Identity, ledgers: Ledgers, opened: Opened): Promise<Status> {
  const { id, opening } = opened
  const ledger = await ledgers.of(opened).catch((error: unknown) => {
    if (!isKeyriteError(error)) throw error
    return error
  })
  if (isKeyriteError(ledger)) {
    const state = UNREADABLE[ledger.code] ?? 'refused'
    const number = ceremonyNumber(id)
    return { id, standing: null, lines: [...headLines(opened, number), `state   cannot be read: ${ledger.message}`], json: { ceremony: id, number, state, why: ledger.message } }
  }
  // The participant may have taken part under another client's name: the airgap is the same.
  const me = opening.roster.find(({ airgapKey }) => airgapKey === identity.airgap?.airgapKey)?.name ?? identity.name
  const standing = standingOf(ledger, Date.now(), { name: me, hasBegun: await hasBegun(textStore(home), ledger) })
  const step = standing.steps[standing.current]
  const kept = step === undefined ? undefined : await textStore(home).get(`${id}/since-${step.name}`)
  return statusIn(opened, ceremonyNumber(id), ledger, standing, kept === undefined ? undefined : Number(kept))
}

const headLines = ({ id, opening: { script, rehearsal, opensAt }, by }: Opened, number: string): readonly string[] => [
  `${script.name} ${printableLine(script.version)}${rehearsal ? ' (REHEARSAL)' : ''}, opened by ${by} at ${clockTime(Date.parse(opensAt))}`,
  `id      ${id}`,
  `number  ${number}`,
]

/** A standing as lines and as JSON. @param since the time since when the step is the current one, as this client saw it */
export function statusIn(opened: Opened, number: string, ledger: Ledger, standing: Standing, since?: number): Status {
  const { id, opening, by } = opened
  const { state, steps, current, rows, awaited, needed, until, why, duty, convicted, withheld } = standing
  const step = steps[current]
  const [waiting, reasons] = [waitingLines(standing, since), reasonLines(standing)]
  return {
    id, standing,
    lines: [
      ...headLines(opened, number),
      ...claimLines(ledger.ceremony, opening),
      `state   ${stateWords(standing)}`,
      ...(withheld === null ? [] : [`        ${withheldWords(withheld.hash, withheld.asOf)}`]),
      '',
      ...progressTable(standing, screenWidth(process.stdout)),
      ...(waiting.length === 0 ? [] : ['', ...waiting]),
      ...(reasons.length === 0 ? [] : ['', ...reasons]),
      ...outputLines(ledger),
    ],
    json: {
      ceremony: id, number, script: opening.script, state, rehearsal: opening.rehearsal, openedBy: by, opensAt: opening.opensAt,
      parameters: opening.parameters, roster: opening.roster.map((card) => card.name),
      steps: steps.map((one) => one.name), rows: rows.map(({ name, cells }) => ({ name, cells })), awaited, needed, why,
      ...(step === undefined || until === null
        ? {}
        : { step: step.name, deadline: timeOf(until), since: since === undefined ? null : timeOf(since) }),
      duty: duty === null ? null : timeOf(duty),
      outputs: ledger.outputs ?? null,
      aborts: ledger.aborts.map(({ from, payload }) => ({ from, ...payload })),
      convicted, unanswered: unansweredIn(ledger), withheld: withheld?.hash ?? null,
    },
  }
}
