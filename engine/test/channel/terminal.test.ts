import { PassThrough } from 'node:stream'
import { expect } from 'chai'
import { isKeyriteError } from '../../base/errors.ts'
import type { KeyriteError } from '../../base/errors.ts'
import type { Carrier } from '../../channel/carrier.ts'
import { sealEnvelope } from '../../channel/envelope.ts'
import { pack } from '../../channel/payload.ts'
import { qrMatrix, readQr } from '../../channel/qr.ts'
import type { Image } from '../../channel/qr.ts'
import { fragmentForWindow, LEAST_WINDOW, paintQr, versionForWindow } from '../../channel/screen.ts'
import type { Window } from '../../channel/screen.ts'
import { frameInLine, makeInputSplitter, makeTerminalCarrier } from '../../channel/terminal.ts'
import type { TerminalCarrierOptions } from '../../channel/terminal.ts'
import { makeReceiver, makeSending } from '../../channel/transfer.ts'
import { writeWhole } from '../../channel/ur.ts'
import { randomText } from './helpers.ts'

const never = (): AbortSignal => new AbortController().signal
const letter = (body: string): string => sealEnvelope({ kind: 'answer', ceremony: null, step: null, body })

/** The picture in a terminal, two square pixels a cell: a small interpreter of the sequences in use, which fails on any other. */
class FakeScreen {
  columns: number
  rows: number
  cells = new Map<string, readonly [above: string, below: string]>()
  status = ''
  isOther = false
  constructor({ columns, rows }: Window) {
    this.columns = columns
    this.rows = rows
  }

  readonly listeners = new Set<() => void>()
  on(_: 'resize', listener: () => void): void {
    this.listeners.add(listener)
  }
  off(_: 'resize', listener: () => void): void {
    this.listeners.delete(listener)
  }
  resize({ columns, rows }: Window): void {
    this.columns = columns
    this.rows = rows
    for (const listener of this.listeners) listener()
  }

  write(text: string): void {
    let row = 1
    let column = 1
    let above = 'default'
    let below = 'default'
    for (const match of text.matchAll(/\u001b\[(\??[0-9;]*)([A-Za-z])|([^\u001b])/g)) {
      const [, numbers = '', command = '', character] = match
      if (character !== undefined) {
        if (row === this.rows) this.status += character
        else {
          expect(column, 'within the window').most(this.columns)
          this.cells.set(`${row} ${column}`, character === '▀' ? [above, below] : [below, below])
        }
        column += 1
      } else if (command === 'H') {
        ;[row = 1, column = 1] = numbers.split(';').map(Number)
        expect(row).most(this.rows)
        if (row === this.rows) this.status = ''
      } else if (command === 'J') this.cells.clear()
      else if (command === 'K') this.status = ''
      else if (command === 'h' || command === 'l') {
        if (numbers === '?1049') this.isOther = command === 'h'
      } else if (command === 'm' && numbers === '0') above = below = 'default'
      else {
        const colours = /^38;(5;16|5;231|2;0;0;0|2;255;255;255);48;(5;16|5;231|2;0;0;0|2;255;255;255)$/.exec(numbers)
        if (command !== 'm' || colours?.[1] === undefined || colours[2] === undefined) throw new Error(`unknown sequence ${numbers}${command}`)
        above = colours[1]
        below = colours[2]
      }
    }
  }

  /** Takes a photograph of the screen on a grey desk. It is black where no colour was set. */
  image(pixels = 4): Image {
    const width = this.columns * pixels
    const height = (this.rows - 1) * 2 * pixels
    const data = new Uint8ClampedArray(4 * width * height).fill(255)
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const line = Math.floor(y / pixels)
        const cell = this.cells.get(`${Math.floor(line / 2) + 1} ${Math.floor(x / pixels) + 1}`)
        const colour = cell?.[line % 2]
        const level = colour === '5;231' || colour === '2;255;255;255' ? 255 : 0
        data.fill(level, 4 * (y * width + x), 4 * (y * width + x) + 3)
      }
    }
    return { data, width, height }
  }

  read(): string | null {
    return readQr(this.image())
  }
}

class FakeKeyboard extends PassThrough {
  isTTY = true
  isRaw = false
  setRawMode(isRaw: boolean): void {
    this.isRaw = isRaw
  }
}

async function codeOfLater(run: Promise<unknown>): Promise<string> {
  try {
    await run
  } catch (error) {
    if (isKeyriteError(error)) return error.code
    throw error
  }
  return 'nothing was thrown'
}

/** A text as one frame, however long it is. */
const wholeFrame = (text: string): string => writeWhole(pack(text))

const soon = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5))

describe('painting in a terminal', () => {
  it('80 by 24 holds version 6, 120 by 50 holds version 19', () => {
    expect(versionForWindow({ columns: 80, rows: 24 })).equal(6)
    expect(fragmentForWindow({ columns: 80, rows: 24 })?.fragment).within(50, 70)
    expect(versionForWindow({ columns: 120, rows: 50 })).equal(19)
    expect(versionForWindow({ columns: 118, rows: 500 })).equal(24)
    expect(versionForWindow({ columns: 116, rows: 500 })).equal(22)
    expect(versionForWindow(LEAST_WINDOW)).equal(4)
    expect(versionForWindow({ columns: LEAST_WINDOW.columns - 1, rows: 100 })).equal(undefined)
    expect(versionForWindow({ columns: 100, rows: LEAST_WINDOW.rows - 1 })).equal(undefined)
    expect(fragmentForWindow({ columns: 10, rows: 10 })).equal(undefined)
  })

  for (const colours of ['256', '24bit'] as const) {
    for (const window of [LEAST_WINDOW, { columns: 80, rows: 24 }, { columns: 81, rows: 25 }, { columns: 120, rows: 50 }, { columns: 200, rows: 60 }]) {
      it(`a full frame at ${window.columns} by ${window.rows} in ${colours} colours is read by jsQR on a black screen`, () => {
        const fragment = fragmentForWindow(window)?.fragment ?? 0
        const frame = makeSending(randomText(3000, 'paint'), { fragment }).frames().next().value
        const screen = new FakeScreen(window)
        screen.write(paintQr(qrMatrix(frame), window, colours))
        expect(screen.read()).equal(frame)
      })
    }
  }
})

describe('the terminal input', () => {
  function collect(pieces: readonly string[], limit = 100) {
    const got: string[] = []
    const split = makeInputSplitter({
      onLine: (line) => got.push(`line ${line}`),
      onKey: (key) => got.push(`key ${key}`),
      onInterrupt: () => got.push('interrupt'),
      onTooLong: (length) => got.push(`too long ${length}`),
      limit,
      keys: '+-<>',
    })
    for (const piece of pieces) split(piece)
    return got
  }

  it('tells keys from the same characters within a line', () => {
    expect(collect(['+UR:A/1-', '2/B\r\n-\n>'])).deep.equal(['key +', 'line UR:A/1-2/B', 'key -', 'key >'])
  })

  it('leaves out arrow keys and the marks of a paste, takes back what was erased, and hears Ctrl-C', () => {
    expect(collect(['\u001b[A\u001bOB\u001b[200~UR:X\u007fY\u001b[201~\r', '\u0003'])).deep.equal(['line UR:Y', 'interrupt'])
  })

  it('drops a line above its limit and goes on', () => {
    expect(collect(['x'.repeat(101), '\nok\n'])).deep.equal(['too long 101', 'line ok'])
  })

  it('finds a frame behind what was typed before it by mistake', () => {
    expect(frameInLine('xxUR:KEYRITE/AA')).equal('UR:KEYRITE/AA')
    expect(frameInLine('https://your:secret@example.org')).equal('https://your:secret@example.org')
    expect(frameInLine('ur:keyrite/1-ur:keyrite/2-3/aa')).equal('ur:keyrite/2-3/aa')
    expect(frameInLine('hello')).equal('hello')
  })
})

describe('the terminal carrier', () => {
  let screen = new FakeScreen({ columns: 80, rows: 24 })
  let keyboard = new FakeKeyboard()
  let problems: KeyriteError[] = []
  let interrupts = 0
  let open: Carrier[] = []

  beforeEach(() => {
    screen = new FakeScreen({ columns: 80, rows: 24 })
    keyboard = new FakeKeyboard()
    problems = []
    interrupts = 0
    open = []
  })
  afterEach(async () => {
    for (const carrier of open) await carrier.close()
  })

  function make(more: Partial<TerminalCarrierOptions> = {}) {
    const carrier = makeTerminalCarrier({
      role: 'airgap',
      input: keyboard,
      output: screen,
      speed: 15,
      onProblem: (problem) => problems.push(problem),
      onInterrupt: () => (interrupts += 1),
      quiet: 30,
      ...more,
    })
    open.push(carrier)
    return carrier
  }

  /** Films the screen until a whole transfer is read from it. */
  async function film(): Promise<string> {
    const receiver = makeReceiver({ switchAfter: 2 })
    for (;;) {
      const frame = screen.read()
      const received = frame === null ? undefined : receiver.receive(frame)
      if (received?.state === 'complete') return received.text
      await soon()
    }
  }

  it('shows a transfer that a camera reads, and gives the screen and the keyboard back', async () => {
    const carrier = make({ role: 'client' })
    const text = letter(randomText(300, 'film'))
    const shown = carrier.show(text)
    expect(screen.isOther).equal(true)
    expect(keyboard.isRaw).equal(true)
    expect(await film()).equal(text)
    await shown
    expect(screen.status).match(/code \d+, any \d+\+ do · 15\/s \(< >\) · size 6 \(\+ -\)/)
    await carrier.stopShowing()
    expect(screen.isOther).equal(false)
    expect(keyboard.isRaw).equal(false)
    const cells = screen.cells
    await soon()
    expect(screen.cells).equal(cells)
  })

  it('resolves a show once a full round was shown, and at once for a single code', async () => {
    screen.resize({ columns: 120, rows: 50 })
    const carrier = make()
    await carrier.show(letter('short'))
    expect(screen.status).match(/^one code/)
    let rounds = 0
    const carrierOut = make({ onProgress: ({ direction, frames, needed }) => direction === 'out' && (rounds = frames / needed) })
    await carrierOut.show(letter(randomText(1500, 'round')))
    expect(rounds).equal(1)
  })

  it('keys change density and speed within their bounds', async () => {
    const carrier = make()
    const text = letter(randomText(600, 'keys'))
    void carrier.show(text).catch(() => undefined)
    const press = async (keys: string): Promise<string> => {
      for (const key of keys) keyboard.write(key)
      await soon()
      return screen.status
    }
    expect(await press('-')).contain('size 5')
    expect(await press('---')).contain('size 4')
    expect(await press('+++++')).contain('size 6')
    expect(await press('<')).contain('12/s')
    expect(await press('<<<<<<<<<<<<')).contain('1/s')
    expect(await press('>>>')).contain('4/s')
    expect(await press('>>>>>>>>>>>>')).contain('15/s')
    expect(await film()).equal(text)
  })

  it('uses a larger window after a resize, up to 400 bytes a frame by itself, and says when one is too small', async () => {
    const carrier = make()
    const text = letter(randomText(4000, 'resize'))
    void carrier.show(text).catch(() => undefined)
    expect(screen.status).contain('size 6')
    screen.resize({ columns: 200, rows: 100 })
    expect(screen.status).match(/size 1[67]/)
    keyboard.write('+')
    await soon()
    expect(screen.status).match(/size 1[78]/)
    screen.resize({ columns: 30, rows: 10 })
    expect(screen.cells.size).equal(0)
    expect(screen.status).contain('too small')
    expect(problems.map(({ code }) => code)).deep.equal(['channel.small-window'])
    screen.resize({ columns: 100, rows: 40 })
    expect(await film()).equal(text)
  })

  it('waits for a larger window if it is too small from the start', async () => {
    screen.resize({ columns: 30, rows: 10 })
    const carrier = make()
    const shown = carrier.show(letter('patience'))
    expect(problems.map(({ code }) => code)).deep.equal(['channel.small-window'])
    screen.resize({ columns: 80, rows: 24 })
    await shown
    expect(await film()).equal(letter('patience'))
  })

  it('shows the next text in place of the one before', async () => {
    const carrier = make()
    const first = carrier.show(letter(randomText(3000, 'first')))
    const second = letter('second')
    await carrier.show(second)
    await first
    expect(await film()).equal(second)
  })

  it('reads typed frames, one a line, in any order, with mistakes between them', async () => {
    const carrier = make()
    const text = letter(randomText(500, 'typed'))
    const sending = makeSending(text, { fragment: 60 })
    const frames = sending.frames()
    const lines = Array.from({ length: sending.partCount }, () => frames.next().value).reverse()
    const incoming = carrier.receive(never())
    keyboard.write(`hello\r${lines.map((line, i) => (i % 2 === 0 ? line : line.toLowerCase())).join('\r')}\r`)
    expect(await incoming).include({ text, frames: sending.partCount })
    expect(problems.map(({ code }) => code)).deep.equal(['channel.foreign'])
  })

  it('reads a whole transfer pasted as one line, in pieces, and the next one after it', async () => {
    const carrier = make()
    for (const text of [letter(randomText(30_000, 'pasted')), letter('another')]) {
      const incoming = carrier.receive(never())
      const whole = wholeFrame(text)
      for (let at = 0; at < whole.length; at += 4096) keyboard.write(whole.slice(at, at + 4096))
      keyboard.write('\n')
      expect((await incoming).text).equal(text)
    }
  })

  it('delivers a text once, also when its frames are typed again, and what came before anyone asked', async () => {
    const carrier = make()
    await carrier.show(letter('something to see'))
    keyboard.write(`${wholeFrame(letter('early'))}\r`)
    await soon()
    expect((await carrier.receive(never())).text).equal(letter('early'))
    const next = carrier.receive(never())
    keyboard.write(`${wholeFrame(letter('early'))}\r${wholeFrame(letter('next'))}\r`)
    expect((await next).text).equal(letter('next'))
  })

  it('reports what was altered, and takes the next', async () => {
    const carrier = make()
    const next = carrier.receive(never())
    keyboard.write(`${wholeFrame(letter('true').replace('true', 'lies'))}\r${wholeFrame(letter('true'))}\r`)
    expect((await next).text).equal(letter('true'))
    expect(problems.map(({ code }) => code)).deep.equal(['channel.wrong-digest'])
  })

  it('hears Ctrl-C in raw mode', async () => {
    const carrier = make()
    await carrier.show(letter('x'))
    keyboard.write('\u0003')
    await soon()
    expect(interrupts).equal(1)
  })

  it('receiving ends by its signal, by closing, with its input, and not twice at once', async () => {
    const carrier = make()
    const stop = new AbortController()
    const waiting = carrier.receive(stop.signal)
    expect(await codeOfLater(carrier.receive(never()))).equal('channel.busy')
    stop.abort(new Error('enough'))
    expect(await waiting.catch((error: unknown) => error)).property('message', 'enough')
    const ended = codeOfLater(carrier.receive(never()))
    keyboard.end('UR:KEYRITE/HALF')
    expect(await ended).equal('channel.input-ended')
    expect(await codeOfLater(carrier.receive(never()))).equal('channel.input-ended')
    await carrier.close()
    expect(await codeOfLater(carrier.receive(never()))).equal('channel.closed')
    expect(await codeOfLater(carrier.show(letter('x')))).equal('channel.closed')
  })

  it('keeps an airgap’s keyboard raw from its first use to its end, so that nothing that a scanner types is echoed', async () => {
    const carrier = make()
    const incoming = carrier.receive(never())
    keyboard.write(`${wholeFrame(letter('one'))}\r`)
    await incoming
    expect(keyboard.isRaw).equal(true)
    await carrier.show(letter('answer'))
    await carrier.stopShowing()
    expect(keyboard.isRaw).equal(true)
    await carrier.close()
    expect(keyboard.isRaw).equal(false)
  })

  it('lends window and keyboard to a question, and takes no word of its answer', async () => {
    const carrier = make()
    await carrier.show(letter('before'))
    const heard: string[] = []
    await carrier.lend(async () => {
      expect([screen.isOther, keyboard.isRaw]).deep.equal([false, true])
      keyboard.on('data', (piece) => heard.push(String(piece)))
      keyboard.resume()
      keyboard.write(`${wholeFrame(letter('typed at the question'))}\r\u0003`)
      await soon()
    })
    expect(heard.join('')).contain('UR:KEYRITE')
    expect(interrupts).equal(0)
    const next = carrier.receive(never())
    keyboard.write(`${wholeFrame(letter('after'))}\r`)
    expect((await next).text).equal(letter('after'))
  })

  it('shows its last text until Enter is pressed on an empty line, not until a scanner ends one', async () => {
    const carrier = make()
    await carrier.show(letter('the last'))
    let isTaken = false
    const taken = carrier.untilTaken(never()).then(() => (isTaken = true))
    expect(screen.status).contain('press Enter when it is read')
    keyboard.write(`${wholeFrame(letter('the request, once more').slice(0, 3))}\r\n`)
    await soon()
    expect(isTaken).equal(false)
    expect(screen.isOther).equal(true)
    keyboard.write('\r')
    await taken
  })

  for (const [what, end] of [
    ['the next transfer', () => keyboard.write(`${wholeFrame(letter('next'))}\r`)],
    ['the end of the input', () => keyboard.end()],
    ['closing', (carrier: Carrier) => void carrier.close()],
  ] as const) {
    it(`shows its last text no longer after ${what}`, async () => {
      const carrier = make()
      await carrier.show(letter('the last'))
      const taken = carrier.untilTaken(never())
      end(carrier)
      await taken
    })
  }

  it('drops what is still typed when it is closed, while the keyboard is raw, and says so', async () => {
    const carrier = make()
    await carrier.show(letter('x'))
    const closed = carrier.close()
    keyboard.write('rm -rf ~\r')
    await soon()
    expect(keyboard.isRaw).equal(true)
    keyboard.write('\u0003more\r')
    await closed
    expect(keyboard.isRaw).equal(false)
    expect(keyboard.read()).equal(null)
    expect(problems.map(({ code }) => code)).deep.equal(['channel.still-typed'])
    expect(interrupts).equal(0)
  })

  it('a frame rate that is no step of its keys is refused', () => {
    expect(() => make({ speed: 7 })).throw().with.property('code', 'channel.bad-setting')
  })
})
