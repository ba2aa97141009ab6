/** Diagnostics of the lower layers: the file's bytes, its YAML, its outline. */
import { listed, suggest } from './wording.ts'
import type { Wording } from './wording.ts'

export const textCodes = {
  'too-large': ({ bytes, most }: { bytes: number; most: number }): Wording => ({
    says: `this file has ${bytes} bytes; a script has at most ${most}`,
    hint: 'a ceremony that people can read fits into a few kilobytes',
  }),
  'not-utf8': (): Wording => ({
    says: 'from here on this is not UTF-8 text',
    hint: 'save the file as UTF-8',
  }),
  'hidden-character': ({ character }: { character: string }): Wording => ({
    says: `${character} is not shown as itself on every screen, so that people might read something else here than what the program reads`,
    hint: 'delete it, or write it otherwise; lines end with a newline, and indentation is by plain spaces',
  }),
  'yaml-syntax': ({ why, hint }: { why: string; hint: string }): Wording => ({
    says: `this is not YAML: ${why}`,
    hint,
  }),
  'yaml-empty': (): Wording => ({
    says: 'there is no ceremony in this file',
    hint: 'start from what `keyrite ceremony new` writes',
  }),
  'yaml-documents': (): Wording => ({
    says: 'a second document begins here; a script is one',
    hint: 'delete the line `---` or `...`, or put each ceremony into a file of its own',
  }),
  'yaml-directive': (): Wording => ({
    says: 'a script has no YAML directives',
    hint: 'delete the line that begins with %; a script is YAML 1.2 as it is',
  }),
  'yaml-alias': (): Wording => ({
    says: 'a script has no anchors (&) and no aliases (*): what is said here stands here',
    hint: 'write it out in full, or put it in quotes if & or * is part of a text',
  }),
  'yaml-tag': (): Wording => ({
    says: 'a script has no tags (!)',
    hint: 'delete the tag, or put the text in quotes if ! is part of it',
  }),
  'yaml-merge': (): Wording => ({
    says: 'a script has no merge keys (<<): what is said here stands here',
    hint: 'write it out in full',
  }),
  'yaml-key': (): Wording => ({
    says: 'a key is a name, and this is not one',
    hint: 'names begin with a letter; numbers, true, null, lists and maps cannot be keys',
  }),
  'yaml-duplicate': ({ name, line }: { name: string; line: number }): Wording => ({
    says: `${name} is already there, on line ${line}`,
    hint: 'one of the two would be ignored: delete or rename one',
  }),
  'yaml-nesting': ({ most }: { most: number }): Wording => ({
    says: `this is nested more than ${most} levels deep`,
    hint: 'no part of a script goes that deep; look for brackets that are not closed',
  }),
  'unknown-key': ({ name, where, known }: { name: string; where: string; known: readonly string[] }): Wording => ({
    says: `${where} has no ${name}`,
    hint: suggest(name, known, 'delete it'),
  }),
  'missing-key': ({ name, where }: { name: string; where: string }): Wording => ({
    says: `${where} needs ${name}`,
    hint: `add \`${name}:\``,
  }),
  'wrong-kind': ({ where, want, got }: { where: string; want: readonly string[]; got: string }): Wording => ({
    says: `${where} must be ${listed(want, 'or')}, but this is ${got}`,
    hint: kindHint(want, got),
  }),
  'bad-value': ({ where, why }: { where: string; why: string }): Wording => ({
    says: `${where} ${why}`,
  }),
}

function kindHint(want: readonly string[], got: string): string {
  if (want.includes('text') && (got === 'a number' || got === 'true or false')) return 'put it in quotes'
  if (want.includes('a list') && got === 'nothing') return 'write [] for an empty list'
  if (want.includes('a list') && got === 'text') return 'write it in brackets: [one, two]'
  if (got === 'nothing') return 'something is missing after the colon, or the lines below it need more indentation'
  if (want.includes('a map')) return 'write it as { name: value }, or as indented lines of `name: value`'
  return 'the schema in the file’s first line shows an editor what belongs here'
}
