import { errorTable } from '../base/errors.ts'

/** Files of a home are not copied back from somewhere: a vault that stated something since must not be put back. */
const newHome = 'Make a new home: of an airgap with `keyrite airgap restore` (a backup) or `keyrite airgap init --restore` (the words), of a client with `keyrite client init`.'

const otherCopy = 'Copy it again from where it was made, as a file and not as text, or take another copy. Without one, the 24 words do: `keyrite airgap init --restore`.'

export const vaultError = errorTable('vault', {
  passphrase: ({ why }: { why: string }) => ({
    what: `This passphrase cannot be used: ${why}.`,
    todo: 'Choose one line of 8 characters or more and at most 1024 bytes; five random words are a good one.',
  }),
  'wrong-passphrase': ({ path }: { path: string }) => ({
    what: `The passphrase does not open ${path}.`,
    todo: 'Type it again; mind Caps Lock and the keyboard layout. If you are sure of it, this is another file than you think, or it was altered.',
  }),
  /** `isBackup`: it is a backup, and not a file of a home. */
  truncated: ({ path, isBackup }: { path: string; isBackup?: boolean }) => ({
    what: `${path} is cut short: its end is missing.`,
    todo: isBackup === true ? otherCopy : `The copy or the disk failed. ${newHome}`,
  }),
  altered: ({ path, why, isBackup }: { path: string; why: string; isBackup?: boolean }) => ({
    what: `${path} is damaged or was altered: ${why}.`,
    todo: isBackup === true ? otherCopy : newHome,
  }),
  armored: ({ path }: { path: string }) => ({
    what: `${path} is an age file written as text (armored).`,
    todo: "Make plain bytes of it: `sed '/^-----/d' OLD | base64 -d > NEW`.",
  }),
  'work-factor': ({ path, factor, most }: { path: string; factor: number; most: number }) => ({
    what: `${path} asks for the scrypt work factor ${factor}; at most ${most} is accepted, since more would exhaust this machine's memory.`,
    todo: 'Encrypt it again with the age tool and its own choice of work factor.',
  }),
  'key-derivation': ({ mebibytes }: { mebibytes: number }) => ({
    what: `The key could not be derived from the passphrase; it takes ${mebibytes} MiB of memory.`,
    todo: 'Close other programs, or add memory or swap, and try again.',
  }),
  'not-json': ({ path }: { path: string }) => ({
    what: `${path} was opened, but it does not hold JSON.`,
    todo: `Another program wrote it. ${newHome}`,
  }),
  'other-version': ({ path }: { path: string }) => ({
    what: `${path} was made for another version of keyrite’s protocol, which this one does not read.`,
    todo: 'Begin anew: move the old home away, and make a new one. Nothing of the earlier version can be carried over.',
  }),
  'wrong-shape': ({ path, where, why }: { path: string; where: string; why: string }) => ({
    what: `${path} was opened, but it has not the shape that this version of keyrite knows: ${where === '' ? 'its top' : where} ${why}.`,
    todo: 'Use the version that wrote it, or a newer one.',
  }),
  'wrong-update': ({ path, where, why }: { path: string; where: string; why: string }) => ({
    what: `${path} was not written, since the new content would have the wrong shape: ${where === '' ? 'its top' : where} ${why}.`,
    todo: 'This is a bug in keyrite; please report it.',
  }),
  closed: ({ path }: { path: string }) => ({
    what: `${path} was used after it was closed.`,
    todo: 'This is a bug in keyrite; please report it.',
  }),
})

declare module '../base/errors.ts' {
  interface ErrorTables { readonly vault: typeof vaultError.table }
}
