import { createHash } from 'node:crypto'
import { expect } from 'chai'
import { fromHex, toHex } from '../../base/bytes.ts'
import { isInTree, leafHash, merklePath, merkleRoot } from '../../crypto/merkle.ts'

const MOST = 40

const hashed = (...parts: readonly Uint8Array[]): Uint8Array => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return new Uint8Array(hash.digest())
}

/**
 * All hashes of a tree, level by level from the leaves up: two make one, and one left over goes up as it is. It is written for
 * these tests from below, where RFC 9162 and the code go from above.
 */
function levels(leaves: readonly Uint8Array[]): Uint8Array[][] {
  const all = [leaves.map((leaf) => hashed(Uint8Array.of(0), leaf))]
  for (let level = all[0]!; level.length > 1; all.push(level)) {
    level = Array.from({ length: Math.ceil(level.length / 2) }, (_, i) => {
      const [left, right] = [level[2 * i]!, level[2 * i + 1]]
      return right === undefined ? left : hashed(Uint8Array.of(1), left, right)
    })
  }
  return all
}

const pathIn = (all: readonly Uint8Array[][], index: number): Uint8Array[] => all.flatMap((level, height) => {
  const sibling = level[(index >> height) ^ 1]
  return sibling === undefined ? [] : [sibling]
})

// The inputs of the tests of certificate-transparency, RFC 6962's own implementation, whose trees are those of RFC 9162.
const LEAVES = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'].map((leaf) => fromHex(leaf))
const ROOTS = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d', 'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77', 'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4', '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c', '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
]
const PATHS: [index: number, count: number, path: string[]][] = [
  [0, 1, []],
  [0, 8, [
    '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7', '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
    '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
  ]],
  [5, 8, [
    'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b', 'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
    'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  ]],
  [2, 3, ['fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125']],
  [1, 5, [
    '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d', '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
    'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
  ]],
]

/** Different leaves for each count, so that no tree is the beginning of another. */
const leavesOf = (count: number): Uint8Array[] => Array.from({ length: count }, (_, i) => Uint8Array.of(count, i))

/** A tree with every leaf's hash and path. */
function treeOf(count: number) {
  const leaves = leavesOf(count).map(leafHash)
  return { leaves, root: merkleRoot(leaves), paths: leaves.map((_, index) => merklePath(index, leaves)) }
}

describe('a Merkle tree', () => {
  ROOTS.forEach((root, i) => {
    it(`of the first ${i + 1} published leaves has the published root`, () => {
      expect(toHex(merkleRoot(LEAVES.slice(0, i + 1).map(leafHash)))).to.equal(root)
    })
  })

  for (const [index, count, path] of PATHS) {
    it(`has the published path of leaf ${index} of ${count}`, () => {
      const leaves = LEAVES.slice(0, count).map(leafHash)
      expect(merklePath(index, leaves).map(toHex)).to.deep.equal(path)
      expect(isInTree({ index, count, leaf: leaves[index]!, path: path.map((hash) => fromHex(hash)), root: fromHex(ROOTS[count - 1]!) })).to.equal(true)
    })
  }

  it('has a leaf of nothing as any other', () => {
    expect(toHex(leafHash(new Uint8Array()))).to.equal(ROOTS[0])
  })

  it('is what an independent implementation makes, to the last path', () => {
    for (let count = 1; count <= MOST; count++) {
      const { root, paths } = treeOf(count)
      const all = levels(leavesOf(count))
      expect(toHex(root)).to.equal(toHex(all.at(-1)![0]!))
      paths.forEach((path, index) => expect(path.map(toHex), `${index} of ${count}`).to.deep.equal(pathIn(all, index).map(toHex)))
    }
  })

  it('has each leaf at its own place, and at no other of the right count', () => {
    let tried = 0
    for (let count = 1; count <= MOST; count++) {
      const { leaves, root, paths } = treeOf(count)
      for (const [at, leaf] of leaves.entries()) {
        for (let index = 0; index < count; index++) {
          if (index !== at) tried++
          expect(isInTree({ index, count, leaf, path: paths[at]!, root }), `${at} at ${index} of ${count}`).to.equal(index === at)
        }
      }
    }
    expect(tried).to.equal(21_320)
  })

  it('has nothing outside it', () => {
    for (let count = 1; count <= MOST; count++) {
      const { leaves, root, paths } = treeOf(count)
      for (const index of [-1, -2, -count, count, count + 1, 2 * count]) {
        for (const [at, leaf] of leaves.entries()) expect(isInTree({ index, count, leaf, path: paths[at]!, root }), `${at} at ${index} of ${count}`).to.equal(false)
      }
    }
    expect(isInTree({ index: 0, count: 0, leaf: leafHash(LEAVES[0]!), path: [], root: fromHex(ROOTS[0]!) })).to.equal(false)
  })

  it('has no leaf by a path that is too short, too long, in another order or of another tree', () => {
    for (let count = 2; count <= MOST; count++) {
      const { leaves, root, paths } = treeOf(count)
      for (const [index, leaf] of leaves.entries()) {
        const path = paths[index]!
        const wrong = [path.slice(1), path.slice(0, -1), [...path, path[0]!], [path[0]!, ...path], [], ...(path.length > 1 ? [path.toReversed()] : [])]
        for (const other of wrong) expect(isInTree({ index, count, leaf, path: other, root }), `${index} of ${count}`).to.equal(false)
        expect(isInTree({ index, count, leaf, path, root: leaf })).to.equal(false)
        for (let at = 0; at < path.length; at++) {
          const bent = path.map((hash, i) => (i === at ? hash.map((byte, k) => (k === 31 ? byte ^ 1 : byte)) : hash))
          expect(isInTree({ index, count, leaf, path: bent, root })).to.equal(false)
        }
      }
    }
  })

  it('does not take an inner node for a leaf', () => {
    const leaves = leavesOf(4).map(leafHash)
    const [left, right] = [merkleRoot(leaves.slice(0, 2)), merkleRoot(leaves.slice(2))]
    const root = merkleRoot(leaves)
    // A node given as a leaf's data has another hash, by its prefix. Only with a count of two would it be a leaf, and the count is the reader's.
    expect(isInTree({ index: 0, count: 2, leaf: leafHash(new Uint8Array([...leaves[0]!, ...leaves[1]!])), path: [right], root })).to.equal(false)
    expect(isInTree({ index: 0, count: 2, leaf: left, path: [right], root })).to.equal(true)
    expect(isInTree({ index: 0, count: 4, leaf: left, path: [right], root })).to.equal(false)
  })

  it('is never of nothing, and has no path of what it has not', () => {
    const leaves = leavesOf(3).map(leafHash)
    expect(() => merkleRoot([])).to.throw(TypeError)
    for (const index of [-1, 3, 0.5, Number.NaN]) expect(() => merklePath(index, leaves)).to.throw(TypeError)
  })
})
