/**
 * The rooms of the house, each with its purpose and its imports. The tables in the READMEs are made from this, and a test compares the
 * imports with it in both directions: each import stands here, and each import that stands here is in use.
 */
export interface Room {
  /** The purpose of the room in one line, which says what code belongs there. */
  readonly what: string
  /** The rooms that it imports, types included. */
  readonly imports: readonly string[]
}

/** All rooms; each imports only rooms before it. A folder inside a room is part of it. */
export const ROOMS: Readonly<Record<string, Room>> = {
  'engine/base': { what: 'what everything stands on, and knows no protocol: bytes, canonical JSON, legible text, typed errors, files and the lock of a folder, waiting', imports: [] },
  'engine/crypto': { what: 'pure functions over noble and node:crypto: hashes, keys, sealing, DKG, BLS; no I/O, no clock, no randomness of its own', imports: ['engine/base'] },
  'engine/wire': { what: 'what is hashed, signed and sent: cards, openings, statements and messages, Aborts, requests and answers', imports: ['engine/base', 'engine/crypto'] },
  'engine/messages': { what: 'what may be signed: one file a kind, Ethereum’s forms, batches and their groups', imports: ['engine/base', 'engine/crypto', 'engine/wire'] },
  'engine/verbs': { what: 'what a script may ask for: signatures (table), types, implementations by family', imports: ['engine/base', 'engine/crypto', 'engine/messages', 'engine/wire'] },
  'engine/machines': { what: 'a checked ceremony, and the machines compiled from it: the client’s, the airgap’s, and their drawing', imports: ['engine/base', 'engine/verbs', 'engine/wire'] },
  'engine/script': { what: 'text → checked ceremony: YAML, schema, checks, diagnostics', imports: ['engine/base', 'engine/crypto', 'engine/machines', 'engine/verbs', 'engine/wire'] },
  'engine/channel': { what: 'how bytes cross between the two machines: UR and fountain codec, QR images, folder, terminal, parts', imports: ['engine/base', 'engine/crypto', 'engine/wire'] },
  'engine/vault': { what: 'encrypted files (age) that survive a crash: the airgap’s memory, backups', imports: ['engine/base', 'engine/channel', 'engine/wire'] },
  'engine/run': {
    what: 'the two roles, the ledger that everybody folds alike and what is concluded from it, transcripts, verify, recover',
    imports: ['engine/base', 'engine/channel', 'engine/crypto', 'engine/machines', 'engine/messages', 'engine/script', 'engine/verbs', 'engine/wire'],
  },
  'engine/simulate': {
    what: 'ceremonies in memory with real clients and airgaps, and every fault that is known, as data',
    imports: ['engine/base', 'engine/channel', 'engine/crypto', 'engine/machines', 'engine/run', 'engine/script', 'engine/verbs', 'engine/wire'],
  },
  engine: {
    what: 'the door for those who use it as a library',
    imports: ['engine/base', 'engine/crypto', 'engine/machines', 'engine/run', 'engine/script', 'engine/simulate', 'engine/verbs', 'engine/wire'],
  },
  storage: {
    what: 'the server: what a log takes, who may post, HTTP; stores/ keep a log, one file a store; and the one client of boards, for Node and browsers',
    imports: ['engine/base', 'engine/wire'],
  },
  'storage/page': {
    what: 'the board as a page, which checks the log itself in its visitor’s browser; bundled into one file',
    imports: ['engine/base', 'engine/crypto', 'engine/machines', 'engine/messages', 'engine/run', 'engine/script', 'engine/verbs', 'engine/wire', 'storage'],
  },
  cli: {
    what: 'what every command stands on: flags, errors and exit codes, texts on a terminal, passphrases, scripts, homes',
    imports: ['engine/base', 'engine/machines', 'engine/script', 'engine/vault', 'engine/verbs', 'engine/wire', 'storage'],
  },
  'cli/screen': {
    what: 'what owners read and answer, on a terminal and on a page alike',
    imports: ['cli', 'engine/base', 'engine/channel', 'engine/machines', 'engine/messages', 'engine/run', 'engine/script', 'engine/verbs', 'engine/wire'],
  },
  'cli/web': {
    what: 'a command’s own page: its server, its protocol',
    imports: ['cli', 'cli/screen', 'engine/base', 'engine/channel', 'engine/crypto', 'engine/machines', 'engine/run', 'engine/wire'],
  },
  'cli/page': {
    what: 'that page in the browser: camera, codes, questions; bundled into one file',
    imports: ['cli/screen', 'cli/web', 'engine/base', 'engine/channel', 'engine/run', 'engine/script', 'engine/wire', 'storage/page'],
  },
  'cli/carriers': {
    what: 'the ways that --channel has: one file a carrier, and the table',
    imports: ['cli', 'cli/screen', 'cli/web', 'engine/base', 'engine/channel'],
  },
  'cli/roles': {
    what: 'a participant’s client and airgap on a real machine: disk, channel, board, clock',
    imports: ['cli', 'cli/carriers', 'cli/screen', 'cli/web', 'engine/base', 'engine/channel', 'engine/crypto', 'engine/machines', 'engine/messages', 'engine/run', 'engine/script', 'engine/vault', 'engine/verbs', 'engine/wire', 'storage'],
  },
  'cli/simulation': {
    what: 'ceremonies of made-up participants, and their report',
    imports: ['cli', 'cli/screen', 'engine/base', 'engine/channel', 'engine/machines', 'engine/run', 'engine/script', 'engine/simulate', 'engine/verbs', 'engine/wire'],
  },
  'cli/demo': {
    what: 'the whole ceremony on one machine, by real commands',
    imports: ['cli', 'cli/screen', 'engine/base', 'engine/machines', 'engine/run', 'engine/script', 'engine/verbs', 'engine/wire', 'storage'],
  },
  'cli/commands': {
    what: 'one file a command: flags, and what it says; the work is elsewhere',
    imports: ['cli', 'cli/demo', 'cli/roles', 'cli/screen', 'cli/simulation', 'cli/web', 'engine/base', 'engine/crypto', 'engine/machines', 'engine/messages', 'engine/run', 'engine/script', 'engine/simulate', 'engine/verbs', 'engine/wire', 'storage'],
  },
}

/** The room that a file is in, by its path from the root. */
export function roomOf(file: string): string {
  const folder = file.split('/').slice(0, -1)
  const room = folder.slice(0, 2).join('/')
  return Object.hasOwn(ROOMS, room) ? room : (folder[0] ?? '')
}
