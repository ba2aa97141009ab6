import { spawn, spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { readShipped } from '../../engine/script/load.ts'
import { peopleOf } from '../simulation/report.ts'
import { errorOf, keyrite, KEYRITE, startKeyrite } from './keyrite/run.ts'
import { outcome } from './probe.ts'

interface Report {
  readonly outcome: string
  readonly outputs: Record<string, string> | null
  readonly participants: readonly { readonly name: string; readonly outcome: string; readonly keeps: readonly string[] }[]
  readonly aborts: readonly { readonly reason: string; readonly accused: string | null }[]
  readonly convicted: readonly { readonly name: string; readonly reason: string; readonly by: readonly string[] }[]
  readonly steps: readonly { readonly step: string; readonly ms: number | null }[]
  readonly rehearsal: boolean
  readonly board: { readonly head: string }
}

let folder: string
before(async () => (folder = await mkdtemp(join(tmpdir(), 'keyrite-simulate-'))))
after(() => rm(folder, { recursive: true }))

const run = (...args: readonly string[]) => keyrite(['ceremony', 'simulate', ...args], folder)

describe('keyrite ceremony simulate', () => {
  it('runs a key generation to its end, for people: how everyone ended, outputs, times, what next', async () => {
    const { code, stdout, stderr } = await run('dkg', '--participants', '3', '--set', 'threshold=2')
    expect(code, stderr).to.equal(0)
    expect(stdout).to.match(/Succeeded in .*: all 3 have confirmed/).and.match(/^groupKey: [0-9a-f]{96}$/m).and.match(/^birth: [0-9a-f]{192}$/m)
    for (const name of ['ada', 'bob', 'carol']) expect(stdout).to.match(new RegExp(`^${name} +usable +finished +share$`, 'm'))
    expect(stdout).to.match(/^ProcessDeals +\d/m).and.match(/On the board: \d+ messages/).and.include('Next:')
    expect(stderr.split('\n').filter((line) => line !== '')).to.have.length(5)
    expect(stderr).to.match(/SendPublicKeys: all 3\n/).and.not.include('\u001b')
  })

  it('gives one object with --json, the same again for the same seed, and another for another', async () => {
    const args = ['beacon', '--names', 'carol,alice,bob', '--rehearsal', '--json']
    const all = await Promise.all(['a', 'a', 'b'].map((seed) => run(...args, '--seed', seed)))
    const [one, same, other] = all.map(({ stdout }) => JSON.parse(stdout) as Report)
    expect(all.map(({ code, stderr }) => [code, stderr])).to.deep.equal([[0, ''], [0, ''], [0, '']])
    expect(one).to.include({ outcome: 'usable', rehearsal: true })
    expect(one!.participants.map(({ name, outcome: end }) => [name, end])).to.deep.equal([['alice', 'usable'], ['bob', 'usable'], ['carol', 'usable']])
    expect(one!.outputs!['number']).to.match(/^[0-9a-f]{64}$/).and.equal(same!.outputs!['number']).and.not.equal(other!.outputs!['number'])
    expect(one!.board.head).to.equal(same!.board.head).and.not.equal(other!.board.head)
    expect(one!.steps.map(({ step, ms }) => [step, ms !== null])).to.deep.equal([['SendCommits', true], ['SendReveals', true]])
  })

  it('exits with 4 when it is dead, and names who is convicted, by whom, and for what', async () => {
    const args = ['dkg', '--participants', '3', '--set', 'threshold=2', '--fault', 'wrong-share:ada:bob']
    const [json, text] = await Promise.all([run(...args, '--json'), run(...args)])
    expect([json.code, text.code]).to.deep.equal([4, 4])
    const { outcome: end, convicted, aborts, outputs } = JSON.parse(json.stdout) as Report
    expect([end, outputs]).to.deep.equal(['dead', null])
    expect(convicted).to.have.length(1)
    expect(convicted[0]).to.deep.include({ name: 'ada', reason: 'dkg.bad-deal', by: ['ada', 'bob', 'carol'] })
    expect(aborts[0]).to.include({ reason: 'dkg.bad-deal', accused: 'ada' })
    expect(text.stdout).to.match(/^Over after .*: it can never be usable/m).and.match(/Convicted: ada \(dkg\.bad-deal\), by what all 3 participants found/).and.match(/^ada +dead +closed .*wrong-share:ada:bob$/m)
  })

  it('convicts nobody for what a storage could have caused', async () => {
    const { code, stdout } = await run('beacon', '--participants', '2', '--fault', 'silent:bob', '--json')
    const { convicted, aborts } = JSON.parse(stdout) as Report
    expect([code, convicted]).to.deep.equal([4, []])
    expect(aborts[0]).to.include({ reason: 'missing', accused: 'bob' })
  })

  it('lists the faults that a script can meet, and no others', async () => {
    const [dkg, beacon] = await Promise.all([run('dkg', '--faults', '--json'), run('beacon', '--faults')])
    const names = (JSON.parse(dkg.stdout) as { name: string }[]).map(({ name }) => name)
    expect(names).to.include.members(['silent', 'wrong-share', 'false-complaint'])
    expect(beacon.stdout).to.include('silent:STEP').and.not.include('wrong-share')
  })

  it('runs what a script follows first, and signs with its key', async () => {
    const messages = '[{"kind":"text","text":"hello"}]'
    const { code, stdout } = await run('sign', '--participants', '3', '--set', 'key.threshold=2', '--set', 'purpose=x', '--set', `messages=${messages}`, '--json')
    expect(code, stdout).to.equal(0)
    expect((JSON.parse(stdout) as { outputs: { signatures: string[] } }).outputs.signatures).to.have.length(1)
  })

  it('says what is missing or wrong before it runs anything', async () => {
    const cases: readonly (readonly [args: readonly string[], exit: number, code: string, says: RegExp])[] = [
      [['dkg', '--participants', '3'], 3, 'cli.parameters', /threshold is missing/],
      [['dkg', '--participants', '3', '--set', 'threshold=4'], 3, 'cli.parameters', /only 3 participants/],
      [['beacon', '--participants', '2', '--fault', 'nonsense:ada'], 3, 'run.bad-fault', /nonsense/],
      [['sign', '--participants', '2', '--set', 'key.threshold=2', '--set', 'purpose=x', '--set', 'messages=[]'], 3, 'cli.parameters', /messages/],
      [['sign', '--participants', '2', '--set', 'purpose=x', '--set', 'messages=[{"kind":"text","text":"x"}]'], 3, 'cli.parameters', /threshold is missing/],
    ]
    const outcomes = await Promise.all(cases.map(([args]) => run(...args, '--json')))
    outcomes.forEach((one, i) => {
      const [, exit, code, says] = cases[i]!
      expect([one.code, errorOf(one).code], one.stdout).to.deep.equal([exit, code])
      expect(errorOf(one).message).to.match(says)
    })
  })

  it('makes up as many names as are wanted, in the roster’s order, and refuses what is no roster', () => {
    const { ceremony } = readShipped('dkg')
    for (const count of [2, 26, 27, 100, 1024]) {
      const names = peopleOf(ceremony, count, undefined)
      expect(new Set(names).size).to.equal(count)
      expect([...names].sort()).to.deep.equal(names)
    }
    expect(peopleOf(ceremony, 2, 'bob, ann')).to.deep.equal(['ann', 'bob'])
    const refused: readonly (readonly [count: number | undefined, list: string | undefined, says: RegExp])[] = [
      [undefined, undefined, /neither --participants nor --names/], [1, undefined, /1 are too few; dkg takes 2 to 1024/],
      [1025, undefined, /too many/], [3, 'a,b', /says 3, and --names has 2/], [undefined, 'a,b,a', /a is named twice/], [undefined, 'a,B', /"B" is no name/],
    ]
    for (const [count, list, says] of refused) expect(() => peopleOf(ceremony, count, list)).to.throw(says)
  })

  it('stops on Ctrl-C in the middle, and says so', async () => {
    const process = startKeyrite(['ceremony', 'simulate', 'dkg', '--participants', '12', '--set', 'threshold=8'], folder)
    process.stderr?.once('data', () => process.kill('SIGINT'))
    const { code, stdout, stderr } = await outcome(process)
    expect(code).to.equal(130)
    expect(stderr).to.include('Stopped. A simulation leaves nothing behind.')
    expect(stdout).to.not.include('Succeeded')
  })

  it('shows participants and steps in place on a terminal', async function () {
    if (spawnSync('script', ['-qec', 'true', '/dev/null']).status !== 0) this.skip()
    const command = `stty cols 100 rows 24; ${[...KEYRITE, 'ceremony', 'simulate', 'beacon', '--names', 'alice,bob'].map((word) => `'${word}'`).join(' ')}`
    const terminal = spawn('script', ['-qec', command, '/dev/null'], { cwd: folder, env: { ...process.env, TERM: 'xterm', NO_COLOR: '1' } })
    let screen = ''
    terminal.stdout.on('data', (chunk: Buffer) => (screen += chunk.toString()))
    await new Promise((resolve) => terminal.once('close', resolve))
    const tables = screen.split('\u001b[0J').map((frame) => frame.replaceAll('\u001b[2K', '').replaceAll('\r', ''))
    expect(tables.some((frame) => /SendCommits +SendReveals\nalice +asking +·\nbob +(asking)? +·\n/.test(frame)), screen).to.equal(true)
    expect(tables.at(-1)).to.match(/alice +✓ +✓\nbob +✓ +✓\n/)
    expect(screen.lastIndexOf('\u001b[?25h')).to.be.above(screen.lastIndexOf('\u001b[?25l'))
  })
})
