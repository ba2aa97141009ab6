/**
 * The table of all stores, by the names that `--store` takes; help texts follow from it. To add one, add its file in
 * this folder and its row below. A file is loaded when a store of its kind is opened.
 */
import type { Hear, OpenStore, Store } from '../store.ts'

/** A store that holds a board in its folder below the data folder, beyond the program's end. */
interface Kept {
  readonly isKept: true
  /** @param say hears of a repair @param hear as in `OpenStore` */
  readonly open: (folder: string, say: (line: string) => void, hear: Hear) => Promise<Store>
}

interface Forgotten {
  readonly isKept: false
  readonly open: OpenStore
}

/** A kind of store. `does` follows its name in help. */
export type StoreKind = { readonly does: string } & (Kept | Forgotten)

export const stores = {
  nedb: { does: 'keeps the boards in --data', isKept: true, open: async (folder, say, hear) => (await import('./nedb.ts')).openNedbStore(folder, say, hear) },
  memory: { does: 'forgets them at the end', isKept: false, open: async () => (await import('./memory.ts')).openMemoryStore() },
} satisfies Readonly<Record<string, StoreKind>>

export type StoreName = keyof typeof stores

export const storeNames: readonly StoreName[] = Object.keys(stores).filter((name): name is StoreName => Object.hasOwn(stores, name))

/** The store where none is named. */
export const DEFAULT_STORE: StoreName = 'nedb'
