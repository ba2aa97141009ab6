import { UR, URDecoder, UREncoder } from '@ngraveio/bc-ur'
import { isKeyriteError } from '../../base/errors.ts'
import { makeXoshiro } from '../../channel/fountain.ts'
import type { Xoshiro } from '../../channel/fountain.ts'

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Makes a repeatable random source for tests. */
export const seeded = (seed: string): Xoshiro => makeXoshiro(utf8(seed))

/** Bytes drawn as the standard's test vectors draw them. */
export function randomBytes(length: number, seed: string): Uint8Array {
  const random = seeded(seed)
  return Uint8Array.from({ length }, () => random.nextInt(0, 255))
}

/** Text that hardly deflates. */
export function randomText(length: number, seed: string): string {
  const random = seeded(seed)
  let text = ''
  while (text.length < length) text += String.fromCharCode(random.nextInt(33, 126))
  return text
}

export function shuffle<T>(items: readonly T[], random: Xoshiro): T[] {
  const result = [...items]
  for (let i = result.length - 1; i > 0; i--) {
    const j = random.nextInt(0, i)
    const held = result[i]!
    result[i] = result[j]!
    result[j] = held
  }
  return result
}

/** The code of the KeyriteError that `run` throws; any other error goes through. */
export function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (isKeyriteError(error)) return error.code
    throw error
  }
  return 'nothing was thrown'
}

/** The independent oracle: an encoder of the usual UR library for this message, whose frames are lower case. */
export function oracleEncoder(message: Uint8Array, fragment: number, type = 'keyrite', after = 0) {
  return new UREncoder(new UR(Buffer.from(message), type), fragment, after)
}

export const oracleDecoder = () => new URDecoder(undefined, 'keyrite')
