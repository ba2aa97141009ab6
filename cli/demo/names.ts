const NAMES = [
  'alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'grace', 'heidi', 'ivan', 'judy', 'kevin', 'laura', 'mallory', 'niaj',
  'olivia', 'peggy', 'quentin', 'rupert', 'sybil', 'trent', 'ursula', 'victor', 'walter', 'xena', 'yves', 'zoe',
] as const

/** Names for n participants. */
export function demoNames(n: number): readonly string[] {
  return Array.from({ length: n }, (_, i) => {
    const name = NAMES[i % NAMES.length] ?? 'anon'
    return i < NAMES.length ? name : `${name}-${String(Math.floor(i / NAMES.length) + 1)}`
  })
}
