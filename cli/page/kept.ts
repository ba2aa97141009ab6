/**
 * What this page remembers: what its owner once chose, at this address, for the next command too; all else in its own tab, over a reload.
 * Where a browser keeps nothing, nothing is remembered.
 */
export interface Kept {
  readonly get: (name: string) => string | undefined
  readonly set: (name: string, value: string | undefined) => void
}

const PREFIX = 'keyrite.'
const LASTING: ReadonlySet<string> = new Set(['camera', 'camera-name', 'sound', 'hint'])

export function makeKept(tab: () => Storage = () => globalThis.sessionStorage, address: () => Storage = () => globalThis.localStorage): Kept {
  const storageOf = (name: string): Storage => (LASTING.has(name) ? address() : tab())
  return {
    get: (name) => {
      try {
        return storageOf(name).getItem(PREFIX + name) ?? undefined
      } catch {
        return undefined
      }
    },
    set: (name, value) => {
      try {
        if (value === undefined) storageOf(name).removeItem(PREFIX + name)
        else storageOf(name).setItem(PREFIX + name, value)
      } catch {
        // It is asked anew after a reload.
      }
    },
  }
}
