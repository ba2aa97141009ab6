import { hexPattern } from '../../base/bytes.ts'
import { whole } from '../../base/names.ts'
import { sha256Hex } from '../../crypto/hash.ts'
import { bare, bytesOf, textOf } from '../fields.ts'
import { sizeText } from '../kind.ts'
import type { MessageKind } from '../kind.ts'

/** The most bytes of such a message: more than a screen shows should be signed as a file. */
const MAX_BYTES = 4096

/** Some bytes. They are signed behind prefix and ceremony. */
export const bytes: MessageKind = {
  name: 'bytes',
  doc: 'Some bytes, which only their meaning to somebody makes readable.',
  fields: {
    hex: {
      label: 'Bytes',
      wants: `1 to ${MAX_BYTES} bytes: an even number of small hex digits, with or without 0x`,
      schema: { type: 'string', maxLength: 2 * MAX_BYTES + 2, pattern: whole(`(0x)?(${hexPattern(1)}){1,${MAX_BYTES}}`) },
      same: bare,
    },
  },
  display: (message) => {
    const content = bytesOf(message, 'hex')
    return [
      { label: 'Size', value: sizeText(content.length) },
      { label: 'SHA-256', value: sha256Hex(content) },
      { label: 'Bytes', value: bare(textOf(message, 'hex')) },
    ]
  },
  signs: { content: (message) => bytesOf(message, 'hex') },
  example: { kind: 'bytes', hex: 'c0ffee' },
}
