/**
 * What is signed for kinds other than Ethereum's: `"keyrite/1/message/" + kind + "\n" || content`, so that no text or
 * file can be taken for a transaction's root (which is 32 bytes of a hash).
 */
import { concat } from '../crypto/bytes.ts'
import { utf8 } from '../wire/canonical.ts'

export const prefixed = (kind: string, content: Uint8Array): Uint8Array => concat(utf8(`keyrite/1/message/${kind}\n`), content)
