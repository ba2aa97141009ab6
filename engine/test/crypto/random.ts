import { concat, utf8 } from '../../base/bytes.ts'
import { sha256 } from '../../crypto/hash.ts'

/** Makes a random source that gives the same bytes in every run, so that a failure can be repeated. */
export function seededRandom(seed: string): (length: number) => Uint8Array {
  let counter = 0
  return (length) => {
    const blocks = Array.from({ length: Math.ceil(length / 32) }, () => sha256(utf8(`${seed}/${counter++}`)))
    return concat(...blocks).slice(0, length)
  }
}

/** The code of the error that `work` throws. */
export function codeOf(work: () => unknown): string | undefined {
  try {
    work()
  } catch (error) {
    return (error as { code?: string }).code
  }
  return undefined
}
