/** The flags and arguments by which commands take a script. */

export const scriptArg = {
  description: 'A script file, or the name of a ceremony that ships with keyrite: beacon, dkg, sign.',
} as const

export const libraryFlag = {
  helpValue: 'DIR',
  summary: 'A folder with ceremonies (NAME.yaml) that a script may follow, besides those that ship with keyrite.',
} as const
