/** What the airgap's owner is asked, on the airgap's own screen. */
import type { Confirmation } from '../../engine/run/airgap.ts'
import type { Card } from '../../engine/wire/card.ts'
import { cliError } from '../errors.ts'
import { paint, table } from '../output.ts'
import { askLine, askYesNo } from '../prompt.ts'
import { clockTime } from './ceremony-view.ts'

const screen = (lines: readonly string[]): void => void process.stderr.write(`${lines.join('\n')}\n`)

/** Asks whether this client is the owner's. `accepted` is the name consented to beforehand. */
export async function confirmPairing(card: Card, accepted: string | undefined, signal: AbortSignal): Promise<boolean> {
  screen(['', paint('bold', 'PAIRING'), `A client shows this card:`, `  name         ${card.name}`, `  signing key  ${card.signingKey}`, ''])
  if (accepted !== undefined) return accepted === card.name
  return await askYesNo('Is this your own client, with this very signing key?', '--accept-name NAME', signal)
}

/**
 * Shows a ceremony and asks for consent: the first ten digits of its number, typed, so that nobody consents unread.
 *
 * @param accepted the number consented to beforehand (`--accept`)
 * @throws cli.accept where that is another ceremony's; cli.no-terminal
 */
export async function confirmCeremony(question: Confirmation, accepted: string | undefined, signal: AbortSignal): Promise<boolean> {
  screen(ceremonyLines(question))
  if (accepted !== undefined) {
    if (digits(accepted) === digits(question.number)) return true
    throw cliError('accept', { ceremony: question.ceremony.slice(0, 12), number: question.number })
  }
  screen(['Compare the number with the other participants on a call, all forty digits, before you consent.', ''])
  const first = digits(question.number).slice(0, 10)
  const answer = await askLine(
    'Type the first ten digits of the number to join, or no to decline:', '--accept NUMBER',
    (typed) => (/^n(o)?$/i.test(typed.trim()) || digits(typed) === first ? undefined : 'Those are not its first ten digits.'), signal)
  return digits(answer) === first
}

const digits = (text: string): string => text.replace(/\D/g, '')

/** Everything that an owner must see before joining (protocol §3). */
export function ceremonyLines({ script, opening, me, number, step, kind, shows }: Confirmation): string[] {
  const { ceremony } = script
  return [
    '',
    paint('bold', kind === 'join' ? 'A CEREMONY TO JOIN' : `BEFORE ${step}`),
    ...(opening.rehearsal ? [paint('yellow', 'This is a REHEARSAL. What it makes never counts for real.')] : []),
    `  ${ceremony.name} ${ceremony.version}: ${ceremony.title}`,
    `  script SHA-256  ${script.hash}`,
    `  opens at        ${clockTime(Date.parse(opening.opensAt))}`,
    ...Object.entries(opening.parameters).map(([name, value]) => `  ${name.padEnd(14)}  ${plain(value)}${name === 'threshold' ? ` of ${String(opening.roster.length)}` : ''}`),
    ...Object.entries(shows).map(([name, value]) => `  ${name.padEnd(14)}  ${plain(value)}`),
    '',
    `  ${String(opening.roster.length)} participants:`,
    ...table(opening.roster.map((card, i) => [`    ${String(i + 1)}`, card.name === me.name ? paint('bold', `${card.name} (you)`) : card.name, `airgap ${card.airgapKey.slice(0, 16)}…`])),
    '',
    `  number  ${paint('bold', number)}`,
    '',
  ]
}

/** A value as text that cannot move the cursor or hide what it says. */
function plain(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '\ufffd')
}
