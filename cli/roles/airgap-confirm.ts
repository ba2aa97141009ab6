/** What the airgap's owner is asked, on the airgap's own screen: all that is consented to, then the question. */
import type { Confirmation } from '../../engine/run/airgap.ts'
import type { Script } from '../../engine/script/model.ts'
import type { Card } from '../../engine/wire/card.ts'
import { cliError } from '../errors.ts'
import { paint, table } from '../output.ts'
import { digitsOf, isNo } from './airgap-hand.ts'
import type { Hand } from './airgap-hand.ts'
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
  if (hand.isScanned) return await hand.code((code) => [question, byCode(code)], flag)
  const answer = await hand.line({
    ask: () => [`${question} (yes or no)`], flag,
    refuse: (typed) => (isNo(typed) || /^y(es)?$/i.test(typed) ? undefined : 'Type yes or no.'),
  })
  return !isNo(answer)
}

/**
 * Shows a ceremony and asks for consent: the first ten digits of its number, typed, so that nobody consents unread, and a
 * code where a scanner types as well.
 *
 * @param accepted the number consented to beforehand (`--accept`)
 * @throws cli.accept where that is another ceremony's; cli.no-terminal
 */
export async function confirmCeremony(question: Confirmation, accepted: string | undefined, hand: Hand): Promise<boolean> {
  await hand.show(ceremonyLines(question, hand.columns))
  if (accepted !== undefined) {
    if (digitsOf(accepted) === digitsOf(question.number)) return true
    throw cliError('accept', { ceremony: question.ceremony.slice(0, 12), number: question.number })
  }
  const flag = '--accept NUMBER'
  const does = question.kind === 'join' ? 'join' : 'go on'
  const first = digitsOf(question.number).slice(0, 10)
  const answer = await hand.line({
    ask: () => [
      'Compare the number with the other participants on a call, all forty digits.', '',
      `Type the first ten digits of the number to ${does}, or no to decline:`,
    ],
    flag, refuse: (typed) => (isNo(typed) || digitsOf(typed) === first ? undefined : 'Those are not its first ten digits.'),
  })
  if (isNo(answer)) return false
  return !hand.isScanned || (await hand.code((code) => [byCode(code, 'or no to decline')], flag))
}

/** 64 digits of hex on one line, or in two halves where the window is narrow. */
const hexLines = (name: string, hex: string, width: number): string[] =>
  INDENT + hex.length <= width
    ? [`${label(name)}${hex}`]
    : [`${label(name)}${hex.slice(0, hex.length / 2)}`, `${' '.repeat(INDENT)}${hex.slice(hex.length / 2)}`]

/** Everything that an owner must see before joining (protocol §3), in lines that fit so many columns. */
export function ceremonyLines({ script, opening, me, number, step, kind, shows }: Confirmation, columns?: number): string[] {
  const { name, version, title } = script.ceremony
  const width = widthOf(columns)
  const values = Object.entries({ ...opening.parameters, ...shows })
  return [
    '',
    paint('bold', kind === 'join' ? 'A CEREMONY TO JOIN' : `BEFORE ${step}`),
    ...(opening.rehearsal ? [paint('yellow', 'This is a REHEARSAL. What it makes never counts for real.')] : []),
    ...outsideLines(`${name} ${version}`, title, INDENT, width),
    ...hexLines('SHA-256', script.hash, width),
    `${label('opens at')}${clockTime(Date.parse(opening.opensAt))}`,
    ...values.flatMap(([key, value]) => valueLines(key, value, opening.roster.length, width)),
    '',
    `  ${String(opening.roster.length)} participants:`,
    ...table(opening.roster.map((card, i) => [`    ${String(i + 1)}`, card.name === me.name ? paint('bold', `${card.name} (you)`) : card.name, `airgap ${card.airgapKey.slice(0, 16)}…`])),
    '',
    `  number  ${paint('bold', number)}`,
  ]
}

/** A parameter. What was typed by the opener stands behind the mark; the engine's own words and numbers do not need one. */
function valueLines(name: string, value: unknown, participants: number, width: number): string[] {
  if (typeof value === 'number') return [`${label(name)}${String(value)}${name === 'threshold' ? ` of ${String(participants)}` : ''}`]
  if (typeof value === 'string') return outsideLines(name, value, INDENT, width)
  const list: readonly unknown[] = Array.isArray(value) ? value : [value]
  const count = Array.isArray(value) ? [`${label(name)}${String(list.length)}:`] : []
  return [...count, ...list.flatMap((one, i) => outsideLines(Array.isArray(value) ? `  ${String(i + 1)}` : name, typeof one === 'string' ? one : JSON.stringify(one), INDENT, width))]
}
