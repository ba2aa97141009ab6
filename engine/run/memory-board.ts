/** A board in memory, for simulations and tests: one log, the storage's rules, no network. */
import { sha256Hex } from '../crypto/bytes.ts'
import { canonical } from '../wire/canonical.ts'
import { boardError } from '../wire/board.ts'
import type { Board, Entry } from '../wire/board.ts'
import { EMPTY_HEAD, EMPTY_LOG, nextHead, parseMessage, slotOf, textHash } from '../wire/message.ts'
import type { Pin } from '../wire/message.ts'

export interface MemoryBoard extends Board {
  readonly entries: readonly Entry[]
  readonly attachments: ReadonlyMap<string, Uint8Array>
  /** Puts any message into the log, as only a dishonest storage would. */
  readonly force: (text: string) => Pin
}

export function memoryBoard(): MemoryBoard {
  const entries: Entry[] = []
  const attachments = new Map<string, Uint8Array>()
  const places = new Map<string, { readonly pin: Pin; readonly statement: string }>()
  const waiting = new Set<() => void>()

  function post(text: string): Pin {
    const message = parseMessage(text)
    const slot = slotOf(message.statement) ?? text
    const statement = canonical({ statement: message.statement, airgapSignature: message.airgapSignature })
    const before = places.get(slot)
    if (before !== undefined) {
      if (before.statement === statement) return before.pin
      throw boardError('conflict', { offset: before.pin.offset, why: 'its slot is taken' })
    }
    const pin = append(text)
    places.set(slot, { pin, statement })
    return pin
  }

  function append(text: string): Pin {
    const head = nextHead(entries.at(-1)?.head ?? EMPTY_HEAD, textHash(text))
    const pin = { offset: entries.length, head }
    entries.push({ ...pin, text })
    for (const wake of [...waiting]) wake()
    return pin
  }

  return {
    entries,
    attachments,
    force: append,
    post: (text) => Promise.resolve().then(() => post(text)),
    head: () => {
      const last = entries.at(-1)
      return Promise.resolve(last === undefined ? EMPTY_LOG : { offset: last.offset, head: last.head })
    },
    async *follow(pin, signal) {
      for (let next = pin.offset + 1; ; next++) {
        while (entries.length <= next && !signal.aborted) await change(waiting, signal)
        const entry = entries[next]
        if (entry === undefined || signal.aborted) return
        yield entry
      }
    },
    putAttachment: (bytes) => {
      const hash = sha256Hex(bytes)
      attachments.set(hash, bytes)
      return Promise.resolve(hash)
    },
    getAttachment: (hash) => {
      const found = attachments.get(hash)
      return found === undefined ? Promise.reject(boardError('missing', { hash })) : Promise.resolve(found)
    },
  }
}

/** Resolves at the next post, or when the signal aborts. */
function change(waiting: Set<() => void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wake = () => {
      waiting.delete(wake)
      signal.removeEventListener('abort', wake)
      resolve()
    }
    waiting.add(wake)
    signal.addEventListener('abort', wake)
  })
}
