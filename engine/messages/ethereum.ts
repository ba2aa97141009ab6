/**
 * hash_tree_root of containers of fixed size (consensus-specs, ssz/simple-serialize, «Merkleization»), which is all that
 * a signing root takes. Ours, because the library that has Ethereum's types builds all of them when it is loaded, 70 MB in
 * every process; the tests hold it to two such libraries and to signatures from the networks.
 */
import { sha256 } from '../crypto/bytes.ts'

/** A field's value: a uint64, or a byte vector. */
export type SszField = bigint | Uint8Array

const CHUNK = 32

/** The root of a container with these fields, in the order of its definition. 32 bytes. */
export const containerRoot = (...fields: readonly SszField[]): Uint8Array => merkleize(fields.map(fieldRoot))

function fieldRoot(field: SszField): Uint8Array {
  if (typeof field !== 'bigint') return merkleize(chunks(field))
  const chunk = new Uint8Array(CHUNK)
  new DataView(chunk.buffer).setBigUint64(0, field, true)
  return chunk
}

function chunks(bytes: Uint8Array): Uint8Array[] {
  return Array.from({ length: Math.max(1, Math.ceil(bytes.length / CHUNK)) }, (_, i) => {
    const chunk = new Uint8Array(CHUNK)
    chunk.set(bytes.subarray(i * CHUNK, (i + 1) * CHUNK))
    return chunk
  })
}

/** The root of a tree over these leaves, filled up with zeros to a power of two. */
function merkleize(leaves: readonly Uint8Array[]): Uint8Array {
  const [only, ...more] = leaves
  if (only === undefined) throw new TypeError('a tree without leaves')
  if (more.length === 0) return only
  const zero = new Uint8Array(CHUNK)
  const size = 2 ** Math.ceil(Math.log2(leaves.length))
  let row = Array.from({ length: size }, (_, i) => leaves[i] ?? zero)
  while (row.length > 1) row = row.flatMap((left, i) => (i % 2 === 0 ? [sha256(left, row[i + 1] ?? zero)] : []))
  return row[0] ?? zero
}
