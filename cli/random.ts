/** Random bytes, as the engine's ports take them, from the operating system. */
import { randomBytes } from 'node:crypto'

export const random = (length: number): Uint8Array => Uint8Array.from(randomBytes(length))
