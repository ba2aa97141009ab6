/** How a simulation went, in words. */
import { unansweredWords } from '../../engine/run/guilt.ts'
import { paint, table } from '../output.ts'
import { outputLines } from '../screen/ceremony.ts'
import { brief, counted } from '../words.ts'
import type { ParticipantEnd, Report } from './report.ts'

/** The lines that a person reads. */
export function reportLines(report: Report): string[] {
  return [headline(report), ...reasons(report), '', ...outputs(report), ...ends(report), '', ...figures(report)]
}

const onStdout = (style: Parameters<typeof paint>[0], text: string): string => paint(style, text, process.stdout)

function headline({ outcome, participants, unmade, ms }: Report): string {
  const time = brief(ms)
  switch (outcome) {
    case 'usable':
      return onStdout('green', `Succeeded in ${time}: ${participants.every((one) => one.outcome === 'usable') ? `all ${participants.length} have confirmed the result` : 'the result is there and confirmed'}.`)
    case 'unconfirmed':
      return onStdout('yellow', unmade === null ? `Succeeded in ${time}, but not everybody has confirmed: the result must not be used yet.` : `Every step is complete after ${time}, but ${unmade}.`)
    case 'doubtful':
      return onStdout('yellow', `In doubt after ${time}: somebody aborted after others had stated their part of the certificate.`)
    case 'dead':
      return onStdout('red', `Over after ${time}: it can never be usable.`)
    case 'aborted':
      return onStdout('red', `Aborted after ${time}.`)
    case 'stopped':
      return onStdout('red', `Stopped after ${time}: a machine could not go on.`)
  }
}

function reasons({ aborts, convicted, unanswered, participants, outcome }: Report): string[] {
  const told = new Set(aborts.map(({ why }) => why))
  const convictions = convicted.map(({ name, reason, why, by }) =>
    `  Convicted: ${name} (${reason}), by what ${by.length === participants.length ? `all ${by.length} participants` : counted(by.length, 'participant')} found in the log${told.has(why) ? '' : `: ${why}`}`)
  if (outcome === 'usable') return convictions
  const posted = aborts.map((abort) => ({ ...abort, how: 'posted an Abort' }))
  const kept = participants.flatMap(({ name, found }) =>
    found === null || told.has(found.why) ? [] : [{ ...found, from: name, how: 'found' }])
  // All that abort for one reason say it alike.
  const said = new Map<string, string[]>()
  for (const { from, how, reason, step, accused, why } of [...posted, ...kept]) {
    const line = `${how}: ${reason}${step === null ? '' : ` in ${step}`}${accused === null ? '' : `, of ${accused}`}: ${why}`
    said.set(line, [...(said.get(line) ?? []), from])
  }
  const troubles = participants.flatMap(({ name, trouble }) => (trouble === null ? [] : [`  ${name} stopped: ${trouble.what} (${trouble.code})`]))
  return [
    ...[...said].map(([line, from]) => `  ${from.join(', ')} ${line}`),
    ...troubles,
    ...unanswered.map((one) => `  ${unansweredWords(one)}.`),
    ...(convictions.length > 0 ? convictions : ['  Convicted: nobody. The log proves no one guilty.']),
  ]
}

function outputs({ outputs: values }: Report): string[] {
  return values === null ? [] : [...outputLines({ outputs: values }), '']
}

/** More participants than this, and those that ended alike share a line. */
const MOST_LINES = 24

function ends({ participants }: Report): string[] {
  const isFaulty = participants.some(({ fault }) => fault !== null)
  const head = ['', 'client', 'airgap', 'keeps', ...(isFaulty ? ['fault'] : [])].map((word) => onStdout('dim', word))
  const row = ({ outcome, airgap, keeps, fault }: ParticipantEnd): string[] =>
    [outcome, airgap ?? 'never joined', keeps.join(', ') || '–', ...(isFaulty ? [fault ?? ''] : [])]
  if (participants.length <= MOST_LINES) return table([head, ...participants.map((one) => [one.name, ...row(one)])])
  const alike = new Map<string, { readonly row: string[]; count: number }>()
  for (const one of participants) {
    const key = row(one).join('|')
    const found = alike.get(key) ?? { row: row(one), count: 0 }
    found.count++
    alike.set(key, found)
  }
  return table([head, ...[...alike.values()].map(({ row: cells, count }) => [`${count} of ${participants.length}`, ...cells])])
}

function figures({ steps, board, participants }: Report): string[] {
  const some = (value: number | null, write: (value: number) => string): string => (value === null ? '–' : write(value))
  const head = ['', `all ${participants.length}`, 'one airgap', 'to it', 'from it'].map((word) => onStdout('dim', word))
  const rows = steps.map(({ step, ms, airgapMs, requestBytes, answerBytes }) =>
    [step, some(ms, brief), some(airgapMs, brief), some(requestBytes, size), some(answerBytes, size)])
  const attached = board.attachmentBytes > 0 ? `, and ${size(board.attachmentBytes)} of attachments` : ''
  return [...table([head, ...rows]), '', `On the board: ${counted(board.messages, 'message')}, ${size(board.bytes)}${attached}.`]
}

function size(bytes: number): string {
  return bytes < 10_000 ? `${bytes} B` : `${Math.round(bytes / 1000)} kB`
}
