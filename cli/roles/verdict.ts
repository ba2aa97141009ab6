/** What `keyrite verify` found, in words. */
import type { SignaturesVerification } from '../../engine/run/signatures.ts'
import type { Finding, Verification } from '../../engine/run/verify.ts'
import { shippedByHash } from '../../engine/script/shipped.ts'
import { printableLine } from '../../engine/wire/printable.ts'
import { paint } from '../output.ts'

/** What was found, and the script of this very hash that ships with this keyrite: its name and version, or null. */
export interface Verified extends Omit<Verification, 'followed'> {
  readonly shipped: { readonly name: string; readonly version: string } | null
  /** The same of what it follows. */
  readonly followed?: Readonly<Record<string, Omit<Verified, 'findings'>>>
}

/** Looks up a transcript's scripts, by their hashes, among those that ship with keyrite. */
export const withShipped = (found: Verification): Verified => ({ ...lookedUp(found), findings: found.findings })

function lookedUp({ followed, ...found }: Omit<Verification, 'findings'>): Omit<Verified, 'findings'> {
  const ceremony = found.script === undefined ? undefined : shippedByHash(found.script.hash)?.ceremony
  return {
    ...found,
    shipped: ceremony === undefined ? null : { name: ceremony.name, version: ceremony.version },
    ...(followed === undefined ? {} : { followed: Object.fromEntries(Object.entries(followed).map(([name, one]) => [name, lookedUp(one)])) }),
  }
}

const VERDICTS: Readonly<Record<Verification['verdict'], string>> = {
  usable: 'The ceremony is complete, and its result is confirmed: it may be used.',
  unconfirmed: 'The ceremony succeeded, but not everyone has confirmed: do not use its result yet.',
  aborted: 'The ceremony was aborted.',
  unfinished: 'The ceremony is not finished in this transcript.',
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
    '',
    rehearsal && verdict === 'usable' ? 'The ceremony is complete, and its result is confirmed.' : VERDICTS[verdict],
    ...(rehearsal ? [onStdout('yellow', 'It was a REHEARSAL: nothing that it made is for use.')] : []),
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

function scriptLines({ script, shipped }: Omit<Verified, 'findings'>): string[] {
  if (script === undefined) return []
  if (shipped !== null) return ['', `Its script is ${shipped.name} ${shipped.version}, as it ships with this keyrite.`]
  return [
    '',
    ...[
      `WARNING: its script calls itself ${script.name} ${script.version}, but it is none that ships with this keyrite.`,
      'What holds above was checked by that script’s own rules: another file may ask for fewer checks, or for other ones.',
      `Trust it only if the participants agreed on the very file with SHA-256 ${script.hash}.`,
    ].map((line) => onStdout('yellow', line)),
  ]
}
