/** oclif's manifest as the build leaves it. It describes the commands, so that none has to be loaded to know of it. */
import { spawnSync } from 'node:child_process'
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { manifestOf } from '../manifest.ts'
import { commandsLoadedBy } from './loaded.ts'

const root = join(import.meta.dirname, '..', '..')
const bin = join(root, 'dist', 'cli', 'bin.js')

describe('the manifest', () => {
  it('tells the commands as they were built', async () => {
    expect(JSON.parse(readFileSync(join(root, 'oclif.manifest.json'), 'utf8'))).to.deep.equal(JSON.parse(await manifestOf(root)))
  })

  it('has every command, and no path of this machine', () => {
    const text = readFileSync(join(root, 'oclif.manifest.json'), 'utf8')
    const { commands } = JSON.parse(text) as { commands: Record<string, unknown> }
    const files = readdirSync(join(root, 'cli', 'commands'), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
    expect(Object.keys(commands)).to.have.members(files.map((file) => file.replace(/\.ts$/, '').replaceAll('/', ':')))
    expect(Object.keys(commands)).to.deep.equal(Object.keys(commands).sort())
    expect(text).to.not.include(root)
  })

  it('leaves every other command unloaded when one runs, and all when help is shown', () => {
    expect(commandsLoadedBy(bin, ['message', 'kinds'])).to.deep.equal(['message/kinds'])
    for (const args of [['--help'], ['--version'], ['client', '--help'], ['client', 'run', '--help']]) expect(commandsLoadedBy(bin, args), args.join(' ')).to.deep.equal([])
  })

  describe('of a checkout', () => {
    let folder: string
    before(() => {
      folder = mkdtempSync(join(tmpdir(), 'keyrite-manifest-'))
      mkdirSync(join(folder, 'engine', 'script'), { recursive: true })
      for (const one of ['dist', 'ceremonies']) cpSync(join(root, one), join(folder, one), { recursive: true })
      for (const one of ['package.json', 'oclif.manifest.json', 'engine/script/ceremony.schema.json']) copyFileSync(join(root, one), join(folder, one))
      symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
    })
    after(() => rmSync(folder, { recursive: true }))

    const run = (...args: string[]) => spawnSync(process.execPath, [join(folder, 'dist', 'cli', 'bin.js'), ...args], { encoding: 'utf8', env: { ...process.env, DEBUG: undefined } })
    /** Sets the times at which the compiler and the manifest's writer ran, in seconds. */
    function date(compiled: number, written: number): void {
      writeFileSync(join(folder, 'dist', '.tsbuildinfo'), '')
      utimesSync(join(folder, 'dist', '.tsbuildinfo'), compiled, compiled)
      utimesSync(join(folder, 'oclif.manifest.json'), written, written)
    }

    it('is used where it was written after the program was compiled', () => {
      date(1000, 1001)
      expect(run('ceremony', 'hash', 'dkg')).to.include({ status: 0, stderr: '' })
    })

    it('is refused where something was compiled since, and says how to mend that', () => {
      date(1001, 1000)
      for (const args of [['ceremony', 'hash', 'dkg'], ['--help']]) {
        const { status, stdout, stderr } = run(...args)
        expect({ status, stdout }).to.deep.equal({ status: 1, stdout: '' })
        expect(stderr).to.match(/oclif\.manifest\.json.*npm run build.*\(cli\.stale-manifest\)/s)
      }
    })

    it('may be missing: then the commands are looked at themselves', () => {
      rmSync(join(folder, 'oclif.manifest.json'))
      expect(run('ceremony', 'hash', 'dkg')).to.include({ status: 0, stderr: '' })
      expect(commandsLoadedBy(join(folder, 'dist', 'cli', 'bin.js'), ['--help'])).to.include.members(['message/kinds', 'client/run'])
    })
  })
})
