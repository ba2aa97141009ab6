import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import { makeBundle } from '../bundle.ts'
import { expectBirth, startDemo } from './e2e/demo.ts'
import { commandsLoadedBy } from './loaded.ts'

const root = join(import.meta.dirname, '..', '..')

describe('the bundle', () => {
  let folder: string
  let archive: string
  let program: string

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'keyrite-bundle-'))
    archive = (await makeBundle(root, join(folder, 'out'))).path
    execFileSync('sha256sum', ['-c', `${archive}.sha256`], { cwd: dirname(archive), stdio: 'ignore' })
    execFileSync('tar', ['xzf', archive], { cwd: folder })
    const [top] = (await readdir(folder)).filter((name) => name.startsWith('keyrite-'))
    program = join(folder, top!)
  })

  after(() => rm(folder, { recursive: true }))

  /** Runs the unpacked program where there is nothing else but Node. */
  const keyrite = (...args: string[]): string =>
    execFileSync(join(program, 'keyrite'), args, {
      cwd: folder,
      encoding: 'utf8',
      env: { PATH: `${dirname(process.execPath)}:/usr/bin:/bin`, HOME: folder },
    })

  it('runs where it is unpacked, with nothing but Node', async () => {
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }
    expect(keyrite('--version')).to.include(`keyrite/${version}`)
    expect(keyrite('--help')).to.include('USAGE')
    expect(commandsLoadedBy(join(program, 'dist', 'cli', 'bin.js'), ['message', 'kinds']), 'it goes by its manifest').to.deep.equal(['message/kinds'])
  })

  it('runs a whole ceremony there', async () => {
    const demo = await startDemo(['--participants', '2', '--threshold', '2', '--json'], {
      program: [join(program, 'keyrite')], env: { PATH: `${dirname(process.execPath)}:/usr/bin:/bin`, HOME: folder },
    })
    try {
      await expectBirth(demo, 2, 2)
    } finally {
      await demo.remove()
    }
  })

  it('holds nothing that is for development only', () => {
    const names = execFileSync('tar', ['tzf', archive], { encoding: 'utf8', maxBuffer: 2 ** 26 }).split('\n')
    for (const wrong of [/node_modules\/(mocha|typescript|tsx|esbuild|eslint|chai)\//, /^[^/]+\/(engine|storage|cli)\/.*\.ts$/, /\/test\/.*\.test\./, /\.tsbuildinfo$/, /\/dist\/cli\/bundle/]) {
      expect(names.filter((name) => wrong.test(name)), String(wrong)).to.deep.equal([])
    }
  })

  it('is the same bytes when it is made again', async () => {
    const again = await makeBundle(root, join(folder, 'again'))
    expect((await readFile(again.path)).equals(await readFile(archive))).to.equal(true)
  })

  it('is found out when a byte of it changes', async () => {
    const bytes = await readFile(archive)
    bytes[bytes.length >> 1]! ^= 1
    await writeFile(archive, bytes)
    expect(() => execFileSync('sha256sum', ['-c', `${archive}.sha256`], { cwd: dirname(archive), stdio: 'ignore' })).to.throw()
  })
})
