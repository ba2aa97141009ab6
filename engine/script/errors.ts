import { errorTable } from '../base/errors.ts'

export const scriptError = errorTable('script', {
  'not-shipped': ({ name, known }: { name: string; known: readonly string[] }) => ({
    what: `There is no ceremony ${name} among those that ship with keyrite.`,
    todo: `Choose one of ${known.join(', ')}, or name a file.`,
  }),
  'no-ceremonies': ({ folders }: { folders: readonly string[] }) => ({
    what: `The folder of the shipped ceremonies is missing: neither ${folders.join(' nor ')} is there.`,
    todo: 'This copy of keyrite is not whole; install it again.',
  }),
  'shipped-broken': ({ name, first }: { name: string; first: string }) => ({
    what: `The shipped ceremony ${name} does not pass its own checks: ${first}`,
    todo: 'This copy of keyrite was altered or is not whole; install it again and compare the SHA-256 of its files.',
  }),
})
