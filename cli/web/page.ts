/**
 * A command's page. The commands tell their progress as they do for a terminal; here that becomes the page's state, its
 * questions, and its address.
 */
import { randomBytes } from 'node:crypto'
import { alarm, unlessAborted } from '../../engine/base/signals.ts'
import type { Role } from '../../engine/base/names.ts'
import type { CarrierOptions } from '../../engine/channel/carrier.ts'
import { failureOf } from '../errors.ts'
import { unpainted } from '../output.ts'
import type { Live } from '../output.ts'
import type { Block } from '../screen/blocks.ts'
import { QuestionLeft } from '../screen/owner.ts'
import type { Hand, LineQuestion } from '../screen/owner.ts'
import { makeWebCarrier } from './carrier.ts'
import type { WebCarrier } from './carrier.ts'
import { readPage } from './page-file.ts'
import type { PageQuestion, PageState } from './protocol.ts'
import { browserOpener, keepPort, lastPort, openBrowser, servePage } from './server.ts'

// The questions to an owner on a page. Nothing that the camera reads comes here: an answer was typed or pressed on the
// one page that has the session's key.

export interface Questions {
  /** Takes the page's answer to a question. @returns false where that question is not asked any more */
  readonly onAnswer: (id: string, answer: string) => boolean
  /** A hand for one owner and one question, with all blocks shown before it. */
  readonly hand: (signal: AbortSignal) => Hand
}

/** @param ask shows a question on the page, or removes it for null */
export function makeQuestions(ask: (question: PageQuestion | null) => void): Questions {
  let waiting: { readonly id: string; readonly take: (answer: string) => void } | undefined

  /** Waits for one answer. @throws the signal's reason */
  async function answered(question: PageQuestion, signal: AbortSignal): Promise<string> {
    return await unlessAborted<string>((resolve) => {
      waiting = { id: question.id, take: resolve }
      ask(question)
      return () => (waiting = undefined)
    }, signal)
  }

  function hand(signal: AbortSignal): Hand {
    let blocks: readonly Block[] = []
    let looked: readonly Block[] | null = null

    async function line({ prompt, wanted, mayLook = false, isNoAskedAgain = false, refuse }: LineQuestion): Promise<string> {
      let trouble: string | null = null
      try {
        for (;;) {
          // Each asking has a new id, so that a late click answers nothing else.
          const id = randomBytes(12).toString('hex')
          const typed = (await answered({ id, blocks, prompt, answer: wanted, mayLook, isNoAskedAgain, looked, mayLeave: true, trouble }, signal)).trim()
          if (typed === 'later') throw new QuestionLeft('later')
          const refused = refuse(typed)
          if (refused === undefined) return typed
          trouble = refused
        }
      } finally {
        ask(null)
      }
    }

    return {
      isScanned: false,
      mayLeave: true,
      show: (shown, { mayStop = false, isAnew = false } = {}) => {
        if (mayStop) looked = shown
        else blocks = isAnew ? shown : [...blocks, ...shown]
        if (isAnew) looked = null
        return Promise.resolve()
      },
      line,
      code: () => Promise.reject(new TypeError('no scanner types on a page')),
    }
  }

  return {
    onAnswer: (id, answer) => {
      if (waiting?.id !== id) return false
      waiting.take(answer)
      waiting = undefined
      return true
    },
    hand,
  }
}

export interface PageUse {
  readonly role: Role
  /** The role's folder, which remembers the page's port. */
  readonly home: string
  /** The machine's owner; empty while there is no name. */
  readonly owner: string
  /** The command as it is typed, such as `keyrite client run`. */
  readonly command: string
  /** Prints a line in the terminal. */
  readonly say: (line: string) => void
  /** Rings the terminal's bell when it is the owner's turn. */
  readonly ring?: () => void
}

/** The parts of the state that commands tell while they run: everything but transfers and questions. */
export type PageTold = Partial<Pick<PageState, 'ceremony' | 'isRehearsal' | 'doing' | 'table' | 'progress' | 'owner'>>

export interface Page {
  readonly carrier: (options: CarrierOptions) => WebCarrier
  /** The owner, who is asked on the page. */
  readonly hand: (signal: AbortSignal) => Hand
  readonly tell: (told: PageTold) => void
  /** Tells how the command ended, and the next steps. */
  readonly end: (lines: readonly string[], next: readonly string[], isGood: boolean) => void
  /** Tells that the command failed, and what to do. */
  readonly fail: (error: unknown) => void
  /** A terminal whose record goes to the page too. */
  readonly screen: (terminal: Live) => Live
  readonly close: () => Promise<void>
}

const MOST_RECORD = 50
/** The least milliseconds between two states: a page need not hear of every frame. */
const EVERY = 60
/** Milliseconds without a page after which its owner is told the address. A reload takes less. */
const GONE = 4000

/** Serves the page, opens it where a browser can be opened, and prints its address. @throws cli.no-page */
export async function openPage({ role, home, owner, command, say, ring }: PageUse): Promise<Page> {
  let state: PageState = {
    role, owner, command, isRehearsal: false, ceremony: null, doing: '', isWaitingForOwner: false, record: [], table: null,
    showing: null, isReading: false, read: null, progress: null, question: null, end: null,
  }
  let carrier: WebCarrier | undefined
  let isThere = false
  const telling = alarm(() => server.tell())
  const gone = alarm(() => {
    say('No page is open any more.')
    invite()
  })

  function change(part: Partial<PageState>): void {
    state = { ...state, ...part }
    telling.begin(EVERY)
  }

  const questions = makeQuestions((question) => {
    if (question !== null && state.question === null) {
      ring?.()
      say(isThere ? 'It is your turn: answer on the page.' : 'It is your turn: open the page.')
    }
    change({ question, isWaitingForOwner: question !== null })
  })

  /** Prints a new address: the last one may have been used, and is then no longer good. */
  function invite(opens = false): void {
    gone.clear()
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
      if (there) gone.clear()
      else gone.set(GONE)
    },
    onStale: () => invite(),
  })
  // A port that another command of this role has taken stays the remembered one.
  if (kept === 0) await keepPort(home, server.port)
  invite(true)

  return {
    carrier: (options) => (carrier = makeWebCarrier(options, (now) => change(now))),
    hand: questions.hand,
    tell: change,
    end: (lines, next, isGood) => change({ end: pageEnd(lines, next, isGood) }),
    fail: (error) => {
      const { message, todo } = failureOf(error, command)
      change({ end: pageEnd([message], [todo], false) })
    },
    screen: (terminal) => ({
      ...terminal,
      log: (line) => {
        terminal.log(line)
        change({ record: [...state.record, unpainted(line)].slice(-MOST_RECORD) })
      },
    }),
    close: async () => {
      telling.clear()
      gone.clear()
      await server.close()
      gone.clear()
    },
  }
}

// The end of a command, for its page, which stays open after it.

const pageEnd = (lines: readonly string[], next: readonly string[], isGood: boolean): NonNullable<PageState['end']> => ({
  isGood, lines: lines.map((line) => unpainted(line)), next: next.map(marked),
})

/** Puts a command between backticks. In a terminal's line blanks separate it from the words about it. */
function marked(line: string): string {
  const [, command, rest = ''] = /^(keyrite .+?)(?:\s{2,}(.*))?$/.exec(line) ?? []
  return command === undefined || line.includes('`') ? line : `\`${command}\`${rest === '' ? '' : ` ${rest}`}`
}
