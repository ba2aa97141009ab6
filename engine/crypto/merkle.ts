/**
 * Merkle trees of RFC 9162 §2.1 over SHA-256: one root binds many pieces, and a path shows one of them to be bound. Hashes are
 * 32 bytes.
 */
import { equalBytes } from '../base/bytes.ts'
import { sha256 } from './hash.ts'

const LEAF = Uint8Array.of(0)
const NODE = Uint8Array.of(1)

const nodeHash = (left: Uint8Array, right: Uint8Array): Uint8Array => sha256(NODE, left, right)

/** The hash of one leaf, §2.1.1. */
export const leafHash = (data: Uint8Array): Uint8Array => sha256(LEAF, data)

/** The largest power of two below `count`, where a tree parts. */
function split(count: number): number {
  let left = 1
  while (left * 2 < count) left *= 2
  return left
}

/** The root of one leaf or more, given by their hashes, §2.1.1. */
export function merkleRoot(leaves: readonly Uint8Array[]): Uint8Array {
  const [first] = leaves
  if (first === undefined) throw new TypeError('a tree without leaves')
  if (leaves.length === 1) return first
  const left = split(leaves.length)
  return nodeHash(merkleRoot(leaves.slice(0, left)), merkleRoot(leaves.slice(left)))
}

/** The path of the leaf at `index`, from 0: the hashes that lead from the leaf to the root, §2.1.3.1. */
export function merklePath(index: number, leaves: readonly Uint8Array[]): Uint8Array[] {
  if (!Number.isInteger(index) || index < 0 || index >= leaves.length) throw new TypeError('a leaf that the tree does not have')
  if (leaves.length === 1) return []
  const left = split(leaves.length)
  return index < left
    ? [...merklePath(index, leaves.slice(0, left)), merkleRoot(leaves.slice(left))]
    : [...merklePath(index - left, leaves.slice(left)), merkleRoot(leaves.slice(0, left))]
}

/**
 * Does the leaf stand at that place under the root, §2.1.3.2? Give `index` and `count` from the reader's own knowledge: with a
 * count from outside, a path can prove a place that the leaf does not have.
 */
export function isInTree(
  { index, count, leaf, path, root }: { readonly index: number; readonly count: number; readonly leaf: Uint8Array; readonly path: readonly Uint8Array[]; readonly root: Uint8Array },
): boolean {
  if (index < 0 || index >= count) return false
  let [place, last, hash] = [index, count - 1, leaf]
  for (const sibling of path) {
    if (last === 0) return false
    if (place % 2 === 1 || place === last) {
      hash = nodeHash(sibling, hash)
      while (place % 2 === 0 && place !== 0) [place, last] = [place >> 1, last >> 1]
    } else hash = nodeHash(hash, sibling)
    ;[place, last] = [place >> 1, last >> 1]
  }
  return last === 0 && equalBytes(hash, root)
}
