/**
 * Worlds for end-to-end tests: a folder with a storage, and two people with a client and an airgap each. All of them
 * are ordinary processes of the built program.
 */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'

export const PROGRAM = fileURLToPath(new URL('../../../dist/cli/bin.js', import.meta.url))

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A process that was started. */
export interface Running {
  readonly child: ChildProcess
  /** The output of both streams so far. */
  readonly text: () => string
  /** Resolves once this was printed; rejects if the process ends before. */
  readonly said: (pattern: RegExp) => Promise<void>
  readonly ended: Promise<Ended>
  /** Sends a signal, SIGKILL by default, and resolves when the process is gone. */
  readonly kill: (signal?: NodeJS.Signals) => Promise<Ended>
}

export interface LaunchUse {
  readonly home?: string
  readonly cwd?: string
  /** A command that runs the program, such as `['unshare', '-rn', '--']`. */
  readonly through?: readonly string[]
  /** The program, if it is not the one that was built here. */
  readonly program?: readonly string[]
  readonly env?: NodeJS.ProcessEnv
}

const alive = new Set<Running>()

export function launch(args: readonly string[], { home, cwd, through = [], program = [process.execPath, PROGRAM], env = {} }: LaunchUse = {}): Running {
  if (!existsSync(PROGRAM)) throw new Error('The program is not built: npm run build')
  const [command = '', ...first] = [...through, ...program]
  const child = spawn(command, [...first, ...args], {
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...process.env, DEBUG: undefined, NO_COLOR: '1', ...(home === undefined ? {} : { KEYRITE_HOME: home }), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  let text = ''
  const listeners = new Set<() => void>()
  const hear = (): void => listeners.forEach((listener) => listener())
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    stdout += piece
    text += piece
    hear()
  })
  child.stderr.setEncoding('utf8').on('data', (piece: string) => {
    stderr += piece
    text += piece
    hear()
  })
  let isOver = false
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => {
      isOver = true
      alive.delete(running)
      hear()
      resolve({ code, stdout, stderr })
    })
  })
  const running: Running = {
    child, ended,
    text: () => text,
    said: (pattern) => new Promise((resolve, reject) => {
      const look = (): void => {
        const done = pattern.test(text)
        if (!done && !isOver) return
        listeners.delete(look)
        if (done) resolve()
        else reject(new Error(`${args.join(' ')} ended and never said ${String(pattern)}:\n${text}`))
      }
      listeners.add(look)
      look()
    }),
    kill: async (signal = 'SIGKILL') => {
      child.kill(signal)
      return await ended
    },
  }
  alive.add(running)
  return running
}

/** Kills all processes that a test left running. */
export async function killAll(): Promise<void> {
  await Promise.all([...alive].map((one) => one.kill()))
}

export interface Person {
  readonly name: string
  readonly home: string
  readonly passphrase: string
  /** The file with the airgap's mnemonic. */
  readonly words: string
  readonly channel: string
  /** Starts one of the person's commands, with home, passphrase and channel where the command takes them. */
  readonly start: (command: string, args?: readonly string[], use?: LaunchUse) => Running
  /** Runs a command to its end. */
  readonly run: (command: string, ...args: readonly string[]) => Promise<Ended>
}

/** Commands that open a home, and commands that speak to the other machine. */
const OPENING = /^(client (init|ready|open|run|abort|abandon)|airgap (init|card|run|recover|script add))$/
const CROSSING = /^(client (pair|run|abandon)|airgap (card|run))$/

export function personIn(folder: string, name: string): Person {
  const home = join(folder, name)
  const passphrase = join(home, 'passphrase')
  const channel = join(home, 'qr')
  const start: Person['start'] = (command, args = [], use = {}) => launch([
    ...command.split(' '),
    ...(OPENING.test(command) && !args.includes('--passphrase-file') ? ['--passphrase-file', passphrase] : []),
    ...(CROSSING.test(command) && !args.includes('--channel') ? ['--channel', `folder:${channel}`] : []),
    ...args,
  ], { home, cwd: folder, ...use })
  return { name, home, passphrase, channel, words: join(home, 'words'), start, run: (command, ...args) => start(command, args).ended }
}

export interface World {
  readonly folder: string
  readonly token: string
  readonly board: string
  readonly ada: Person
  readonly bob: Person
  /** Starts its storage. */
  readonly serve: () => Promise<Running>
  readonly remove: () => Promise<void>
}

const worldIn = (folder: string, port: number): World => ({
  folder,
  token: join(folder, 'token'),
  board: `http://127.0.0.1:${port}/boards/main`,
  ada: personIn(folder, 'ada'),
  bob: personIn(folder, 'bob'),
  serve: async () => {
    const storage = launch(['storage', 'serve', '--listen', `127.0.0.1:${port}`, '--data', join(folder, 'storage'), '--board', 'main',
      '--join-token-file', join(folder, 'token'), '--json'], { cwd: folder })
    await storage.said(/\n/)
    return storage
  },
  remove: async () => {
    await killAll()
    await rm(folder, { recursive: true, force: true })
  },
})

/** The output of a template's commands, by their names. */
export type Record = Readonly<{ [what: string]: Ended }>

interface Template {
  readonly world: World
  readonly record: Record
}

let template: Promise<Template> | undefined

/** A world in which both are paired and ready for the DKG, and nothing runs. Its storage uses the template's address. */
export async function readyWorld(): Promise<World & { readonly record: Record }> {
  template ??= makeTemplate()
  const { world, record } = await template
  const folder = await mkdtemp(join(tmpdir(), 'keyrite-world-'))
  await cp(world.folder, folder, { recursive: true })
  return { ...worldIn(folder, Number(new URL(world.board).port)), record }
}

/** A world in which nobody has a machine yet. */
export async function freshWorld(): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'keyrite-template-'))
  const world = worldIn(folder, await freePort())
  await writeFile(world.token, 'a-join-token-for-tests\n', { mode: 0o600 })
  return world
}

/** Makes the template once, with the commands that a person types. Its passphrases need little work. */
async function makeTemplate(): Promise<Template> {
  const world = await freshWorld()
  const record: { [what: string]: Ended } = {}
  const storage = await world.serve()
  await Promise.all([world.ada, world.bob].map((person) => enter(world, person, (what, ended) => {
    record[`${person.name}: ${what}`] = ended
  })))
  await storage.kill('SIGTERM')
  return { world, record }
}

/**
 * Makes a person's two machines, pairs them, and posts Ready for the DKG. The storage must run.
 *
 * @param note hears each command's output
 * @param pair pairs them in another way than by a folder
 */
export async function enter(world: World, person: Person, note: (what: string, ended: Ended) => void = () => undefined, pair?: () => Promise<void>): Promise<void> {
  const done = (what: string, ended: Ended): void => {
    expect(ended.code, `${person.name}: ${what}\n${ended.stdout}${ended.stderr}`).to.equal(0)
    note(what, ended)
  }
  await mkdir(person.home, { recursive: true })
  await writeFile(person.passphrase, `the passphrase of ${person.name}\n`, { mode: 0o600 })
  done('client init', await person.run('client init', '--name', person.name, '--board', world.board, '--join-token-file', world.token, '--work-factor', '10'))
  done('airgap init', await person.run('airgap init', '--mnemonic-file', person.words, '--work-factor', '10'))
  if (pair === undefined) {
    const [card, paired] = await Promise.all([person.run('airgap card', '--accept-name', person.name), person.run('client pair', '--json')])
    done('airgap card', card)
    done('client pair', paired)
  } else await pair()
  done('client ready', await person.run('client ready', 'dkg', '--json'))
}

after(async () => {
  if (template !== undefined) await (await template).world.remove()
})

/** A port on which nothing listens now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** The error that a command printed with `--json`. */
export function errorIn({ code, stdout, stderr }: Ended): { readonly exit: number | null; readonly code: string; readonly message: string; readonly todo: string } {
  const { error } = JSON.parse(stdout) as { error?: { code: string; message: string; todo: string } }
  if (error === undefined) throw new Error(`no error: ${stdout}${stderr}`)
  return { exit: code, ...error }
}

export interface Opened {
  readonly ceremony: string
  readonly number: string
}

/** Lets ada open the DKG, 2 of 2. */
export async function openDkg({ ada }: World, ...more: readonly string[]): Promise<Opened> {
  const ended = await ada.run('client open', 'dkg', '--set', 'threshold=2', '--json', ...more)
  expect(ended.code, ended.stdout + ended.stderr).to.equal(0)
  return JSON.parse(ended.stdout) as Opened
}

/** An entry of a board's log, with its message parsed. */
export interface Entry {
  readonly offset: number
  readonly statement: { readonly ceremony: string | null; readonly step: string | null; readonly type: string; readonly from: string }
}

/** The whole log, as anyone reads it. */
export async function logOf({ board }: World): Promise<readonly Entry[]> {
  const { messages } = (await (await fetch(`${board}/messages?limit=1000`)).json()) as { messages: readonly { offset: number; text: string }[] }
  return messages.map(({ offset, text }) => ({ offset, ...(JSON.parse(text) as Pick<Entry, 'statement'>) }))
}

/** A statement's slot. */
export const slotOf = ({ statement: { ceremony, step, from } }: Entry): string => JSON.stringify([ceremony, step, from])
