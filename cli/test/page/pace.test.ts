import { expect } from 'chai'
import type { PageMemory } from '../../page/connection.ts'
import { adapt, beginWatch, denser, fragmentAt, makePacing, watchOf, withSpeed } from '../../page/shower.ts'
import type { Pace, Watch } from '../../page/shower.ts'

/** Gives a report twice a second for so many seconds, in which this share of the shown frames is useful. */
function hear(watch: Watch, seconds: number, share: number, from = 0): Watch {
  let now = watch
  for (let at = from; at <= from + seconds * 1000; at += 500) now = adapt(now, at, { checksum: 1, seen: 10, needed: 100, rate: share * now.pace.speed })
  return now
}

const done = { checksum: 1, seen: 100, needed: 100, rate: 0 }
const at = (fragment: number, speed: number): Pace => ({ fragment, speed })

describe('the pace that a page chooses', () => {
  it('stays while reading goes fairly', () => {
    expect(hear(watchOf(at(200, 5)), 60, 0.7).pace).deep.equal(at(200, 5))
  })

  it('becomes slower when half of what is shown is lost for some seconds, but not for a moment', () => {
    expect(hear(watchOf(at(200, 8)), 3, 0.3).pace.speed).equal(8)
    expect(hear(watchOf(at(200, 8)), 5, 0.3).pace).deep.equal(at(200, 6))
    expect(hear(watchOf(at(200, 8)), 60, 0.3).pace).deep.equal(at(200, 3))
  })

  it('becomes coarser where nothing is read at all, and only then slower', () => {
    expect(hear(watchOf(at(400, 8)), 7, 0).pace).deep.equal(at(200, 8))
    expect(hear(watchOf(at(400, 8)), 60, 0).pace).deep.equal(at(100, 3))
  })

  it('never changes the density of a transfer that is being read, since what was read of it would be lost', () => {
    expect(hear(watchOf(at(400, 8)), 120, 0.3).pace.fragment).equal(400)
    expect(hear(watchOf(at(100, 8)), 120, 1).pace.fragment).equal(100)
  })

  it('becomes faster while all is read', () => {
    expect(hear(watchOf(at(200, 5)), 12, 1).pace.speed).above(5)
    expect(hear(watchOf(at(200, 5)), 300, 1).pace).deep.equal(at(200, 10))
  })

  it('is not alarmed by the last frames, many of which tell nothing new', () => {
    let watch = watchOf(at(200, 8))
    for (let time = 0; time < 20_000; time += 500) watch = adapt(watch, time, { checksum: 1, seen: 95, needed: 100, rate: 1 })
    expect(watch.pace).deep.equal(at(200, 8))
  })

  it('is faster, then denser, for the next transfer after one that went well, and counts each once', () => {
    const once = adapt(adapt(watchOf(at(200, 5)), 0, done), 500, done)
    expect(once.pace).deep.equal(at(200, 6))
    expect(adapt(watchOf(at(200, 9)), 0, done).pace).deep.equal(at(400, 5))
    expect(adapt(watchOf(at(400, 10)), 0, done).pace).deep.equal(at(400, 10))
    expect(adapt(beginWatch(once), 1000, done).pace).deep.equal(at(200, 7))
  })

  it('does not rise after a transfer that went badly', () => {
    const bad = hear(watchOf(at(200, 8)), 6, 0.3)
    expect(adapt(bad, 10_000, done).pace).deep.equal(bad.pace)
  })

  it('keeps within what there is', () => {
    expect(withSpeed(at(200, 5), 99).speed).equal(10)
    expect(withSpeed(at(200, 5), 0).speed).equal(3)
    expect(denser(at(400, 5), 1)).deep.equal(at(400, 5))
    expect(denser(at(100, 5), -1)).deep.equal(at(100, 5))
  })

  it('has larger frames for a transfer that would have too many', () => {
    expect(fragmentAt(at(100, 5), 5000)).equal(100)
    expect(fragmentAt(at(100, 5), 2_000_000)).equal(489)
  })
})

describe('the pace and its owner', () => {
  function keptIn(values: Map<string, string>): PageMemory {
    return {
      get: (name) => values.get(name),
      set: (name, value) => {
        if (value === undefined) values.delete(name)
        else values.set(name, value)
      },
    }
  }

  it('is left alone once its owner has chosen, and is the same after a reload', () => {
    const values = new Map<string, string>()
    const pacing = makePacing(keptIn(values), () => undefined)
    pacing.choose({ fragment: 100, speed: 4, isAutomatic: false })
    for (let time = 0; time < 60_000; time += 500) pacing.hear(time, { checksum: 1, seen: 1, needed: 9, rate: 0 })
    pacing.hear(70_000, done)
    pacing.begin()
    expect(pacing.pace()).deep.equal(at(100, 4))
    const again = makePacing(keptIn(values), () => undefined)
    expect(again.pace()).deep.equal(at(100, 4))
    expect(again.isAutomatic()).equal(false)
  })

  it('begins with 200 bytes, 5 a second and by itself, whatever is kept that makes no sense', () => {
    const pacing = makePacing(keptIn(new Map([['fragment', '9999'], ['speed', 'x']])), () => undefined)
    expect(pacing.pace()).deep.equal(at(200, 5))
    expect(pacing.isAutomatic()).equal(true)
  })

  it('shows a denser code only with the next transfer', () => {
    let changes = 0
    const pacing = makePacing(keptIn(new Map([['speed', '9']])), () => changes++)
    pacing.begin()
    pacing.hear(0, done)
    expect(pacing.pace()).deep.equal(at(200, 9))
    expect(changes).equal(0)
    pacing.begin()
    expect(pacing.pace()).deep.equal(at(400, 5))
    expect(changes).equal(1)
  })
})
