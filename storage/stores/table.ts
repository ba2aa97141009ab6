/**
 * Every kind of store, by its name, as `--store` has it; what help says of them follows from here. To add one, add its file in this
 * folder and its row below. A file is loaded when a store of its kind is opened.
 */
import type { Hear, OpenStore, Store } from '../store.ts'

/** Keeps a board in its folder below the data folder, over the program's end. */
interface Kept {
  readonly isKept: true
  /** @param say hears what was repaired @param hear as `OpenStore` */
  readonly open: (folder: string, say: (line: string) => void, hear: Hear) => Promise<Store>
}

interface Forgotten {
  readonly isKept: false
  readonly open: OpenStore
}

/** `does` goes on after the name, in help. */
export type StoreKind = { readonly does: string } & (Kept | Forgotten)

export const stores = {
  nedb: { does: 'keeps the boards in --data', isKept: true, open: async (folder, say, hear) => (await import('./nedb.ts')).openNedbStore(folder, say, hear) },
  memory: { does: 'forgets them at the end', isKept: false, open: async () => (await import('./memory.ts')).openMemoryStore() },
} satisfies Readonly<Record<string, StoreKind>>

export type StoreName = keyof typeof stores

export const storeNames: readonly StoreName[] = Object.keys(stores).filter((name): name is StoreName => Object.hasOwn(stores, name))

/** Unless told. */
export const DEFAULT_STORE: StoreName = 'nedb'
