/** The screen of a client that takes part: a record of its steps, and a block with who is awaited and the table. */
import type { CarrierProgress } from '../../engine/channel/carrier.ts'
import { withheldWords } from '../../engine/run/following.ts'
import type { Ledger } from '../../engine/run/ledger.ts'
import type { PartProgress } from '../../engine/run/parts.ts'
import { standingOf } from '../../engine/run/standing.ts'
import type { Standing } from '../../engine/run/standing.ts'
import { sentence, stateWords } from '../../engine/run/telling.ts'
import { paint, screenWidth } from '../output.ts'
import type { Live } from '../output.ts'
import { clockTime } from '../../engine/base/time.ts'
import { progressTable, waitingLines } from '../screen/ceremony.ts'
import { pageCeremony, pageTable } from '../web/ceremony.ts'
import type { Page } from '../web/page.ts'
import { makePartClock, pageProgress } from './part-clock.ts'
import { textStore } from './client-home.ts'

export interface ViewUse {
  /** The client's home, which stores since when a step is awaited. */
  readonly home: string
  readonly me: string
  readonly screen: Live
  readonly page?: Page | undefined
}

const WORDS: Readonly<Record<string, string>> = {
  asking: 'preparing',
  assisting: 'answering the airgap’s question',
  computing: 'computing',
  posting: 'posting',
  pausing: 'the storage cannot be reached; trying again',
  collecting: 'your part is done',
  waiting: 'staying to answer complaints, should any come',
  justifying: 'answering a complaint against you',
}
const SHOWING = 'showing the request to your airgap'
/** The sentences on a page, which has room to say what to do. */
const SENTENCES: Readonly<Record<string, string>> = {
  [SHOWING]: 'Showing the request: let your airgap’s camera see this code, and this camera your airgap’s screen.',
  'your part is done': 'Your part of this step is done. The others are awaited.',
}

/** States that are shown in the block alone: they pass in a moment, or the table shows them. */
const QUIET = ['asking', 'collecting']
const RETRYING = ['posting', 'pausing']

/** The block on the screen: the table, the present state, frames. */
export class RunView {
  frames = { in: 0, out: 0 }
  private readonly use: ViewUse
  private ledger: Ledger | undefined
  private hasBegun = false
  private readonly since = new Map<number, number>()
  private isRetrying = false
  private readonly timer: NodeJS.Timeout
  private step = ''
  private doing = ''
  private words = ''
  private crossingNow = ''
  /** The part that crosses now, in words; empty for a transfer in one piece. */
  part = ''
  private partsOf = ''
  private readonly clock = makePartClock()
  private told = ''

  constructor(use: ViewUse) {
    this.use = use
    this.timer = setInterval(() => this.draw(), 1000)
  }

  /** @param hasBegun true if this client began to post its part of the certificate, whatever the log shows */
  follow(ledger: Ledger, hasBegun: boolean): void {
    this.ledger = ledger
    this.hasBegun = hasBegun
    // The time is useful, but no reason to end the run.
    this.remember(ledger).catch(() => undefined)
    this.draw()
  }

  /** Stores the time at which this client first saw the step as the current one, for `status`. */
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
    // Between tries the state goes back and forth; it is recorded once.
    const isRetry = this.isRetrying && RETRYING.includes(doing)
    this.isRetrying = doing === 'pausing' || isRetry
    this.tell(WORDS[doing] ?? doing, isRetry || QUIET.includes(doing))
  }

  /** Says that the airgap is really asked: no stored answer fits this request. */
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

  /** Tells the page the same. It shows numbers of frames by itself. */
  private tellPage(ledger: Ledger, standing: Standing): void {
    const { page } = this.use
    if (page === undefined) return
    const doing = SENTENCES[this.words] ?? (this.words === '' ? '' : sentence(this.words))
    const told = {
      isRehearsal: ledger.opening.rehearsal,
      ceremony: pageCeremony(ledger.id, ledger, ledger.ceremony.steps[ledger.current]?.name ?? null),
      doing: standing.state === 'running' ? doing : sentence(stateWords(standing)),
      table: pageTable(standing, this.since.get(ledger.current)),
    }
    // This runs once a second, and mostly nothing but the time is new.
    const text = JSON.stringify(told)
    if (text === this.told) return
    this.told = text
    page.tell(told)
  }

  /** Shows the progress of a transfer in parts; null where there is none any more. */
  crossesIn(progress: PartProgress | null): void {
    // Most transfers have no parts. The last report of one with parts may come after the view is closed.
    if (progress === null && this.part === '') return
    const now = this.clock(progress)
    this.part = now?.words ?? ''
    const partsOf = progress === null ? '' : `${progress.direction === 'out' ? 'the request' : 'the airgap’s answer'} crosses in ${String(progress.count)} parts`
    // A transfer is recorded once, and a restart that goes on with it is named. An answer's first part comes without
    // being asked for.
    if (progress !== null && partsOf !== this.partsOf) {
      const goesOn = progress.index > (progress.direction === 'in' ? 2 : 1)
      this.use.screen.log(`${clockTime(Date.now()).slice(11)}  ${this.step}: ${partsOf}${goesOn ? `, and goes on with part ${String(progress.index)}` : ''}`)
    }
    this.partsOf = partsOf
    this.use.page?.tell({ progress: pageProgress(now?.direction === 'out' ? 'Parts of the request' : 'Parts of the airgap’s answer', now) })
    this.crossingNow = ''
    this.draw()
  }

  private draw(): void {
    const { ledger, use } = this
    if (ledger === undefined) return
    const standing = standingOf(ledger, Date.now(), { name: use.me, hasBegun: this.hasBegun })
    this.tellPage(ledger, standing)
    const crossing = [this.part, this.crossingNow].filter((words) => words !== '').join('; ')
    // The table comes last: where there is too little room, its end is cut off.
    use.screen.show([
      '',
      ...(ledger.opening.rehearsal ? [paint('yellow', 'REHEARSAL')] : []),
      ...waitingLines(standing, this.since.get(ledger.current)),
      ...(standing.isOver ? [''] : [`  here      ${this.words}${crossing === '' ? '' : ` (${crossing})`}`, '']),
      ...(standing.withheld === null ? [] : [paint('yellow', withheldWords(standing.withheld.hash, standing.withheld.asOf)), '']),
      ...(['running', 'usable', 'aborted'].includes(standing.state) ? [] : [paint('yellow', stateWords(standing)), '']),
      ...progressTable(standing, screenWidth()),
      '',
    ])
  }

  close(): void {
    clearInterval(this.timer)
    this.draw()
    this.use.screen.end()
  }
}
