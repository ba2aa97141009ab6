/** Shows the 24 words once, has two of them typed back, and wipes them off the screen. */
import { randomInt } from 'node:crypto'
import { cliError } from '../errors.ts'
import { askLine } from '../prompt.ts'

const CLEAR = '\u001b[2J\u001b[3J\u001b[H'

/** @throws cli.no-terminal where there is no terminal to show them on */
export async function showWords(mnemonic: string, signal: AbortSignal): Promise<void> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) throw cliError('no-terminal', { what: 'A screen to show the 24 words on', flag: '--mnemonic-file FILE' })
  const words = mnemonic.split(' ')
  const cell = (i: number) => `${String(i + 1).padStart(2)}. ${words[i] ?? ''}`.padEnd(16)
  const rows = Array.from({ length: 6 }, (_, row) => [0, 6, 12, 18].map((column) => cell(row + column)).join(' '))
  process.stderr.write(`\nWrite these 24 words on paper, in this order. They will not be shown again.\n\n${rows.map((row) => `   ${row}`).join('\n')}\n\n`)
  try {
    for (const at of twoOf(words.length)) {
      await askLine(`Word ${String(at + 1)} of your paper:`, '--mnemonic-file FILE', (answer) =>
        answer.trim().toLowerCase() === words[at] ? undefined : 'That is not the word. Look at your paper again.', signal)
    }
  } finally {
    // Whoever stops here with Ctrl-C must not leave them on the screen either.
    process.stderr.write(`${CLEAR}The words are wiped from this screen.\n`)
  }
}

function twoOf(count: number): readonly number[] {
  const first = randomInt(count)
  return [first, (first + 1 + randomInt(count - 1)) % count].sort((a, b) => a - b)
}
