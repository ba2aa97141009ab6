/**
 * A command's page: what it is told, what it asks, how it is found. The commands say what happens as they do for a terminal;
 * here that becomes the page's state.
 */
import { stripVTControlCharacters } from 'node:util'
import type { CarrierOptions, Role } from '../../engine/channel/carrier.ts'
import type { Live } from '../output.ts'
import type { Hand } from '../screen/owner.ts'
import { browserOpener, openBrowser } from './browser.ts'
import { makeWebCarrier } from './carrier.ts'
import type { WebCarrier } from './carrier.ts'
import { makeQuestions } from './hand.ts'
import { readPage } from './page-file.ts'
import { keepPort, lastPort } from './port.ts'
import type { PageState } from './protocol.ts'
import { servePage } from './server.ts'

export interface PageUse {
  readonly role: Role
  /** The role's folder, which remembers the page's port. */
  readonly home: string
  /** Empty where it has no name yet. */
  readonly owner: string
  /** `keyrite client run` */
  readonly command: string
  /** For the terminal. */
  readonly say: (line: string) => void
  /** Rings the terminal's bell when it is the owner's turn. */
  readonly ring?: () => void
}

/** What commands tell: everything but what crosses and what is asked. */
export type PageTold = Partial<Pick<PageState, 'ceremony' | 'isRehearsal' | 'doing' | 'table' | 'progress' | 'end' | 'owner'>>

export interface Page {
  readonly carrier: (options: CarrierOptions) => WebCarrier
  /** The owner, to be asked on the page. */
  readonly hand: (signal: AbortSignal) => Hand
  readonly tell: (told: PageTold) => void
  /** A terminal whose record goes to the page as well. */
  readonly screen: (terminal: Live) => Live
  readonly close: () => Promise<void>
}

const MOST_RECORD = 50
/** Milliseconds between two states, at least: a page need not hear of every frame. */
const EVERY = 60
/** Milliseconds without a page after which its owner is told where it is; a reload takes less. */
const GONE = 4000

/** Serves the page, opens it where a browser can be opened, and prints its address. @throws cli.no-page */
export async function openPage({ role, home, owner, command, say, ring }: PageUse): Promise<Page> {
  let state: PageState = {
    role, owner, command, isRehearsal: false, ceremony: null, doing: '', isWaitingForOwner: false, record: [], table: null,
    showing: null, isReading: false, read: null, progress: null, question: null, end: null,
  }
  let carrier: WebCarrier | undefined
  let isThere = false
  let timer: NodeJS.Timeout | undefined
  let gone: NodeJS.Timeout | undefined

  function change(part: Partial<PageState>): void {
    state = { ...state, ...part }
    timer ??= setTimeout(() => {
      timer = undefined
      server.tell()
    }, EVERY)
  }

  const questions = makeQuestions((question) => {
    if (question !== null && state.question === null) {
      ring?.()
      say(isThere ? 'It is your turn: answer on the page.' : 'It is your turn: open the page.')
    }
    change({ question, isWaitingForOwner: question !== null })
  })

  /** Prints a new address; the last one may have been used, and is good no more. */
  function invite(opens = false): void {
    clearTimeout(gone)
    const address = server.address()
    const opener = opens ? browserOpener() : undefined
    if (opener !== undefined) openBrowser(address, opener)
    say(`${opener === undefined ? 'Open this page in this machine’s browser' : 'The page opens in your browser. If it does not, open it yourself'}: ${address}`)
  }

  const kept = await lastPort(home)
  const server = await servePage({
    page: readPage(),
    port: kept,
    state: () => state,
    message: (id) => carrier?.message(id),
    onFrames: (frames) => carrier?.onFrames(frames) ?? { state: 'ignored', seen: 0, needed: 0 },
    onAnswer: (question, answer) => questions.onAnswer(question, answer),
    onTaken: (id) => carrier?.onTaken(id),
    onPage: (there) => {
      isThere = there
      clearTimeout(gone)
      if (there) return
      gone = setTimeout(() => {
        say('No page is open any more.')
        invite()
      }, GONE)
    },
    onStale: () => invite(),
  })
  // One that is taken by another command of this role is not given up for this one's.
  if (kept === 0) await keepPort(home, server.port)
  invite(true)

  return {
    carrier: (options) => (carrier = makeWebCarrier(options, (now) => change(now))),
    hand: questions.hand,
    tell: change,
    screen: (terminal) => ({
      ...terminal,
      log: (line) => {
        terminal.log(line)
        change({ record: [...state.record, stripVTControlCharacters(line)].slice(-MOST_RECORD) })
      },
    }),
    close: async () => {
      clearTimeout(timer)
      clearTimeout(gone)
      await server.close()
      clearTimeout(gone)
    },
  }
}
