/** A board in memory, for simulations and tests: one log, the storage's rules, no network. */
import { sha256Hex } from '../crypto/bytes.ts'
import { boardError } from '../wire/board.ts'
import type { Board, Entry } from '../wire/board.ts'
import { EMPTY_HEAD, EMPTY_LOG, headAfter, parseMessage, placeProblem, provesMore, sameStatement, slotOf, textHash, verifyStatement } from '../wire/message.ts'
import type { Message, Pin } from '../wire/message.ts'

export interface MemoryBoard extends Board {
  readonly entries: readonly Entry[]
  readonly attachments: ReadonlyMap<string, Uint8Array>
  /** Puts any message into the log, as only a dishonest storage would. */
  readonly force: (text: string) => Pin
}

/** @param airgapKeyOf of a registered name, hex: whose second statement in a slot is taken, as the proof that it made two */
export function memoryBoard(airgapKeyOf: (name: string) => string | undefined = () => undefined): MemoryBoard {
  const entries: Entry[] = []
  const attachments = new Map<string, Uint8Array>()
  const places = new Map<string, { readonly pin: Pin; readonly message: Message }[]>()
  const waiting = new Set<() => void>()

  function post(text: string): Pin {
    const message = parseMessage(text)
    const problem = placeProblem(message)
    if (problem !== null) throw boardError('refused', { url: 'memory', status: 400, why: problem })
    const slot = slotOf(message.statement) ?? text
    const before = places.get(slot) ?? []
    const same = before.find((one) => sameStatement(one.message, message))
    if (same !== undefined) return same.pin
    const [first] = before
    if (first !== undefined && !(isAirgaps(message) && provesMore(message, before.map((one) => one.message)))) throw boardError('conflict', { offset: first.pin.offset, why: 'its slot is taken' })
    const pin = append(text)
    places.set(slot, [...before, { pin, message }])
    return pin
  }

  function isAirgaps({ statement, airgapSignature }: Message): boolean {
    const key = airgapKeyOf(statement.from)
    return airgapSignature !== undefined && key !== undefined && verifyStatement(statement, airgapSignature, key)
  }

  function append(text: string): Pin {
    const head = headAfter(entries.at(-1)?.head ?? EMPTY_HEAD, parseMessage(text), textHash(text))
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
