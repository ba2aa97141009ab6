/** The demo's processes: ordinary `keyrite` commands, each with a home of its own. None is left behind. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { within } from '../../engine/base/signals.ts'
import { cliError } from '../errors.ts'

export interface Started {
  /** Resolves with its stdout when it ends with 0. @throws cli.demo-process otherwise */
  readonly ended: Promise<string>
  /** Resolves at the first line on stderr or stdout, or at its end: its heavy start is over by then. */
  readonly speaks: Promise<void>
  /** Resolves with the first line on stdout. */
  readonly firstLine: Promise<string>
  readonly stop: () => void
}

const KEPT_OUTPUT = 1 << 20
const GRACE = 5000

export class Processes {
  private readonly program: readonly string[]
  private readonly children = new Set<ChildProcess>()
  private stopping = false
  private readonly onLine: (home: string, line: string) => void

  /**
   * @param program the command line of keyrite itself
   * @param onLine hears every line on stderr, with the home that it comes from
   */
  constructor(program: readonly string[], onLine: (home: string, line: string) => void = () => undefined) {
    this.program = program
    this.onLine = onLine
  }

  start(home: string, args: readonly string[]): Started {
    if (this.stopping) throw new DOMException('stopped', 'AbortError')
    const [command = '', ...first] = this.program
    const child = spawn(command, [...first, ...args], {
      env: { ...process.env, KEYRITE_HOME: home, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.children.add(child)
    let out = ''
    let err = ''
    const line = deferred<string>()
    const speaks = deferred<undefined>()
    child.stdout.setEncoding('utf8').on('data', (piece: string) => {
      out = (out + piece).slice(-KEPT_OUTPUT)
      speaks.resolve(undefined)
      if (out.includes('\n')) line.resolve(out.slice(0, out.indexOf('\n')))
    })
    child.stderr.setEncoding('utf8').on('data', (piece: string) => {
      err = (err + piece).slice(-KEPT_OUTPUT)
      speaks.resolve(undefined)
      for (const one of piece.split('\n')) if (one !== '') this.onLine(home, one)
    })
    const ended = new Promise<string>((resolve, reject) => {
      child.on('error', (error) => reject(error))
      child.on('close', (code, signal) => {
        this.children.delete(child)
        speaks.resolve(undefined)
        if (code === 0) resolve(out)
        else reject(cliError('demo-process', { command: args.slice(0, 2).join(' '), home, code: code ?? signal ?? 'unknown', said: lastLines(err, out) }))
      })
    })
    ended.catch((error: unknown) => line.reject(error))
    line.promise.catch(() => undefined)
    return { ended, speaks: speaks.promise.then(() => undefined), firstLine: line.promise, stop: () => child.kill('SIGTERM') }
  }

  /** Runs a command to its end, and reads the JSON that it prints. */
  async json(home: string, args: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
    const value: unknown = JSON.parse(await this.start(home, [...args, '--json']).ended)
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
  }

  /** Stops all processes that are left: asks first, then kills. */
  async stopAll(): Promise<void> {
    this.stopping = true
    const left = [...this.children]
    const gone = left.map((child) => new Promise<void>((resolve) => child.once('close', () => resolve())))
    for (const child of left) child.kill('SIGTERM')
    await within(GRACE, () => Promise.all(gone), () => {
      for (const child of left) child.kill('SIGKILL')
    })
  }
}

function lastLines(err: string, out: string): string {
  return (err.trim() === '' ? out : err).trim().split('\n').slice(-6).join('\n')
}

function deferred<T>() {
  let resolve: (value: T) => void = () => undefined
  let reject: (reason: unknown) => void = () => undefined
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve: (value: T) => resolve(value), reject: (reason: unknown) => reject(reason) }
}

/**
 * Runs at most `most` jobs at once. A job's promise resolves when its heavy part is over. After a failure no more jobs
 * are started; the first error is thrown when the running ones have ended.
 *
 * @param failed hears of the first error at once, to end those that run
 */
export async function inParallel<T>(items: readonly T[], most: number, job: (item: T) => Promise<void>, failed: () => void): Promise<void> {
  const waiting = [...items]
  const errors: unknown[] = []
  const worker = async (): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) {
      try {
        await job(item)
      } catch (error) {
        waiting.length = 0
        if (errors.push(error) === 1) failed()
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, worker))
  if (errors.length > 0) throw errors[0]
}
