/** A ceremony as a terminal shows it: participants × steps, who is awaited and until when, what it made; and what `keyrite verify` found. */
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

/** A text in the colour of what it says. */
export const toned = (tone: Tone, text: string, screen?: Screen): string => paint(COLOURS[tone], text, screen)

/** Marks that need no word, since every table has them. */
const PLAIN: readonly Mark[] = ['done', 'awaited', 'later']

/**
 * One line a participant, one column a step, and what the rarer signs mean.
 *
 * @param columns how wide the screen is, where it matters: steps whose names have no room have their numbers
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

/** Who is awaited, who takes no part any more, since when and until when; nothing where nobody is awaited. */
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

/** What an opening wants done: texts in its opener's words, which nobody has checked, and how many messages there are to be signed. */
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

/** Longer lists are told by their length. */
const MOST_OUTPUT = 240

/** What a ceremony made, a line each. */
export function outputLines({ outputs = {} }: Pick<Ledger, 'outputs'>): string[] {
  return Object.entries(outputs).map(([name, value]) => {
    if (typeof value === 'string') return `${name}: ${value}`
    const json = JSON.stringify(value)
    return `${name}: ${Array.isArray(value) && json.length > MOST_OUTPUT ? `${String(value.length)} of them` : json}`
  })
}

// What `keyrite verify` found, in words.

/** What was found, and the script of this very hash that ships with this keyrite: its name and version, or null. */
export interface Verified extends Omit<Verification, 'followed'> {
  readonly shipped: { readonly name: string; readonly version: string } | null
  /** It does not ship, and whoever asks gave its hash. */
  readonly isKnown: boolean
  /** The same of what it follows. */
  readonly followed?: Readonly<Record<string, Omit<Verified, 'findings'>>>
}

/** Looks up a transcript's scripts, by their hashes, among those that ship with keyrite. @param known the hashes of others on which participants agreed */
export const withShipped = (found: Verification, known: readonly string[] = []): Verified => ({ ...lookedUp(found, known), findings: found.findings })

/** Does whoever asks know every script that this was verified by? Any other may have been written to find nothing wrong. */
export const isTrusted = ({ shipped, isKnown, script, followed = {} }: Omit<Verified, 'findings'>): boolean =>
  (script === undefined || shipped !== null || isKnown) && Object.values(followed).every(isTrusted)

/** 0 if it is usable; 5 where it is not right, or nobody here knows its script; else 4. */
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

/** Line by line what holds, whose script it is, and the verdict. */
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

/** Up to where this is more than the word of whoever made the file. */
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

/** What was found of a file of signatures, and of the transcript beside it. */
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

/** What a ceremony follows: which, its script, its key. */
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
