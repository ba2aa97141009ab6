/** Throw-away homes for the vault's tests. */
import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { isKeyriteError } from '../../base/errors.ts'

export const PASSPHRASE = 'correct horse battery staple'
/** A low work factor, which is fast: the code around scrypt is tested, not scrypt. */
export const FAST = { workFactor: 10 }

export const schema = {
  type: 'object',
  properties: { version: { const: 1 }, counter: { type: 'integer' }, filler: { type: 'string' } },
  required: ['version', 'counter', 'filler'],
  additionalProperties: false,
}

export interface Value {
  readonly version: 1
  readonly counter: number
  readonly filler: string
}

export async function withHome(test: (home: string) => Promise<void>): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), 'keyrite-vault-'))
  try {
    await test(home)
  } finally {
    await rm(home, { recursive: true, force: true })
  }
}

/** Runs the test on a small file system of its own. @returns false where the system does not let us mount one */
export async function withMount(options: string, test: (folder: string) => Promise<void>): Promise<boolean> {
  let mounted = true
  await withHome(async (folder) => {
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder], { stdio: 'ignore' })
    } catch {
      mounted = false
      return
    }
    try {
      await test(folder)
    } finally {
      execFileSync('umount', [folder])
    }
  })
  return mounted
}

/** The code that a promise is rejected with. It checks that the error's text names no secret and says what to do. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
  } catch (error) {
    if (!isKeyriteError(error)) throw error
    expect(error.todo).to.match(/\w/)
    expect(`${error.message}${JSON.stringify(error.facts)}${String(error.cause)}`)
      .to.not.include(PASSPHRASE)
      .and.not.include('AGE-SECRET-KEY')
    return error.code
  }
  return 'nothing was refused'
}

/** Starts one of the programs in `child/`. */
export function child(name: string, ...args: string[]): ChildProcess {
  const program = fileURLToPath(new URL(`child/${name}.ts`, import.meta.url))
  return spawn(process.execPath, ['--import', 'tsx', program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
}

/** Everything that a child prints, once it has ended. */
export async function output(process: ChildProcess): Promise<string> {
  let text = ''
  process.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()))
  await new Promise((resolve) => process.once('close', resolve))
  return text
}
