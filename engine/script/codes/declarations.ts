/** Diagnostics of what a script declares: names, parameters, messages, types. */
import { listed, suggest } from './wording.ts'
import type { Wording } from './wording.ts'

export const declarationCodes = {
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
