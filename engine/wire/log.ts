/**
 * The log (protocol §4): marks, heads, and the one check that an entry continues what was read before. Whoever follows a log,
 * writes one or reads its own copy has a `Chain`; what is wrong it says as a fact, and each makes an accusation, or a damage
 * of its own, of that.
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
  /** SHA-256 of the text, hex, where it is told besides. */
  readonly hash?: string
}

/** The offset and the head alone, of what has more. */
export const pinOf = ({ offset, head }: Pin): Pin => ({ offset, head })

/** Says whose entry it is: H("keyrite/2/mark\n" || JCS([ceremony, from])), hex. A reader that knows neither can tell that it is not its own. */
export const markOf = (ceremony: string | null, from: string): string => taggedHash('mark', canonicalBytes([ceremony, from]))

/** The mark of a message's entry, which a reader computes itself. */
export const markIn = ({ statement }: Message): string => markOf(ceremonyOf(statement), statement.from)

/** `headₒ = H("keyrite/2/head\n" || headₒ₋₁ || markₒ || H(JCS(message)))`, hex. */
export function nextHead(head: string, mark: string, messageHash: string): string {
  return taggedHash('head', fromHex(head, 32), fromHex(mark, 32), fromHex(messageHash, 32))
}

/** The head after a message. */
export const headAfter = (head: string, message: Message, messageHash: string): string => nextHead(head, markIn(message), messageHash)

/** A fact that keeps an entry, or an end of the log, from continuing what was read. `offset` is the place in question. */
export type Break =
  | { readonly kind: 'offset'; readonly offset: number; readonly given: number }
  /** A text that is no message: whose entry it is stands in the message alone, so that it has no head. */
  | { readonly kind: 'text'; readonly offset: number; readonly why: string }
  | { readonly kind: 'hash'; readonly offset: number }
  | { readonly kind: 'head'; readonly offset: number }
  /** A message that counts for nothing where it stands, and that no honest storage takes. */
  | { readonly kind: 'place'; readonly offset: number; readonly why: string }
  /** An end before what was read. */
  | { readonly kind: 'shorter'; readonly offset: number; readonly end: number }
  /** Another end than was read. */
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

/** An entry that continues a chain, with what it says. Only chains make them. */
export interface Linked extends Entry {
  readonly hash: string
  readonly message: Message
}

/** An entry that stands by its hash and mark alone. */
export interface Unread extends Pin {
  readonly hash: string
  readonly mark: string
}

/**
 * Entries that a chain made, with the head before each: what one has checked, another goes on with, such as a client's after
 * its board's, or those of a thousand readers of one log in memory.
 */
const linked = new WeakMap<Entry, { readonly before: string; readonly link: Linked }>()

export class Chain {
  private readonly start: Pin
  private readonly isServed: boolean
  private readonly heads: string[] = []

  /**
   * @param start what was verified before; the empty log unless told
   * @param isServed a storage has taken what stands in it, so that a message out of its place is that storage's doing
   */
  constructor(start: Pin = EMPTY_LOG, isServed = false) {
    this.start = pinOf(start)
    this.isServed = isServed
  }

  /** The last entry. */
  get pin(): Pin {
    const head = this.heads.at(-1)
    return head === undefined ? this.start : { offset: this.start.offset + this.heads.length, head }
  }

  /** The head at an offset, from the start on; undefined for what is not read. */
  headAt(offset: number): string | undefined {
    return offset === this.start.offset ? this.start.head : this.heads[offset - this.start.offset - 1]
  }

  /** Goes on by a message, whose place and head follow. @throws BrokenChain where the text is none */
  append(text: string): Linked {
    const entry = this.linkTo(text)
    this.heads.push(entry.head)
    return entry
  }

  /** Goes on by an entry that somebody else placed. @throws BrokenChain where it does not continue this chain, which stays as it is */
  next(entry: Entry): Linked {
    const link = this.check(entry)
    this.heads.push(link.head)
    return link
  }

  /** Checks an entry as `next` does, and does not go on yet. @throws BrokenChain */
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

  /** Goes on by an entry whose message is not here. @throws BrokenChain */
  skip({ offset, head, hash, mark }: Unread): void {
    const { offset: last, head: before } = this.pin
    if (offset !== last + 1) throw new BrokenChain({ kind: 'offset', offset: last + 1, given: offset })
    if (nextHead(before, mark, hash) !== head) throw new BrokenChain({ kind: 'head', offset })
    this.heads.push(head)
  }

  /** Holds the log's end, as somebody says it, against what was read. One ahead of that tells nothing yet. @throws BrokenChain */
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
