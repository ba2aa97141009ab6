import { legibleProblem } from '../../base/text.ts'
import { bare, bytesOf, hexField, integerField, integerOf, textOf } from '../fields.ts'
import { sizeText } from '../kind.ts'
import type { MessageKind } from '../kind.ts'

/**
 * A file. Its SHA-256 (32 bytes) is signed, behind prefix and ceremony, so that everyone who has the file can verify the
 * signature. Only the digest crosses, not the file, so the airgap cannot check name and size.
 */
export const file: MessageKind = {
  name: 'file',
  doc: 'A file, signed by its SHA-256. Written with its path; the client replaces that by name, size and digest.',
  fields: {
    name: {
      label: 'File name',
      wants: 'a file name of 1 to 255 characters that every screen shows, without a slash and line ends',
      schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[^/]+$' },
      problem: (value) => (typeof value === 'string' ? legibleProblem(value, { lines: false }) : null),
    },
    size: integerField('Size', 0, Number.MAX_SAFE_INTEGER, 'bytes'),
    sha256: { ...hexField('SHA-256', 32), label: 'SHA-256' },
  },
  display: (message) => [
    { label: 'File name', value: `${textOf(message, 'name')} (as the opener says)` },
    { label: 'Size', value: `${sizeText(integerOf(message, 'size'))} (as the opener says)` },
    { label: 'SHA-256', value: bare(textOf(message, 'sha256')) },
  ],
  signs: { content: (message) => bytesOf(message, 'sha256') },
  example: { kind: 'file', path: 'release.tar.gz' },
}
