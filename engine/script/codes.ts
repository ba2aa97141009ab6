/** Every diagnostic's code and text. Nothing else words one. */
import { CONTAINERS } from '../base/container.ts'
import type { ContainerName } from '../base/container.ts'
import { printableLine } from '../base/text.ts'
import { counted, listed } from '../base/words.ts'

// "Did you mean": the known name that is nearest to a misspelt one.

/** The longest name that is compared, in characters; a longer one is nobody's typing mistake. */
const MAX_LENGTH = 64

/**
 * The nearest of `known` within a third of the name's length (at least one, at most three changes), where letter case
 * does not count, or undefined. A name that is known is its own nearest.
 */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  const names = [...known]
  if (names.includes(name)) return name
  if (name.length === 0 || name.length > MAX_LENGTH) return undefined
  const limit = Math.min(3, Math.max(1, Math.floor(name.length / 3)))
  let best: string | undefined
  let least = limit + 1
  for (const candidate of names) {
    if (candidate.length > MAX_LENGTH || Math.abs(candidate.length - name.length) > limit) continue
    const changes = distance(name.toLowerCase(), candidate.toLowerCase())
    if (changes < least) [best, least] = [candidate, changes]
  }
  return best ?? withoutArea(name, names)
}

/** Finds the one known name whose part after the dot is the name's own: `dkg.keygen` for `keygen`, but not `Deal.sealed` for `deal`. */
function withoutArea(name: string, known: readonly string[]): string | undefined {
  const tail = name.slice(name.lastIndexOf('.') + 1).toLowerCase()
  const same = known.filter((candidate) => candidate.toLowerCase().endsWith(`.${tail}`))
  return same.length === 1 ? same[0] : undefined
}

/** Damerau-Levenshtein distance, restricted: a swap of neighbours counts once. */
function distance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      let least = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + same)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        least = Math.min(least, (beforeLast[j - 2] ?? 0) + 1)
      }
      row.push(least)
    }
    ;[beforeLast, last] = [last, row]
  }
  return last[b.length] ?? 0
}

// The parts of which the tables of diagnostics are made.

interface Wording {
  readonly says: string
  /** The way to mend it, in a few words. */
  readonly hint?: string
}

/** The longest piece of a script that a text repeats. */
const MAX_QUOTE = 140

/** Makes a fact fit to be repeated in a text: strings are cut and made printable, in lists too. */
function quotable(fact: unknown): unknown {
  if (typeof fact === 'string') return printableLine(fact, MAX_QUOTE)
  return Array.isArray(fact) ? fact.map(quotable) : fact
}

/** Asks "did you mean …?", or lists the names to choose from. */
function suggest(name: string, known: readonly string[], none: string): string {
  const near = nearest(name, known)
  if (near !== undefined) return `did you mean ${near}?`
  if (known.length === 0) return none
  const shown = known.slice(0, 12).join(', ')
  return `there is ${shown}${known.length > 12 ? `, and ${known.length - 12} more` : ''}`
}

// Diagnostics of what a script declares: names, parameters, messages, types.

const declarationCodes = {
  'bad-name': ({ name, what, form }: { name: string; what: string; form: string }): Wording => ({
    says: `"${name}" cannot be the name of ${what}`,
    hint: `such a name is ${form}`,
  }),
  'reserved-name': ({ name, why }: { name: string; why: string }): Wording => ({
    says: `${name} cannot be used as a name: ${why}`,
    hint: 'choose another name',
  }),
  'name-clash': ({ name, what, other }: { name: string; what: string; other: string }): Wording => ({
    says: `${name} is the name of ${what}, and already that of ${other}: nobody could tell which one is meant`,
    hint: 'rename one of the two',
  }),
  'bad-version': ({ version }: { version: string }): Wording => ({
    says: `"${version}" is not a version`,
    hint: 'write three numbers, such as "1.0.0"',
  }),
  'participants-missing': (): Wording => ({
    says: 'it is not said how many participants this ceremony can have',
    hint: 'add `participants: { min: 2, max: 1024 }`',
  }),
  'participants-followed': ({ name, script }: { name: string; script: string }): Wording => ({
    says: `this ceremony follows ${name} (${script}) and has the very same participants`,
    hint: 'delete `participants`',
  }),
  'participants-range': ({ why }: { why: string }): Wording => ({
    says: `no roster can be like this: ${why}`,
    hint: 'write for example { min: 2, max: 1024 }',
  }),
  'unknown-script': ({ name }: { name: string }): Wording => ({
    says: `no ceremony ${name} is known here`,
    hint: 'a shipped ceremony is always known; add any other with its own file first',
  }),
  'follows-itself': ({ name }: { name: string }): Wording => ({
    says: `${name} cannot follow itself`,
    hint: 'name the ceremony whose result this one needs',
  }),
  'follows-many': ({ first }: { first: string }): Wording => ({
    says: `this ceremony already follows ${first}; it can follow only one, whose participants it takes`,
    hint: 'keep one',
  }),
  'unknown-type': ({ name, known }: { name: string; known: readonly string[] }): Wording => ({
    says: `there is no type ${name}`,
    hint: suggest(name, known, 'see the list of types'),
  }),
  'bad-type': (): Wording => ({
    says: 'a type is one name, such as g1, or a list of it, such as [g1]',
    hint: 'write one name, with or without brackets',
  }),
  'type-place': ({ name, place, places }: { name: string; place: string; places: readonly string[] }): Wording => ({
    says: `the type ${name} cannot stand in ${place}`,
    hint: `it can stand in ${listed(places, 'or')}`,
  }),
  'bad-audience': ({ name, message }: { name: string; message: string }): Wording => ({
    says: `${message} cannot be sent to "${name}"`,
    hint: 'write `everyone`, for all to see, or `others`, for a statement with a piece for each other participant',
  }),
  'private-attachment': ({ message }: { message: string }): Wording => ({
    says: `the attachment of ${message} is its pieces, one for each other participant, and holds nothing else`,
    hint: 'delete the attachment, or send it with another message, to everyone',
  }),
  within: ({ within, why }: { within: string; why: string }): Wording => ({
    says: `"${within}" is no time to wait: ${why}`,
    hint: 'write a number and s, m, h or d, such as 30m, 24h or 7d; from one minute to 90 days',
  }),
  'no-steps': (): Wording => ({
    says: 'a ceremony needs at least one step',
    hint: 'add one under `steps:`',
  }),
}

// Diagnostics of the ceremony as a whole: order, what is used, and how it ends.

const flowCodes = {
  'sent-never': ({ message }: { message: string }): Wording => ({
    says: `${message} is declared and never sent`,
    hint: 'delete it, or name it after `sends:` in a step',
  }),
  'sent-twice': ({ message, other }: { message: string; other: string }): Wording => ({
    says: `${message} is already sent by ${other}; a message is sent in one place only`,
    hint: 'declare a message of its own for each',
  }),
  unused: ({ name, what }: { name: string; what: string }): Wording => ({
    says: `${what} ${name} is never used`,
    hint: 'delete it, or use it',
  }),
  'kept-never': ({ name }: { name: string }): Wording => ({
    says: `${name} is declared under \`keeps\`, and no step keeps it`,
    hint: `delete it, or write \`keeps: ${name}\` in the step whose verb leaves it in the vault`,
  }),
  'kept-twice': ({ name, other }: { name: string; other: string }): Wording => ({
    says: `${name} is already kept by ${other}`,
    hint: 'declare a name of its own for each under the top `keeps`',
  }),
  'keep-early': ({ name, step, certificate }: { name: string; step: string; certificate: string }): Wording => ({
    says: `${step} would keep ${name} while the ceremony can still abort: it has succeeded only when ${certificate} is complete`,
    hint: 'let a step after the certificate keep it',
  }),
  'first-step': ({ step }: { step: string }): Wording => ({
    says: `the first step must be the airgap’s, since its statement is its owner’s consent; ${step} is the client’s`,
    hint: 'begin with an `airgap:` step',
  }),
  'airgap-after': ({ step, before, why }: { step: string; before: string; why: string }): Wording => ({
    says: `${step} is an airgap step, but comes after ${before}, which ${why}`,
    hint: 'put all airgap steps first, each collecting all',
  }),
  'unknown-step': ({ name, known, sender }: { name: string; known: readonly string[]; sender: string }): Wording => ({
    says: `there is no step ${name}`,
    hint: sender === '' ? suggest(name, known, 'add it under `steps`') : `${name} is a message; the step that sends it is ${sender}`,
  }),
  'after-certificate': ({ step, part, certificate }: { step: string; part: string; certificate: string }): Wording => ({
    says: `${step} comes after the certificate ${certificate}, when nothing aborts any more, but its \`${part}\` could abort`,
    hint: `delete \`${part}\`, or choose a later certificate`,
  }),
  'dispute-missing': ({ message }: { message: string }): Wording => ({
    says: `nobody says what follows a ${message}`,
    hint: `add \`${message}:\` under \`disputes:\``,
  }),
  'dispute-unopened': ({ message }: { message: string }): Wording => ({
    says: `no step states a ${message}, so that this dispute never opens`,
    hint: `delete it, or write \`disputes: ${message}\` in a step`,
  }),
  'output-ambiguous': ({ name, why }: { name: string; why: string }): Wording => ({
    says: `${name} is one value from each participant, and ${why}`,
    hint: 'put its field under `agree` in the step that collects it, or use a verb that makes one value of them',
  }),
  'output-source': ({ name }: { name: string }): Wording => ({
    says: `${name} cannot be an output as it is`,
    hint: 'an output is a field of a message (Response.groupKey), or a verb with its arguments',
  }),
}

// Diagnostics of one step or dispute: do its parts fit together?

const stepCodes = {
  'step-side': ({ step, both }: { step: string; both: boolean }): Wording => ({
    says: both ? `${step} has a verb for the airgap and one for the client` : `${step} has no verb: nobody makes what it sends`,
    hint: both ? 'make it two steps' : 'add `airgap:` or `client:` with a verb',
  }),
  'sends-mismatch': ({ verb, emits, message, has }: { verb: string; emits: string; message: string; has: string }): Wording => ({
    says: `${verb} emits ${emits}, but ${message} has ${has}`,
    hint: `declare ${message} with ${emits}, or send another message`,
  }),
  audience: ({ verb, message }: { verb: string; message: string }): Wording => ({
    says: `${verb} emits one value for everyone, but ${message} goes to each other participant alone`,
    hint: `write \`to: everyone\` at ${message}`,
  }),
  'part-missing': ({ verb, does, part }: { verb: string; does: string; part: string }): Wording => ({
    says: `${verb} ${does}, but the step has no \`${part}\``,
    hint: `add \`${part}:\` to the step`,
  }),
  'part-needless': ({ verb, part, never }: { verb: string; part: string; never: string }): Wording => ({
    says: `${verb} never ${never}, so that \`${part}\` would do nothing`,
    hint: `delete \`${part}\`, or choose another verb`,
  }),
  'part-mismatch': ({ verb, wants, other, has }: { verb: string; wants: string; other: string; has: string }): Wording => ({
    says: `${verb} ${wants}, but ${other} ${has}`,
    hint: 'choose two that belong together',
  }),
  'check-missing': ({ verb, check, has }: { verb: string; check: string; has: string | undefined }): Wording => ({
    says: has === undefined
      ? `what ${verb} emits must be checked by ${check}, but the step has no \`check\``
      : `what ${verb} emits must be checked by ${check}, not by ${has}`,
    hint: `add \`check: { ${check}: [...] }\` to the step; without it, nobody could rely on what is sent`,
  }),
  'bad-collect': ({ step, name, got, known }: { step: string; name: string; got: string; known: readonly string[] }): Wording => ({
    says: `${step} cannot collect ${name}: ${got}`,
    hint: nearest(name, ['all', 'any', ...known]) === undefined
      ? `write all, any (one is enough), or ${known.length === 0 ? 'the name of a quorum parameter' : listed(known, 'or')}`
      : suggest(name, ['all', 'any', ...known], ''),
  }),
  'collect-others': ({ message, because }: { message: string; because: string }): Wording => ({
    says: `${message} must be collected from all, because ${because}`,
    hint: 'write `collect: all`',
  }),
  'agree-field': ({ name, message, known }: { name: string; message: string; known: readonly string[] }): Wording => ({
    says: `${message} has no ${name} in its payload on which all could agree`,
    hint: suggest(name, known, 'delete `agree`'),
  }),
  repeated: ({ name }: { name: string }): Wording => ({
    says: `${name} is in this list twice`,
    hint: 'delete one',
  }),
  'unknown-parameter': ({ name, known }: { name: string; known: readonly string[] }): Wording => ({
    says: `there is no parameter ${name} to be confirmed`,
    hint: suggest(name, known, 'this ceremony has no parameters'),
  }),
  'confirm-client': ({ step }: { step: string }): Wording => ({
    says: `owners confirm on the airgap’s screen, but ${step} is a client’s step`,
    hint: 'move `confirm` to an airgap step',
  }),
  'unknown-keep': ({ name, known }: { name: string; known: readonly string[] }): Wording => ({
    says: `nothing named ${name} is declared under \`keeps\``,
    hint: suggest(name, known, `add \`keeps: { ${name}: ... }\` at the top`),
  }),
  'unknown-kept-type': ({ name, known }: { name: string; known: readonly string[] }): Wording => ({
    says: `${name} is not a type of what an airgap keeps`,
    hint: suggest(name, known, 'see the list of types'),
  }),
}

// Diagnostics of the lower layers: the file's bytes, its YAML, its outline.

const textCodes = {
  'too-large': ({ bytes, most }: { bytes: number; most: number }): Wording => ({
    says: `this file has ${bytes} bytes; a script has at most ${most}`,
    hint: 'a ceremony that people can read fits into a few kilobytes',
  }),
  'not-text': ({ found }: { found: ContainerName }): Wording => ({
    says: `this is no script, it is ${CONTAINERS[found].is}`,
    hint: CONTAINERS[found].mend,
  }),
  'not-utf8': (): Wording => ({
    says: 'from here on this is not UTF-8 text',
    hint: 'save the file as UTF-8',
  }),
  'line-ends': ({ ended, lines, hash, known }: { ended: number; lines: number; hash: string; known: string | undefined }): Wording => ({
    says: `${ended === lines ? 'its lines' : `${ended} of its ${lines} lines`} end with CR LF, as git and editors on Windows leave them, so that it is another file than everybody else’s; ` +
      `with plain newlines its SHA-256 is ${hash}${known === undefined ? '' : `, which is ${known}`}`,
    hint: 'write plain newlines (LF): in the editor’s settings, or by `tr -d \'\\r\' < OLD > NEW`; in git, the line `* -text` in .gitattributes keeps every byte, and then check the file out anew',
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

// Diagnostics of verbs and their arguments.

const verbCodes = {
  'unknown-verb': ({ name, known }: { name: string; known: readonly string[] }): Wording => ({
    says: `there is no verb ${name}`,
    hint: suggest(name, known, 'see the list of verbs'),
  }),
  'verb-twice': ({ verb, other }: { verb: string; other: string }): Wording => ({
    says: `${verb} already runs in ${other}; an airgap verb runs once in a ceremony, since a second run would use the same secrets again`,
    hint: 'use its first result, or make two ceremonies',
  }),
  'one-verb': ({ count, where }: { count: number; where: string }): Wording => ({
    says: count === 0 ? `${where} names no verb` : `${where} names ${count} verbs; it can have only one`,
    hint: 'write one verb and its arguments: { area.verb: [argument, argument] }',
  }),
  'verb-place': ({ verb, is, want, known }: { verb: string; is: string; want: string; known: readonly string[] }): Wording => ({
    says: `${verb} is ${is}; what is needed here is ${want}`,
    hint: `choose from ${known.join(', ')}`,
  }),
  'argument-count': ({ verb, takes, got }: { verb: string; takes: readonly string[]; got: number }): Wording => ({
    says: `${verb} wants ${counted(takes.length, 'argument')}, got ${got}`,
    hint: takes.length === 0 ? 'write []' : `it wants, in this order: ${takes.join('; ')}`,
  }),
  'argument-type': ({ verb, position, name, want, got, fits }: {
    verb: string; position: number; name: string; want: string; got: string; fits: readonly string[]
  }): Wording => ({
    says: `argument ${position} of ${verb} is ${want}, but ${name} is ${got}`,
    hint: fits.length === 0 ? 'nothing that is there by now fits' : `what fits: ${fits.join(', ')}`,
  }),
  'bad-reference': ({ name, why }: { name: string; why: string }): Wording => ({
    says: `${name} does not name anything: ${why}`,
    hint: 'write a name (threshold, Commits) or a name and a field (Commits.key, key.share)',
  }),
  'unknown-name': ({ name, known }: { name: string; known: readonly string[] }): Wording => ({
    says: `there is no ${name} here`,
    hint: suggest(name, known, 'declare it under `parameters`, or compute it under `prepare`'),
  }),
  'unknown-message': ({ name, known, step }: { name: string; known: readonly string[]; step: string }): Wording => ({
    says: `there is no message ${name}`,
    hint: step === '' ? suggest(name, known, 'declare it under `messages`') : `${name} is a step; the message that it sends is ${step}`,
  }),
  'unknown-field': ({ name, of, known }: { name: string; of: string; known: readonly string[] }): Wording => ({
    says: `${of} has no ${name}`,
    hint: suggest(name, known, `${of} has nothing that can be named`),
  }),
  'read-early': ({ message, step, own }: { message: string; step: string; own: boolean }): Wording => ({
    says: own
      ? `${message} is what ${step} itself collects, so that it cannot be read before ${step} is over`
      : `${message} is collected by ${step} and is not there yet`,
    hint: own ? 'only the step’s `check` gets the step’s own messages, without naming them' : 'read it in a later step, or move this step behind it',
  }),
  'read-dispute': ({ message }: { message: string }): Wording => ({
    says: `${message} is only sent in a dispute, and a dispute ends the ceremony: nothing reads it later`,
    hint: 'a dispute’s own verb and its judge get it without naming it',
  }),
  'prepared-early': ({ name, step }: { name: string; step: string }): Wording => ({
    says: `${name} is prepared in ${step} and is not there yet`,
    hint: 'use it in that step or later; what is prepared first stands first',
  }),
  'whole-message': ({ message, field }: { message: string; field: string }): Wording => ({
    says: `${message} goes to each other participant alone, so that there is no ${message}.${field} with one value from each`,
    hint: `name the whole message: ${message}`,
  }),
  'private-read': ({ verb, message }: { verb: string; message: string }): Wording => ({
    says: `${message} is for each recipient’s airgap alone; ${verb} runs on the client and cannot open it`,
    hint: 'read it with an airgap verb, or with a client verb that takes sealed values',
  }),
  leak: ({ what, must, hint }: { what: string; must: string; hint: string }): Wording => ({
    says: `${what}; ${must}`,
    hint,
  }),
  'kept-here': ({ name }: { name: string }): Wording => ({
    says: `${name} is in the vault only once the ceremony has succeeded; nothing in this ceremony can use it`,
    hint: `a ceremony that follows this one can: it names it key.${name}, if it follows it as key`,
  }),
}

const table = { ...textCodes, ...declarationCodes, ...verbCodes, ...stepCodes, ...flowCodes }

export type DiagnosticCode = keyof typeof table

/** The facts that a code's text is made of. */
export type DiagnosticFacts<C extends DiagnosticCode> =
  Parameters<(typeof table)[C]> extends [infer F extends object] ? F : Readonly<Record<string, never>>

/** All codes. */
export const codes: readonly string[] = Object.keys(table)

/** The text of a diagnostic. Whatever a fact takes from the script is cut and made printable first. */
export function wording<C extends DiagnosticCode>(code: C, facts: DiagnosticFacts<C>): Wording {
  const build = table[code] as (facts: unknown) => Wording
  return build(Object.fromEntries(Object.entries<unknown>({ ...facts }).map(([name, fact]) => [name, quotable(fact)])))
}
