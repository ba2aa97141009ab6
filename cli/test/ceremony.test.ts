import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { createMachine } from 'xstate'
import type { AnyStateMachine } from 'xstate'
import { isKeyriteError } from '../../engine/base/errors.ts'
import { machineOf, statesIn } from '../../engine/machines/graph.ts'
import { ROLES } from '../../engine/base/names.ts'
import { loadScript, readShipped, shippedFolder, shippedLibrary } from '../../engine/script/load.ts'
import { writeNewScript } from '../scripts.ts'
import { errorOf, keyrite } from './keyrite/run.ts'

const SCHEMA = fileURLToPath(new URL('../../engine/script/ceremony.schema.json', import.meta.url))
const DKG = join(shippedFolder(), 'dkg.yaml')

let folder: string
before(async () => (folder = await realpath(await mkdtemp(join(tmpdir(), 'keyrite-ceremony-')))))
after(() => rm(folder, { recursive: true }))

const run = (...args: readonly string[]) => keyrite(['ceremony', ...args], folder)

describe('keyrite ceremony new', () => {
  it('writes a script that is good as it stands and leads the editor to the schema, and says what to do next', async () => {
    const { code, stdout } = await run('new', 'lottery', '--title', 'Who brings the cake')
    expect(code).to.equal(0)
    expect(stdout).to.match(/^Wrote lottery\.yaml/).and.match(/Next:\n(.|\n)*validate lottery\.yaml/)
    const text = await readFile(join(folder, 'lottery.yaml'), 'utf8')
    const { script } = loadScript(text, { file: 'lottery.yaml', library: shippedLibrary })
    expect(script?.ceremony).to.include({ name: 'lottery', title: 'Who brings the cake' })
    const [, schema = ''] = /^# yaml-language-server: \$schema=(\S+)\n/.exec(text) ?? []
    expect(fileURLToPath(schema)).to.equal(SCHEMA)
  })

  it('never replaces a file, unless it is told to', async () => {
    const path = join(folder, 'kept.yaml')
    await writeFile(path, 'mine\n')
    const refused = await run('new', 'raffle', '--output', 'kept.yaml', '--json')
    expect(refused.code).to.equal(3)
    expect(errorOf(refused).code).to.equal('cli.file-exists')
    expect(await readFile(path, 'utf8')).to.equal('mine\n')
    expect((await run('new', 'raffle', '--output', 'kept.yaml', '--force')).code).to.equal(0)
    expect(await readFile(path, 'utf8')).to.include('ceremony: "raffle"')
  })

  it('refuses names and titles that no ceremony may have, and folders that are not there', async () => {
    const wishes = [{ name: 'Lottery' }, { name: 'dkg' }, { title: 'x'.repeat(201) }, { title: 'a\u202eb' }, { file: join(folder, 'none', 'cake.yaml') }]
    const codes = await Promise.all(wishes.map((wish) =>
      writeNewScript({ name: 'cake', file: join(folder, 'cake.yaml'), force: false, ...wish }).then(() => 'written', (error: unknown) => isKeyriteError(error) && error.code)))
    expect(codes).to.deep.equal(['cli.new-name', 'cli.new-name', 'cli.script-invalid', 'written', 'cli.file-write'])
    expect(await readFile(join(folder, 'cake.yaml'), 'utf8')).to.include('title: "a b"')
  })
})

describe('keyrite ceremony validate', () => {
  const WRONG = 'ceremony: dkg\nversion: "1"\ntitle: T\nparticipants: { min: 3, max: 2 }\nmessages: {}\nsteps: {}\ncertificate: None\n'

  it('takes files and the names of shipped ceremonies, and says what to do next', async () => {
    const { code, stdout } = await run('validate', 'dkg', 'sign', DKG)
    expect(code).to.equal(0)
    expect(stdout.match(/: good \(/g)).to.have.length(3)
    expect(stdout).to.include('Next:')
  })

  it('shows all that is wrong, with place, caret and hint, and exits with 3', async () => {
    await writeFile(join(folder, 'wrong.yaml'), WRONG)
    const { code, stdout, stderr } = await run('validate', 'wrong.yaml', 'beacon')
    expect([code, stderr]).to.deep.equal([3, ''])
    const { diagnostics } = loadScript(WRONG, { file: 'wrong.yaml', library: shippedLibrary })
    expect(diagnostics).to.have.length.above(1)
    for (const { line, column, code: kind } of diagnostics ?? []) expect(stdout).to.include(`wrong.yaml:${line}:${column} ${kind}: `)
    expect(stdout).to.match(/\| +\^+\n +hint: /).and.match(/beacon\.yaml: good/)
    expect(stdout).to.match(new RegExp(`${diagnostics?.length ?? 0} problems in 1 of 2 scripts\\.\n$`))
  })

  it('gives one array with --json, empty where all is good', async () => {
    await writeFile(join(folder, 'wrong2.yaml'), WRONG)
    const [bad, good] = await Promise.all([run('validate', 'wrong2.yaml', '--json'), run('validate', 'dkg', '--json')])
    expect([bad.code, good.code]).to.deep.equal([3, 0])
    expect(JSON.parse(good.stdout)).to.deep.equal([])
    const [first] = JSON.parse(bad.stdout) as Record<string, unknown>[]
    expect(first).to.include({ file: 'wrong2.yaml' }).and.include.keys('code', 'line', 'column', 'message')
  })

  it('finds what a script follows in the library before the shipped ones, and says what is wrong with it there', async () => {
    const dkg = await readFile(DKG, 'utf8')
    const sign = await readFile(join(shippedFolder(), 'sign.yaml'), 'utf8')
    for (const [name, text] of [['good', dkg], ['broken', dkg.replace('collect: all', 'collect: some')], ['keyless', dkg.replaceAll('threshold', 'quota')]] as const) {
      await mkdir(join(folder, name))
      await writeFile(join(folder, name, 'dkg.yaml'), text)
    }
    await writeFile(join(folder, 'lost.yaml'), sign.replace('key: dkg', 'key: nowhere'))
    const [good, broken, keyless, lost, none] = await Promise.all([
      run('validate', 'sign', '--library', 'good'), run('validate', 'sign', '--library', 'broken'), run('validate', 'sign', '--library', 'keyless'),
      run('validate', 'lost.yaml'), run('validate', 'sign', '--library', 'nowhere', '--json'),
    ])
    expect([good.code, broken.code, keyless.code, lost.code, none.code]).to.deep.equal([0, 3, 3, 3, 3])
    expect(broken.stdout).to.match(/^broken\/dkg\.yaml:\d+:\d+ /)
    expect(keyless.stdout).to.match(/sign\.yaml:\d+:\d+ .*threshold/)
    expect(lost.stdout).to.match(/^lost\.yaml:\d+:\d+ .*nowhere/)
    expect(errorOf(none).code).to.equal('cli.library')
  })

  it('says in words that there is no such file, and what there is', async () => {
    const [missing, isFolder] = await Promise.all([run('validate', 'nothing.yaml'), run('validate', '.')])
    expect([missing.code, isFolder.code]).to.deep.equal([3, 3])
    expect(missing.stderr).to.include('there is no such file').and.include('beacon, dkg, sign')
    expect(isFolder.stderr).to.include('it is a folder')
  })
})

describe('keyrite ceremony hash', () => {
  it('prints what sha256sum prints, and takes', async () => {
    const { stdout, code } = await run('hash', 'dkg')
    const hash = createHash('sha256').update(await readFile(DKG)).digest('hex')
    expect(stdout).to.equal(`# dkg 1.0.0: A threshold BLS12-381 key that nobody ever holds whole\n${hash}  ${DKG}\n`)
    expect(code).to.equal(0)
    expect(JSON.parse((await run('hash', 'dkg', '--json')).stdout)).to.include({ hash, name: 'dkg', version: '1.0.0' })
  })

  it('refuses a script with a mistake, and shows it', async () => {
    await writeFile(join(folder, 'bad.yaml'), 'ceremony: [')
    const { code, stdout, stderr } = await run('hash', 'bad.yaml')
    expect([code, stdout]).to.deep.equal([3, ''])
    expect(stderr).to.match(/bad\.yaml:1:\d+ yaml-/).and.include('cli.script-invalid')
  })
})

describe('keyrite ceremony graph', () => {
  it('prints Mermaid for both roles, each below a comment, or for one', async () => {
    const [both, one, markdown] = await Promise.all([
      run('graph', 'beacon'), run('graph', 'beacon', '--role', 'airgap'), run('graph', 'beacon', '--markdown'),
    ])
    expect(both.stdout.split('\n').filter((line) => line.startsWith('%%'))).to.deep.equal(['%% beacon 1.0.0: the client', '%% beacon 1.0.0: the airgap'])
    expect(one.stdout).to.match(/^stateDiagram-v2\n/)
    expect(both.stdout).to.include(one.stdout)
    expect(markdown.stdout.match(/^```(mermaid)?$/gm)).to.deep.equal(['```mermaid', '```', '```mermaid', '```'])
    expect(both.stderr).to.equal('')
  })

  it('exports with --json the machine that runs, both or one', async () => {
    const [both, one] = await Promise.all([run('graph', 'beacon', '--json'), run('graph', 'beacon', '--role', 'client', '--json')])
    const exported = JSON.parse(both.stdout) as Readonly<Record<string, Parameters<typeof createMachine>[0]>>
    expect(Object.keys(exported)).to.deep.equal(['client', 'airgap'])
    expect(JSON.parse(one.stdout)).to.deep.equal(exported['client'])
    for (const role of ROLES) {
      const keys = (machine: AnyStateMachine): readonly string[] => statesIn(machine.root).map(({ id }) => id)
      expect(keys(createMachine(exported[role] ?? expect.fail()))).to.deep.equal(keys(machineOf(readShipped('beacon').ceremony, role)))
    }
  })
})
