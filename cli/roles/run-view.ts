/** What a client shows while it takes part: a record of what it did, and a block with who is awaited and the table. */
import type { CarrierProgress } from '../../engine/channel/carrier.ts'
import type { Ledger } from '../../engine/run/ledger.ts'
import type { Live } from '../output.ts'
import { paint, screenWidth } from '../output.ts'
import { clockTime, isOver, progressTable, stateOf, STATE_WORDS, waitingLines } from './ceremony-view.ts'
import { textStore } from './client-home.ts'

export interface ViewUse {
  /** The client's home, where it keeps since when a step is awaited. */
  readonly home: string
  readonly me: string
  readonly screen: Live
}

const WORDS: Readonly<Record<string, string>> = {
  asking: 'preparing',
  assisting: 'answering the airgap’s question',
  computing: 'computing',
  posting: 'posting',
  pausing: 'the storage cannot be reached; trying again',
  collecting: 'your part is done',
  justifying: 'answering a complaint against you',
  judging: 'waiting for the dispute to be judged',
}
const SHOWING = 'showing the request to your airgap'

/** Told in the block alone: they pass in a moment, or the table shows them. */
const QUIET = ['asking', 'collecting']
const RETRYING = ['posting', 'pausing']

/** The block on the screen: table, what happens, frames. */
export class RunView {
  frames = { in: 0, out: 0 }
  private readonly use: ViewUse
  private ledger: Ledger | undefined
  private readonly since = new Map<number, number>()
  private isRetrying = false
  private readonly timer: NodeJS.Timeout
  private step = ''
  private doing = ''
  private words = ''
  private crossingNow = ''

  constructor(use: ViewUse) {
    this.use = use
    this.timer = setInterval(() => this.draw(), 1000)
  }

  follow(ledger: Ledger): void {
    this.ledger = ledger
    // Since when is good to know, and no reason to end.
    this.remember(ledger).catch(() => undefined)
    this.draw()
  }

  /** When a step became the current one, as this client first saw it; kept for `status`. */
  private async remember({ current, id, ceremony }: Ledger): Promise<void> {
    const step = ceremony.steps[current]
    if (step === undefined || this.since.has(current)) return
    this.since.set(current, Date.now())
    const store = textStore(this.use.home)
    const key = `${id}/since-${step.name}`
    const before = await store.get(key)
    if (before === undefined) await store.put(key, String(Date.now()))
    else this.since.set(current, Number(before))
  }

  at(step: string, doing: string): void {
    this.step = step
    // Between tries it goes back and forth; once is enough to tell.
    const isRetry = this.isRetrying && RETRYING.includes(doing)
    this.isRetrying = doing === 'pausing' || isRetry
    this.tell(WORDS[doing] ?? doing, isRetry || QUIET.includes(doing))
  }

  /** The airgap is really asked: no answer to this request was kept. */
  asks(): void {
    this.tell(SHOWING, false)
  }

  private tell(words: string, isQuiet: boolean): void {
    const doing = words === '' ? '' : `${this.step}: ${words}`
    if (doing !== '' && doing !== this.doing && !isQuiet) this.use.screen.log(`${clockTime(Date.now()).slice(11)}  ${doing}`)
    this.doing = doing
    this.words = words
    this.crossingNow = ''
    this.draw()
  }

  crossing({ direction, frames, needed }: CarrierProgress): void {
    this.frames[direction] += 1
    this.crossingNow = direction === 'out' ? `${String(frames)} frames shown` : `read ${String(frames)} frames${needed > 0 ? ` of ${String(needed)}` : ''}`
    this.draw()
  }

  private draw(): void {
    const { ledger, use } = this
    if (ledger === undefined) return
    const state = stateOf(ledger, Date.now(), use.me)
    // The table last: of one that has no room, the end is cut off.
    use.screen.show([
      '',
      ...(ledger.opening.rehearsal ? [paint('yellow', 'REHEARSAL')] : []),
      ...(isOver(state)
        ? []
        : [...waitingLines(ledger, Date.now(), this.since.get(ledger.current)), `  here      ${this.words}${this.crossingNow === '' ? '' : ` (${this.crossingNow})`}`, '']),
      ...(['running', 'usable', 'aborted'].includes(state) ? [] : [paint('yellow', STATE_WORDS[state]), '']),
      ...progressTable(ledger, use.me, screenWidth()),
      '',
    ])
  }

  close(): void {
    clearInterval(this.timer)
    this.draw()
    this.use.screen.end()
  }
}
