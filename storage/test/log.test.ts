import { expect } from 'chai'
import { isKeyriteError } from '../../engine/base/errors.ts'
import { EMPTY_LOG } from '../../engine/wire/log.ts'
import { admit, tokenBuckets } from '../admit.ts'
import { DEFAULT_LIMITS } from '../limits.ts'
import type { Limits } from '../limits.ts'
import { openLog } from '../log.ts'
import type { Posted } from '../log.ts'
import { openMemoryStore } from '../stores/memory.ts'
import { abortOf, anyOf, BOARD, circleOf, person, readyOf, statedOf, TOKEN } from './support.ts'

const ann = person('ann')
const ben = person('ben')

interface Bench {
  /** Posts all at once, so that they go in one batch. Gives each one's result: `fresh 3`, `known 3`, or an error's code. */
  readonly together: (...texts: readonly string[]) => Promise<string[]>
  readonly batches: number[]
}

async function bench(limits: Partial<Limits> = {}): Promise<Bench> {
  const batches: number[] = []
  const log = await openLog(BOARD, openMemoryStore, { ...DEFAULT_LIMITS, ...limits }, (messages) => void batches.push(messages))
  const board = { log, joinToken: TOKEN, buckets: tokenBuckets(1000, 1000, () => 0) }
  const said = ({ pin, fresh }: Posted): string => `${fresh ? 'fresh' : 'known'} ${String(pin.offset)}`
  const together = async (...texts: readonly string[]): Promise<string[]> => {
    const candidates = texts.map((text) => admit(board, text, `Bearer ${TOKEN}`))
    const results = await Promise.allSettled(candidates.map((candidate) => log.post(candidate)))
    return results.map((result) => {
      if (result.status === 'fulfilled') return said(result.value)
      const reason: unknown = result.reason
      if (isKeyriteError(reason, 'storage.slot-taken', 'storage.seen-differs')) return `${reason.code} ${String(reason.facts.offset)}`
      return isKeyriteError(reason) ? reason.code : String(reason)
    })
  }
  return { together, batches }
}

describe('the log', () => {
  it('writes what comes at once in one batch, in the order in which it came', async () => {
    const { together, batches } = await bench()
    await together(readyOf(ann))
    const texts = Array.from({ length: 100 }, (_, i) => anyOf(ann, { i }))
    expect(await together(...texts)).to.deep.equal(texts.map((_, i) => `fresh ${String(i + 1)}`))
    // The first post goes alone, since nothing was being written when it came.
    expect(batches.length).to.be.at.most(3)
  })

  it('splits what would be too large for one batch', async () => {
    const { together, batches } = await bench()
    await together(readyOf(ann))
    await together(...Array.from({ length: 600 }, (_, i) => anyOf(ann, { i })))
    expect(Math.max(...batches)).to.equal(256)
    const large = 'x'.repeat(1_000_000)
    await together(...Array.from({ length: 12 }, (_, i) => anyOf(ann, { large, i })))
    expect(batches.slice(-2).every((messages) => messages <= 8)).to.be.true
  })

  it('decides each place once within a batch', async () => {
    const { together } = await bench()
    await together(readyOf(ann))
    await together(circleOf(ann))
    const [first, second, third] = [1, 2, 3].map((x) => statedOf(ann, 'One', { x })) as [string, string, string]
    const other = abortOf(ann, {})
    expect(await together(other, first, second, third, first, second, other)).to.deep.equal([
      'fresh 2', 'fresh 3', 'fresh 4', 'storage.slot-taken 3', 'known 3', 'known 4', 'known 2',
    ])
    expect(await together(anyOf(ann, {}), anyOf(ann, {}, { seen: EMPTY_LOG }), anyOf(ann, { other: 1 }))).to.deep.equal(['fresh 5', 'known 5', 'fresh 6'])
  })

  it('holds to what a member may post in a ceremony within a batch', async () => {
    const { together } = await bench()
    await together(readyOf(ann))
    await together(circleOf(ann))
    const results = await together(...Array.from({ length: 40 }, (_, i) => abortOf(ann, { i })))
    expect(results.filter((one) => one.startsWith('fresh'))).to.have.length(32)
    expect(new Set(results.slice(32))).to.deep.equal(new Set(['storage.budget']))
  })

  it('registers a name and a signing key once within a batch, and an airgap with a second client', async () => {
    const { together } = await bench()
    const impostor = { ...person('other'), card: { ...person('other').card, name: 'ben' } }
    const borrower = { ...ben, card: { ...ben.card, name: 'third' } }
    const second = { ...person('fourth'), airgap: ben.airgap, card: { ...person('fourth').card, airgapKey: ben.card.airgapKey } }
    expect(await together(readyOf(ann), readyOf(ben), readyOf(impostor), readyOf(borrower), readyOf(second), readyOf(ben))).to.deep.equal([
      'fresh 0', 'fresh 1', 'storage.name-taken', 'storage.key-taken', 'fresh 2', 'known 1',
    ])
  })

  it('holds to a quota within a batch', async () => {
    const { together } = await bench({ quotaBytes: 9000 })
    await together(readyOf(ann), readyOf(ben))
    const large = 'x'.repeat(2000)
    const results = await together(...[1, 2, 3].map((i) => anyOf(ann, { i, large })), anyOf(ben, { large }))
    expect(results).to.deep.equal(['fresh 2', 'fresh 3', 'storage.quota', 'fresh 4'])
  })
})
