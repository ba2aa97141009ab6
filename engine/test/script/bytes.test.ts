import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { toHex, utf8 } from '../../base/bytes.ts'
import { sha256Hex } from '../../crypto/hash.ts'
import { loadScript as loadAsLibrary } from '../../index.ts'
import { noScript } from '../../run/errors.ts'
import { crlfHash, knownShipped, loadScript, readShipped, shippedByCrlfHash, shippedByHash, shippedFolder, shippedLibrary, shippedNames } from '../../script/load.ts'

/** The scripts that ship, by which participants know their ceremonies: another hash is another ceremony, with another version. */
const SHIPPED = {
  beacon: '9e01c0a998e4be58649f0c057d2b5db4611c585dfc6e68e5c2a31ff9b61911ef',
  dkg: '703a97ac5c27c62a6c0b06fc2172810b55b735786877ae332be78ee65866f5f8',
  sign: '04bc4b31a0038b0a777abd5801ed4c6dbbe4945ee9e62c0a60e48ac45175068c',
}

const root = join(import.meta.dirname, '..', '..', '..')
const crlf = (text: string): string => text.replaceAll('\n', '\r\n')

describe('the bytes of scripts', () => {
  it('are pinned, for those that ship', () => {
    expect(Object.fromEntries(shippedNames().map((name) => [name, sha256Hex(readFileSync(join(shippedFolder(), `${name}.yaml`)))]))).to.deep.equal(SHIPPED)
  })

  for (const autocrlf of ['true', 'input', 'false']) {
    it(`are the same in a clone with core.autocrlf=${autocrlf}, in which somebody commits, those of wrong scripts too`, () => {
      const folder = mkdtempSync(join(tmpdir(), 'keyrite-clone-'))
      const git = (cwd: string, ...args: readonly string[]): void => {
        const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1', GIT_DIR: undefined, GIT_WORK_TREE: undefined, GIT_INDEX_FILE: undefined }
        execFileSync('git', ['-c', `core.autocrlf=${autocrlf}`, '-c', 'user.name=test', '-c', 'user.email=test@example.org', '-c', 'commit.gpgsign=false', ...args], { cwd, env, stdio: 'pipe' })
      }
      try {
        const [made, cloned] = [join(folder, 'made'), join(folder, 'cloned')]
        mkdirSync(made)
        const folders = ['ceremonies', 'engine/test/golden']
        for (const part of ['.gitattributes', ...folders]) cpSync(join(root, part), join(made, part), { recursive: true })
        git(made, 'init', '-q')
        git(made, 'add', '-A')
        git(made, 'commit', '-q', '-m', 'all')
        git(folder, 'clone', '-q', made, cloned)
        for (const part of folders) {
          const hashesIn = (where: string) => readdirSync(join(where, part)).sort().map((name) => [name, sha256Hex(readFileSync(join(where, part, name)))])
          expect(hashesIn(cloned)).to.deep.equal(hashesIn(join(root)))
        }
      } finally {
        rmSync(folder, { recursive: true })
      }
    })
  }
})

describe('a script whose line ends were changed', () => {
  for (const name of shippedNames()) {
    it(`is no script any more, and is told from ${name} by that alone`, () => {
      const { source, hash, ceremony: { version } } = readShipped(name)
      const { script, diagnostics = [] } = loadAsLibrary(crlf(source), { file: 'mine.yaml' })
      expect([script, diagnostics.map(({ code }) => code)]).to.deep.equal([undefined, ['line-ends']])
      expect(diagnostics[0]?.message).to.include(hash).and.include(`that of ${name} ${version}, as it ships`)
      expect(diagnostics[0]?.hint).to.match(/plain newlines/)
      expect(knownShipped(hash)).to.include(name)
    })
  }

  it('is told with the hash that it has without, where nobody knows it', () => {
    const source = `${readShipped('beacon').source}# mine\n`
    const { diagnostics = [] } = loadScript(crlf(source), { file: 'mine.yaml', library: shippedLibrary, known: knownShipped })
    expect(diagnostics.map(({ code }) => code)).to.deep.equal(['line-ends'])
    expect(diagnostics[0]?.message).to.include(sha256Hex(utf8(source))).and.not.include('ships')
  })

  it('is found by its hash, where scripts are looked up', () => {
    const dkg = readShipped('dkg')
    const changed = sha256Hex(utf8(crlf(dkg.source)))
    expect(crlfHash(dkg)).to.equal(changed)
    expect([shippedByHash(changed), shippedByCrlfHash(changed), shippedByCrlfHash(dkg.hash), shippedByCrlfHash(toHex(new Uint8Array(32)))]).to.deep.equal([undefined, dkg, undefined, undefined])
    const { message, todo } = noScript({ name: 'dkg', hash: changed }, shippedByCrlfHash(changed))
    expect(message).to.match(/is dkg .*on this machine, with CR LF/).and.include(dkg.hash)
    expect(todo).to.include('open it anew').and.not.include('script add')
    expect(noScript({ name: 'dkg', hash: changed }, undefined).todo).to.include('script add')
  })
})
