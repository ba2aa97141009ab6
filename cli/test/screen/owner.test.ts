import { PassThrough } from 'node:stream'
import { expect } from 'chai'
import { makeHand } from '../../screen/owner.ts'
import type { HandUse } from '../../screen/owner.ts'

class Keyboard extends PassThrough {
  isTTY = true
  isRaw = false
  setRawMode(isRaw: boolean): void {
    this.isRaw = isRaw
  }
}

/** Short times, the same for scanner and fingers: text faster than 30 ms a key is no hand's here. */
const TIMING = { quiet: 60, mostQuiet: 240, grace: 60, pace: 30 }
const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds))

describe('a question that only a hand can answer', () => {
  let keyboard = new Keyboard()
  let shown = ''
  let stop = new AbortController()
  beforeEach(() => {
    keyboard = new Keyboard()
    shown = ''
    stop = new AbortController()
  })

  const handOf = (more: Partial<HandUse> = {}, rows = 24) => makeHand({
    isScanned: true, signal: stop.signal, input: keyboard, timing: TIMING,
    output: { isTTY: true, columns: 80, rows, write: (text) => (shown += text) },
    ...more,
  })
  const codes = (...all: string[]) => ({ draw: () => all.shift() ?? '999999' })
  const ask = (code: string): string[] => [`Type ${code}`]
  const until = async (pattern: RegExp): Promise<void> => {
    while (!pattern.test(shown)) await sleep(5)
  }
  /** Types as fingers do. */
  const type = async (text: string): Promise<void> => {
    for (const key of text) {
      keyboard.write(key)
      await sleep(45)
    }
  }
  const answered = async <T>(question: Promise<T>): Promise<T | 'not yet'> => await Promise.race([question, sleep(400).then(() => 'not yet' as const)])

  it('takes its code from fingers, in whatever groups', async () => {
    const consent = handOf(codes('314159')).code(ask, '--accept')
    await until(/Type 314 159\n.* $/)
    await sleep(80)
    await type('314 1x\u007f59\r')
    expect(await consent).to.equal(true)
    expect([keyboard.isRaw, keyboard.isPaused()]).to.deep.equal([false, true])
  })

  it('takes no for an answer', async () => {
    const consent = handOf(codes('314159')).code(ask, '--accept')
    await until(/› /)
    await sleep(80)
    await type('no\r')
    expect(await consent).to.equal(false)
  })

  it('is not answered by the right digits typed before it, or as it is painted', async () => {
    keyboard.write('314159\r')
    const consent = handOf(codes('314159', '271828', '161803')).code(ask, '--accept')
    await until(/typed before the question is dropped/)
    await until(/Type 314 159\n.*› /)
    keyboard.write('314159\r')
    expect(await answered(consent)).to.equal('not yet')
    expect(shown).to.match(/No hand types that fast[^]*Type 271 828/)
    stop.abort(new Error('over'))
    expect(await consent.catch((error: unknown) => error)).to.have.property('message', 'over')
  })

  it('is not answered by the right digits at a scanner’s speed, in one piece or in single keys, and has another code then', async () => {
    const consent = handOf(codes('314159', '271828', '161803')).code(ask, '--accept')
    await until(/314 159\n.*› /)
    await sleep(100)
    keyboard.write('314159\r')
    await until(/271 828\n.*› /)
    await sleep(100)
    for (const key of '271828\r') {
      keyboard.write(key)
      await sleep(0)
    }
    await until(/161 803\n.*› /)
    expect(await answered(consent)).to.equal('not yet')
    await type('161803\r')
    expect(await consent).to.equal(true)
  })

  it('is not answered by a slow scanner that knows everything but the code', async () => {
    const consent = handOf(codes('314159', '271828', '161803')).code(ask, '--accept')
    for (const [code, guess] of [['314 159', '1234567890'], ['271 828', 'yes'], ['161 803', '314159']] as const) {
      await until(new RegExp(`Type ${code}\n.*› `))
      await sleep(80)
      await type(`${guess}\r`)
    }
    await until(/Type 999 999/)
    expect(shown.match(/That is not the code/g)).to.have.length(3)
    expect(await answered(consent)).to.equal('not yet')
  })

  it('lets guesses wait twice as long each time', async () => {
    const hand = handOf({ ...codes('314159', '271828', '161803', '141421'), timing: { ...TIMING, quiet: 1000, mostQuiet: 3000, grace: 0, pace: 0 } })
    void hand.code(ask, '--accept').catch(() => undefined)
    await until(/314 159\n.*› /)
    keyboard.write('1\r')
    await until(/Asking again in 2 seconds/)
    await until(/271 828\n.*› /)
    keyboard.write('1\r')
    await until(/Asking again in 3 seconds/)
    stop.abort()
  })

  it('draws six digits that differ', async () => {
    const drawn = new Set<string>()
    for (let i = 0; i < 20; i++) {
      const end = new AbortController()
      const asked = handOf({ signal: end.signal, timing: { quiet: 0, mostQuiet: 0, grace: 0, pace: 0 } }).code((code) => {
        drawn.add(code)
        end.abort()
        return [code]
      }, '--accept')
      await asked.catch(() => undefined)
    }
    expect([...drawn].every((code) => /^\d{3} \d{3}$/.test(code))).to.equal(true)
    expect(drawn.size).to.be.above(15)
  })

  it('where no scanner types, a line may be pasted, and is asked once more where it will not do', async () => {
    const line = handOf({ isScanned: false, timing: { quiet: 20, mostQuiet: 20, grace: 0, pace: 0 } }).line({
      ask: () => ['Name?'], prompt: ['Name?'], wanted: { kind: 'yes' }, flag: '--name', refuse: (typed) => (typed === 'ada' ? undefined : 'No.'),
    })
    await until(/› /)
    keyboard.write('bob\r')
    await until(/No\.\n[^]*› /)
    keyboard.write('\u0015ada\r')
    expect(await line).to.equal('ada')
  })

  it('shows what does not fit the window a page at a time, and waits for Space', async () => {
    const hand = handOf({ isScanned: false }, 20)
    const lines = Array.from({ length: 30 }, (_, i) => `line ${i + 1}`)
    const blocks = lines.map((text) => ({ kind: 'text', text }) as const)
    const shownAll = hand.show(blocks)
    await until(/24 more lines/)
    expect(shown).to.include('line 6\n').and.not.include('line 7\n')
    keyboard.write('x')
    keyboard.write(' ')
    await until(/12 more lines/)
    keyboard.write(' ')
    await shownAll
    for (const line of lines) expect(shown).to.include(`${line}\n`)
    shown = ''
    await hand.show(blocks.slice(0, 8))
    expect(shown).to.equal(`${lines.slice(0, 8).join('\n')}\n`)
  })

  it('needs a terminal', async () => {
    const line = makeHand({ isScanned: true, signal: stop.signal, input: Object.assign(new PassThrough(), { isTTY: false }) }).code(ask, '--accept NUMBER')
    expect(await line.catch((error: unknown) => error)).to.have.property('code', 'cli.no-terminal')
  })

  it('ends with its input', async () => {
    const line = handOf().code(ask, '--accept NUMBER')
    await until(/› /)
    keyboard.end()
    expect(await line.catch((error: unknown) => error)).to.have.property('code', 'cli.no-terminal')
  })
})
