import { expect } from 'chai'
import { isKeyriteError } from '../../engine/wire/error.ts'
import { admit } from '../admit.ts'
import { tokenBuckets } from '../bucket.ts'
import { DEFAULT_LIMITS } from '../limits.ts'
import type { Limits } from '../limits.ts'
import { openLog } from '../log.ts'
import type { Posted } from '../log.ts'
import { openMemoryStore } from '../stores/memory.ts'
import { abortOf, BOARD, person, readyOf, statedOf, TOKEN } from './support.ts'

const ann = person('ann')
const ben = person('ben')

interface Bench {
  /** Posts all at once, so that they go in one batch; gives what became of each: `fresh 3`, `known 3`, an error's code. */
  readonly together: (...texts: readonly string[]) => Promise<string[]>
  readonly batches: number[]
}

async function bench(limits: Partial<Limits> = {}): Promise<Bench> {
  const batches: number[] = []
  const log = await openLog(BOARD, openMemoryStore(), { ...DEFAULT_LIMITS, ...limits }, (messages) => void batches.push(messages))
  const board = { log, joinToken: TOKEN, buckets: tokenBuckets(1000, 1000, () => 0) }
  const said = ({ pin, fresh }: Posted): string => `${fresh ? 'fresh' : 'known'} ${String(pin.offset)}`
  const together = async (...texts: readonly string[]): Promise<string[]> => {
    const candidates = texts.map((text) => admit(board, text, `Bearer ${TOKEN}`))
    const results = await Promise.allSettled(candidates.map((candidate) => log.post(candidate)))
    return results.map((result) => {
      if (result.status === 'fulfilled') return said(result.value)
      if (!isKeyriteError(result.reason)) return String(result.reason)
      const { code, facts } = result.reason
      return typeof facts['offset'] === 'number' ? `${code} ${String(facts['offset'])}` : code
    })
  }
  return { together, batches }
}

describe('the log', () => {
  it('writes what comes at once in one batch, in the order in which it came', async () => {
    const { together, batches } = await bench()
    await together(readyOf(ann))
    const texts = Array.from({ length: 100 }, (_, i) => abortOf(ann, { i }))
    expect(await together(...texts)).to.deep.equal(texts.map((_, i) => `fresh ${String(i + 1)}`))
    // The first of them goes alone, since nothing was being written when it came.
    expect(batches.length).to.be.at.most(3)
  })

  it('splits what would be too large for one batch', async () => {
    const { together, batches } = await bench()
    await together(readyOf(ann))
    await together(...Array.from({ length: 600 }, (_, i) => abortOf(ann, { i })))
    expect(Math.max(...batches)).to.equal(256)
    const large = 'x'.repeat(1_000_000)
    await together(...Array.from({ length: 12 }, (_, i) => abortOf(ann, { large, i })))
    expect(batches.slice(-2).every((messages) => messages <= 8)).to.be.true
  })

  it('decides each place once within a batch', async () => {
    const { together } = await bench()
    await together(readyOf(ann))
    const [other, first, second, again] = [abortOf(ann, {}), statedOf(ann, 'One', { x: 1 }), statedOf(ann, 'One', { x: 2 }), statedOf(ann, 'One', { x: 1 })]
    expect(await together(other, first, second, again, other)).to.deep.equal([
      'fresh 1', 'fresh 2', 'storage.slot-taken 2', 'known 2', 'known 1',
    ])
  })

  it('registers a name and a signing key once within a batch, and an airgap with a second client', async () => {
    const { together } = await bench()
    const impostor = { ...person('other'), card: { ...person('other').card, name: 'ben' } }
    const borrower = { ...ben, card: { ...ben.card, name: 'third' } }
    const second = { ...person('fourth'), card: { ...person('fourth').card, airgapKey: ben.card.airgapKey } }
    expect(await together(readyOf(ann), readyOf(ben), readyOf(impostor), readyOf(borrower), readyOf(second), readyOf(ben))).to.deep.equal([
      'fresh 0', 'fresh 1', 'storage.name-taken', 'storage.key-taken', 'fresh 2', 'known 1',
    ])
  })

  it('holds to a quota within a batch', async () => {
    const { together } = await bench({ quotaBytes: 4000 })
    await together(readyOf(ann), readyOf(ben))
    const large = 'x'.repeat(1000)
    const results = await together(...[1, 2, 3].map((i) => abortOf(ann, { i, large })), abortOf(ben, { large }))
    expect(results).to.deep.equal(['fresh 2', 'fresh 3', 'storage.quota', 'fresh 4'])
  })
})
