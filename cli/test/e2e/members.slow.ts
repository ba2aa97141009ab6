import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { airgapAtTerminal, hasTerminals } from './terminal.ts'
import { enter, errorIn, killAll, openDkg, personIn, readyWorld } from './world.ts'
import type { Ended, Opened, Person, World } from './world.ts'

interface RunResult {
  readonly outcome: string
  readonly aborts: readonly { readonly from: string; readonly reason: string; readonly evidence: { readonly why: string } }[]
}

/** The text is longer than the screen. */
const MORE = [/more lines: press Space/, ' '] as const

const resultOf = ({ stdout }: Ended): RunResult => JSON.parse(stdout) as RunResult

const startClient = (person: Person, { ceremony }: Opened) => person.start('client run', ['--ceremony', ceremony.slice(0, 12), '--json'])
const consent = ({ number }: Opened): readonly string[] => ['--accept', number, '--until-finished']

/** Runs both machines of each person to the end. */
async function takePart(people: readonly Person[], opened: Opened): Promise<void> {
  const all = people.flatMap((person) => [person.start('airgap run', consent(opened)), startClient(person, opened)])
  for (const { code, stdout, stderr } of await Promise.all(all.map((one) => one.ended))) expect(code, stdout + stderr).to.equal(0)
}

describe('a signing by some of three members', function () {
  this.timeout(300_000)
  let world: World
  let cyd: Person
  let bobby: Person
  let key: Opened
  const openSign = (purpose: string, ...more: readonly string[]): Promise<Ended> =>
    world.ada.run('client open', 'sign', '--set', `key=${key.ceremony.slice(0, 8)}`, '--messages', 'text.json', '--purpose', purpose, '--json', ...more)
  async function opened(purpose: string, ...more: readonly string[]): Promise<Opened & { readonly said: string }> {
    const { code, stdout, stderr } = await openSign(purpose, ...more)
    expect(code, stdout + stderr).to.equal(0)
    return { ...(JSON.parse(stdout) as Opened), said: stderr }
  }

  before(async () => {
    world = await readyWorld()
    await world.serve()
    cyd = personIn(world.folder, 'cyd')
    await enter(world, cyd)
    await writeFile(join(world.folder, 'text.json'), JSON.stringify([{ kind: 'text', text: 'We move on 1 March' }]))
    key = await openDkg(world)
    await takePart([world.ada, world.bob, cyd], key)
  })
  after(async () => {
    await killAll()
    await world.remove()
  })

  it('needs nobody whom its roster leaves out, and every member can take its result', async () => {
    const { ada, bob } = world
    expect(errorIn(await openSign('Alone', '--roster', 'ada,dan'))).to.include({ exit: 3, code: 'cli.roster' }).and.have.property('message').that.contains('ada, bob, cyd')
    const signing = await opened('Without bob', '--roster', 'ada,cyd')
    const waiting = bob.start('client run', ['--json'])
    await waiting.said(/Waiting for a ceremony to be opened with you in its roster/)
    await takePart([ada, cyd], signing)
    expect(waiting.text()).to.not.contain(signing.ceremony.slice(0, 12))
    await waiting.kill('SIGTERM')
    const id = signing.ceremony.slice(0, 12)
    const { keys } = JSON.parse((await bob.run('client keys', '--json')).stdout) as { keys: readonly { signed: readonly { ceremony: string; purpose: string }[] }[] }
    expect(keys.map(({ signed }) => signed.map(({ ceremony, purpose }) => [ceremony, purpose]))).to.deep.equal([[[signing.ceremony, 'Without bob']]])
    for (const args of [['client signatures', id, '-o', 'without.json'], ['client export', id, '-o', 'without.transcript'], ['client status', id]]) {
      const { code, stdout, stderr } = await bob.run(...args as [string, ...string[]])
      expect(code, stdout + stderr).to.equal(0)
    }
    const verified = await bob.run('verify', 'without.json', '--transcript', 'without.transcript', '--json')
    expect([verified.code, JSON.parse(verified.stdout)]).to.have.nested.property('1.keyIsProven', true)
  })

  it('is joined by a member with a new client, once that one is paired, has posted Ready, and is named', async () => {
    const { ada, bob, board, token, folder } = world
    bobby = personIn(folder, 'bobby')
    await mkdir(bobby.home, { recursive: true })
    await writeFile(bobby.passphrase, 'the passphrase of bobby\n', { mode: 0o600 })
    const channel = ['--channel', `folder:${bobby.channel}`]
    const [init, card, pair] = [
      await bobby.run('client init', '--name', 'bobby', '--board', board, '--join-token-file', token, '--work-factor', '10'),
      ...await Promise.all([bob.start('airgap card', ['--accept-name', 'bobby', ...channel]).ended, bobby.run('client pair')]),
    ]
    for (const { code, stdout, stderr } of [init, card, pair]) expect(code, stdout + stderr).to.equal(0)
    // The key is that airgap's, whatever its client is called.
    expect((JSON.parse((await bobby.run('client keys', '--json')).stdout) as { keys: readonly { ceremony: string }[] }).keys.map(({ ceremony }) => ceremony)).to.deep.equal([key.ceremony])
    expect(errorIn(await openSign('Too early', '--roster', 'ada,bobby'))).to.include({ exit: 3, code: 'cli.roster' })
    const ready = await bobby.run('client ready', 'sign')
    expect(ready.code, ready.stdout + ready.stderr).to.equal(0)

    // Nobody is replaced without being named, but the opener hears of the new client.
    expect((await opened('By the old name')).said).to.contain('bobby has posted Ready with the airgap of bob')
    const signing = await opened('With a new client', '--roster', 'ada,bobby')
    expect(signing.said).to.not.contain('has posted Ready with')
    const airgaps = [ada.start('airgap run', consent(signing)), bob.start('airgap run', [...consent(signing), ...channel])]
    const clients = [startClient(ada, signing), startClient(bobby, signing)]
    const ends = await Promise.all([...airgaps, ...clients].map((one) => one.ended))
    for (const { code, stdout, stderr } of ends) expect(code, stdout + stderr).to.equal(0)
    expect(airgaps[1]?.text()).to.match(/2 {2}bobby \(you\)/)
    const status = JSON.parse((await bobby.run('client status', '--json')).stdout) as { ceremonies: readonly { ceremony: string; state: string }[] }
    expect(status.ceremonies).to.deep.include.members([key.ceremony, signing.ceremony].map((ceremony) => status.ceremonies.find((one) => one.ceremony === ceremony && one.state === 'usable')))

    // In a new key generation only one of the two clients can be that participant's.
    for (const person of [bobby]) expect((await person.run('client ready', 'dkg')).code).to.equal(0)
    const both = errorIn(await ada.run('client open', 'dkg', '--set', 'threshold=2', '--json'))
    expect(both).to.include({ exit: 3, code: 'cli.roster' })
    expect(both.message).to.contain('bob and bobby').and.contain('the same airgap')
  })

  it('goes on without an owner who types no, and says so to all', async function () {
    if (!hasTerminals) this.skip()
    const { ada } = world
    const signing = await opened('One is against it', '--roster', 'ada,bobby,cyd')
    const clients = [ada, bobby, cyd].map((person) => startClient(person, signing))
    const screen = await airgapAtTerminal(cyd, [MORE, [/Type the first ten digits/, 'no\r'], [/Decline for good\?[^]*› /, 'no Not our address\r'], [/Refused \(run\.rejected\)[^]*left to the others/, '\u0003']])
    expect(screen).to.match(/left to the others, who go on/).and.not.contain('ceremony aborts')
    const airgaps = [ada.start('airgap run', consent(signing)), world.bob.start('airgap run', [...consent(signing), '--channel', `folder:${bobby.channel}`])]
    const [one, other, against] = await Promise.all(clients.map(({ ended }) => ended))
    for (const { code, stdout, stderr } of await Promise.all(airgaps.map(({ ended }) => ended))) expect(code, stdout + stderr).to.equal(0)
    for (const ended of [one!, other!]) expect([ended.code, resultOf(ended).outcome], ended.stderr).to.deep.equal([0, 'usable'])
    expect([against!.code, resultOf(against!).outcome]).to.deep.equal([4, 'aborted'])
    for (const ended of [one!, against!]) expect(resultOf(ended).aborts.map(({ from, reason, evidence }) => [from, reason, evidence.why])).to.deep.equal([['cyd', 'rejected', 'Not our address']])
    // The board tells also the one who left how it ended.
    const status = await cyd.run('client status', signing.ceremony)
    expect(status.stdout).to.contain('complete: usable').and.match(/cyd \(you\) +✗/)
  })

  it('ends where too few are left, and every side says why', async function () {
    if (!hasTerminals) this.skip()
    const { ada } = world
    const signing = await opened('Two are against it', '--roster', 'ada,bobby,cyd')
    const clients = [ada, bobby, cyd].map((person) => startClient(person, signing))
    const signs = ada.start('airgap run', ['--accept', signing.number])
    await signs.said(/SendPartials: answered/)
    const no = [MORE, [/Type the first ten digits/, 'no\r'], [/Decline for good\?[^]*› /, 'no\r'], [/Refused \(run\.rejected\)/, '\u0003']] as const
    await Promise.all([airgapAtTerminal(cyd, no), airgapAtTerminal({ ...world.bob, channel: bobby.channel }, no)])
    const ends = await Promise.all(clients.map(({ ended }) => ended))
    const why = /SendPartials takes 2, and only 1 can still take part: (bobby declined, cyd|cyd declined, bobby) declined/
    expect(ends.map(({ code }) => code), ends.map(({ stdout }) => stdout).join('\n')).to.deep.equal([4, 4, 4])
    expect(resultOf(ends[0]!).aborts.find(({ reason }) => reason === 'unreachable')?.evidence.why).to.match(why)
    for (const person of [ada, bobby, cyd]) {
      const { stdout } = await person.run('client status', signing.ceremony)
      expect(stdout, person.name).to.match(why).and.contain('The log proves nobody guilty.').and.match(/^state +aborted$/m)
    }
    await signs.said(/its session is erased here\. An Abort says why:\n(.|\n)*(rejected|unreachable)/)
    await signs.kill('SIGTERM')
    expect(errorIn(await ada.run('client signatures', signing.ceremony, '--json'))).to.include({ exit: 3, code: 'cli.signatures' })
  })
})
