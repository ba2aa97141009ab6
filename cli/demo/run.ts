/**
 * The demo: a real ceremony on this machine. A storage, and a client and an airgap for each participant, are each an
 * ordinary `keyrite` command in a process and a home of its own. Only folders of QR images lie between them.
 */
import { randomBytes } from 'node:crypto'
import { watch } from 'node:fs'
import type { FSWatcher } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { isKeyriteError } from '../../engine/base/errors.ts'
import type { Script } from '../../engine/machines/ceremony.ts'
import { Feed } from '../../engine/run/feed.ts'
import { Ledger } from '../../engine/run/ledger.ts'
import type { LedgerOptions } from '../../engine/run/ledger.ts'
import { standingOf } from '../../engine/run/standing.ts'
import { readShipped } from '../../engine/script/load.ts'
import { makeFolders, whyNot } from '../../engine/base/files.ts'
import { verbs } from '../../engine/verbs/implementations.ts'
import type { Opening } from '../../engine/wire/card.ts'
import { connectBoard } from '../../storage/client.ts'
import { cliError } from '../errors.ts'
import { duration } from '../../engine/base/time.ts'
import { until } from '../../engine/base/signals.ts'
import { paint, screenWidth } from '../output.ts'
import type { Live } from '../output.ts'
import { progressTable } from '../screen/ceremony.ts'
import { random } from '../random.ts'
import { inParallel, Processes } from './processes.ts'

// Counts the QR images that appear in the channels' folders.

/** Milliseconds between two looks at a folder that cannot be watched. */
const LOOK_EVERY = 500

class FrameCounter {
  total = 0
  private readonly seen = new Set<string>()
  private readonly watchers: FSWatcher[] = []
  private readonly timers: NodeJS.Timeout[] = []

  /** Makes a channel's folders and begins to count in them. */
  async follow(channel: string): Promise<void> {
    for (const side of ['from-client', 'from-airgap']) {
      const folder = join(channel, side)
      await mkdir(folder, { recursive: true })
      const look = () => void this.look(folder)
      try {
        this.watchers.push(watch(folder, { persistent: false }, look).on('error', () => undefined))
      } catch {
        this.timers.push(setInterval(look, LOOK_EVERY))
      }
    }
  }

  /** Counts a transfer's images once: it appears whole. */
  private async look(folder: string): Promise<void> {
    const shown: readonly string[] = await readdir(folder).catch(() => [])
    for (const transfer of shown.filter((name) => !name.startsWith('.'))) {
      const path = join(folder, transfer)
      if (this.seen.has(path)) continue
      this.seen.add(path)
      const images: readonly string[] = await readdir(path).catch(() => [])
      this.total += images.length
    }
  }

  stop(): void {
    for (const watcher of this.watchers) watcher.close()
    for (const timer of this.timers) clearInterval(timer)
  }
}

const NAMES = [
  'alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'grace', 'heidi', 'ivan', 'judy', 'kevin', 'laura', 'mallory', 'niaj',
  'olivia', 'peggy', 'quentin', 'rupert', 'sybil', 'trent', 'ursula', 'victor', 'walter', 'xena', 'yves', 'zoe',
] as const

/** Names for n participants. */
export function demoNames(n: number): readonly string[] {
  return Array.from({ length: n }, (_, i) => {
    const name = NAMES[i % NAMES.length] ?? 'anon'
    return i < NAMES.length ? name : `${name}-${String(Math.floor(i / NAMES.length) + 1)}`
  })
}

export interface DemoUse {
  readonly participants: number
  readonly threshold: number
  /** A folder in which everything is kept; undefined keeps nothing. */
  readonly keep: string | undefined
  readonly program: readonly string[]
  readonly screen: Live
  readonly signal: AbortSignal
  /** Hears of the result while the storage still runs; the storage stops when this resolves. */
  readonly watch: ((result: DemoResult, board: string) => Promise<void>) | undefined
}

export interface DemoResult {
  readonly ceremony: string
  readonly number: string
  readonly participants: number
  readonly threshold: number
  readonly groupKey: string
  readonly birth: string
  readonly verdict: string
  readonly transcript: string
  readonly signing: DemoSigning
  /** QR frames that were rendered to images. */
  readonly frames: number
  readonly seconds: number
  readonly folder: string | null
}

/** The first signing with the new key, by as many participants as it takes. */
export interface DemoSigning {
  readonly ceremony: string
  readonly number: string
  readonly signers: readonly string[]
  readonly messages: number
  /** The paths of the signatures and the transcript. */
  readonly signatures: string
  readonly transcript: string
  /** True where every signature is good and the transcript proves whose key it is. */
  readonly isProven: boolean
}

/** The number of processes that start at once. */
const AT_ONCE = 3

/** The demo's passphrases are 128 random bits: no work makes them harder to guess. */
const WORK_FACTOR = '10'

interface Person {
  readonly name: string
  readonly home: string
  readonly channel: string
}

/** Runs the demo to its end. Whatever happens, no process is left and, unless the folder is kept, no secret. */
export async function runDemo(use: DemoUse): Promise<DemoResult> {
  const began = Date.now()
  const folder = use.keep === undefined ? await mkdtemp(join(tmpdir(), 'keyrite-demo-')) : await emptyFolder(resolve(use.keep))
  const logs = new Map<string, string[]>()
  const processes = new Processes(use.program, (home, line) => logs.set(home, [...(logs.get(home) ?? []), line]))
  const stop = () => void processes.stopAll()
  use.signal.addEventListener('abort', stop)
  const people = demoNames(use.participants).map((name): Person => ({ name, home: join(folder, name), channel: join(folder, name, 'qr') }))
  const counter = new FrameCounter()
  try {
    const board = await startStorage(processes, folder)
    use.screen.log(`Watch it in a browser${use.watch === undefined ? ' (--watch keeps it open after the end)' : ''}: ${board}`)
    await setUp(use, processes, folder, board, people, counter, began)
    const opened = await open(processes, people, ['dkg', '--set', `threshold=${String(use.threshold)}`])
    use.screen.log(`${people[0]?.name ?? ''} opened the ceremony; this number on every screen says that it is the same for all:`)
    use.screen.log(`  ${paint('bold', opened.number)}`)
    const running: Running = { use, processes, board, counter, began }
    const key = await ceremony(running, people, readShipped('dkg'), opened)
    const signed = await sign(running, people.slice(0, use.threshold), key)
    const transcript = join(folder, 'dkg.transcript')
    const verify = async (): Promise<Readonly<Record<string, unknown>>> => {
      await processes.json(people[0]?.home ?? '', ['client', 'export', opened.ceremony, '--output', transcript])
      return await processes.json(folder, ['verify', transcript])
    }
    const [verified, signing] = await Promise.all([verify(), verifySigning(running, signed, folder)])
    const outputs = (verified['outputs'] ?? {}) as Record<string, unknown>
    const result: DemoResult = {
      ceremony: opened.ceremony, number: opened.number, participants: use.participants, threshold: use.threshold,
      groupKey: String(outputs['groupKey']), birth: String(outputs['birth']), verdict: String(verified['verdict']), transcript, signing,
      frames: counter.total, seconds: (Date.now() - began) / 1000, folder: use.keep === undefined ? null : folder,
    }
    await use.watch?.(result, board)
    return result
  } catch (error) {
    // Ctrl-C reaches the processes too, and they fail first; the interruption is the error to tell.
    use.signal.throwIfAborted()
    throw error
  } finally {
    use.signal.removeEventListener('abort', stop)
    counter.stop()
    await processes.stopAll()
    if (use.keep === undefined) await removeHomes(folder, people)
    else await writeLogs(folder, logs)
  }
}

/** @throws cli.demo-folder */
async function emptyFolder(path: string): Promise<string> {
  const problem = (why: string, cause?: unknown) => cliError('demo-folder', { path, why }, cause)
  try {
    await makeFolders(path, { mode: 0o700 })
    if ((await readdir(path)).length > 0) throw problem('it is not empty')
    return path
  } catch (error) {
    throw isKeyriteError(error) ? error : problem(whyNot('make', error), error)
  }
}

async function startStorage(processes: Processes, folder: string): Promise<string> {
  await writeSecret(join(folder, 'join-token'))
  const storage = processes.start(folder, [
    'storage', 'serve', '--listen', '127.0.0.1:0', '--data', join(folder, 'storage'), '--board', 'demo',
    '--join-token-file', join(folder, 'join-token'), '--json',
  ])
  storage.ended.catch(() => undefined)
  const { url } = JSON.parse(await storage.firstLine) as { readonly url: string }
  return `${url}/boards/demo`
}

async function writeSecret(path: string): Promise<void> {
  await writeFile(path, `${randomBytes(16).toString('hex')}\n`, { mode: 0o600 })
}

/** Makes and pairs every participant's two machines, and posts that they are ready. */
async function setUp(
  { screen, signal }: DemoUse, processes: Processes, folder: string, board: string, people: readonly Person[], counter: FrameCounter, began: number,
): Promise<void> {
  let done = 0
  const show = () => screen.show(['', `Making ${String(2 * people.length)} machines: ${String(done)} of ${String(people.length)} pairs ready (${duration(Date.now() - began)})`])
  show()
  const timer = setInterval(show, 500)
  await inParallel(people, AT_ONCE, async ({ name, home, channel }) => {
    signal.throwIfAborted()
    await mkdir(home, { recursive: true, mode: 0o700 })
    await counter.follow(channel)
    const secret = join(home, 'passphrase')
    await writeSecret(secret)
    const passphrase = ['--passphrase-file', secret]
    const made = [...passphrase, '--work-factor', WORK_FACTOR]
    const via = ['--channel', `folder:${channel}`]
    await processes.json(home, ['client', 'init', '--name', name, '--board', board, '--join-token-file', join(folder, 'join-token'), ...made])
    await processes.json(home, ['airgap', 'init', '--mnemonic-file', join(home, 'mnemonic'), ...made])
    await Promise.all([
      processes.json(home, ['airgap', 'card', '--accept-name', name, ...passphrase, ...via]),
      processes.json(home, ['client', 'pair', ...via]),
    ])
    await processes.json(home, ['client', 'ready', 'dkg', ...passphrase])
    done += 1
    show()
  }, () => void processes.stopAll()).finally(() => clearInterval(timer))
}

interface OpenedDemo {
  readonly ceremony: string
  readonly number: string
  readonly opening: Opening
}

async function open(processes: Processes, [opener]: readonly Person[], what: readonly string[]): Promise<OpenedDemo> {
  const home = opener?.home ?? ''
  const opened: unknown = await processes.json(home, ['client', 'open', ...what, '--passphrase-file', join(home, 'passphrase')])
  return opened as OpenedDemo
}

interface SignedDemo extends OpenedDemo {
  readonly signers: readonly Person[]
  readonly messages: number
}

/** Signs with the new key, by as many participants as it takes. */
async function sign(running: Running, signers: readonly Person[], key: Ledger): Promise<SignedDemo> {
  const { use: { screen, participants }, processes } = running
  const names = signers.map(({ name }) => name)
  const file = join(signers[0]?.home ?? '', 'messages.json')
  const messages = [
    { kind: 'text', text: `Signed by ${names.join(', ')}: ${String(signers.length)} of ${String(participants)} who share this key.` },
    { kind: 'text', text: 'Nobody ever held it whole, and nobody did to sign this.' },
  ]
  await writeFile(file, JSON.stringify(messages))
  const opened = await open(processes, signers, ['sign', '--set', `key=${key.id}`, '--messages', file, '--purpose', 'To show that the new key signs'])
  screen.log(`${names[0] ?? ''} opened a signing of ${String(messages.length)} messages under the new key, with a number of its own:`)
  screen.log(`  ${paint('bold', opened.number)}`)
  await ceremony(running, signers, readShipped('sign'), opened, { key })
  return { ...opened, signers, messages: messages.length }
}

/** Writes signatures and transcript to files, and verifies them as anyone can. */
async function verifySigning({ processes }: Running, { ceremony: id, number, signers, messages }: SignedDemo, folder: string): Promise<DemoSigning> {
  const [home, signatures, transcript] = [signers[0]?.home ?? '', join(folder, 'signatures.json'), join(folder, 'sign.transcript')]
  await Promise.all([
    processes.json(home, ['client', 'signatures', id, '--output', signatures]),
    processes.json(home, ['client', 'export', id, '--output', transcript]),
  ])
  const { verdict, keyIsProven } = await processes.json(folder, ['verify', signatures, '--transcript', transcript])
  return {
    ceremony: id, number, signers: signers.map(({ name }) => name), messages, signatures, transcript,
    isProven: verdict === 'signed' && keyIsProven === true,
  }
}

/** The things that every part of a demo uses. */
interface Running {
  readonly use: DemoUse
  readonly processes: Processes
  readonly board: string
  readonly counter: FrameCounter
  readonly began: number
}

/**
 * Runs one ceremony: two long-lived processes for each of these people, and nobody touches anything. Gives the ledger
 * as anyone reads it on the board.
 */
async function ceremony(
  { use, processes, board, counter, began }: Running, people: readonly Person[], script: Script, opened: OpenedDemo, followed: Readonly<Record<string, Ledger>> = {},
): Promise<Ledger> {
  const watching = new AbortController()
  const watched = watchBoard(board, { script, opening: opened.opening, followed }, watching.signal, () => draw())
  const draw = () => use.screen.show([
    '', `${String(counter.total)} QR frames crossed; ${duration(Date.now() - began)}`,
    '', ...progressTable(standingOf(watched.ledger, Date.now()), screenWidth()),
  ])
  const timer = setInterval(draw, 500)
  const ends: Promise<string>[] = []
  try {
    await inParallel(people.flatMap((person) => [{ person, role: 'airgap' }, { person, role: 'client' }]), AT_ONCE, async ({ person: { home, channel }, role }) => {
      const common = ['--passphrase-file', join(home, 'passphrase'), '--channel', `folder:${channel}`, '--json']
      const args = role === 'airgap' ? ['airgap', 'run', '--accept', opened.number, '--until-finished'] : ['client', 'run', '--ceremony', opened.ceremony]
      const started = processes.start(home, [...args, ...common])
      started.ended.catch(() => undefined)
      ends.push(started.ended)
      await started.speaks
    }, () => void processes.stopAll())
    await Promise.all(ends)
    await watched.toEnd(use.signal)
    draw()
    return watched.ledger
  } finally {
    clearInterval(timer)
    watching.abort()
  }
}

interface Watched {
  readonly ledger: Ledger
  /** Resolves when all entries that the board has by now are read. */
  readonly toEnd: (signal: AbortSignal) => Promise<void>
}

/** Follows a ceremony as anyone may who reads the board. */
function watchBoard(url: string, of: Pick<LedgerOptions, 'script' | 'opening' | 'followed'>, signal: AbortSignal, changed: () => void): Watched {
  const board = connectBoard({ url })
  const feed = new Feed({ board, store: { load: () => Promise.resolve([]), append: () => Promise.resolve() } })
  const ledger = new Ledger({ ...of, verbs, random, headAt: (offset) => feed.headAt(offset) })
  feed.listen((posted) => {
    ledger.follow(posted, (hash, reading, onMissing) => feed.attachment(hash, reading, onMissing), signal).then(changed, () => undefined)
  })
  const running = feed.run(signal)
  running.catch(() => undefined)
  return {
    ledger,
    toEnd: async (stop) => {
      const { offset } = await board.head()
      await Promise.race([until(() => feed.pin.offset >= offset, { every: 20, signal: stop }), running])
      await ledger.settled()
    },
  }
}

async function removeHomes(folder: string, people: readonly Person[]): Promise<void> {
  for (const name of ['storage', 'join-token', ...people.map((person) => person.name)]) await rm(join(folder, name), { recursive: true, force: true })
  const left = await readdir(folder)
  if (left.length === 0) await rm(folder, { recursive: true, force: true })
}

async function writeLogs(folder: string, logs: ReadonlyMap<string, readonly string[]>): Promise<void> {
  await mkdir(join(folder, 'logs'), { recursive: true })
  for (const [home, lines] of logs) {
    const name = home === folder ? 'storage' : home.slice(folder.length + 1)
    await writeFile(join(folder, 'logs', `${name}.log`), `${lines.join('\n')}\n`)
  }
}
