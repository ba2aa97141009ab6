import { legibleProblem } from '../../base/text.ts'
import { utf8 } from '../../base/bytes.ts'
import { textOf } from '../fields.ts'
import type { MessageKind } from '../kind.ts'

/** The most characters of a text: more than its signer can read on a screen should be signed as a file. */
const MAX_TEXT = 4096

/** The most lines of a text, so that a screen that shows it shows all of it. */
const MAX_LINES = 100

/** A text. Its UTF-8 bytes are signed, behind prefix and ceremony. */
export const text: MessageKind = {
  name: 'text',
  doc: 'A text, signed as it stands.',
  fields: {
    text: {
      label: 'Text',
      wants: `text of 1 to ${MAX_TEXT} characters that every screen shows: no control characters but line ends (\\n), nothing invisible, nothing that turns the direction of reading`,
      schema: { type: 'string', minLength: 1, maxLength: MAX_TEXT },
      problem: (value) => (typeof value === 'string' ? problemOf(value) : null),
    },
  },
  display: (message) => [{ label: 'Text', value: textOf(message, 'text') }],
  signs: { content: (message) => utf8(textOf(message, 'text')) },
  example: { kind: 'text', text: 'We move our validators to a new operator on 1 March.' },
}

function problemOf(value: string): string | null {
  if (value.split('\n').length > MAX_LINES) return `it has more than ${MAX_LINES} lines, which nobody sees whole; sign it as a file`
  return legibleProblem(value, { lines: true })
}
