/** Honest lists of messages with one odd message somewhere: the owner must see its oddness before the first question. */
import { execFileSync } from 'node:child_process'
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { expect } from 'chai'
import { expandMessages } from '../../../engine/messages/batch.ts'
import { checkedAddress, integerOf, textOf } from '../../../engine/messages/fields.ts'
import { grouped } from '../../../engine/messages/kind.ts'
import type { Signable } from '../../../engine/messages/kind.ts'
import { seededRandom } from '../../../engine/test/crypto/random.ts'
import type { Json } from '../../../engine/base/canonical.ts'
import { linesOf } from '../../screen/blocks.ts'
import type { Block } from '../../screen/blocks.ts'
import { shownMessages } from '../../screen/messages.ts'

const ID = 'c5'.repeat(32)
const random = seededRandom('hostile batches')
const hex = (length: number): string => Buffer.from(random(length)).toString('hex')
const below = (most: number): number => Number(BigInt(`0x${hex(7)}`) % BigInt(most))
const pick = <T>(from: readonly T[]): T => from[below(from.length)] ?? expect.fail('nothing to pick from')
const range = (from: number, count: number): number[] => Array.from({ length: count }, (_, i) => from + i)

const G1 = bls12_381.G1.Point
const KEYS = range(1, 8).map((i) => `0x${G1.BASE.multiply(BigInt(i)).toHex()}`)
const address = (): string => checkedAddress(hex(20))
const network = (): Json => ({ genesisForkVersion: `0x${hex(4)}`, capellaForkVersion: `0x${hex(4)}`, genesisValidatorsRoot: `0x${hex(32)}` })
const words = (): string => Array.from({ length: 1 + below(40) }, () => hex(1 + below(6))).join(' ')

/** Makes a random message of a kind; the messages of a series lack only their number. */
const MAKE: Readonly<Record<string, () => Signable>> = {
  'text': () => ({ kind: 'text', text: words() }),
  'bytes': () => ({ kind: 'bytes', hex: hex(1 + below(300)) }),
  'file': () => ({ kind: 'file', name: `${hex(4)}.tar`, size: below(1e9), sha256: hex(32) }),
  'raw': () => ({ kind: 'raw', root: hex(32) }),
  'eth/deposit': () => ({ kind: 'eth/deposit', network: 'hoodi', pubkey: pick(KEYS), withdrawalCredentials: `0x01${'00'.repeat(11)}${hex(20)}`, amount: 1e9 + below(1e12) }),
  'eth/voluntary-exit': () => ({ kind: 'eth/voluntary-exit', network: 'hoodi', epoch: below(1e6), validatorIndex: 0 }),
  'eth/bls-to-execution-change': () => ({ kind: 'eth/bls-to-execution-change', network: 'hoodi', validatorIndex: 0, fromBlsPubkey: pick(KEYS), toExecutionAddress: address() }),
}
const SERIES = ['eth/voluntary-exit', 'eth/bls-to-execution-change']

/** Makes a value that a field does not have in an honest list, and the texts that show it in full. */
const ODD: Readonly<Record<string, (before: Json | undefined) => readonly [value: Json, ...shown: string[]]>> = {
  network: () => {
    if (below(2) === 0) return ['mainnet', 'mainnet']
    const values = network()
    return [values, 'another one, given by its values', ...Object.values(values as Record<string, string>)]
  },
  epoch: () => {
    const epoch = 7_000_000 + below(1e6)
    return [epoch, `${epoch} (not before)`]
  },
  fromBlsPubkey: (before) => {
    const other = pick(KEYS.filter((key) => key !== before))
    return [other, other]
  },
  pubkey: (before) => {
    const other = pick(KEYS.filter((key) => key !== before))
    return [other, other]
  },
  toExecutionAddress: () => {
    const other = address()
    return [pick([other, other.toLowerCase()]), other]
  },
  withdrawalCredentials: () => {
    const other = address()
    const credentials = `0x02${'00'.repeat(11)}${other.slice(2).toLowerCase()}`
    return [credentials, credentials, other]
  },
  amount: () => {
    const amount = 2e12 + below(1e12)
    return [amount, `(${grouped(amount)} gwei)`]
  },
  text: () => {
    const text = words()
    return [text, text]
  },
  hex: () => {
    const bytes = hex(1 + below(300))
    return [bytes, bytes]
  },
  name: () => {
    const name = `${hex(100)}.exe`
    return [name, name]
  },
  size: () => {
    const size = 2e9 + below(1e9)
    return [size, grouped(size)]
  },
  sha256: () => {
    const digest = hex(32)
    return [digest, digest]
  },
  root: () => {
    const root = hex(32)
    return [root, root]
  },
}

/** Messages that differ in their number alone, in `ranges` ranges with gaps between them. */
function series(template: Signable, size: number, ranges: number): Signable[] {
  const starts = range(0, Math.min(ranges, size))
  let next = 1000 + below(1000)
  return starts.flatMap((i) => {
    const count = Math.floor(size / starts.length) + (i < size % starts.length ? 1 : 0)
    const from = next
    next += count + 1 + below(50)
    return range(from, count).map((validatorIndex) => ({ ...template, validatorIndex }))
  })
}

interface Hostile {
  readonly messages: readonly Signable[]
  /** The odd message's place, from 0. */
  readonly at: number
  readonly field: string
  readonly shown: readonly string[]
}

function shuffled<T>(list: readonly T[]): readonly T[] {
  const all = [...list]
  for (let i = all.length - 1; i > 0; i--) {
    const j = below(i + 1)
    const [one, other] = [all[i], all[j]]
    if (one !== undefined && other !== undefined) [all[i], all[j]] = [other, one]
  }
  return all
}

/**
 * An honest list of up to three series and some other messages, 19 groups at most, and a copy of one of them with
 * another value in one field.
 */
function hostile(): Hostile {
  const whole = below(12) === 0 ? 999 : 1 + below(120)
  const singles = range(0, below(Math.min(17, whole))).map(() => MAKE[pick(Object.keys(MAKE).filter((kind) => !SERIES.includes(kind)))]?.() ?? expect.fail())
  const parts = range(0, 1 + below(2))
  const many = parts.flatMap((i) => series(MAKE[pick(SERIES)]?.() ?? expect.fail(), Math.max(1, Math.floor((whole - singles.length) / parts.length) - i), 1 + below(19)))
  const honest = shuffled([...singles, ...many])
  const before = pick(honest)
  const field = pick(Object.keys(before).filter((name) => name !== 'kind'))
  const at = below(honest.length + 1)
  if (field === 'validatorIndex') {
    const validatorIndex = 90_000_000 + below(1e6)
    return { messages: honest.toSpliced(at, 0, { ...before, validatorIndex }), at, field, shown: [String(validatorIndex)] }
  }
  const [value, ...shown] = ODD[field]?.(before[field]) ?? expect.fail(field)
  // A file that differs only in name or size has the same signed bytes, and would be refused as a duplicate. So its
  // digest changes too.
  const more = field === 'name' || field === 'size' ? { sha256: hex(32) } : {}
  return { messages: honest.toSpliced(at, 0, { ...before, ...more, [field]: value }), at, field, shown }
}

/** A terminal's lines, with broken texts joined again. */
const screenOf = (blocks: readonly Block[], width: number): string => linesOf(blocks, width).join('\n').replace(/\n +│ /g, '')
const valuesOf = (blocks: readonly Block[]): string[] => blocks.flatMap((block) => (block.kind === 'facts' ? block.facts.map(({ value }) => value) : []))
const pagesOf = (messages: readonly Json[]): readonly (readonly Block[])[] => shownMessages(expandMessages(messages), [], ID).pages

describe('one odd message in an honest list', function () {
  this.timeout(60_000)

  it('stands in full on the first page that its owner sees, in the terminal and on the page, whatever is odd and wherever', () => {
    const fields = new Map<string, number>()
    for (let run = 0; run < 400; run++) {
      const { messages, at, field, shown } = hostile()
      const [first = [], ...more] = pagesOf(messages)
      const told = `run ${run}: ${field} of message ${at + 1} of ${messages.length}`
      expect(more, told).to.deep.equal([])
      const values = valuesOf(first)
      for (const width of [59, 79]) {
        const screen = screenOf(first, width)
        for (const text of shown) {
          expect(screen, told).to.include(text)
          expect(values.some((value) => value.includes(text)), told).to.equal(true)
        }
      }
      fields.set(field, (fields.get(field) ?? 0) + 1)
    }
    expect([...fields.keys()]).to.have.members([...Object.keys(ODD), 'validatorIndex'])
  })

  it('stands on the first page also among more groups than a page has, where each of them is larger', () => {
    for (let run = 0; run < 30; run++) {
      const made = range(0, 21 + below(60)).flatMap(() => series(MAKE['eth/bls-to-execution-change']?.() ?? expect.fail(), 2 + below(9), 1 + below(3)))
      const odd = address()
      const messages = shuffled([...made, { ...pick(made), toExecutionAddress: odd }])
      const [first = [], ...more] = pagesOf(messages)
      expect(more).to.not.have.length(0)
      expect(valuesOf(first)).to.include(odd)
      expect(screenOf(first, 79)).to.include(odd)
    }
  })

  it('stands in full on one of the pages where they are more than one, none of which has more than twenty groups', () => {
    for (let run = 0; run < 60; run++) {
      const count = 20 + below(180)
      const texts = new Set(range(0, count - 1).map((i) => `${i} ${words()}`))
      const odd = `We give it all to ${address()}`
      const messages = shuffled([...[...texts, odd].map((text): Signable => ({ kind: 'text', text }))])
      const pages = pagesOf(messages)
      expect(pages).to.have.length(Math.ceil(count / 20))
      expect(pages.filter((page) => valuesOf(page).includes(odd) && screenOf(page, 79).includes(odd))).to.have.length(1)
      for (const page of pages) expect(valuesOf(page).filter((value) => value === 'text').length).to.be.at.most(20)
      expect(new Set(pages.flatMap(valuesOf))).to.include.keys(...texts)
    }
  })

  it('is seen in the hash alone where numbers are in more ranges than anybody reads', () => {
    for (let run = 0; run < 10; run++) {
      const template = MAKE[pick(SERIES)]?.() ?? expect.fail()
      const honest = series(template, 100 + below(800), 21 + below(60))
      const odd = { ...template, validatorIndex: 90_000_000 + below(1e6) }
      const messages = shuffled([...honest, odd])
      const own = execFileSync('sh', ['-c', 'sort -n | sha256sum'], { input: messages.map((one) => `${integerOf(one, 'validatorIndex')}\n`).join(''), encoding: 'utf8' }).slice(0, 64)
      const [page = []] = pagesOf(messages)
      expect(valuesOf(page)).to.include.members([own, String(odd.validatorIndex)])
      expect(screenOf(page, 79)).to.include(own).and.include('No eye checks these numbers')
      expect(valuesOf(pagesOf(honest)[0] ?? [])).to.not.include(own)
    }
  })

  it('is a long text or many bytes, and no line of them is left out in a narrow window', () => {
    const long: Signable[] = [{ kind: 'bytes', hex: hex(4096) }, { kind: 'text', text: `${'x '.repeat(2040)}the end` }]
    for (const width of [39, 59, 79]) {
      const screen = screenOf(pagesOf(long)[0] ?? [], width)
      for (const one of long) expect(screen).to.include(textOf(one, one.kind === 'text' ? 'text' : 'hex'))
      expect(screen).to.not.include('more lines')
    }
  })
})
