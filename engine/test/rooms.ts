/**
 * The rooms of the house: what each is for, and what it imports. The table in engine/README.md is made of this, and a test holds the imports
 * to it, in both directions: what is not here is not imported, and what is here is.
 */
export interface Room {
  /** One line: what it is for, and so what goes there. */
  readonly what: string
  /** The rooms that it imports, types included. */
  readonly imports: readonly string[]
}

/** The engine's, each standing on those before it. A folder inside a room is part of it. */
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
}

/** The room that a file of the engine is in, as a path from the root; `engine` for the door. */
export const roomOf = (file: string): string => file.split('/').slice(0, -1).slice(0, 2).join('/')
