/**
 * Files as other people's programs leave them. Text of keyrite's is UTF-8; a byte order mark before it is dropped. What came as
 * something else is told by its first bytes, with what made it that and how it is mended, before anybody reads it as damaged.
 */
import { errorTable } from './errors.ts'

interface Container {
  /** Goes on from «it is». */
  readonly is: string
  readonly mend: string
}

const COPY_AGAIN = 'Get it again from where it came from, and look at its size before you use it.'
const PLAIN_TEXT = 'Save it anew as plain text, in UTF-8.'

/** The kinds of files that are no text of keyrite's, by the names that errors have for them. */
export const CONTAINERS = {
  empty: { is: 'empty, as a copy or a download that was broken off', mend: COPY_AGAIN },
  zeros: { is: 'nothing but zeros, as a copy to a stick that was pulled out too early', mend: COPY_AGAIN },
  'utf-16': {
    is: 'UTF-16 text, as `>` of Windows PowerShell writes it',
    mend: 'Save it as UTF-8: `iconv -f UTF-16 -t UTF-8 OLD > NEW`, or in PowerShell `Get-Content OLD | Set-Content -Encoding utf8 NEW`. What a command of keyrite writes itself, with -o FILE, needs no mending.',
  },
  gzip: { is: 'compressed with gzip', mend: 'Unpack it first: `gunzip -c OLD > NEW`.' },
  bzip2: { is: 'compressed with bzip2', mend: 'Unpack it first: `bunzip2 -c OLD > NEW`.' },
  xz: { is: 'compressed with xz', mend: 'Unpack it first: `unxz -c OLD > NEW`.' },
  zstd: { is: 'compressed with zstd', mend: 'Unpack it first: `unzstd -c OLD > NEW`.' },
  zip: { is: 'a zip archive, or a document of an office program', mend: `Take the file out of the archive. If it is a document: ${PLAIN_TEXT}` },
  rich: { is: 'a document of a word processor', mend: PLAIN_TEXT },
  pdf: { is: 'a PDF', mend: 'Get the text file itself, from where the PDF was made.' },
  web: {
    is: 'a web page, such as a log-in or a preview that was saved in place of the file',
    mend: 'Download the file itself: the link that says “raw” or “download”, after logging in where that is asked for.',
  },
} as const satisfies Readonly<Record<string, Container>>

export type ContainerName = keyof typeof CONTAINERS

export const containerError = errorTable('container', {
  'not-text': ({ file, found }: { file: string; found: ContainerName }) => ({
    what: `${file} cannot be read: it is ${CONTAINERS[found].is}.`,
    todo: CONTAINERS[found].mend,
  }),
  encoding: ({ file, line }: { file: string; line: number }) => ({
    what: `${file} cannot be read: in line ${line} it is not UTF-8 text.`,
    todo: 'It is another kind of file, or a program changed its bytes on the way: get it again, as a file and not as text in a mail. If you wrote it yourself, save it as UTF-8.',
  }),
})

declare module './errors.ts' {
  interface ErrorTables { readonly container: typeof containerError.table }
}

/** How much of a file is looked at, at most. */
export const CONTAINER_HEAD = 1024

/** How files begin. Bytes as Latin-1. */
const BEGINNINGS: readonly (readonly [ContainerName, RegExp])[] = [
  ['empty', /^(?:\xef\xbb\xbf)?[\r\n]*$/],
  ['zeros', /^\0+$/],
  ['utf-16', /^(?:\xff\xfe|\xfe\xff)/],
  // Without the mark, letters of ASCII.
  ['utf-16', /^(?:[\t\n\r -~]\0){2}|^(?:\0[\t\n\r -~]){2}/],
  ['gzip', /^\x1f\x8b/],
  ['bzip2', /^BZh[1-9]1AY&SY/],
  ['xz', /^\xfd7zXZ\0/],
  ['zstd', /^\x28\xb5\x2f\xfd/],
  ['zip', /^PK(?:\x03\x04|\x05\x06)/],
  ['rich', /^(?:\{\\rtf|\xd0\xcf\x11\xe0)/],
  ['pdf', /^%PDF-/],
  ['web', /^(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|head|body|\?xml)/i],
]

/** The kind of file that this is in place of text, by its beginning; undefined where nothing is known against it. */
export function containerIn(bytes: Uint8Array): ContainerName | undefined {
  const head = String.fromCharCode(...bytes.subarray(0, CONTAINER_HEAD))
  return BEGINNINGS.find(([, begins]) => begins.test(head))?.[0]
}

/** @param file names it in the error. @throws container.not-text */
export function refuseContainer(bytes: Uint8Array, file: string): void {
  const found = containerIn(bytes)
  if (found !== undefined) throw containerError('not-text', { file, found })
}

/** The text of a file, without a byte order mark. @param file names it in errors. @throws container.not-text, container.encoding */
export function textIn(bytes: Uint8Array, file: string): string {
  refuseContainer(bytes, file)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw containerError('encoding', { file, line: 1 + goodLines(bytes) }, cause)
  }
}

/** The number of lines that end before the first byte that is not UTF-8. */
export const goodLines = (bytes: Uint8Array): number => (new TextDecoder('utf-8').decode(bytes).split('\ufffd')[0] ?? '').split('\n').length - 1

/** Tells whether JSON ends before everything that it began: then it is cut off, and not damaged. */
export function endsEarly(json: string): boolean {
  let depth = 0
  let isQuoted = false
  for (let at = 0; at < json.length; at++) {
    const character = json[at]
    if (character === '"') isQuoted = !isQuoted
    else if (isQuoted && character === '\\') at++
    else if (!isQuoted && (character === '{' || character === '[')) depth++
    else if (!isQuoted && (character === '}' || character === ']')) depth--
  }
  return (isQuoted || depth > 0) && /^\s*[[{]/.test(json)
}
