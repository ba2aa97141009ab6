/**
 * A client's own copy of its board's log, and the pin up to which it verified that log. The storage can give the copy
 * again, but not the pin. Each is checked by itself before it is compared with the storage's log, so that a damaged
 * disk accuses nobody.
 *
 * The copy, `log.jsonl`, has an entry a line, its head before its text. It is written as entries come in, and synced
 * before anything that builds on it is posted. So no message of this client ever names as `seen` an entry that a power
 * cut could take from its disk. From a line on that is damaged or was cut off by a crash, the log is read from the
 * storage again. The pin, `pin.json`, is written with each sync.
 */
import { join } from 'node:path'
import { utf8 } from '../../engine/base/bytes.ts'
import { canonical, canonicalBytes, parseCanonical } from '../../engine/base/canonical.ts'
import type { JsonObject } from '../../engine/base/canonical.ts'
import { isKeyriteError } from '../../engine/base/errors.ts'
import type { KeyriteError } from '../../engine/base/errors.ts'
import { append, readIfThere, syncFile, writeDurable } from '../../engine/base/files.ts'
import { sha256Hex } from '../../engine/crypto/hash.ts'
import type { LogStore } from '../../engine/run/feed.ts'
import type { Board } from '../../engine/wire/board.ts'
import { BrokenChain, Chain, EMPTY_LOG, pinOf } from '../../engine/wire/log.ts'
import type { Linked } from '../../engine/wire/log.ts'
import type { Pin } from '../../engine/wire/message.ts'
import { compileCheck, hexSchema, objectSchema } from '../../engine/wire/schema.ts'
import { cliError } from '../errors.ts'

/** The text before the first such character, and the text behind it. */
export function cutAt(text: string, mark: string): readonly [string, string] {
  const at = text.indexOf(mark)
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}

/** An object as one line of JSON, with its SHA-256 in it. */
export const withSum = (value: JsonObject): string => `${canonical({ ...value, sum: sha256Hex(canonicalBytes(value)) })}\n`

/** The object in such a line; undefined where the line was damaged. */
export function fromSum(text: string): JsonObject | undefined {
  try {
    const { sum, ...value } = parseCanonical(text.trimEnd(), 'It') as JsonObject
    return sum === sha256Hex(canonicalBytes(value)) ? value : undefined
  } catch (error) {
    if (!isKeyriteError(error)) throw error
    return undefined
  }
}

export interface ClientLog extends LogStore {
  readonly pinned: () => Promise<Pin>
  /** The last entry that is on this disk. */
  readonly held: () => Promise<Pin>
  /** Resolves when all that was appended before is on disk. @throws file.write-failed, … and always after that */
  readonly sync: () => Promise<void>
}

/** The files of a log. */
export interface LogFile {
  /** The copy's text; undefined where there is none. */
  readonly read: () => Promise<string | undefined>
  /** Writes the whole copy anew; resolves when that is durable. */
  readonly replace: (text: string) => Promise<void>
  readonly append: (text: string) => Promise<void>
  /** Resolves when all that was appended is durable. */
  readonly sync: () => Promise<void>
  readonly readPin: () => Promise<string | undefined>
  /** Resolves when the pin is durable. */
  readonly writePin: (text: string) => Promise<void>
}

const checkPin = compileCheck<JsonObject & Pin>(objectSchema({ offset: { type: 'integer', minimum: -1 }, head: hexSchema(32) }))

/**
 * The log in a client's home.
 *
 * @param keep false to read without writing, beside a running client
 * @param onDamage hears which file is damaged, and at which line
 */
export function clientLog(
  home: string, keep = true, onDamage: (error: KeyriteError<'cli.damaged-copy'>) => void = () => undefined, file: LogFile = logFile(home),
): ClientLog {
  // An earlier run may have appended lines without a sync.
  let isSynced = !keep
  let end: Pin = EMPTY_LOG
  let last = Promise.resolve()
  const syncNow = async (): Promise<void> => {
    if (isSynced) return
    // This is set before the sync: lines that are appended while it runs wait for the next one.
    isSynced = true
    const pin = end
    await file.sync()
    await file.writePin(withSum({ ...pin }))
  }
  const read = async (): Promise<{ readonly entries: readonly Linked[]; readonly pin: Pin }> => {
    const text = await file.read()
    const { entries, whole, damaged } = copyIn(text ?? '')
    if (damaged !== undefined) onDamage(cliError('damaged-copy', { path: join(home, 'log.jsonl'), line: damaged }))
    if (keep && whole !== text) await file.replace(whole)
    end = pinOf(entries.at(-1) ?? EMPTY_LOG)
    const kept = await file.readPin()
    const pin = kept === undefined ? EMPTY_LOG : pinIn(kept)
    // The copy is a chain that was checked. So where it has another head at the pin's offset, the pin is damaged.
    const isGood = pin !== undefined && (pin.offset > end.offset || pin.offset === -1 || entries[pin.offset]?.head === pin.head)
    if (!isGood) onDamage(cliError('damaged-copy', { path: join(home, 'pin.json'), line: 1 }))
    return { entries, pin: isGood && pin.offset > end.offset ? pin : end }
  }
  let loading: ReturnType<typeof read> | undefined
  const loaded = () => (loading ??= read())
  return {
    load: async () => (await loaded()).entries,
    pinned: async () => (await loaded()).pin,
    held: async () => pinOf((await loaded()).entries.at(-1) ?? EMPTY_LOG),
    append: async (entries) => {
      if (!keep) return
      await file.append(entries.map((entry) => `${entry.head} ${entry.text}\n`).join(''))
      end = pinOf(entries.at(-1) ?? end)
      isSynced = false
    },
    // After a failed sync all fail: a second one would succeed and prove nothing, since the system drops what it could
    // not write.
    sync: () => (last = last.then(syncNow)),
  }
}

/**
 * The entries of a copy, up to the first damaged line.
 *
 * @returns the text of those lines, and the number of the damaged one. A last line without its end was cut off by a
 * crash and is not damage
 */
function copyIn(text: string): { readonly entries: readonly Linked[]; readonly whole: string; readonly damaged?: number } {
  const chain = new Chain()
  const entries: Linked[] = []
  let at = 0
  for (let next = text.indexOf('\n'); next !== -1; next = text.indexOf('\n', at)) {
    const [head, message] = cutAt(text.slice(at, next), ' ')
    try {
      entries.push(chain.next({ offset: entries.length, head, text: message }))
    } catch (error) {
      if (!(error instanceof BrokenChain)) throw error
      return { entries, whole: text.slice(0, at), damaged: entries.length + 1 }
    }
    at = next + 1
  }
  return { entries, whole: text.slice(0, at) }
}

function pinIn(text: string): Pin | undefined {
  const value = fromSum(text)
  return value === undefined ? undefined : checkPin(value, 'pin.json')
}

/** The same board, but before it posts, all that the client read of it is on disk. */
export function keptFirst(board: Board, log: Pick<ClientLog, 'sync'>): Board {
  return {
    ...board,
    post: async (text) => {
      await log.sync()
      return await board.post(text)
    },
  }
}

/** The most bytes of the log: this program can hold no longer text. */
const MOST_LOG = 2 ** 29 - 25
const MOST_PIN = 1024

function logFile(home: string): LogFile {
  const [path, pin] = [join(home, 'log.jsonl'), join(home, 'pin.json')]
  const textOf = async (one: string, most: number): Promise<string | undefined> => {
    const bytes = await readIfThere(one, most)
    return bytes === undefined ? undefined : new TextDecoder().decode(bytes)
  }
  return {
    read: () => textOf(path, MOST_LOG),
    replace: (text) => writeDurable(path, utf8(text)),
    append: (text) => append(path, text),
    sync: () => syncFile(path),
    readPin: () => textOf(pin, MOST_PIN),
    writePin: (text) => writeDurable(pin, utf8(text)),
  }
}
