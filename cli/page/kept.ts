/** What this page remembers over a reload, in its own tab and nowhere else. Where a browser keeps nothing, nothing is remembered. */
export interface Kept {
  readonly get: (name: string) => string | undefined
  readonly set: (name: string, value: string | undefined) => void
}

const PREFIX = 'keyrite.'

export function makeKept(storage: () => Storage = () => globalThis.sessionStorage): Kept {
  return {
    get: (name) => {
      try {
        return storage().getItem(PREFIX + name) ?? undefined
      } catch {
        return undefined
      }
    },
    set: (name, value) => {
      try {
        if (value === undefined) storage().removeItem(PREFIX + name)
        else storage().setItem(PREFIX + name, value)
      } catch {
        // It is asked anew after a reload.
      }
    },
  }
}
