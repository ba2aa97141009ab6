/** Runs the probe program of `app/` as its user would. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export const PROBE = [process.execPath, '--import', 'tsx', fileURLToPath(new URL('app/bin.ts', import.meta.url))] as const

export interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** The outcome of a process that was just started. */
export async function outcome(process: ChildProcess): Promise<Outcome> {
  let stdout = ''
  let stderr = ''
  process.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  process.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const code = await new Promise<number | null>((resolve) => process.once('close', resolve))
  return { code, stdout, stderr }
}

export function start(args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  return spawn(PROBE[0], [...PROBE.slice(1), ...args], { env: { ...process.env, DEBUG: undefined, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
}

export const probe = (args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> => outcome(start(args, env))
