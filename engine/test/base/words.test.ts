import { expect } from 'chai'
import { capital, counted, firstListed, listed } from '../../base/words.ts'

describe('small pieces of sentences', () => {
  it('count', () => {
    expect([0, 1, 2].map((count) => counted(count, 'step'))).to.deep.equal(['0 steps', '1 step', '2 steps'])
    expect([1, 2].map((count) => counted(count, 'reply', 'replies'))).to.deep.equal(['1 reply', '2 replies'])
  })

  it('list', () => {
    expect([[], ['a'], ['a', 'b'], ['a', 'b', 'c']].map((names) => listed(names))).to.deep.equal(['', 'a', 'a and b', 'a, b and c'])
    expect(listed(['a', 'b', 'c'], 'or')).to.equal('a, b or c')
    expect(firstListed([3, 5], 2)).to.equal('3 and 5')
    expect(firstListed([3, 5, 7], 2)).to.equal('3, 5 and 1 more')
    expect(firstListed([3, 5, 7], 0)).to.equal('3 more')
  })

  it('begin', () => {
    expect(['', 'a word', 'über'].map(capital)).to.deep.equal(['', 'A word', 'Über'])
  })
})
