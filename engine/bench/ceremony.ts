/**
 * The cost of a DKG for one participant: of its airgap and channel, step by step (CPU, bytes and QR frames across), and of its client
 * (messages, bytes and CPU of reading the log).
 *
 *   node --import=tsx engine/bench/ceremony.ts [5/3 11/6 64/43 …]
 *
 * Every participant is simulated with the real roles. The requests to one airgap are then replayed to an airgap in a process of its
 * own, as a real one is: with cold code, and nothing decoded, verified or imported before. The log is read in such a process too.
 */
import { fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { openEnvelope } from '../channel/envelope.ts'
import { pack } from '../channel/payload.ts'
import { makeSending } from '../channel/transfer.ts'
import { fromHex, toHex, utf8 } from '../base/bytes.ts'
import { createAirgap } from '../run/airgap.ts'
import type { Airgap } from '../run/airgap.ts'
import { Ledger } from '../run/ledger.ts'
import type { AirgapMemory } from '../run/memory.ts'
import { readShipped } from '../script/load.ts'
import { seededRandom, simulate } from '../simulate/simulate.ts'
import type { MemberKeys } from '../simulate/simulate.ts'
import { verbs } from '../verbs/implementations.ts'
import type { Entry } from '../wire/log.ts'
import type { Opening } from '../wire/card.ts'
import { EMPTY_HEAD } from '../wire/log.ts'
import { parseMessage } from '../wire/message.ts'
import { heading, median, print } from './report.ts'

/** One request as it crossed, its answer, and the airgap's memory before it. */
interface Crossing {
  readonly request: string
  readonly answer: string
  readonly memory: AirgapMemory
}

/** A ceremony's log, with its attachments in hex. */
interface Log {
  readonly opening: Opening
  readonly entries: readonly Entry[]
  readonly attachments: Readonly<Record<string, string>>
}

const FRAGMENT = 400
const PROCESSES = 3

/** Runs a ceremony in memory, and records its log and all that crossed to its last participant's airgap. */
async function record(n: number, threshold: number) {
  const crossings: Crossing[] = []
  const recorded = (airgap: Airgap, { memory }: MemberKeys) => async (request: string): Promise<string> => {
    const before = memory.read()
    const answer = await airgap.handle(request)
    crossings.push({ request, answer, memory: before })
    return answer
  }
  const names = Array.from({ length: n }, (_, i) => `p${String(i + 1).padStart(2, '0')}`)
  const began = performance.now()
  const { user: before } = process.cpuUsage()
  const { results, opening, board } = await simulate({
    script: readShipped('dkg'), names, parameters: { threshold }, verbs, random: seededRandom(`${String(n)}/${String(threshold)}`),
    tamper: { [names.at(-1) ?? '']: { exchange: recorded } }, idle: 60_000,
  })
  const outcome = results.get(names[0] ?? '')?.outcome ?? 'none'
  const log: Log = { opening, entries: board.entries.map(({ offset, head, text }) => ({ offset, head, text })), attachments: Object.fromEntries([...board.attachments].map(([hash, bytes]) => [hash, toHex(bytes)])) }
  return { crossings, log, outcome, seconds: (performance.now() - began) / 1000, cpuSeconds: (process.cpuUsage().user - before) / 1e6 }
}

/** Does the work in a process that does nothing else. @returns its CPU milliseconds */
async function inProcess(work: 'replay' | 'read', given: readonly Crossing[] | Log): Promise<readonly number[]> {
  const child = fork(fileURLToPath(import.meta.url), [work])
  child.send(given)
  const [times] = (await once(child, 'message')) as [readonly number[]]
  return times
}

/** Reads a log to its end, as every client does. @returns the CPU milliseconds */
function read({ opening, entries, attachments }: Log): readonly number[] {
  const before = process.cpuUsage()
  const posts = entries.map(({ offset, text }) => {
    const message = parseMessage(text)
    const hex = attachments[message.attachment ?? '']
    return { offset, message, ...(hex === undefined ? {} : { attachment: fromHex(hex) }) }
  })
  const headAt = (offset: number) => (offset === -1 ? EMPTY_HEAD : entries[offset]?.head)
  const ledger = new Ledger({ script: readShipped('dkg'), opening, verbs, random: (length) => Uint8Array.from(randomBytes(length)), headAt })
  for (const post of posts) ledger.accept(post)
  const { user, system } = process.cpuUsage(before)
  if (!ledger.usable) throw new Error('the reader ended another way')
  return [(user + system) / 1000]
}

/** Replays the requests. @returns the CPU milliseconds of each */
async function replay(crossings: readonly Crossing[]): Promise<readonly number[]> {
  const script = readShipped('dkg')
  let memory: AirgapMemory | undefined
  const airgap = createAirgap({
    memory: {
      read: () => memory ?? crossings[0]?.memory ?? never(),
      update: (change) => {
        memory = change(memory ?? never())
        return Promise.resolve()
      },
    },
    confirm: () => Promise.resolve(true), script: () => script, verbs,
    random: (length) => Uint8Array.from(randomBytes(length)), now: () => new Date(),
  })
  const times: number[] = []
  for (const crossing of crossings) {
    // The memory is the recorded one, so that the other airgaps' statements fit the session.
    memory = crossing.memory
    const before = process.cpuUsage()
    const answer = await airgap.handle(crossing.request)
    const { user, system } = process.cpuUsage(before)
    if (answer.length !== crossing.answer.length) throw new Error('the replay went another way')
    times.push((user + system) / 1000)
  }
  return times
}

function never(): never {
  throw new TypeError('nothing crossed')
}

const framesOf = (text: string) => [pack(text).length, makeSending(text, { fragment: FRAGMENT }).partCount] as const

async function bench(size: string): Promise<void> {
  const [n = 5, threshold = 3] = size.split('/').map(Number)
  const { crossings, log, outcome, seconds, cpuSeconds } = await record(n, threshold)
  const runs: (readonly number[])[] = []
  const reads: number[] = []
  for (let i = 0; i < PROCESSES; i++) {
    runs.push(await inProcess('replay', crossings))
    reads.push(...(await inProcess('read', log)))
  }
  const rows = crossings.map(({ request, answer }, i) =>
    [openEnvelope(request).step ?? '', Math.round(median(runs.map((run) => run[i] ?? NaN))), ...framesOf(request), ...framesOf(answer)] as const)
  const all = [1, 2, 3, 4, 5].map((column) => rows.reduce((sum, row) => sum + Number(row[column]), 0))
  print(
    `${size}: ${outcome}; simulated in ${seconds.toFixed(1)} s, ${cpuSeconds.toFixed(1)} s of CPU (${String(n)} clients and airgaps in one process)`,
    ['', 'airgap, CPU ms', 'request, bytes', 'frames', 'answer, bytes', 'frames'], [...rows, ['all', ...all]],
  )
  print(`${size}: one client`, ['', 'messages', 'bytes', 'reading, CPU ms'], [['the log, with its attachments', log.entries.length, bytesOf(log), Math.round(median(reads))]])
}

const bytesOf = ({ entries, attachments }: Log): number =>
  entries.reduce((sum, { text }) => sum + utf8(text).length, 0) + Object.values(attachments).reduce((sum, hex) => sum + hex.length / 2, 0)

const [mode, ...more] = process.argv.slice(2)
if (mode === 'replay') {
  const [crossings] = (await once(process, 'message')) as [readonly Crossing[]]
  process.send?.(await replay(crossings), () => process.exit(0))
} else if (mode === 'read') {
  const [log] = (await once(process, 'message')) as [Log]
  process.send?.(read(log), () => process.exit(0))
} else {
  heading(`A key generation, for one airgap and one client, each in a process of its own (median of ${String(PROCESSES)}), frames of ${String(FRAGMENT)} bytes`)
  for (const size of mode === undefined ? ['5/3', '11/6', '64/43'] : [mode, ...more]) await bench(size)
  process.exit(0)
}
