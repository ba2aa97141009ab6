/**
 * A ceremony on a terminal: participants × steps, who is awaited and until when, and what it made. Then the findings of
 * `keyrite verify`.
 */
import { isKeyriteError } from '../../engine/base/errors.ts'
import { printableLine } from '../../engine/base/text.ts'
import { clockTime, duration } from '../../engine/base/time.ts'
import { counted, listed } from '../../engine/base/words.ts'
import type { Ceremony } from '../../engine/machines/ceremony.ts'
import { expandMessages, messagesHash } from '../../engine/messages/batch.ts'
import type { Ledger } from '../../engine/run/ledger.ts'
import type { SignaturesVerification } from '../../engine/run/signatures.ts'
import type { Mark, Standing } from '../../engine/run/standing.ts'
import { MARK_WORDS, marksIn, outWords, untilWords, waitingWords } from '../../engine/run/telling.ts'
import type { Tone } from '../../engine/run/telling.ts'
import type { Finding, Verification } from '../../engine/run/verify.ts'
import { shippedByHash } from '../../engine/script/load.ts'
import type { Json } from '../../engine/base/canonical.ts'
import type { Opening } from '../../engine/wire/card.ts'
import { EXIT } from '../errors.ts'
import type { ExitCode } from '../errors.ts'
import { paint, table, textWidth, unpainted } from '../output.ts'
import type { Screen } from '../output.ts'

const COLOURS = { calm: 'dim', good: 'green', heed: 'yellow', bad: 'red' } as const

/** A text in the colour of its tone. */
export const toned = (tone: Tone, text: string, screen?: Screen): string => paint(COLOURS[tone], text, screen)

/** The marks that need no word, since every table has them. */
const PLAIN: readonly Mark[] = ['done', 'awaited', 'later']

/**
 * The table: a line a participant, a column a step, and the meaning of the rarer signs.
 *
 * @param columns the screen's width, where it matters: steps whose names have no room have numbers
 */
export function progressTable({ steps, rows }: Pick<Standing, 'steps' | 'rows'>, columns?: number): string[] {
  const lines = rows.map(({ name, isMe, cells }) => [
    isMe ? paint('bold', `${name} (you)`) : name,
    ...cells.map(({ mark }) => toned(MARK_WORDS[mark].tone, MARK_WORDS[mark].sign)),
  ])
  const under = (heads: readonly string[]): string[] => table([['', ...heads.map((head) => paint('dim', head))], ...lines])
  const named = under(steps.map((step) => step.name))
  const isTooWide = columns !== undefined && textWidth(unpainted(named[0] ?? '')) >= columns
  const rare = marksIn(rows).filter((mark) => !PLAIN.includes(mark)).map((mark) => `${MARK_WORDS[mark].sign} ${MARK_WORDS[mark].word}`)
  return [...(isTooWide ? under(steps.map((_, i) => String(i + 1))) : named), ...(rare.length === 0 ? [] : [paint('dim', rare.join('   '))])]
}

/**
 * The lines that say who is awaited, who takes no part any more, and since when and until when; none where nobody is
 * awaited.
 */
export function waitingLines(standing: Standing, since?: number): string[] {
  const words = waitingWords(standing)
  if (words === null) return []
  return [
    words,
    ...standing.out.map((one) => `  ${outWords(one)}`),
    ...(since === undefined || standing.state === 'disputed' ? [] : [`  since     ${clockTime(since)} (${duration(standing.at - since)})`]),
    `  deadline  ${untilWords(standing) ?? ''}`,
  ]
}

/**
 * The wishes of an opening: texts in its opener's words, which nobody has checked, and the number of messages to be
 * signed.
 */
export function claimLines({ parameters }: Ceremony, opening: Opening): string[] {
  return Object.entries(parameters).flatMap(([name, type]) => {
    const value = opening.parameters[name]
    if (type === 'text' && typeof value === 'string') return [`${name}, as the opener claims: ${printableLine(value)}`]
    if (type !== '[message]' || !Array.isArray(value)) return []
    const messages = messagesIn(value as readonly Json[])
    return messages === undefined ? [`${name}: not readable`] : [`${name}: ${counted(messages.length, 'message')} to be signed, SHA-256 ${messagesHash(messages)}`]
  })
}

function messagesIn(items: readonly Json[]): ReturnType<typeof expandMessages> | undefined {
  try {
    return expandMessages(items)
  } catch (error) {
    if (isKeyriteError(error)) return undefined
    throw error
  }
}

/** The most characters of a list; a longer one is shown as its length. */
const MOST_OUTPUT = 240

/** The results of a ceremony, a line each. */
export function outputLines({ outputs = {} }: Pick<Ledger, 'outputs'>): string[] {
  return Object.entries(outputs).map(([name, value]) => {
    if (typeof value === 'string') return `${name}: ${value}`
    const json = JSON.stringify(value)
    return `${name}: ${Array.isArray(value) && json.length > MOST_OUTPUT ? `${String(value.length)} of them` : json}`
  })
}

// The findings of `keyrite verify`, in words.

/** The findings, with name and version of the shipped script that has this very hash, or null. */
export interface Verified extends Omit<Verification, 'followed'> {
  readonly shipped: { readonly name: string; readonly version: string } | null
  /** True for a script that does not ship, but whose hash the user gave. */
  readonly isKnown: boolean
  /** The same for the ceremonies that it follows. */
  readonly followed?: Readonly<Record<string, Omit<Verified, 'findings'>>>
}

/**
 * Looks up a transcript's scripts, by their hashes, among those that ship with keyrite. @param known the hashes of
 * other scripts on which participants agreed
 */
export const withShipped = (found: Verification, known: readonly string[] = []): Verified => ({ ...lookedUp(found, known), findings: found.findings })

/**
 * Whether the user knows every script by which this was verified. Any other may have been written to find nothing
 * wrong.
 */
export const isTrusted = ({ shipped, isKnown, script, followed = {} }: Omit<Verified, 'findings'>): boolean =>
  (script === undefined || shipped !== null || isKnown) && Object.values(followed).every(isTrusted)

/** The exit code: 0 if it is usable, 5 if it is not right or its script is unknown here, else 4. */
export function exitOfVerified(found: Verified): ExitCode {
  if (found.verdict === 'invalid' || !isTrusted(found)) return EXIT.unverified
  return found.verdict === 'usable' ? EXIT.ok : EXIT.aborted
}

function lookedUp({ followed, ...found }: Omit<Verification, 'findings'>, known: readonly string[]): Omit<Verified, 'findings'> {
  const ceremony = found.script === undefined ? undefined : shippedByHash(found.script.hash)?.ceremony
  return {
    ...found,
    shipped: ceremony === undefined ? null : { name: ceremony.name, version: ceremony.version },
    isKnown: found.script !== undefined && known.includes(found.script.hash),
    ...(followed === undefined ? {} : { followed: Object.fromEntries(Object.entries(followed).map(([name, one]) => [name, lookedUp(one, known)])) }),
  }
}

const VERDICTS: Readonly<Record<Verification['verdict'], string>> = {
  usable: 'The ceremony is complete, and its result is confirmed: it may be used, and nothing changes that any more.',
  unconfirmed: 'The success certificate is complete, but its result is not confirmed by all: do not use it. A later transcript may tell that it is.',
  aborted: 'The ceremony was aborted, as far as this transcript goes: do not use anything of it.',
  dead: 'The ceremony can never be usable: whatever comes after, nothing of it counts. To have its result, open it anew.',
  open: 'The ceremony is not finished, as far as this transcript goes. A later transcript tells more.',
  invalid: 'The transcript is not valid.',
}

const onStdout = (style: Parameters<typeof paint>[0], text: string): string => paint(style, text, process.stdout)

/** The lines that say what holds, whose script it is, and the verdict. */
export function verdictLines(found: Verified): string[] {
  const { findings, number, rehearsal = false, convicted = [], verdict } = found
  return [
    ...findings.map(findingLine),
    ...followedLines(found),
    ...scriptLines(found),
    ...(number === undefined ? [] : ['', `Ceremony number: ${number}${rehearsal ? '   (a REHEARSAL)' : ''}`]),
    ...convicted.map(({ name, reason }) => `Proven guilty: ${name} (${reason})`),
    ...asOfLines(found),
    '',
    rehearsal && verdict === 'usable' ? 'The ceremony is complete, and its result is confirmed.' : VERDICTS[verdict],
    ...(rehearsal ? [onStdout('yellow', 'It was a REHEARSAL: nothing that it made is for use.')] : []),
  ]
}

/** The lines that say up to where this is more than the word of the file's maker. */
function asOfLines({ asOf, vouched = [] }: Verified): string[] {
  if (asOf === undefined) return []
  const offsets = [...new Set(vouched.map(({ offset }) => offset))].sort((a, b) => b - a).filter((offset) => offset >= 0)
  const [last = -1] = offsets
  return [
    '', `All of this is as of offset ${String(asOf.offset)}, head ${asOf.head}.`,
    ...offsets.map((offset) => `Up to ${String(offset)} ${listed(vouched.filter((one) => one.offset >= offset).map(({ name }) => name))} signed that this is the log.`),
    ...(last < asOf.offset ? [`Of what comes after ${String(last)}, this file’s maker is the only witness.`] : []),
  ]
}

const findingLine = ({ check, holds, detail, line }: Finding): string =>
  `${holds ? onStdout('green', 'ok ') : onStdout('red', 'BAD')}  ${check.padEnd(18)} ${detail}${line === undefined ? '' : ` (line ${String(line)})`}`

/** The findings about a file of signatures, and about the transcript beside it. */
export function signatureLines(found: SignaturesVerification, transcript: Verified | undefined): string[] {
  const { findings, verdict, keyIsProven, number, rehearsal = false, purpose, count = 0 } = found
  return [
    ...findings.map(findingLine),
    ...(transcript === undefined ? [] : [...followedLines(transcript), ...scriptLines(transcript)]),
    ...(number === undefined ? [] : ['', `Ceremony number: ${number}${rehearsal ? '   (a REHEARSAL)' : ''}`]),
    ...(purpose === undefined ? [] : [`Its purpose, as its opener claimed: ${printableLine(purpose)}`]),
    '',
    verdict === 'signed' ? `${count === 1 ? 'The signature is' : `All ${String(count)} signatures are`} good.` : 'The file is not valid.',
    ...(verdict !== 'signed' ? [] : keyIsProven
      ? ['The transcript proves that the key is that of its participants: compare the ceremony number with one of them.']
      : [onStdout('yellow', 'Whose key it is, and what stands here of ceremony and purpose, is only this file’s claim: verify with --transcript to know.')]),
    ...(rehearsal ? [onStdout('yellow', 'It was a REHEARSAL: nothing that it made is for use.')] : []),
  ]
}

/** The ceremonies that a ceremony follows, with their scripts. */
function followedLines({ followed = {} }: Verified): string[] {
  return Object.entries(followed).flatMap(([name, one]) => [
    '',
    `It follows ${one.ceremony ?? ''} (${name}), number ${one.number ?? ''}.`,
    ...scriptLines(one).filter((line) => line !== '').map((line) => line.replace('Its script', `The script of ${name}`)),
  ])
}

function scriptLines({ script, shipped, isKnown }: Omit<Verified, 'findings'>): string[] {
  if (script === undefined) return []
  if (isKnown && shipped === null) return ['', `Its script, ${script.name} ${script.version}, is the one whose hash you gave; its own rules were checked.`]
  if (shipped !== null) return ['', `Its script is ${shipped.name} ${shipped.version}, as it ships with this keyrite.`]
  return [
    '',
    ...[
      `WARNING: its script calls itself ${script.name} ${script.version}, but it is none that ships with this keyrite.`,
      'What holds above was checked by that script’s own rules: another file may ask for fewer checks, or for other ones.',
      'So nothing here is good, unless the participants agreed on the very file with this SHA-256. Then verify with:',
      `  --script-hash ${script.hash}`,
    ].map((line) => onStdout('yellow', line)),
  ]
}
