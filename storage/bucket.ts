/** Token buckets, one per key: `burst` at once, `rate` a second in the long run. */
export interface Buckets {
  /** Takes one token. Returns 0, or the whole seconds to wait where there is none. */
  take(key: string): number
}

/**
 * @param now milliseconds, monotonic
 */
export function tokenBuckets(rate: number, burst: number, now: () => number): Buckets {
  const levels = new Map<string, { tokens: number; at: number }>()
  return {
    take(key) {
      const at = now()
      const level = levels.get(key) ?? { tokens: burst, at }
      level.tokens = Math.min(burst, level.tokens + ((at - level.at) / 1000) * rate)
      level.at = at
      levels.set(key, level)
      if (level.tokens >= 1) {
        level.tokens -= 1
        return 0
      }
      return Math.max(1, Math.ceil((1 - level.tokens) / rate))
    },
  }
}
