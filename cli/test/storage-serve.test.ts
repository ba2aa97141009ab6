import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect } from 'chai'
import { isKeyriteError } from '../../engine/base/errors.ts'
import type { Code } from '../../engine/base/errors.ts'
import { parseListen, runStorage } from '../storage-run.ts'
import type { StorageFlags } from '../storage-run.ts'
import { errorOf, keyrite, startKeyrite } from './keyrite/run.ts'
import { outcome } from './probe.ts'

interface Ready {
  readonly url: string
  readonly boards: readonly { readonly name: string; readonly url: string }[]
  readonly port: number
}

const TOKEN = 'let-me-in-0123456789'
let folder: string
const running: ChildProcess[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyrite-serve-'))
  await writeFile(join(folder, 'token'), `${TOKEN}\n`, { mode: 0o600 })
})
afterEach(async () => {
  for (const process of running.splice(0)) process.kill('SIGKILL')
  await rm(folder, { recursive: true })
})

/** Arguments for a board on a free port, unless others are given. */
function argsOf(more: readonly string[]): readonly string[] {
  const usual = [['--listen', '127.0.0.1:0'], ['--join-token-file', 'token']].filter(([flag]) => flag === undefined || !more.includes(flag))
  return ['storage', 'serve', '--board', 'meadow', ...usual.flat(), ...more]
}

function start(...more: readonly string[]): ChildProcess {
  const process = startKeyrite(argsOf(more), folder)
  running.push(process)
  return process
}

/** The first line on stdout, parsed. */
async function ready(process: ChildProcess): Promise<Ready> {
  if (process.stdout === null) throw new Error('no stdout')
  const [line] = (await once(createInterface(process.stdout), 'line')) as [string]
  return JSON.parse(line) as Ready
}

describe('keyrite storage serve', () => {
  it('prints one line of JSON once it answers, and nothing after it; keeps its boards; ends with 0 on SIGTERM', async () => {
    const process = start('--board', 'glen', '--data', 'data', '--json')
    const ended = outcome(process)
    const { url, boards, port } = await ready(process)
    expect(boards).to.deep.equal([{ name: 'meadow', url: `${url}/boards/meadow` }, { name: 'glen', url: `${url}/boards/glen` }])
    expect(url).to.equal(`http://127.0.0.1:${port}`)
    for (const board of boards) expect(await (await fetch(`${board.url}/messages`)).json()).to.include.keys('messages', 'head')
    process.kill('SIGTERM')
    const { code, stdout, stderr } = await ended
    expect(code, stderr).to.equal(0)
    expect(stdout.split('\n')).to.have.length(2)
    expect((await stat(join(folder, 'data', 'boards', 'meadow'))).isDirectory()).to.equal(true)
    expect(stdout + stderr).to.not.include(TOKEN)
  })

  it('tells a person the addresses, where the data lies and what participants do next, and ends in good order on Ctrl-C', async () => {
    const process = start('--data', 'data')
    const ended = outcome(process)
    process.stdout?.on('data', (chunk: Buffer) => {
      if (chunk.toString().includes('Ctrl-C')) process.kill('SIGINT')
    })
    const { code, stdout, stderr } = await ended
    expect(code).to.equal(0)
    expect(stdout).to.match(/board meadow: http:\/\/127\.0\.0\.1:\d+\/boards\/meadow/).and.include(`Kept in ${join(folder, 'data')}`)
    expect(stdout).to.match(/Next:\n(.|\n)*keyrite client init --name NAME --join-token-file FILE \\\n +--board http:\/\/127\.0\.0\.1:\d+\/boards\/meadow/)
    expect(stderr).to.match(/Stopping …\nStopped/)
    expect(stdout + stderr).to.not.include(TOKEN)
  })

  it('makes a token only when it is asked to, for its owner alone, and keeps one that is there', async () => {
    const args = ['--join-token-file', 'fresh', '--store', 'memory', '--json']
    const missing = await outcome(start(...args))
    expect([missing.code, errorOf(missing).code]).to.deep.equal([3, 'cli.join-token'])
    const tokens: string[] = []
    for (let i = 0; i < 2; i++) {
      const process = start(...args, '--new-join-token')
      await ready(process)
      tokens.push(await readFile(join(folder, 'fresh'), 'utf8'))
      process.kill()
      await once(process, 'exit')
    }
    expect(tokens[0]).to.match(/^[0-9a-f]{48}\n$/).and.equal(tokens[1])
    expect((await stat(join(folder, 'fresh'))).mode & 0o777).to.equal(0o600)
  })

  it('says when other users may read the token', async () => {
    await chmod(join(folder, 'token'), 0o644)
    const process = start('--store', 'memory')
    process.stdout?.on('data', (chunk: Buffer) => {
      if (chunk.toString().includes('Next:')) process.kill('SIGINT')
    })
    expect((await outcome(process)).stdout).to.include('chmod 600 token')
  })

  it('refuses a board of the protocol’s first version, which it leaves as it is, and exits with 3', async () => {
    const process = start('--data', 'data', '--json')
    await ready(process)
    process.kill('SIGTERM')
    await outcome(process)
    const path = join(folder, 'data', 'boards', 'meadow', 'messages.db')
    const older = '{"$$indexCreated":{"fieldName":"slot","unique":true,"sparse":true}}\n'
    await writeFile(path, older)
    const ended = await outcome(start('--data', 'data', '--json'))
    expect([ended.code, errorOf(ended).code], ended.stderr).to.deep.equal([3, 'storage.first-version'])
    expect(await readFile(path, 'utf8')).to.equal(older)
  })

  it('says that the port is in use, and exits with 1', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as AddressInfo
    const { code, stdout, stderr } = await keyrite(argsOf(['--data', 'data', '--listen', `127.0.0.1:${port}`]), folder)
    taken.close()
    expect([code, stdout]).to.deep.equal([1, ''])
    expect(stderr).to.include(`Port ${port} on 127.0.0.1 is in use`).and.include('storage.port-in-use')
  })

  it('refuses wrong options before it makes anything', async () => {
    await writeFile(join(folder, 'short'), 'short\n')
    const usual: StorageFlags = {
      listen: '127.0.0.1:0', board: ['meadow'], data: join(folder, 'data'), 'join-token-file': join(folder, 'token'), 'new-join-token': true, store: 'nedb',
    }
    const cases: readonly (readonly [more: Partial<StorageFlags>, code: Code])[] = [
      [{ listen: 'here' }, 'cli.listen'],
      [{ board: ['Big'] }, 'storage.bad-option'],
      [{ board: ['meadow', 'meadow'] }, 'storage.bad-option'],
      [{ data: undefined }, 'storage.bad-option'],
      [{ 'join-token-file': join(folder, 'short') }, 'cli.join-token'],
      [{ 'join-token-file': folder }, 'cli.join-token'],
      [{ 'join-token-file': join(folder, 'none', 'token') }, 'cli.join-token'],
      [{ data: join(folder, 'token') }, 'storage.unusable'],
    ]
    const screen = { say: () => undefined, ready: () => Promise.reject(new Error('it serves')) }
    for (const [more, code] of cases) {
      const error: unknown = await runStorage({ ...usual, ...more }, new AbortController().signal, screen).catch((caught: unknown) => caught)
      expect(isKeyriteError(error, code), String(error)).to.equal(true)
    }
    expect(await stat(join(folder, 'data')).catch(() => null)).to.equal(null)
  })

  it('reads addresses of both kinds, and a port alone for this machine', () => {
    expect(parseListen('127.0.0.1:80')).to.deep.equal({ host: '127.0.0.1', port: 80 })
    expect(parseListen('[::1]:8080')).to.deep.equal({ host: '::1', port: 8080 })
    expect(parseListen('8080')).to.deep.equal({ host: '127.0.0.1', port: 8080 })
    for (const wrong of ['', 'host', '::1:80', '1.2.3.4:65536', '1.2.3.4:', ':80', 'a b:1', '1.2.3.4:80/']) {
      expect(() => parseListen(wrong)).to.throw('is no address to listen on')
    }
  })
})
