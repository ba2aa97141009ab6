/**
 * Questions that only a hand at the airgap's keyboard can answer. With `--channel terminal` a scanner types on that
 * same keyboard what the client's screen shows, and an attacker may have taken over the client. So text typed before a
 * question is dropped, and an answer that comes faster than fingers type does not count. Consent takes a code that was
 * drawn for this question and stands on this screen alone.
 */
import { randomInt } from 'node:crypto'
import { cliError } from '../errors.ts'
import { paint } from '../output.ts'
import { requireTerminal } from '../prompt.ts'
import { linesOf, widthOf } from './blocks.ts'
import type { Block } from './blocks.ts'
import { withKeys } from './keyboard.ts'
import type { KeyInput, Keys } from './keyboard.ts'

/** The output for questions, such as `process.stderr`. */
export interface HandOutput {
  write(text: string): unknown
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
}

/** The times of a question, in milliseconds. */
export interface HandTiming {
  /** The silence before a question is painted. It doubles with every wrong code, up to `mostQuiet`. */
  readonly quiet: number
  readonly mostQuiet: number
  /** The silence after it was painted: an owner who reads it does not type yet. */
  readonly grace: number
  /** The least time of a hand for each character, from the first to Enter. Scanners take 1 to 20. */
  readonly pace: number
}

/** Thrown where a question was left without an answer. That refuses nothing and uses nothing up. */
export class QuestionLeft extends Error {
  readonly why: 'later' | 'other' | 'nothing'
  /** @param why `later` if the owner typed that; else the other side shows something other now, or nothing */
  constructor(why: QuestionLeft['why']) {
    super(`a question was left: ${why}`)
    this.name = 'QuestionLeft'
    this.why = why
  }
}

export interface HandUse {
  /** Whether a scanner may type on this keyboard. */
  readonly isScanned: boolean
  /** Aborts the question; a `QuestionLeft` as its reason withdraws it. */
  readonly signal: AbortSignal
  /** Whether a question may be left with `later`. */
  readonly mayLeave?: boolean
  readonly input?: KeyInput
  readonly output?: HandOutput
  readonly timing?: HandTiming
  /** Draws a code of six digits that nobody can foretell. */
  readonly draw?: () => string
}

/** The control with which a page asks for an answer. It sends back the line that would be typed in a terminal. */
export type Wanted =
  /** A number's first ten digits, or more. */
  | { readonly kind: 'digits' }
  | { readonly kind: 'yes' }
  /** A sentence, typed as it stands. */
  | { readonly kind: 'sentence'; readonly sentence: string }
  /** Whether to decline for good: `no`, perhaps with a reason behind it, or `back`. */
  | { readonly kind: 'decline' }

export interface LineQuestion {
  /** The question in a terminal. It is called at every asking; the last line stands above the answer. */
  readonly ask: () => readonly string[]
  /** The question on a page, which has buttons for no and later. */
  readonly prompt: readonly string[]
  readonly wanted: Wanted
  /** Whether `list`, `show` and `find` give something. */
  readonly mayLook?: boolean
  /** Whether a no is asked again by a question of its own. If not, a page asks again by itself. */
  readonly isNoAskedAgain?: boolean
  /** The most characters of an answer. */
  readonly most?: number
  /** The flag that replaces the question where there is no terminal. */
  readonly flag: string
  /** Gives the reason why an answer is refused, or undefined. */
  readonly refuse: (answer: string) => string | undefined
}

export interface Hand {
  readonly isScanned: boolean
  readonly mayLeave: boolean
  /**
   * Shows blocks, a page at a time where they do not fit the window. All are shown, unless they may be left with q.
   * With `isAnew` they replace the blocks before.
   */
  readonly show: (blocks: readonly Block[], more?: { readonly mayStop?: boolean; readonly isAnew?: boolean }) => Promise<void>
  /** Asks for a typed line. @throws cli.no-terminal, QuestionLeft, the signal's reason */
  readonly line: (question: LineQuestion) => Promise<string>
  /**
   * Asks for consent by a code.
   *
   * @param ask the question, with the code as it is shown
   * @returns false for `no`
   * @throws cli.no-terminal, QuestionLeft, the signal's reason
   */
  readonly code: (ask: (code: string) => readonly string[], flag: string) => Promise<boolean>
}

/** In the end a scanner gets no more than about one guess a minute. */
const SCANNED: HandTiming = { quiet: 700, mostQuiet: 64_000, grace: 300, pace: 40 }
const UNSCANNED: HandTiming = { quiet: 100, mostQuiet: 100, grace: 0, pace: 0 }

/** The most characters at once: two keys may go down together, and a busy machine may hold one back. */
const MOST_AT_ONCE = 3
const MOST_ANSWER = 70
const ROWS_FOR_QUESTION = 8

const ERASE = ['\u007f', '\b']
const CTRL_U = '\u0015'

export const isNo = (answer: string): boolean => /^no?$/i.test(answer.trim())
const isLater = (answer: string): boolean => /^later$/i.test(answer.trim())
export const digitsOf = (text: string): string => text.replace(/\D/g, '')
const sixDigits = (): string => String(randomInt(1_000_000)).padStart(6, '0')

export function makeHand(use: HandUse): Hand {
  const { isScanned, signal, mayLeave = false } = use
  const input: KeyInput = use.input ?? process.stdin
  const output: HandOutput = use.output ?? process.stderr
  const timing = use.timing ?? (isScanned ? SCANNED : UNSCANNED)
  let { quiet } = timing
  const write = (text: string): void => void output.write(text)
  const warn = (text: string): void => write(`  ${paint('yellow', text)}\n`)

  /** Asks once nobody types, and asks anew if text comes before anybody can have read the question. */
  async function asked(keys: Keys, question: () => void): Promise<void> {
    if (quiet >= 2000) write(paint('dim', `  Asking again in ${String(Math.round(quiet / 1000))} seconds.\n`))
    if ((await keys.drop(quiet)) > 0) warn('What was typed before the question is dropped.')
    for (;;) {
      question()
      if ((await keys.drop(timing.grace)) === 0) return
      write('\n')
      warn('No hand types that fast. Is a scanner looking at another screen? It is dropped.')
      await keys.drop(quiet)
    }
  }

  async function line({ ask, flag, refuse, most = MOST_ANSWER }: Pick<LineQuestion, 'ask' | 'flag' | 'refuse' | 'most'>): Promise<string> {
    requireTerminal('A confirmation', flag, input, output)
    return await untilLeft(async (keys) => {
      const question = (): void => write(`\n${ask().join('\n')}\n  ${paint('cyan', '›')} `)
      for (let asking = 0; ; asking++) {
        if (isScanned || asking === 0) await asked(keys, question)
        else question()
        const answer = await typed(keys, flag, most)
        write('\n')
        if (mayLeave && answer !== undefined && isLater(answer)) throw new QuestionLeft('later')
        const trouble = answer === undefined ? 'No hand types that fast: it is dropped.' : refuse(answer)
        if (answer !== undefined && trouble === undefined) return answer
        warn(trouble ?? '')
      }
    })
  }

  /** Takes the keyboard. After a question that is withdrawn, the cursor stands on a new line. */
  async function untilLeft<T>(work: (keys: Keys) => Promise<T>): Promise<T> {
    try {
      return await withKeys(input, signal, work)
    } finally {
      if (signal.reason instanceof QuestionLeft) write('\n')
    }
  }

  /** The text typed up to Enter; undefined for text that no hand types. */
  async function typed(keys: Keys, flag: string, most: number): Promise<string | undefined> {
    let answer = ''
    let isBurst = false
    let began = 0
    for (;;) {
      const text = await keys.next()
      if (text === undefined) throw cliError('no-terminal', { what: 'A confirmation', flag })
      if (text.length > MOST_AT_ONCE) isBurst = true
      for (const character of text) {
        // Text behind the Enter is dropped.
        if (character === '\r' || character === '\n') {
          const isTooFast = isBurst || Date.now() - began < timing.pace * answer.length
          return timing.pace > 0 && answer !== '' && isTooFast ? undefined : answer.trim()
        }
        const after = edited(answer, character, most)
        if (answer === '') began = Date.now()
        write('\b \b'.repeat(Math.max(0, answer.length - after.length)) + after.slice(answer.length))
        answer = after
      }
    }
  }

  async function code(ask: (code: string) => readonly string[], flag: string): Promise<boolean> {
    const draw = use.draw ?? sixDigits
    let drawn = ''
    const answer = await line({
      flag,
      ask: () => {
        drawn = draw()
        return ask(`${drawn.slice(0, 3)} ${drawn.slice(3)}`)
      },
      refuse: (given) => {
        if (isNo(given) || given.replaceAll(' ', '') === drawn) return undefined
        if (given !== '') quiet = Math.min(timing.mostQuiet, quiet * 2)
        return 'That is not the code. There is a new one now.'
      },
    })
    return !isNo(answer)
  }

  async function show(blocks: readonly Block[], { mayStop = false } = {}): Promise<void> {
    const lines = linesOf(blocks, widthOf(output.columns))
    const room = Math.max(8, ((output.rows ?? 0) || 24) - ROWS_FOR_QUESTION)
    if (output.isTTY !== true || input.isTTY !== true || lines.length <= room) {
      write(`${lines.join('\n')}\n`)
      return
    }
    // Where everything is shown, the last page is a full one, since the question stands below it.
    let at = 0
    for (let end = mayStop ? room : lines.length % room || room; ; at = end, end += room) {
      write(`${lines.slice(at, end).join('\n')}\n`)
      if (end >= lines.length || (await turnPage(lines.length - end, mayStop)) === 'stop') return
    }
  }

  async function turnPage(left: number, mayStop: boolean): Promise<'on' | 'stop'> {
    return await untilLeft(async (keys) => {
      await keys.drop(100)
      write(paint('dim', `  ${String(left)} more lines: press Space${mayStop ? ', or q to stop' : ''}`))
      for (;;) {
        const key = await keys.next()
        const isOn = key === undefined || key === ' ' || key === '\r'
        if (!isOn && !(mayStop && key === 'q')) continue
        write('\r\u001b[2K')
        return isOn ? 'on' : 'stop'
      }
    })
  }

  return { isScanned, mayLeave, show, line, code }
}

/** An answer after one more key. */
function edited(answer: string, key: string, most: number): string {
  if (ERASE.includes(key)) return answer.slice(0, -1)
  if (key === CTRL_U) return ''
  return /^[ -~]$/.test(key) && answer.length < most ? answer + key : answer
}
