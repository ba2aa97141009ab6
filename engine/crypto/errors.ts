import { errorTable } from '../base/errors.ts'

const AGAIN = 'It was altered on the way or made by another version; ask its sender for it again.'
const BUG = 'This is a bug in keyrite or in a plug-in of yours; please report it.'

/** The errors of `engine/crypto/`. None of their facts holds a secret: mnemonics and scalars are named by place only. */
export const cryptoError = errorTable('crypto', {
  'bad-length': ({ what, length, expected }: { what: string; length: number; expected: number }) => ({
    what: `${what} has ${length} bytes; it must have ${expected}.`,
    todo: AGAIN,
  }),
  'bad-point': ({ what, why }: { what: string; why: string }) => ({
    what: `${what} is refused: ${why}.`,
    todo: AGAIN,
  }),
  'bad-scalar': ({ what }: { what: string }) => ({
    what: `${what} is not a 32-byte number below the group order.`,
    todo: AGAIN,
  }),
  'bad-key': ({ what, why }: { what: string; why: string }) => ({
    what: `${what} is refused: ${why}.`,
    todo: AGAIN,
  }),
  'word-count': ({ count }: { count: number }) => ({
    what: `This mnemonic has ${count} words; it must have 24.`,
    todo: 'Type all 24 words in their order, with one space between them.',
  }),
  'unknown-word': ({ place }: { place: number }) => ({
    what: `Word ${place} of this mnemonic is not in the BIP-39 English list.`,
    todo: `Look at word ${place} on your paper again; the first four letters decide.`,
  }),
  'wrong-checksum': ({ count }: { count: number }) => ({
    what: `The ${count} words of this mnemonic are all known, but its checksum is wrong.`,
    todo: 'Two words are swapped or one is another word of the list; compare each with your paper.',
  }),
  'bad-argument': ({ what, why }: { what: string; why: string }) => ({
    what: `${what}: ${why}.`,
    todo: BUG,
  }),
})

declare module '../base/errors.ts' {
  interface ErrorTables { readonly crypto: typeof cryptoError.table }
}
