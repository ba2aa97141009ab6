/** Diagnostics of verbs and their arguments. */
import { counted, suggest } from './wording.ts'
import type { Wording } from './wording.ts'

export const verbCodes = {
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
