/** Runs the real commands from their sources, as processes. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { outcome } from '../probe.ts'
import type { Outcome } from '../probe.ts'

export const KEYRITE = [
  process.execPath, '--import', fileURLToPath(import.meta.resolve('tsx')), fileURLToPath(new URL('bin.ts', import.meta.url)),
] as const

/** @param cwd the folder in which the command is typed */
export function startKeyrite(args: readonly string[], cwd: string): ChildProcess {
  return spawn(KEYRITE[0], [...KEYRITE.slice(1), ...args], { cwd, env: { ...process.env, DEBUG: undefined, NO_COLOR: '1' }, stdio: ['ignore', 'pipe', 'pipe'] })
}

export const keyrite = (args: readonly string[], cwd: string): Promise<Outcome> => outcome(startKeyrite(args, cwd))

/** The error that a command printed as JSON. */
export function errorOf({ stdout }: Outcome): { readonly code: string; readonly message: string; readonly facts: Record<string, unknown> } {
  const { error } = JSON.parse(stdout) as { error: { code: string; message: string; facts: Record<string, unknown> } }
  return error
}
