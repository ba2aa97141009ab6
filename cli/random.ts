/** Random bytes from the operating system, in the form that the engine's ports take. */
import { randomBytes } from 'node:crypto'

export const random = (length: number): Uint8Array => Uint8Array.from(randomBytes(length))
