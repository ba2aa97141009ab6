/**
 * Logs as the real `Ledger` reads them, each kept once: two logs after which every reader concludes the same, whatever follows, are one.
 * Signatures are taken to be good; everything else is the fold that clients and auditors run.
 */
import { Ledger } from '../../run/ledger.ts'
import type { Post } from '../../run/reading.ts'
import { EMPTY_HEAD, EMPTY_LOG } from '../../wire/log.ts'
import { slotOf } from '../../wire/message.ts'
import type { Message, Statement } from '../../wire/message.ts'
import type { Stripped } from './stripped.ts'

/** One of the logs that are told apart. */
export interface Log {
  readonly index: number
  readonly ledger: Ledger
  /** The entries of one of the logs that it stands for, by number. */
  readonly entries: readonly number[]
  /** The same as a set. */
  readonly has: ReadonlySet<number>
  readonly next: Map<number, Log>
}

/** A message that may stand in a log, by its number. */
export interface Entry {
  readonly index: number
  readonly message: Message
}

export class Fold {
  readonly empty: Log
  private readonly options: Stripped
  private readonly logs = new Map<string, Log>()
  private readonly entries: Entry[] = []
  private readonly numbers = new Map<string, Entry>()

  constructor(options: Stripped) {
    this.options = options
    this.empty = this.keep([])
  }

  /** The number of logs that are told apart. */
  get size(): number {
    return this.logs.size
  }

  entry(index: number): Entry {
    const found = this.entries[index]
    if (found === undefined) throw new TypeError(`no entry ${index}`)
    return found
  }

  /** The entry with this statement; the same number for the same one. */
  number(statement: Statement, isAirgaps: boolean): number {
    const { type, from, step, view, payload } = statement
    const key = [type, from, step, view, ...Object.values(payload).map(String)].join(' ')
    const known = this.numbers.get(key)
    if (known !== undefined) return known.index
    const message: Message = { statement, seen: EMPTY_LOG, signature: '', ...(isAirgaps ? { airgapSignature: '' } : {}) }
    const entry = { index: this.entries.length, message }
    this.entries.push(entry)
    this.numbers.set(key, entry)
    return entry.index
  }

  /** The reason of an Abort. */
  reasonOf(index: number): string {
    const { reason } = this.entry(index).message.statement.payload
    return typeof reason === 'string' ? reason : ''
  }

  /** The log with one entry more. */
  after(log: Log, entry: number): Log {
    const known = log.next.get(entry)
    if (known !== undefined) return known
    const found = this.keep([...log.entries, entry])
    log.next.set(entry, found)
    return found
  }

  private keep(entries: readonly number[]): Log {
    const { script, opening, verbs } = this.options
    const ledger = new Ledger({
      script, opening, verbs, random: (length) => new Uint8Array(length),
      headAt: (offset) => (offset === -1 ? EMPTY_HEAD : undefined),
      checks: { message: () => true, statement: () => true, fields: () => null },
    })
    for (const [offset, index] of entries.entries()) ledger.accept({ offset, message: this.entry(index).message } satisfies Post)
    const key = this.fingerprint(ledger, entries)
    const known = this.logs.get(key)
    if (known !== undefined) return known
    const log: Log = { index: this.logs.size, ledger, entries, has: new Set(entries), next: new Map() }
    this.logs.set(key, log)
    return log
  }

  /** All that the fold holds and that a later entry, or a reader, can meet. */
  private fingerprint(ledger: Ledger, entries: readonly number[]): string {
    const { current, certified, usable, dead, ending, disputes, faults, roster, placedOffsets } = ledger
    const placed = new Set(placedOffsets)
    const said = entries.flatMap((index, offset) => {
      const { statement } = this.entry(index).message
      if (slotOf(statement) === null) return [`${index}`]
      return [`${index}${ledger.holds(statement) ? '' : '-'}${placed.has(offset) ? '+' : ''}`]
    })
    return JSON.stringify([
      current, certified, usable, dead !== null, ending?.kind ?? '', [...new Set(said)].sort(), ledger.viewBefore(current) ?? '',
      disputes.map(({ complainer, accused, answered }) => `${complainer} ${accused} ${answered}`).sort(),
      [...new Set(faults.map(({ reason, accused, step }) => `${reason} ${accused ?? ''} ${step ?? ''}`))].sort(),
      roster.filter(({ name }) => ledger.isOut(name)).map(({ name }) => name),
    ])
  }
}
