import { until as looking } from '../base/signals.ts'

/** Looks again and again until something is so. @throws Error where it is not so after `ms` milliseconds, by default a minute */
export async function until(what: string, isSo: () => boolean | Promise<boolean>, { every = 20, ms = 60_000 } = {}): Promise<void> {
  if (!(await looking(isSo, { every, ms }))) throw new Error(`never: ${what}`)
}
