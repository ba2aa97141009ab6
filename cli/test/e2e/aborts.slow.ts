import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { shippedFolder } from '../../../engine/script/load.ts'
import { airgapAtTerminal, hasTerminals } from './terminal.ts'
import { errorIn, killAll, openDkg, readyWorld } from './world.ts'
import type { Ended, Opened, World } from './world.ts'

interface RunResult {
  readonly outcome: string
  readonly trouble: { readonly code: string; readonly what: string; readonly todo: string } | null
  readonly aborts: readonly { readonly from: string; readonly reason: string; readonly evidence: { readonly why: string } }[]
  readonly outputs: Readonly<Record<string, string>> | null
}

const resultOf = ({ stdout }: Ended): RunResult => JSON.parse(stdout) as RunResult

describe('a ceremony that is not to be', () => {
  let world: World
  let opened: Opened

  before(async () => {
    world = await readyWorld()
    await world.serve()
    opened = await openDkg(world)
  })
  after(async () => {
    await killAll()
    await world.remove()
  })

  it('is not joined by an airgap that was told another number, and both sides say so', async () => {
    const { ada } = world
    const other = opened.number.replace(/^\d/, (digit) => String((Number(digit) + 1) % 10))
    const airgap = ada.start('airgap run', ['--accept', other])
    const client = await ada.run('client run', '--ceremony', opened.ceremony, '--json')
    await airgap.said(/Refused \(cli\.accept\)(.|\n)*Compare the number/)
    expect(airgap.text()).to.include(opened.number)
    expect((await airgap.kill('SIGTERM')).code).to.equal(130)
    expect([client.code, resultOf(client).outcome, resultOf(client).trouble?.code]).to.deep.equal([3, 'stopped', 'airgap.refused'])
    expect(resultOf(client).trouble?.what).to.include('cli.accept')
  })

  it('is not joined by an airgap that cannot ask its owner', async () => {
    const { bob } = world
    const [airgap, client] = await Promise.all([bob.run('airgap run', '--json'), bob.run('client run', '--ceremony', opened.ceremony, '--json')])
    expect(errorIn(airgap)).to.include({ exit: 2, code: 'cli.no-terminal' })
    expect(errorIn(airgap).todo).to.include('--accept NUMBER')
    expect([client.code, resultOf(client).trouble?.code]).to.deep.equal([3, 'airgap.refused'])
  })

  it('ends for all when an owner declines on the airgap’s own screen, after having seen what it is', async function () {
    if (!hasTerminals) this.skip()
    const { ada, bob } = world
    const clients = [ada, bob].map((person) => person.start('client run', ['--ceremony', opened.ceremony, '--json']))
    const screen = await airgapAtTerminal(bob, [
      [/Type the first ten digits/, '00000 00000\r'],
      [/Those are not its first ten digits/, '\u0015no\r'],
      [/Decline for good\?[^]*› /, 'no\r'],
      [/Refused \(run\.rejected\)/, '\u0003'],
    ])
    expect(screen).to.include(opened.number).and.match(/threshold +2 of 2/).and.match(/2 +bob \(you\)/)
    const ends = await Promise.all(clients.map((one) => one.ended))
    for (const ended of ends) {
      expect([ended.code, resultOf(ended).outcome]).to.deep.equal([4, 'aborted'])
      expect(resultOf(ended).aborts[0]).to.include({ from: 'bob', reason: 'rejected' })
    }
  })

  it('can be opened again under another number, and aborted for all by one of them', async () => {
    const { ada, bob } = world
    const again = await ada.run('client open', '--again', opened.ceremony.slice(0, 8), '--json')
    const { ceremony, number } = JSON.parse(again.stdout) as Opened
    expect([ceremony, number]).to.not.include.oneOf([opened.ceremony, opened.number])
    const client = ada.start('client run', ['--json'])
    await client.said(new RegExp(`ceremony ${ceremony.slice(0, 12)}.*\n(.|\n)*showing the request`))
    const abort = await bob.run('client abort', ceremony.slice(0, 12), '--reason', 'The wrong people', '--yes', '--json')
    expect(JSON.parse(abort.stdout)).to.deep.equal({ aborted: true, ceremony })
    const ended = await client.ended
    expect([ended.code, resultOf(ended).outcome]).to.deep.equal([4, 'aborted'])
    expect(resultOf(ended).aborts[0]).to.deep.include({ from: 'bob', reason: 'operator' })
    expect(resultOf(ended).aborts[0]?.evidence.why).to.include('The wrong people')
    const status = await ada.run('client status', ceremony.slice(0, 12), '--json')
    expect((JSON.parse(status.stdout) as { ceremonies: readonly { state: string }[] }).ceremonies.map(({ state }) => state)).to.deep.equal(['aborted'])
    const abandon = await bob.run('client abandon', ceremony.slice(0, 12), '--json')
    expect(errorIn(abandon)).to.include({ exit: 3, code: 'run.closed' }).and.have.property('message').that.includes('abort it instead')
    expect(abandon.stderr).to.not.include('Showing')
    expect(errorIn(await bob.run('client abort', 'ffff', '--reason', 'x', '--yes', '--json')).code).to.equal('cli.ceremony')
  })

  it('ends with a key after all, when it is opened once more and nobody minds', async function () {
    this.timeout(120_000)
    const { ada, bob } = world
    const { ceremony, number } = JSON.parse((await bob.run('client open', '--again', opened.ceremony, '--json')).stdout) as Opened
    const ends = await Promise.all([ada, bob].flatMap((person) => [
      person.start('client run', ['--ceremony', ceremony, '--json']).ended,
      person.start('airgap run', ['--accept', number, '--until-finished', '--json']).ended,
    ]))
    for (const { code, stdout, stderr } of ends) expect(code, stdout + stderr).to.equal(0)
    const [one, other] = [resultOf(ends[0]!), resultOf(ends[2]!)]
    expect([one.outcome, other.outcome, one.aborts]).to.deep.equal(['usable', 'usable', []])
    expect(one.outputs?.['groupKey']).to.match(/^[0-9a-f]{96}$/).and.equal(other.outputs?.['groupKey'])
    // The transcript is of this ceremony, and whole.
    const path = join(world.folder, 'again.transcript')
    expect((await ada.run('client export', ceremony.slice(0, 12), '--output', path, '--json')).code).to.equal(0)
    const verified = await ada.run('verify', path, '--json')
    expect([verified.code, (JSON.parse(verified.stdout) as { ceremony: string }).ceremony]).to.deep.equal([0, ceremony])
  })

  it('waits for a script that an airgap does not have: both screens say so, and it goes on once it was added', async function () {
    this.timeout(120_000)
    const { ada, bob, folder } = world
    const file = join(folder, 'ours.yaml')
    await writeFile(file, (await readFile(join(shippedFolder(), 'beacon.yaml'), 'utf8')).replace(/^title: .*$/m, 'title: A number of our own'))
    for (const person of [ada, bob]) expect((await person.run('client ready', file, '--json')).code).to.equal(0)
    const ours = JSON.parse((await ada.run('client open', file, '--json')).stdout) as Opened
    const run = ['--ceremony', ours.ceremony, '--json']
    const serve = ['--accept', ours.number, '--until-finished', '--json']

    const without = ada.start('airgap run', serve)
    const stopped = await ada.run('client run', ...run)
    expect([stopped.code, resultOf(stopped).trouble?.code]).to.deep.equal([3, 'airgap.refused'])
    expect(resultOf(stopped).trouble?.todo).to.include('airgap script add')
    await without.said(/Refused \(run\.unknown-script\)(.|\n)*airgap script add/)
    await without.kill('SIGTERM')

    for (const person of [ada, bob]) expect((await person.run('airgap script add', file, '--yes')).stdout).to.match(/Added beacon .*, SHA-256 [0-9a-f]{64}/)
    const ends = await Promise.all([ada, bob].flatMap((person) => [person.start('airgap run', serve).ended, person.start('client run', run).ended]))
    for (const { code, stdout, stderr } of ends) expect(code, stdout + stderr).to.equal(0)
    const [one, other] = [ends[1], ends[3]].map((ended) => resultOf(ended!).outputs?.['number'])
    expect(one).to.match(/^[0-9a-f]{64}$/).and.equal(other)
  })
})
