/** Diagnostics of one step or dispute: do its parts fit together? */
import { nearest } from '../nearest.ts'
import { listed, suggest } from './wording.ts'
import type { Wording } from './wording.ts'

export const stepCodes = {
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
