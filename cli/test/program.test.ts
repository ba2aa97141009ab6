import { spawn, spawnSync } from 'node:child_process'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { failureOf } from '../errors.ts'
import { PROBE, outcome, probe, start } from './probe.ts'

describe('a command that fails', () => {
  const cases = [
    { args: ['fail', 'refused'], exit: 3, code: 'wire.malformed' },
    { args: ['fail', 'full'], exit: 1, code: 'file.disk-full' },
    { args: ['fail', 'bug'], exit: 1, code: 'cli.bug' },
    { args: ['fail', 'interrupted'], exit: 130, code: 'cli.interrupted' },
    { args: ['fail', 'nonsense'], exit: 2, code: 'cli.usage' },
    { args: ['fail'], exit: 2, code: 'cli.usage' },
    { args: ['fail', 'refused', '--unknown'], exit: 2, code: 'cli.usage' },
  ]

  it('says what happened and what to do on stderr, without a stack, and exits with its code', async () => {
    const outcomes = await Promise.all(cases.map(({ args }) => probe(args)))
    outcomes.forEach(({ code, stdout, stderr }, i) => {
      expect(code, stderr).to.equal(cases[i]!.exit)
      expect(stdout).to.equal('')
      expect(stderr).to.not.match(/^\s+at /m)
      if (cases[i]!.code === 'cli.interrupted') expect(stderr).to.equal('\nStopped. It left nothing behind; run the command again to begin anew.\n')
      else expect(stderr).to.match(new RegExp(`^Error: .+\n  → .+\n  \\(${cases[i]!.code}\\)\n$`, 's'))
    })
  })

  it('says that what was stopped goes on where it was, if it is a machine’s command', () => {
    const stopped = new DOMException('stopped', 'AbortError')
    for (const [command, todo] of [['keyrite client run', /goes on where it stopped/], ['keyrite airgap run', /goes on where it stopped/], ['keyrite demo', /begin anew/]] as const) {
      expect(failureOf(stopped, command).todo).to.match(todo)
    }
  })

  it('gives one JSON object on stdout with --json, and the same exit code', async () => {
    const some = cases.filter(({ args }) => args.length === 2)
    const outcomes = await Promise.all(some.map(({ args }) => probe([...args, '--json'])))
    outcomes.forEach(({ code, stdout, stderr }, i) => {
      expect(code, stdout).to.equal(some[i]!.exit)
      expect(stderr).to.equal('')
      const { error } = JSON.parse(stdout) as { error: Record<string, unknown> }
      expect(error).to.have.all.keys('code', 'message', 'todo', 'facts')
      expect(error['code']).to.equal(some[i]!.code)
    })
    const { error } = JSON.parse(outcomes[0]!.stdout) as { error: Record<string, unknown> }
    expect(error['facts']).to.deep.equal({ what: 'The thing', where: '/a', why: 'it is' })
  })

  it('shows the stack when it is asked for', async () => {
    expect((await probe(['fail', 'bug'], { DEBUG: 'keyrite:*' })).stderr).to.match(/^\s+at .*fail\.ts/m)
  })

  it('can choose its exit code in silence', async () => {
    expect(await probe(['fail', 'exit'])).to.deep.equal({ code: 5, stdout: '', stderr: '' })
  })
})

describe('the program', () => {
  it('says that a command does not exist, as for any other wrong use', async () => {
    const { code, stderr } = await probe(['nonsense'])
    expect(code).to.equal(2)
    expect(stderr).to.match(/^Error: command nonsense not found\n {2}→ See /)
  })

  it('lists commands and topics, found in their folder, in its help', async () => {
    const { stdout } = await probe(['--help'])
    expect(stdout).to.match(/TOPICS\n {2}topic/).and.match(/COMMANDS\n {2}fail +Fail\./)
    const topic = await probe(['topic', 'wait', '--help'])
    expect(topic.stdout).to.match(/\$ probe topic wait \[--json\]/)
  })

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`lets a command finish in good order on ${signal}`, async () => {
      const process = start(['topic', 'wait'])
      process.stdout?.once('data', () => process.kill(signal))
      const { code, stdout } = await outcome(process)
      expect(stdout).to.equal('waiting\ntidied up\n\nNext:\n  probe topic wait   once more\n')
      expect(code).to.equal(0)
    })
  }

  it('prints the result and nothing else with --json', async () => {
    const process = start(['topic', 'wait', '--json'])
    process.stdout?.once('data', () => process.kill('SIGINT'))
    const { stdout } = await outcome(process)
    expect(JSON.parse(stdout.slice('waiting\n'.length))).to.deep.equal({ stopped: true })
  })
})

describe('a passphrase', () => {
  let home: string
  before(async () => (home = await mkdtemp(join(tmpdir(), 'keyrite-prompt-'))))
  after(() => rm(home, { recursive: true }))

  it('comes from a file, less its line end; the home is made for its owner alone', async () => {
    await writeFile(join(home, 'passphrase'), 'correct horse\n')
    const { stdout } = await probe(['topic', 'ask', '--json', '--passphrase-file', join(home, 'passphrase')], { KEYRITE_HOME: join(home, 'a', 'b') })
    expect(JSON.parse(stdout)).to.deep.equal({ passphrase: 'correct horse', home: join(home, 'a', 'b', 'airgap') })
    for (const folder of ['a', 'a/b', 'a/b/airgap']) expect((await stat(join(home, folder))).mode & 0o777).to.equal(0o700)
  })

  it('is refused if the file is missing, or it is new and too short', async () => {
    await writeFile(join(home, 'short'), 'short')
    const [missing, short] = await Promise.all([
      probe(['topic', 'ask', '--passphrase-file', join(home, 'none')], { KEYRITE_HOME: home }),
      probe(['topic', 'ask', '--new', '--passphrase-file', join(home, 'short')], { KEYRITE_HOME: home }),
    ])
    expect(missing.stderr).to.include('file.missing')
    expect(short.stderr).to.include('vault.passphrase')
    expect([missing.code, short.code]).to.deep.equal([3, 3])
  })

  it('is not asked for without a terminal: the error names the flag', async () => {
    const { code, stderr } = await probe(['topic', 'ask'], { KEYRITE_HOME: home })
    expect(code).to.equal(2)
    expect(stderr).to.include('--passphrase-file FILE')
  })

  /** Runs the probe on a terminal of its own, and answers its questions. */
  async function dialogue(args: readonly string[], answers: readonly [question: string, answer: string][]): Promise<string> {
    const command = [...PROBE, ...args].map((word) => `'${word}'`).join(' ')
    const terminal = spawn('script', ['-qec', command, '/dev/null'], { env: { ...process.env, KEYRITE_HOME: home, TERM: 'xterm' } })
    const left = [...answers]
    let seen = ''
    let screen = ''
    terminal.stdout.on('data', (chunk: Buffer) => {
      seen += chunk.toString()
      screen += chunk.toString()
      const [question, answer] = left[0] ?? []
      if (question === undefined || !seen.includes(question)) return
      left.shift()
      seen = ''
      setTimeout(() => terminal.stdin.write(`${answer!}\r`), 100)
    })
    const code = await new Promise((resolve) => terminal.once('close', resolve))
    expect(left, screen).to.deep.equal([])
    return `${screen}\nexit ${String(code)}`
  }

  const hasTerminals = spawnSync('script', ['-qec', 'true', '/dev/null']).status === 0

  it('is asked for at a terminal, without being shown', async function () {
    if (!hasTerminals) this.skip()
    const screen = await dialogue(['topic', 'ask'], [['Passphrase of this airgap', 'correct horse']])
    expect(screen.split('correct horse')).to.have.length(2)
    expect(screen).to.include('got correct horse').and.include('exit 0')
  })

  it('is asked for twice when it is new, and again when the two differ', async function () {
    if (!hasTerminals) this.skip()
    const screen = await dialogue(['topic', 'ask', '--new'], [
      ['New passphrase', 'correct horse'],
      ['The same again', 'correct mouse'],
      ['New passphrase', 'battery staple'],
      ['The same again', 'battery staple'],
    ])
    expect(screen).to.include('got battery staple').and.include('exit 0').and.not.include('mouse')
  })

  it('is not needed any more after Ctrl-C', async function () {
    if (!hasTerminals) this.skip()
    const screen = await dialogue(['topic', 'ask'], [['Passphrase of this airgap', '\u0003']])
    expect(screen).to.include('Stopped.').and.include('exit 130')
  })
})
