/** Where each side keeps what crossed of the one transfer in parts that is under way, so that a restart goes on with it. */

/**
 * Envelopes' texts, one after another. All of them crossed in the open and carry their own digest. What a store gives back is
 * checked like what comes from the other side: a damaged text costs one more crossing, and nothing else.
 */
export interface PartStore {
  /** What was added since the last `clear`, in that order, as far as it is still there. Never throws for damage. */
  readonly load: () => Promise<readonly string[]>
  /** Resolves when the text is durable. @throws vault.* where it cannot be written */
  readonly add: (text: string) => Promise<void>
  readonly clear: () => Promise<void>
}

/** One that forgets at exit. */
export function memoryParts(): PartStore {
  const texts: string[] = []
  return {
    load: () => Promise.resolve([...texts]),
    add: (text) => {
      texts.push(text)
      return Promise.resolve()
    },
    clear: () => {
      texts.length = 0
      return Promise.resolve()
    },
  }
}
