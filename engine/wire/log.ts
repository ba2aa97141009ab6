/**
 * The log (protocol §4): marks, heads, and the one check that an entry continues what was read before. Every program that
 * follows a log, writes one or reads its own copy does it with a `Chain`. A chain states what is wrong as a fact; the program
 * makes an accusation of that, or a report of damage.
 */
import { canonicalBytes } from '../base/canonical.ts'
import { fromHex } from '../base/bytes.ts'
import { isKeyriteError } from '../base/errors.ts'
import { taggedHash } from '../crypto/hash.ts'
import { ceremonyOf, parseMessage, placeProblem, textHash } from './message.ts'
import type { Message, Pin } from './message.ts'

export const EMPTY_HEAD = '0'.repeat(64)
export const EMPTY_LOG: Pin = { offset: -1, head: EMPTY_HEAD }

export interface Entry extends Pin {
  /** The message's canonical text. */
  readonly text: string
  /** SHA-256 of the text, hex, where it is given as well. */
  readonly hash?: string
}

/** The offset and the head alone of a value that has more members. */
export const pinOf = ({ offset, head }: Pin): Pin => ({ offset, head })

/** The mark of an entry: H("keyrite/2/mark\n" || JCS([ceremony, from])), hex. It shows without the message that an entry is not a reader's own. */
export const markOf = (ceremony: string | null, from: string): string => taggedHash('mark', canonicalBytes([ceremony, from]))

/** The mark of a message's entry. Readers compute it themselves. */
export const markIn = ({ statement }: Message): string => markOf(ceremonyOf(statement), statement.from)

/** The head of an entry: `headₒ = H("keyrite/2/head\n" || headₒ₋₁ || markₒ || H(JCS(message)))`, hex. */
export function nextHead(head: string, mark: string, messageHash: string): string {
  return taggedHash('head', fromHex(head, 32), fromHex(mark, 32), fromHex(messageHash, 32))
}

/** The head after a message. */
export const headAfter = (head: string, message: Message, messageHash: string): string => nextHead(head, markIn(message), messageHash)

/** The reason why an entry, or an end of the log, does not continue what was read. `offset` is the place in question. */
export type Break =
  | { readonly kind: 'offset'; readonly offset: number; readonly given: number }
  /** A text that is no message. It has no mark, because the author stands in the message alone, and so no head. */
  | { readonly kind: 'text'; readonly offset: number; readonly why: string }
  | { readonly kind: 'hash'; readonly offset: number }
  | { readonly kind: 'head'; readonly offset: number }
  /** A message that counts for nothing in any log, and that no honest storage takes. */
  | { readonly kind: 'place'; readonly offset: number; readonly why: string }
  /** An end of the log before the last entry that was read. */
  | { readonly kind: 'shorter'; readonly offset: number; readonly end: number }
  /** An end of the log at the last entry that was read, with another head. */
  | { readonly kind: 'end'; readonly offset: number }

/** A break in words, as the second half of a sentence that has named the place. */
function wordsOf(fact: Break): string {
  switch (fact.kind) {
    case 'offset': return `offset ${fact.given} is given where ${fact.offset} should be`
    case 'text': return `what stands there is no message: ${fact.why}`
    case 'hash': return 'the hash beside the message is not that of the message'
    case 'head': return 'the head does not follow from the one before it and the message'
    case 'place': return `the message stands in no log, and no honest storage takes it: ${fact.why}`
    case 'shorter': return `the log has fewer messages now: it ends at offset ${fact.end}`
    case 'end': return 'the head is another one than before'
  }
}

export class BrokenChain extends Error {
  override readonly name = 'BrokenChain'
  readonly fact: Break

  constructor(fact: Break, cause?: unknown) {
    super(wordsOf(fact), { cause })
    this.fact = fact
  }
}

/** Runs a check of a chain. @throws what `accuse` makes of a break */
export function holding<T>(check: () => T, accuse: (broken: BrokenChain) => unknown): T {
  try {
    return check()
  } catch (error) {
    throw error instanceof BrokenChain ? accuse(error) : error
  }
}

/** An entry that continues a chain, with its message. Only chains make them. */
export interface Linked extends Entry {
  readonly hash: string
  readonly message: Message
}

/** An entry of which only hash and mark are given, not the message. */
export interface Unread extends Pin {
  readonly hash: string
  readonly mark: string
}

/**
 * Entries that a chain made, with the head before each. Another chain need not check them again: a client's after its
 * board's, or those of a thousand readers of one log in memory.
 */
const linked = new WeakMap<Entry, { readonly before: string; readonly link: Linked }>()

export class Chain {
  private readonly start: Pin
  private readonly isServed: boolean
  private readonly heads: string[] = []

  /**
   * @param start the last entry that was verified before; by default the empty log's start
   * @param isServed true if the log comes from a storage, so that a message that may stand in no log is that storage's doing
   */
  constructor(start: Pin = EMPTY_LOG, isServed = false) {
    this.start = pinOf(start)
    this.isServed = isServed
  }

  /** The place of the last entry. */
  get pin(): Pin {
    const head = this.heads.at(-1)
    return head === undefined ? this.start : { offset: this.start.offset + this.heads.length, head }
  }

  /** The head at an offset from the start on; undefined for an entry that was not read. */
  headAt(offset: number): string | undefined {
    return offset === this.start.offset ? this.start.head : this.heads[offset - this.start.offset - 1]
  }

  /** Adds a message, whose offset and head follow from the chain. @throws BrokenChain where the text is no message */
  append(text: string): Linked {
    const entry = this.linkTo(text)
    this.heads.push(entry.head)
    return entry
  }

  /** Adds an entry that somebody else placed. @throws BrokenChain where it does not continue this chain, which then stays as it is */
  next(entry: Entry): Linked {
    const link = this.check(entry)
    this.heads.push(link.head)
    return link
  }

  /** Checks an entry as `next` does, without adding it. @throws BrokenChain */
  check(entry: Entry): Linked {
    const { offset, head } = this.pin
    if (entry.offset !== offset + 1) throw new BrokenChain({ kind: 'offset', offset: offset + 1, given: entry.offset })
    const known = linked.get(entry)
    const link = known?.before === head ? known.link : this.linkTo(entry.text)
    if (entry.hash !== undefined && entry.hash !== link.hash) throw new BrokenChain({ kind: 'hash', offset: entry.offset })
    if (link.head !== entry.head) throw new BrokenChain({ kind: 'head', offset: entry.offset })
    const why = this.isServed ? placeProblem(link.message) : null
    if (why !== null) throw new BrokenChain({ kind: 'place', offset: entry.offset, why })
    return link
  }

  /** Adds an entry whose message is not given. @throws BrokenChain */
  skip({ offset, head, hash, mark }: Unread): void {
    const { offset: last, head: before } = this.pin
    if (offset !== last + 1) throw new BrokenChain({ kind: 'offset', offset: last + 1, given: offset })
    if (nextHead(before, mark, hash) !== head) throw new BrokenChain({ kind: 'head', offset })
    this.heads.push(head)
  }

  /** Checks the log's end, as somebody states it, against what was read. An end further on proves nothing yet. @throws BrokenChain */
  end({ offset, head }: Pin): void {
    const { pin } = this
    if (offset < pin.offset) throw new BrokenChain({ kind: 'shorter', offset: pin.offset, end: offset })
    if (offset === pin.offset && head !== pin.head) throw new BrokenChain({ kind: 'end', offset })
  }

  private linkTo(text: string): Linked {
    const { offset, head: before } = this.pin
    const message = messageIn(text, offset + 1)
    const hash = textHash(text)
    const link = Object.freeze({ offset: offset + 1, head: headAfter(before, message, hash), text, hash, message })
    linked.set(link, { before, link })
    return link
  }
}

function messageIn(text: string, offset: number): Message {
  try {
    return parseMessage(text)
  } catch (cause) {
    if (!isKeyriteError(cause)) throw cause
    throw new BrokenChain({ kind: 'text', offset, why: cause.message.replace(/\.$/, '') }, cause)
  }
}
