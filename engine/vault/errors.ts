import { errorTable } from '../base/errors.ts'

const backup = 'Make a new home: of an airgap with `keyrite airgap restore` (a backup) or `keyrite airgap init --restore` (the words), of a client with `keyrite client init`.'

export const vaultError = errorTable('vault', {
  passphrase: ({ why }: { why: string }) => ({
    what: `This passphrase cannot be used: ${why}.`,
    todo: 'Choose one line of 8 characters or more and at most 1024 bytes; five random words are a good one.',
  }),
  'wrong-passphrase': ({ path }: { path: string }) => ({
    what: `The passphrase does not open ${path}.`,
    todo: 'Type it again; mind Caps Lock and the keyboard layout. If you are sure of it, this is another file than you think, or it was altered.',
  }),
  truncated: ({ path }: { path: string }) => ({
    what: `${path} is cut short: its end is missing.`,
    todo: `The copy or the disk failed. ${backup}`,
  }),
  altered: ({ path, why }: { path: string; why: string }) => ({
    what: `${path} is damaged or was altered: ${why}.`,
    todo: backup,
  }),
  'work-factor': ({ path, factor, most }: { path: string; factor: number; most: number }) => ({
    what: `${path} asks for the scrypt work factor ${factor}; at most ${most} is accepted, since more would exhaust this machine's memory.`,
    todo: 'Encrypt it again with the age tool and its own choice of work factor.',
  }),
  'key-derivation': ({ mebibytes }: { mebibytes: number }) => ({
    what: `The key could not be derived from the passphrase; it takes ${mebibytes} MiB of memory.`,
    todo: 'Close other programs, or add memory or swap, and try again.',
  }),
  exists: ({ path }: { path: string }) => ({
    what: `${path} exists already; nothing was changed.`,
    todo: 'Choose another path. If it belongs to a keyrite home: use what is there, or move the whole folder away if you really want to start anew.',
  }),
  missing: ({ path }: { path: string }) => ({
    what: `There is no ${path}.`,
    todo: 'Check the path. If it belongs to a keyrite home: make that with `keyrite client init` or `keyrite airgap init`, or set KEYRITE_HOME to the folder that holds it.',
  }),
  'not-a-file': ({ path }: { path: string }) => ({
    what: `${path} is a link, a folder or a device, and is not replaced; nothing was changed.`,
    todo: 'Give the path of an ordinary file, or of one that is not there yet.',
  }),
  unreadable: ({ path, why }: { path: string; why: string }) => ({
    what: `${path} cannot be read (${why}).`,
    todo: 'Check its owner and permissions, and the disk.',
  }),
  'too-large': ({ path, most }: { path: string; most: number }) => ({
    what: `${path} is larger than ${most} bytes.`,
    todo: 'It is not the file that it should be; check the path.',
  }),
  'no-folder': ({ path }: { path: string }) => ({
    what: `${path} cannot be written: its folder does not exist, or is a file.`,
    todo: 'Check KEYRITE_HOME, or create the folder.',
  }),
  unwritable: ({ path, why }: { path: string; why: string }) => ({
    what: `${path} cannot be written (${why}); what was there is unchanged.`,
    todo: 'Check the owner and permissions of its folder, and that the file system is not read-only.',
  }),
  'disk-full': ({ path, why }: { path: string; why: string }) => ({
    what: `${path} cannot be written: no space is left (${why}); what was there is unchanged.`,
    todo: 'Free some space, or raise the quota or file size limit, and start again; nothing is lost.',
  }),
  'write-failed': ({ path, why }: { path: string; why: string }) => ({
    what: `${path} cannot be written (${why}); what was there is unchanged.`,
    todo: 'Check the disk, and start again.',
  }),
  unsynced: ({ path, why }: { path: string; why: string }) => ({
    what: `${path} was written, but the disk did not confirm it (${why}).`,
    todo: 'Stop, check the disk, and start again: what counts is what is on it then.',
  }),
  'not-json': ({ path }: { path: string }) => ({
    what: `${path} was opened, but it does not hold JSON.`,
    todo: `Another program wrote it. ${backup}`,
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
  locked: ({ path, pid, since }: { path: string; pid: number; since: string }) => ({
    what: `This home is in use by another keyrite, process ${pid}, since ${since} (${path}).`,
    todo: `Stop that one first (\`kill ${pid}\`), or use another KEYRITE_HOME. A lock of a process that died is taken over by itself.`,
  }),
  'bad-lock': ({ path }: { path: string }) => ({
    what: `The lock file ${path} is not one that keyrite wrote.`,
    todo: 'If no other keyrite uses this home, delete it.',
  }),
  closed: ({ path }: { path: string }) => ({
    what: `${path} was used after it was closed.`,
    todo: 'This is a bug in keyrite; please report it.',
  }),
})

declare module '../base/errors.ts' {
  interface ErrorTables { readonly vault: typeof vaultError.table }
}
