import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { expectBirth, startDemo } from './e2e/demo.ts'
import { commandsLoadedBy } from './loaded.ts'

const root = join(import.meta.dirname, '..', '..')

interface Packed {
  readonly filename: string
  readonly files: readonly { readonly path: string }[]
}

/** The files that the package is for: the program, the engine's types, data that they read, and texts for people. */
const WANTED = [
  /^(package\.json|oclif\.manifest\.json|LICENSE|README\.md)$/,
  /^ceremonies\/[a-z-]+\.yaml$/,
  /^((ceremonies|cli|engine|storage)\/README|engine\/(FAULTS|PROTOCOL))\.md$/,
  /^engine\/script\/ceremony\.schema\.json$/,
  /^storage\/openapi\.yaml$/,
  /^dist\/(engine|storage|cli)\/([a-z0-9-]+\/)*[A-Za-z0-9-]+\.js$/,
  /^dist\/engine\/([a-z0-9-]+\/)*[A-Za-z0-9-]+\.d\.ts$/,
  /^dist\/(cli\/page|storage\/board)\.html$/,
]

/** The source of each page. */
const PAGES: Readonly<Record<string, string>> = { 'dist/cli/page.html': 'cli/page/main.ts', 'dist/storage/board.html': 'storage/page/main.ts' }

describe('the package for the registry', () => {
  let folder: string
  let packed: Packed

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'keyrite-pack-'))
    const output = execFileSync('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    packed = (JSON.parse(output) as readonly Packed[])[0]!
  })
  after(() => rm(folder, { recursive: true }))

  it('holds only what is needed, and nothing whose source is gone', () => {
    const paths = packed.files.map(({ path }) => path)
    expect(paths.filter((path) => !WANTED.some((pattern) => pattern.test(path)))).to.deep.equal([])
    expect(paths.filter((path) => /\/(test|bench)\/|bundle/.test(path))).to.deep.equal([])
    expect(paths).to.include.members(['LICENSE', 'README.md', 'oclif.manifest.json', 'dist/cli/bin.js', 'dist/engine/index.d.ts', 'dist/cli/page.html', 'dist/storage/board.html', 'ceremonies/dkg.yaml', 'storage/openapi.yaml'])
    const pages = ['ceremonies/README.md', 'cli/README.md', 'engine/README.md', 'engine/FAULTS.md', 'engine/PROTOCOL.md', 'storage/README.md']
    expect(paths, 'README.md links to them').to.include.members(pages)
    const compiled = paths.filter((path) => path.startsWith('dist/'))
    const sourceOf = (path: string): string => PAGES[path] ?? path.replace(/^dist\//, '').replace(/(\.d\.ts|\.js)$/, '.ts')
    const orphans = compiled.filter((path) => !existsSync(join(root, sourceOf(path))))
    expect(orphans, 'left from an older build: remove dist, and build again').to.deep.equal([])
  })

  it('runs a whole ceremony, and serves as a library, where it is installed in an empty folder', async () => {
    const place = join(folder, 'app')
    await mkdir(place)
    execFileSync('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', join(folder, packed.filename)], { cwd: place, stdio: 'ignore' })
    const library = "import { readShipped } from 'keyrite'; console.log(readShipped('dkg').ceremony.name)"
    expect(execFileSync(process.execPath, ['--input-type=module', '-e', library], { cwd: place, encoding: 'utf8' })).to.equal('dkg\n')
    const installed = join(place, 'node_modules', 'keyrite', 'dist', 'cli', 'bin.js')
    expect(commandsLoadedBy(installed, ['message', 'kinds']), 'it goes by its manifest').to.deep.equal(['message/kinds'])
    const demo = await startDemo(['--participants', '2', '--threshold', '2', '--json'], { program: [join(place, 'node_modules', '.bin', 'keyrite')] })
    try {
      await expectBirth(demo, 2, 2)
    } finally {
      await demo.remove()
    }
  })
})
