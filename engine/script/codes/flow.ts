/** Diagnostics of the ceremony as a whole: order, what is used, and how it ends. */
import { suggest } from './wording.ts'
import type { Wording } from './wording.ts'

export const flowCodes = {
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
