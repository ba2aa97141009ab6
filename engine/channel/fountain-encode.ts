/** The sending half of the fountain code (BCR-2024-001): a message as an endless sequence of parts. */
import type { PartArray } from './cbor.ts'
import { crc32 } from './crc32.ts'
import { channelError } from './errors.ts'
import { MAX_FRAGMENT, MAX_MESSAGE, MAX_PARTS, MAX_SEQUENCE, MIN_FRAGMENT } from './limits.ts'
import { makeChooser } from './sampler.ts'

export interface Fountain {
  readonly parts: number
  /** Bytes of each fragment; the last one is padded with zeros. */
  readonly fragment: number
  readonly messageLength: number
  readonly checksum: number
  /** The part with this sequence number, from 1 to 2³²-1. */
  part(sequence: number): PartArray
  /** How many fragments that part mixes. */
  degree(sequence: number): number
}

/**
 * Cuts a message in the fewest fragments of at most `fragment` bytes, all equally long.
 *
 * @param fragment bytes, 10 … 2108
 * @throws channel.bad-setting, channel.cannot-send
 */
export function makeFountain(message: Uint8Array, fragment: number): Fountain {
  if (!Number.isInteger(fragment) || fragment < MIN_FRAGMENT || fragment > MAX_FRAGMENT) {
    throw channelError('bad-setting', {
      what: 'The fragment size',
      value: fragment,
      wanted: `a whole number of bytes from ${MIN_FRAGMENT} to ${MAX_FRAGMENT}`,
    })
  }
  if (message.length < 1 || message.length > MAX_MESSAGE) {
    throw channelError('cannot-send', { what: 'The bytes of this transfer', size: message.length, limit: MAX_MESSAGE })
  }
  const wanted = Math.ceil(message.length / fragment)
  const size = Math.ceil(message.length / wanted)
  const parts = Math.ceil(message.length / size)
  if (parts > MAX_PARTS) {
    throw channelError('cannot-send', { what: 'The number of parts of this transfer', size: parts, limit: MAX_PARTS })
  }
  const checksum = crc32(message)
  const choose = makeChooser(parts, checksum)

  function mix(indices: readonly number[]): Uint8Array {
    const data = new Uint8Array(size)
    for (const index of indices) {
      const piece = message.subarray(index * size, (index + 1) * size)
      for (let i = 0; i < piece.length; i++) data[i] = (data[i] ?? 0) ^ (piece[i] ?? 0)
    }
    return data
  }

  return {
    parts,
    fragment: size,
    messageLength: message.length,
    checksum,
    part: (sequence) => ({ sequence, parts, messageLength: message.length, checksum, data: mix(choose(sequence)) }),
    degree: (sequence) => choose(sequence).length,
  }
}

/** Sequence numbers from 1, endlessly; after 2³²-1 comes 1 again. */
export const nextSequence = (sequence: number): number => (sequence >= MAX_SEQUENCE ? 1 : sequence + 1)
