/**
 * Who may speak to a command: the one page that came with the token of the address, which the terminal printed. The token
 * is good once, for a key that only that page has; another user of this machine, or another site in the same browser,
 * has neither.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

export interface Session {
  /** A new token, in the place of one that was not used. */
  readonly token: () => string
  /** The key for a token that is good; after that neither it nor an earlier key is. */
  readonly open: (token: string) => string | undefined
  readonly isKey: (key: string) => boolean
  /** Was it good once? Whoever brings such a one was a page of this command's owner, and is told how to go on. */
  readonly wasToken: (token: string) => boolean
  /** Is there one that is still good? */
  readonly isTokenOut: () => boolean
}

const draw = (): string => randomBytes(32).toString('base64url')

/** Equal texts, in a time that tells nothing of them. */
function isSame(a: string, b: string | undefined): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return b !== undefined && timingSafeEqual(digest(a), digest(b))
}

export function makeSession(): Session {
  let token: string | undefined
  let key: string | undefined
  const used = new Set<string>()
  return {
    token: () => (token = draw()),
    open: (given) => {
      if (!isSame(given, token)) return undefined
      used.add(given)
      token = undefined
      return (key = draw())
    },
    isKey: (given) => isSame(given, key),
    wasToken: (given) => used.has(given),
    isTokenOut: () => token !== undefined,
  }
}
