/** A store that forgets everything when the process ends: for tests and trials. */
import { EMPTY_LOG, pinOf } from '../../engine/wire/log.ts'
import type { Store, Stored, StoredAttachment } from '../store.ts'

export function openMemoryStore(): Promise<Store> {
  const entries: Stored[] = []
  const byHash = new Map<string, Stored>()
  const bySlot = new Map<string, readonly Stored[]>()
  const kept = new Map<string, StoredAttachment & { readonly bytes: Uint8Array }>()
  return Promise.resolve({
    last: () => pinOf(entries.at(-1) ?? EMPTY_LOG),
    append: (added) => {
      for (const entry of added) {
        entries.push(entry)
        byHash.set(entry.hash, entry)
        if (entry.slot !== null) bySlot.set(entry.slot, [...(bySlot.get(entry.slot) ?? []), entry])
      }
      return Promise.resolve()
    },
    range: (after: number, through: number) => Promise.resolve(entries.slice(after + 1, through + 1)),
    find: (hashes, slots) => {
      const found = [...hashes.map((hash) => byHash.get(hash)), ...slots.flatMap((slot) => bySlot.get(slot) ?? [])]
      return Promise.resolve(found.filter((entry) => entry !== undefined))
    },
    putAttachment: (owner, hash, bytes) => {
      kept.set(hash, { owner, hash, size: bytes.length, bytes: Uint8Array.from(bytes) })
      return Promise.resolve()
    },
    getAttachment: (_owner, hash) => Promise.resolve(kept.get(hash)?.bytes ?? null),
    attachments: () => Promise.resolve([...kept.values()].map(({ hash, owner, size }) => ({ hash, owner, size }))),
    close: () => Promise.resolve(),
  })
}
