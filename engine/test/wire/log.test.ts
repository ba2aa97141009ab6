import { expect } from 'chai'
import { canonical } from '../../base/canonical.ts'
import { airgapKeyPair } from '../../crypto/seed.ts'
import { BrokenChain, Chain, EMPTY_HEAD, EMPTY_LOG, headAfter, holding, markOf, nextHead, pinOf } from '../../wire/log.ts'
import type { Break, Entry, Linked } from '../../wire/log.ts'
import { parseMessage, signMessage, textHash } from '../../wire/message.ts'
import type { Statement } from '../../wire/message.ts'

const { secretKey } = airgapKeyPair(new Uint8Array(64).fill(7))
const CEREMONY = 'aa'.repeat(32)

function textOf(step: number, change: Partial<Statement> = {}): string {
  const statement = { ceremony: CEREMONY, step: `Step${step}`, type: 'Thing', from: step % 2 === 0 ? 'anna' : 'ben', view: CEREMONY, payload: { step }, ...change }
  return canonical(signMessage(secretKey, { statement, seen: EMPTY_LOG }))
}
const texts = [0, 1, 2, 3, 4].map((step) => textOf(step))

/** A copy of an entry as it comes over a wire, which no chain has seen. */
const plain = (entry: Entry): Entry => ({ ...pinOf(entry), text: entry.text })
function log(of: readonly string[] = texts): readonly Linked[] {
  const chain = new Chain()
  return of.map((text) => chain.append(text))
}

/** The break that a chain throws, or null. */
function broken(run: () => unknown): Break | null {
  try {
    run()
  } catch (error) {
    if (error instanceof BrokenChain) return error.fact
    throw error
  }
  return null
}

describe('the chain of a log', () => {
  it('gives each message the place and head that the protocol has, from the empty log on', () => {
    let head = EMPTY_HEAD
    for (const [offset, entry] of log().entries()) {
      const hash = textHash(entry.text)
      head = nextHead(head, markOf(CEREMONY, offset % 2 === 0 ? 'anna' : 'ben'), hash)
      expect(entry).to.deep.equal({ offset, head, text: texts[offset], hash, message: parseMessage(entry.text) })
    }
    expect(new Chain().pin).to.deep.equal(EMPTY_LOG)
  })

  it('goes on by what somebody else placed, and knows every head from its start on', () => {
    const entries = log()
    const [whole, later] = [new Chain(), new Chain(entries[1])]
    for (const entry of entries) expect(whole.next(plain(entry))).to.deep.equal(entry)
    for (const entry of entries.slice(2)) later.next(plain(entry))
    expect(later.pin).to.deep.equal(whole.pin).and.to.deep.equal(pinOf(entries[4]!))
    expect([-2, -1, 0, 4, 5].map((offset) => whole.headAt(offset))).to.deep.equal([undefined, EMPTY_HEAD, entries[0]!.head, entries[4]!.head, undefined])
    expect([-1, 0, 1, 2, 5].map((offset) => later.headAt(offset))).to.deep.equal([undefined, undefined, entries[1]!.head, entries[2]!.head, undefined])
  })

  const entries = log()
  const [first, second, third] = [entries[0]!, entries[1]!, entries[2]!]
  const misplaced = textOf(1, { ceremony: null })
  const ready = textOf(1, { type: 'Ready', step: null })
  const from = (text: string): Entry => ({ offset: 1, head: headAfter(first.head, parseMessage(text), textHash(text)), text })
  const wrong: readonly (readonly [string, Entry, Break])[] = [
    ['an entry left out', plain(third), { kind: 'offset', offset: 1, given: 2 }],
    ['an entry given again', plain(first), { kind: 'offset', offset: 1, given: 0 }],
    ['another text under the head', { ...plain(second), text: third.text }, { kind: 'head', offset: 1 }],
    ['another author’s name in it', { ...plain(second), text: textOf(1, { from: 'cleo' }) }, { kind: 'head', offset: 1 }],
    ['another head', { ...plain(second), head: third.head }, { kind: 'head', offset: 1 }],
    ['another hash beside the text', { ...plain(second), hash: third.hash }, { kind: 'hash', offset: 1 }],
    ['a text that is no message', { ...plain(second), text: '{}' }, { kind: 'text', offset: 1, why: 'as the reader of messages says it' }],
    ['a statement of no ceremony', from(misplaced), { kind: 'place', offset: 1, why: 'a Thing of no ceremony' }],
    ['a Ready in a ceremony', from(ready), { kind: 'place', offset: 1, why: 'it speaks of a ceremony, a step or a view' }],
  ]
  for (const [what, entry, fact] of wrong) {
    it(`is broken by ${what}, says where, and stays as it was`, () => {
      const chain = new Chain(first, true)
      for (const go of [() => chain.check(entry), () => chain.next(entry)]) {
        const found = broken(go)
        if (fact.kind === 'text') expect(found).to.include({ kind: fact.kind, offset: fact.offset })
        else expect(found).to.deep.equal(fact)
      }
      expect(chain.pin).to.deep.equal(pinOf(first))
      chain.next(plain(second))
    })
  }

  it('takes a message out of its place where no storage had to refuse it: it counts for nothing', () => {
    const chain = new Chain(first)
    for (const text of [misplaced, ready]) expect(broken(() => new Chain(first).next(from(text)))).to.equal(null)
    expect(chain.append(misplaced).head).to.equal(from(misplaced).head)
  })

  it('checks without going on, for whoever must keep an entry first', () => {
    const chain = new Chain()
    const link = chain.check(plain(first))
    expect(chain.pin).to.deep.equal(EMPTY_LOG)
    expect(chain.next(link)).to.equal(link)
    expect(chain.pin).to.deep.equal(pinOf(first))
  })

  it('goes on with what another chain made, and believes that of no copy and in no other place', () => {
    const chain = new Chain()
    expect(chain.next(first)).to.equal(first)
    // An entry of a fork, at the same offset.
    const fork = log([textOf(9), texts[1]!, texts[2]!])
    expect(broken(() => chain.next(fork[1]!))).to.deep.equal({ kind: 'head', offset: 1 })
    expect(broken(() => chain.next({ ...second, text: third.text }))).to.include({ offset: 1 })
    expect(broken(() => chain.next({ ...second, head: third.head }))).to.deep.equal({ kind: 'head', offset: 1 })
    expect(() => Object.assign(second, { text: third.text })).to.throw(TypeError)
    // The fork's third entry, with the heads before it swapped for the true ones.
    chain.next(second)
    expect(broken(() => chain.next(fork[2]!))).to.deep.equal({ kind: 'head', offset: 2 })
  })

  it('goes on by a hash and a mark alone, and is broken by others', () => {
    const unread = { offset: 1, head: second.head, hash: second.hash, mark: markOf(CEREMONY, 'ben') }
    for (const [change, kind] of [[{ mark: markOf(CEREMONY, 'anna') }, 'head'], [{ mark: markOf(null, 'ben') }, 'head'], [{ hash: third.hash }, 'head'], [{ head: third.head }, 'head'], [{ offset: 2 }, 'offset']] as const) {
      const chain = new Chain(first)
      expect(broken(() => chain.skip({ ...unread, ...change })), kind).to.include({ kind, offset: 1 })
      expect(chain.pin).to.deep.equal(pinOf(first))
    }
    const chain = new Chain(first)
    chain.skip(unread)
    expect(chain.next(plain(third))).to.deep.equal(third)
  })

  it('holds an end of the log against what was read: one before it, or another, breaks it, and one ahead tells nothing', () => {
    const chain = new Chain()
    for (const entry of entries.slice(0, 3)) chain.next(entry)
    expect(broken(() => chain.end(second))).to.deep.equal({ kind: 'shorter', offset: 2, end: 1 })
    expect(broken(() => chain.end(EMPTY_LOG))).to.deep.equal({ kind: 'shorter', offset: 2, end: -1 })
    expect(broken(() => chain.end({ offset: 2, head: first.head }))).to.deep.equal({ kind: 'end', offset: 2 })
    expect(broken(() => chain.end(third))).to.equal(null)
    expect(broken(() => chain.end({ offset: 9, head: first.head }))).to.equal(null)
    expect(broken(() => new Chain({ offset: 5, head: first.head }).end({ offset: 5, head: second.head }))).to.deep.equal({ kind: 'end', offset: 5 })
  })

  it('leaves it to its holder whom to accuse, and passes on what is no break', () => {
    const own = (run: () => unknown): unknown => {
      try {
        return holding(run, ({ fact, message, cause }) => ({ offset: fact.offset, message, isCaused: cause instanceof Error }))
      } catch (error) {
        return error
      }
    }
    expect(own(() => new Chain().append('{}'))).to.include({ offset: 0, isCaused: true }).and.to.have.property('message').that.matches(/^what stands there is no message: .*[^.]$/)
    expect(own(() => new Chain().next(second))).to.deep.equal({ offset: 0, message: 'offset 1 is given where 0 should be', isCaused: false })
    const bug = new RangeError('a bug')
    expect(own(() => { throw bug })).to.equal(bug)
  })
})
