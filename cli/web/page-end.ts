/** How a command ended, for its page, which stays open after it. */
import { stripVTControlCharacters } from 'node:util'
import { failureOf } from '../errors.ts'
import type { PageState } from './protocol.ts'

type End = NonNullable<PageState['end']>

export const pageEnd = (lines: readonly string[], next: readonly string[], isGood = true): End => ({
  isGood, lines: lines.map((line) => stripVTControlCharacters(line)), next: next.map(marked),
})

/** A command, which a terminal has apart from what it does by some blanks, between the marks of what is typed. */
function marked(line: string): string {
  const [, command, rest = ''] = /^(keyrite .+?)(?:\s{2,}(.*))?$/.exec(line) ?? []
  return command === undefined || line.includes('`') ? line : `\`${command}\`${rest === '' ? '' : ` ${rest}`}`
}

/** @param command as its user typed it */
export function failedEnd(error: unknown, command: string): End {
  const { message, todo } = failureOf(error, command)
  return pageEnd([message], [todo], false)
}
