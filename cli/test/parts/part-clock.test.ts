import { expect } from 'chai'
import { makePartClock, pageProgress } from '../../roles/part-clock.ts'

describe('the clock of a transfer in parts', () => {
  it('tells the part, and the time left from what the parts took so far in this run', () => {
    let now = 0
    const clock = makePartClock(() => now)
    const at = (done: number, direction: 'in' | 'out' = 'out') => clock({ direction, index: done + 1, count: 9, done })
    expect(at(2)).to.deep.equal({ direction: 'out', words: 'part 3 of 9', done: 2, total: 9, secondsLeft: null })
    now = 60_000
    expect(at(3)).to.include({ words: 'part 4 of 9, about 6 min left', secondsLeft: 360 })
    now = 80_000
    expect(at(4)).to.include({ secondsLeft: 200 })
    // Lost parts, the way back and another transfer are each counted from their own beginning.
    expect(at(0)).to.include({ secondsLeft: null })
    now = 90_000
    expect(at(1, 'in')).to.include({ secondsLeft: null })
    expect(clock(null)).to.equal(undefined)
    expect(pageProgress('Parts', at(1, 'in'))).to.deep.equal({ what: 'Parts', done: 1, total: 9, secondsLeft: null })
    expect(pageProgress('Parts', undefined)).to.equal(null)
  })
})
