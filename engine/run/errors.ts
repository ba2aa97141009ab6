import { containerError } from '../base/container.ts'
import { errorTable, isKeyriteError } from '../base/errors.ts'
import type { KeyriteError } from '../base/errors.ts'
import type { Script } from '../machines/ceremony.ts'
import type { Fault } from '../wire/abort.ts'

export const runError = errorTable('run', {
  opening: ({ why }: { why: string }) => ({
    what: `This opening is refused: ${why}.`,
    todo: 'Do not confirm it. Ask whoever opened the ceremony to open another one with that put right.',
  }),
  blind: ({ count }: { ceremony: string; count: number }) => ({
    what: `${count === 1 ? 'A message is' : `${count} messages are`} raw: nobody can see what is signed, and this airgap does not sign blind. Nothing was used up.`,
    todo: 'Ask for kinds that an airgap can read. If you must sign what you cannot read: `keyrite airgap run --allow-blind`, then the client again.',
  }),
  /** `plain`: the script of this machine whose line ends alone are other ones. */
  'unknown-script': ({ script, hash, plain }: { script: string; hash: string; plain?: { readonly name: string; readonly version: string; readonly hash: string } }) => plain === undefined ? ({
    what: `The script ${script} with SHA-256 ${hash} is not on this machine.`,
    todo: 'Bring the file yourself, compare its hash with the other participants, and add it with `keyrite airgap script add FILE`.',
  }) : ({
    what: `The script with SHA-256 ${hash} is ${plain.name} ${plain.version}, which is on this machine, with CR LF at its line ends, as git and editors on Windows leave them. With plain newlines its SHA-256 is ${plain.hash}.`,
    todo: 'Nobody needs that other file. Ask whoever opened the ceremony to open it anew with the script as it was: the one that ships, or the file with plain newlines.',
  }),
  'not-runnable': ({ script, why }: { script: string; why: string }) => ({
    what: `The script ${script} cannot be run: ${why}.`,
    todo: 'Use a version of keyrite that knows all its verbs, the same on every machine of the ceremony.',
  }),
  'unknown-ceremony': ({ ceremony }: { ceremony: string }) => ({
    what: `Nothing is known here of the ceremony ${ceremony}.`,
    todo: 'Check the ceremony id. An airgap joins only by the first step’s request, confirmed by its owner; without its memory of it, it takes no later step.',
  }),
  'unknown-step': ({ ceremony, step }: { ceremony: string; step: string }) => ({
    what: `The ceremony ${ceremony} has no step ${step} to take now.`,
    todo: 'Run the client again; if it asks the same, its machine and this one have different versions of keyrite.',
  }),
  'out-of-order': ({ step, expected }: { step: string; expected: string }) => ({
    what: `The request is for step ${step}, but the next one here is ${expected}.`,
    todo: 'Run the client again: it goes on with the step that is next.',
  }),
  'other-request': ({ step }: { step: string }) => ({
    what: `Step ${step} was already answered for a different set of statements; a second one is refused.`,
    todo: 'Someone shows this airgap another log than before. Stop, compare the log’s head with the other participants, and suspect client and storage.',
  }),
  closed: ({ ceremony, why }: { ceremony: string; why: string }) => ({
    what: `The ceremony ${ceremony} is closed here: ${why}.`,
    todo: 'It cannot go on. Open a new one with `keyrite client open --again`.',
  }),
  restored: ({ ceremony, why }: { ceremony: string; why: string }) => ({
    what: `This restored airgap takes no step of the ceremony ${ceremony}: ${why}.`,
    todo: 'Should it succeed all the same, get its share with `keyrite airgap recover TRANSCRIPT`. Otherwise abort it and open it again (`keyrite client abort`, `keyrite client open --again`): the new one is joined as ever.',
  }),
  statements: ({ step, why }: { step: string; why: string }) => ({
    what: `The statements in the request for ${step} are refused: ${why}.`,
    todo: 'The client or the storage altered or left out something. Run the client again; if it stays, compare the log’s head with the other participants.',
  }),
  /** `isForAll`: the step wants all, so that nobody can go on. `reason`: the owner's own words, if any. */
  rejected: ({ ceremony, isForAll, reason }: { ceremony: string; isForAll: boolean; reason: string | null }) => ({
    what: `The owner declined the ceremony ${ceremony.slice(0, 12)} on the airgap’s screen${reason === null ? '' : `, and says why: “${reason}”`}.`,
    todo: isForAll
      ? 'The ceremony aborts. Talk to the other participants; open it again when all agree.'
      : 'It is left to the others, who go on if enough of them consent.',
  }),
  'not-abandoned': ({ ceremony }: { ceremony: string }) => ({
    what: `The owner did not give up the ceremony ${ceremony.slice(0, 12)}: it stays in doubt.`,
    todo: 'It may still succeed. To give it up for good later: `keyrite client abandon CEREMONY`.',
  }),
  'pairing-declined': ({ name }: { name: string }) => ({
    what: `The airgap’s owner did not take this card of ${name}.`,
    todo: 'If it is your own airgap, compare the signing key on its screen with the one that `keyrite client init` printed; then pair again: `keyrite client pair` here, and `keyrite airgap card` there.',
  }),
  /** A fault that ends the ceremony; the client's machine takes it out of the error. */
  fault: ({ why }: Fault) => ({
    what: why,
    todo: 'The ceremony aborts; open it again when the cause is clear.',
  }),
  'no-progress': ({ crossings }: { crossings: number }) => ({
    what: `After ${crossings} crossings this transfer in parts is no further: the airgap drops again and again what it was shown.`,
    todo: 'See what the airgap says on its screen. Start it again, and then this: the transfer begins anew.',
  }),
  'not-paired': ({ name }: { name: string }) => ({
    what: `This airgap has no card yet${name === '' ? '' : ` for ${name}`}.`,
    todo: 'Pair the two machines first: `keyrite client pair` on one and `keyrite airgap card` on the other.',
  }),
  card: ({ why }: { why: string }) => ({
    what: `This card is refused: ${why}.`,
    todo: 'Make new keys on the client with `keyrite client init`, and pair again.',
  }),
  answer: ({ step, why }: { step: string; why: string }) => ({
    what: `The airgap’s answer for ${step} is not usable: ${why}.`,
    todo: 'Check that it is the right airgap and that both machines run the same version; then run both again.',
  }),
  'script-declined': ({ script }: { script: string }) => ({
    what: `The script ${script} was not added.`,
    todo: 'Compare its SHA-256 with the other participants, then run this again.',
  }),
  recover: ({ why }: { why: string }) => ({
    what: `Nothing can be recovered from this transcript: ${why}.`,
    todo: 'Use the transcript of the ceremony in which this mnemonic took part, exported after it succeeded.',
  }),
  'bad-fault': ({ fault, why }: { fault: string; why: string }) => ({
    what: `The fault ${fault} cannot be simulated: ${why}.`,
    todo: 'Write it as NAME:PARTICIPANT or NAME:PARTICIPANT:TARGET; `keyrite ceremony simulate SCRIPT --faults` lists those that the script can meet.',
  }),
  transcript: ({ line, why }: { line: number; why: string }) => ({
    what: `The transcript is damaged at line ${line}: ${why}.`,
    todo: 'Export it again with `keyrite client export`, or get it from another participant.',
  }),
  signatures: ({ why }: { why: string }) => ({
    what: `This is no file of signatures: ${why}.`,
    todo: 'Take the file that `keyrite client signatures -o FILE` wrote, as it is.',
  }),
})

/** The error for a script that is not here. @param plain the one here that differs from it in its line ends alone */
export const noScript = ({ name, hash }: { readonly name: string; readonly hash: string }, plain: Script | undefined): KeyriteError =>
  runError('unknown-script', {
    script: name, hash, ...(plain === undefined ? {} : { plain: { name: plain.ceremony.name, version: plain.ceremony.version, hash: plain.hash } }),
  })

/** The words of a finding on a file that cannot be read: where it is the file’s fault, with the mend. */
export const fileFinding = (error: KeyriteError): string =>
  containerError.made(error) || isKeyriteError(error, 'run.transcript', 'run.signatures') ? `${error.message} ${error.todo}` : error.message

declare module '../base/errors.ts' {
  interface ErrorTables { readonly run: typeof runError.table }
}
