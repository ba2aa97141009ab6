/**
 * Which fragments a part of the fountain mixes (BCR-2024-001). Every reader must get the same, so the floating-point
 * operations and their order are part of the format.
 */
import type { Xoshiro } from './xoshiro.ts'
import { makeXoshiro } from './xoshiro.ts'

/** The alias method's tables (Walker, Vose). */
interface AliasTable {
  readonly probabilities: Float64Array
  readonly aliases: Uint16Array
}

/** Degree d + 1 with a weight of 1 / (d + 1), for d from 0 below `count`. */
function makeAliasTable(count: number): AliasTable {
  let sum = 0
  for (let i = 0; i < count; i++) sum += 1 / (i + 1)
  const scaled = Float64Array.from({ length: count }, (_, i) => ((1 / (i + 1)) * count) / sum)
  const probabilities = new Float64Array(count).fill(1)
  const aliases = new Uint16Array(count)
  const small: number[] = []
  const large: number[] = []
  for (let i = count - 1; i >= 0; i--) ((scaled[i] ?? 0) < 1 ? small : large).push(i)
  while (large.length > 0) {
    const less = small.pop()
    if (less === undefined) break
    const more = large.pop() ?? 0
    probabilities[less] = scaled[less] ?? 0
    aliases[less] = more
    const rest = (scaled[more] ?? 0) + (scaled[less] ?? 0) - 1
    scaled[more] = rest
    if (rest < 1) small.push(more)
    else large.push(more)
  }
  return { probabilities, aliases }
}

function chooseDegree(table: AliasTable, random: Xoshiro): number {
  const column = Math.floor(random.nextDouble() * table.probabilities.length)
  const keeps = random.nextDouble() < (table.probabilities[column] ?? 0)
  return (keeps ? column : (table.aliases[column] ?? 0)) + 1
}

/** The first `degree` of 0 … count-1 shuffled. */
function shuffled(count: number, degree: number, random: Xoshiro): number[] {
  const left = Uint16Array.from({ length: count }, (_, i) => i)
  const chosen: number[] = []
  for (let size = count; chosen.length < degree; size--) {
    const place = random.nextInt(0, size - 1)
    chosen.push(left[place] ?? 0)
    left.copyWithin(place, place + 1, size)
  }
  return chosen
}

/** Sequence number → the indices of the fragments that this part mixes, from 0, each once, in no order. */
export type Chooser = (sequence: number) => readonly number[]

/**
 * The chooser of one transfer. Parts 1 … `parts` are single fragments in order; every later one is a mix.
 *
 * @param parts 1 … 4096, checked by the caller
 * @param checksum CRC-32 of the message
 */
export function makeChooser(parts: number, checksum: number): Chooser {
  let table: AliasTable | undefined
  return (sequence) => {
    if (sequence <= parts) return [sequence - 1]
    table ??= makeAliasTable(parts)
    const seed = new DataView(new ArrayBuffer(8))
    seed.setUint32(0, sequence)
    seed.setUint32(4, checksum)
    const random = makeXoshiro(new Uint8Array(seed.buffer))
    return shuffled(parts, chooseDegree(table, random), random)
  }
}
