import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { expect } from 'chai'
import { groupCount, groupsOf, seriesText } from '../../messages/batch.ts'
import type { Group } from '../../messages/batch.ts'
import { textOf } from '../../messages/fields.ts'
import type { Signable } from '../../messages/kind.ts'
import { kindOf } from '../../messages/kinds.ts'
import { seededRandom } from '../crypto/random.ts'

const change = kindOf({ kind: 'eth/bls-to-execution-change' }).example
const exit = kindOf({ kind: 'eth/voluntary-exit' }).example
const [A, B] = [`0x${'aa'.repeat(20)}`, `0x${'bb'.repeat(20)}`]
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i)
const changes = (numbers: readonly number[], toExecutionAddress: string): Signable[] => numbers.map((validatorIndex) => ({ ...change, validatorIndex, toExecutionAddress }))
const valueIn = ({ lines }: Group, label: string): string | undefined => lines.find((line) => line.label === label)?.value
const marked = ({ lines }: Group): string[] => lines.filter(({ differs }) => differs === true).map(({ label }) => label)

describe('the groups of a list', () => {
  it('are whole messages that differ in one number, each shown with all that it says, where they stand, and its numbers', () => {
    const [group, ...more] = groupsOf(changes([7, 5, 6, 9], A))
    expect(more).to.deep.equal([])
    expect(group).to.deep.equal({
      kind: change.kind, places: [1, 2, 3, 4],
      lines: [{ label: 'Kind', value: change.kind }, ...kindOf(change).display({ ...change, toExecutionAddress: A })].map((line) => (line.label === 'Validator index' ? { ...line, value: '5–7, 9' } : line)),
    })
  })

  it('tell which value goes with which: a swap looks otherwise', () => {
    const honest = groupsOf([...changes(range(1, 500), A), ...changes(range(501, 1000), B)])
    const swapped = groupsOf([...changes(range(1, 500), B), ...changes(range(501, 1000), A)])
    const pairs = (groups: readonly Group[]): unknown => groups.map((group) => [valueIn(group, 'To execution address')?.toLowerCase(), valueIn(group, 'Validator index')])
    expect(pairs(honest)).to.deep.equal([[A, '1–500'], [B, '501–1000']])
    expect(pairs(swapped)).to.deep.equal([[B, '1–500'], [A, '501–1000']])
  })

  it('come smallest first, those of one size as they stand in the list, with what differs from most of them marked', () => {
    const texts = ['b', 'a'].map((text): Signable => ({ kind: 'text', text }))
    const groups = groupsOf([...changes(range(1, 9), A), texts[0]!, { ...exit, network: 'hoodi' }, ...changes([10, 11], B), texts[1]!])
    expect(groups.map(({ places }) => places)).to.deep.equal([[10], [11], [14], [12, 13], range(1, 9)])
    expect(groups.map(marked)).to.deep.equal([['Kind'], ['Kind', 'Action', 'Network', 'Genesis validators root'], ['Kind'], ['To execution address'], []])
    expect(groupsOf([...changes([1, 2], A), ...changes([3, 4], B)]).map(marked)).to.deep.equal([[], []])
  })

  it('mark no number of a series, and no warning, which is one already', () => {
    const groups = groupsOf([...changes(range(1, 9), A), ...changes([10], `0x${'00'.repeat(20)}`)])
    expect(marked(groups[0]!)).to.deep.equal(['To execution address'])
    expect(groups[0]!.lines.filter(({ warning }) => warning === true)).to.have.length(1)
  })

  it('are the same however values are spelt', () => {
    const spelt = [change, { ...change, validatorIndex: 1, toExecutionAddress: textOf(change, 'toExecutionAddress').toLowerCase() }, { ...change, validatorIndex: 2, fromBlsPubkey: textOf(change, 'fromBlsPubkey').slice(2) }]
    expect(groupCount(spelt)).to.equal(1)
    expect(groupsOf(spelt).map(({ places }) => places)).to.deep.equal([[1, 2, 3]])
  })

  it('are as many as there are texts, bytes, files, deposits and roots', () => {
    const two: Signable[] = [
      { kind: 'bytes', hex: '00' }, { kind: 'bytes', hex: '01' }, { kind: 'raw', root: 'ab'.repeat(32) }, { kind: 'raw', root: 'cd'.repeat(32) },
      ...['11', '22'].map((one, size) => ({ kind: 'file', name: 'a', size, sha256: one.repeat(32) })),
      ...[32e9, 33e9].map((amount) => ({ ...kindOf({ kind: 'eth/deposit' }).example, amount })), { ...exit, epoch: 1 }, { ...exit, epoch: 2 },
    ]
    expect([groupCount(two), groupsOf(two).length]).to.deep.equal([10, 10])
  })
})

describe('the numbers of a series', () => {
  const random = seededRandom('series')
  const below = (most: number): number => Number(BigInt(`0x${Buffer.from(random(6)).toString('hex')}`) % BigInt(most))

  it('are ranges with the gaps between them', () => {
    const cases: readonly (readonly [readonly number[], string])[] = [
      [[0], '0'], [[3, 1, 2], '1–3'], [[1, 3], '1, 3'], [[9, 1, 2, 4, 5, 7], '1–2, 4–5, 7, 9'], [[2 ** 40 - 1, 2 ** 40 - 2], `${2 ** 40 - 2}–${2 ** 40 - 1}`],
      [range(1, 20).map((i) => 2 * i), range(1, 20).map((i) => 2 * i).join(', ')],
    ]
    for (const [numbers, value] of cases) expect(seriesText(numbers)).to.deep.equal({ value })
  })

  it('are exactly those, whichever they are: what the ranges say gives them back', () => {
    for (let run = 0; run < 200; run++) {
      const numbers = new Set(range(0, below(12)).flatMap(() => {
        const from = below(2000)
        return range(from, from + below(30))
      }))
      const { value, unread } = seriesText([...numbers].reverse())
      expect(unread).to.equal(undefined)
      const back = value.split(', ').flatMap((one) => {
        const [from = '', to = from] = one.split('–')
        return range(Number(from), Number(to))
      })
      expect(back).to.deep.equal([...numbers].sort((a, b) => a - b))
      expect(value.split(', ').length).to.equal([...numbers].filter((number) => !numbers.has(number - 1)).length)
    }
  })

  it('in more than twenty ranges are told by count, least, most and the hash that sort and sha256sum give of one’s own list', () => {
    for (let run = 0; run < 20; run++) {
      const numbers = [...new Set(Array.from({ length: 300 + below(700) }, () => below(2 ** 40)))]
      const { value, unread } = seriesText(numbers)
      const list = `${numbers.join('\n')}\n`
      const sorted = execFileSync('sort', ['-n'], { input: list, encoding: 'utf8' })
      expect(unread).to.deep.equal({
        least: sorted.split('\n')[0], most: sorted.trimEnd().split('\n').at(-1), sha256: createHash('sha256').update(sorted).digest('hex'),
      })
      expect(value).to.match(new RegExp(`^${numbers.length} numbers in [0-9]+ ranges$`))
    }
    expect(seriesText(range(1, 21).map((i) => 2 * i))).to.have.property('value', '21 numbers in 21 ranges')
    expect(seriesText([10, 9, ...range(1, 21).map((i) => 100 + 2 * i)]).unread).to.include({ least: '9', most: '142' })
  })
})
