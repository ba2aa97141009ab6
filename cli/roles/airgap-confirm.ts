/** What the airgap's owner is asked, on the airgap's own screen: all that is consented to, then the question. */
import type { Confirmation } from '../../engine/run/airgap.ts'
import type { KeptShown } from '../../engine/run/kept.ts'
import { messagesIn } from '../../engine/run/messages.ts'
import type { Script } from '../../engine/script/model.ts'
import { parseType } from '../../engine/verbs/types.ts'
import type { Card } from '../../engine/wire/card.ts'
import { cliError } from '../errors.ts'
import { paint, table } from '../output.ts'
import { digitsOf, isNo } from './airgap-hand.ts'
import type { Hand } from './airgap-hand.ts'
import { shownMessages } from './airgap-messages.ts'
import type { MessagesShown } from './airgap-messages.ts'
import { outsideLines, widthOf } from './airgap-text.ts'
import { clockTime } from './ceremony-view.ts'

/** Where values begin. */
const INDENT = 15

const label = (name: string): string => `  ${name}`.padEnd(INDENT)

/** What a code's question ends with. */
const byCode = (code: string, whatElse = 'or no'): string => `Type ${paint('bold', code)}, a code that only this screen shows, ${whatElse}:`

/** Asks whether this client is the owner's. `accepted` is the name consented to beforehand. @throws cli.no-terminal */
export async function confirmPairing(card: Card, accepted: string | undefined, hand: Hand): Promise<boolean> {
  await hand.show(['', paint('bold', 'PAIRING'), 'A client shows this card:', '', `${label('name')}${card.name}`, ...hexLines('signing key', card.signingKey, widthOf(hand.columns))])
  if (accepted !== undefined) return accepted === card.name
  return await consent(hand, 'Is this your own client? `keyrite client init` printed its signing key there.', '--accept-name NAME')
}

/** Asks whether a script may run here. `accepted` is a yes that was given beforehand. @throws cli.no-terminal */
export async function confirmScript({ ceremony: { name, version, title }, hash }: Script, accepted: boolean, hand: Hand): Promise<boolean> {
  const width = widthOf(hand.columns)
  await hand.show(['', paint('bold', 'A SCRIPT TO ADD'), `${label('script')}${name} ${version}`, ...outsideLines('title', title, INDENT, width), ...hexLines('SHA-256', hash, width)])
  return accepted || (await consent(hand, 'Do the other participants have this very hash?', '--yes'))
}

/** Yes or no, and where a scanner types as well: a code or no. */
async function consent(hand: Hand, question: string, flag: string): Promise<boolean> {
  if (hand.isScanned) return await hand.code((code) => [question, byCode(code, hand.mayLeave ? 'no or later' : 'or no')], flag)
  const answer = await hand.line({
    ask: () => [`${question} (yes${hand.mayLeave ? ', no or later' : ' or no'})`], flag,
    refuse: (typed) => (isNo(typed) || /^y(es)?$/i.test(typed) ? undefined : 'Type yes or no.'),
  })
  return !isNo(answer)
}

/** What is typed for messages that nobody can read. */
export const BLIND_SENTENCE = 'I sign what I cannot read'

/**
 * Shows a ceremony and asks for consent: the first ten digits of its number or more, typed, so that nobody consents unread; a sentence where
 * it signs what nobody can read; and a code where a scanner types as well.
 *
 * @param accepted the number consented to beforehand (`--accept`), which does not do for what nobody can read
 * @throws cli.accept where that is another ceremony's; cli.no-terminal
 */
export async function confirmCeremony(question: Confirmation, accepted: string | undefined, hand: Hand): Promise<boolean> {
  const signs = signsOf(question, widthOf(hand.columns))
  await hand.show(ceremonyLines(question, hand.columns, signs))
  const isBlind = signs.some((one) => one.isBlind)
  if (accepted !== undefined) {
    if (digitsOf(accepted) !== digitsOf(question.number)) throw cliError('accept', { ceremony: question.ceremony.slice(0, 12), number: question.number })
    if (!isBlind) return true
  } else if (!(await typedNumber(question, signs, hand))) return false
  const flag = isBlind ? 'a hand: --accept does not do for what nobody can read' : '--accept NUMBER'
  if (isBlind && !(await typedSentence(hand, flag))) return false
  return !hand.isScanned || (await hand.code((code) => [byCode(code, 'no to decline, or later')], flag))
}

/** The first ten digits, or no; before that, as many looks at the messages as the owner wants. */
async function typedNumber({ number, kind }: Confirmation, signs: readonly MessagesShown[], hand: Hand): Promise<boolean> {
  const look = (typed: string): readonly string[] | undefined => signs.map((one) => one.look(typed)).find((lines) => lines !== undefined)
  const isLong = signs.some((one) => one.isLong)
  for (;;) {
    const answer = await hand.line({
      ask: () => [
        'Compare the number with the other participants on a call, all forty digits.',
        ...(hand.mayLeave ? ['Has the client moved on? Type later to leave this: that refuses nothing.'] : []),
        ...(isLong ? ['Look at the messages: list, list 500, show 12, find TEXT.'] : []), '',
        `Type the first ten digits of the number to ${kind === 'join' ? 'join' : 'go on'}, or no to decline:`,
      ],
      flag: '--accept NUMBER',
      refuse: (typed) => (isNo(typed) || look(typed) !== undefined ? undefined : numberProblem(typed, digitsOf(number))),
    })
    if (isNo(answer)) return false
    const lines = look(answer)
    if (lines === undefined) return true
    await hand.show(lines, { mayStop: true })
  }
}

/** Ten digits or more, and every one that was typed must be the number's. */
function numberProblem(typed: string, digits: string): string | undefined {
  const given = typed.replaceAll(' ', '')
  if (!/^\d*$/.test(given)) return 'Type digits and spaces only.'
  const other = Array.from(given).findIndex((digit, i) => digit !== digits[i])
  if (other === -1) return given.length < 10 ? 'Type ten digits at least.' : undefined
  if (other < 10) return 'Those are not its first ten digits.'
  if (other >= digits.length) return `The number has ${String(digits.length)} digits, and those are ${String(given.length)}.`
  return `That is not the number: digit ${String(other + 1)} differs. Who reads such a number aloud has another ceremony.`
}

async function typedSentence(hand: Hand, flag: string): Promise<boolean> {
  const answer = await hand.line({
    ask: () => [
      paint('yellow', 'Nobody can see what a raw message is: it may give away all that the key holds.'), '',
      'To sign all the same, type this sentence, or no to decline:', `  ${paint('bold', BLIND_SENTENCE)}`,
    ],
    flag, refuse: (typed) => (isNo(typed) || typed === BLIND_SENTENCE ? undefined : 'That is not the sentence, letter for letter.'),
  })
  return !isNo(answer)
}

/** 64 digits of hex on one line, or in two halves where the window is narrow. */
const hexLines = (name: string, hex: string, width: number): string[] =>
  INDENT + hex.length <= width
    ? [`${label(name)}${hex}`]
    : [`${label(name)}${hex.slice(0, hex.length / 2)}`, `${' '.repeat(INDENT)}${hex.slice(hex.length / 2)}`]

/** What a ceremony signs, of each parameter that has messages. */
export function signsOf({ script, opening, followed }: Confirmation, width: number): readonly MessagesShown[] {
  const groupKeys = Object.values(followed).flatMap(({ groupKey }) => groupKey ?? [])
  return [...messagesIn(script, opening).values()].map((messages) => shownMessages(messages, groupKeys, width))
}

/** Everything that an owner must see before joining (protocol §3), in lines that fit so many columns. */
export function ceremonyLines(question: Confirmation, columns?: number, signs = signsOf(question, widthOf(columns))): string[] {
  const { script, opening, me, number, step, kind, shows, followed } = question
  const { name, version, title, parameters } = script.ceremony
  const width = widthOf(columns)
  const values = Object.entries({ ...opening.parameters, ...shows })
    .filter(([key]) => !Object.hasOwn(followed, key) && parseType(parameters[key] ?? '').name !== 'message')
  return [
    '',
    paint('bold', kind === 'join' ? 'A CEREMONY TO JOIN' : `BEFORE ${step}`),
    ...(opening.rehearsal ? [paint('yellow', 'This is a REHEARSAL. What it makes never counts for real.')] : []),
    ...outsideLines(`${name} ${version}`, title, INDENT, width),
    ...hexLines('SHA-256', script.hash, width),
    `${label('opens at')}${clockTime(Date.parse(opening.opensAt))}`,
    ...Object.entries(followed).flatMap(([key, one]) => followedLines(key, one, width)),
    ...values.flatMap(([key, value]) => valueLines(key, value, opening.roster.length, width, parameters[key])),
    '',
    `  ${String(opening.roster.length)} participants:`,
    ...table(opening.roster.map((card, i) => [`    ${String(i + 1)}`, card.name === me.name ? paint('bold', `${card.name} (you)`) : card.name, `airgap ${card.airgapKey.slice(0, 16)}…`])),
    ...signs.flatMap(({ lines }) => ['', ...lines]),
    '',
    `  number  ${paint('bold', number)}`,
  ]
}

/** The key that signs, or what else the ceremony follows: as it stands in this airgap's own vault. */
function followedLines(name: string, { id, opening, groupKey }: KeptShown, width: number): string[] {
  const threshold = opening.parameters['threshold']
  const made = [
    `${opening.script.name} ${opening.script.version}, ceremony ${id.slice(0, 12)}`,
    ...(typeof threshold === 'number' ? [`${String(threshold)} of ${String(opening.roster.length)}`] : []),
    ...(opening.rehearsal ? [paint('yellow', 'a REHEARSAL')] : []),
  ].join(', ')
  return groupKey === undefined ? [`${label(name)}${made}`] : [...hexLines(name, groupKey, width), `${' '.repeat(INDENT)}made by ${made}`]
}

/**
 * A parameter. What was typed by the opener stands behind the mark; the engine's own words and numbers do not need one.
 *
 * @param type as the script writes it
 */
function valueLines(name: string, value: unknown, participants: number, width: number, type?: string): string[] {
  if (typeof value === 'number') return [`${label(name)}${String(value)}${name === 'threshold' ? ` of ${String(participants)}` : ''}`]
  if (typeof value === 'string') {
    return type === 'text'
      ? [`${label(name)}claimed by the opener; nobody has checked it:`, ...outsideLines('', value, INDENT, width)]
      : outsideLines(name, value, INDENT, width)
  }
  const list: readonly unknown[] = Array.isArray(value) ? value : [value]
  const count = Array.isArray(value) ? [`${label(name)}${String(list.length)}:`] : []
  return [...count, ...list.flatMap((one, i) => outsideLines(Array.isArray(value) ? `  ${String(i + 1)}` : name, typeof one === 'string' ? one : JSON.stringify(one), INDENT, width))]
}
