import { spawnSync } from 'node:child_process'
import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { canonical } from '../../../engine/base/canonical.ts'
import { keptOf, secretsOf, textsOf } from './secrets.ts'
import { errorIn, killAll, logOf, openDkg, personIn, readyWorld, slotOf } from './world.ts'
import type { Ended, Entry, Opened, Record, World } from './world.ts'

/** True where this user may make a network namespace. */
const hasNamespaces = spawnSync('unshare', ['-rn', '--', 'true']).status === 0

describe('two people, by hand', () => {
  let world: World & { readonly record: Record }
  let opened: Opened
  const all: Ended[] = []
  const transcript = (): string => join(world.folder, 'dkg.transcript')

  before(async () => (world = await readyWorld()))
  after(async () => {
    await killAll()
    await world.remove()
  })

  it('make their machines, pair them and are ready, each command with what to do next', () => {
    const { record } = world
    all.push(...Object.values(record))
    for (const name of ['ada', 'bob']) {
      expect(record[`${name}: client init`]?.stdout).to.match(/Next:\n {2}.*airgap init/)
      expect(record[`${name}: airgap init`]?.stdout).to.match(/Next:\n {2}.*airgap card/)
      const card = JSON.parse(record[`${name}: client pair`]?.stdout ?? '') as { name: string; airgapKey: string }
      expect(card.name).to.equal(name)
      expect(record[`${name}: airgap init`]?.stdout).to.include(card.airgapKey)
      expect(record[`${name}: airgap card`]?.stdout).to.match(/Pairing code: \d{5} \d{5}\./)
      expect(JSON.parse(record[`${name}: client ready`]?.stdout ?? '')).to.deep.include({ card })
    }
  })

  it('finish with one key, though clients, an airgap and the storage are killed on the way', async function () {
    this.timeout(180_000)
    const { ada, bob } = world
    let storage = await world.serve()
    opened = await openDkg(world)
    const airgap = ['--accept', opened.number, '--until-finished', '--json']
    const run = ['--ceremony', opened.ceremony.slice(0, 12), '--json']

    // The client is killed before it has shown anything, after it was answered, and with an answer that is stored and
    // perhaps posted.
    const first = ada.start('client run', run)
    await first.said(/SendPublicKeys: showing the request/)
    all.push(await first.kill())
    const second = ada.start('client run', run)
    const adaAirgap = ada.start('airgap run', airgap)
    await adaAirgap.said(/SendPublicKeys: answered/)
    all.push(await second.kill())
    const third = ada.start('client run', run)
    const bobClient = bob.start('client run', run)
    const bobAirgap = bob.start('airgap run', airgap, hasNamespaces ? { through: ['unshare', '-rn', '--'] } : {})
    await third.said(/SendCommits: posting/)
    all.push(await third.kill())

    all.push(await storage.kill())
    const fourth = ada.start('client run', run)
    await fourth.said(/cannot be reached/)
    storage = await world.serve()

    // The other airgap is killed with an answer on its way.
    await bobAirgap.said(/SendDeals: answered/)
    all.push(await bobAirgap.kill())
    const again = bob.start('airgap run', airgap)

    const ends = await Promise.all([fourth, bobClient, adaAirgap, again].map((one) => one.ended))
    all.push(...ends)
    for (const { code, stdout, stderr } of ends) expect(code, stdout + stderr).to.equal(0)
    const [one, other] = ends.slice(0, 2).map(({ stdout }) => JSON.parse(stdout) as { outcome: string; outputs: { groupKey: string; birth: string } })
    expect(one?.outcome).to.equal('usable')
    expect(one?.outputs.groupKey).to.match(/^[0-9a-f]{96}$/).and.equal(other?.outputs.groupKey)

    // Nothing that was answered was asked or posted twice, and no owner was asked again.
    expect(fourth.text()).to.not.match(/(SendPublicKeys|SendCommits): showing/)
    expect(again.text()).to.not.match(/(SendPublicKeys|SendCommits|SendDeals): /)
    for (const step of ['SendPublicKeys', 'SendCommits', 'ProcessResponses']) expect(adaAirgap.text().match(new RegExp(`${step}: answered`, 'g'))).to.have.length(1)
    expect(adaAirgap.text().match(/waiting for your consent/g)).to.have.length(1)
    const slots = (await logOf(world)).filter(({ statement }: Entry) => statement.ceremony === opened.ceremony).map(slotOf)
    expect(slots).to.have.length(5 * 2).and.deep.equal([...new Set(slots)])
    all.push(await storage.kill('SIGTERM'))
  })

  it('tell the state and write the transcript, with no passphrase', async () => {
    const storage = await world.serve()
    const [status, exported] = [await world.bob.run('client status', '--json'), await world.bob.run('client export', '--output', transcript(), '--json')]
    all.push(status, exported)
    expect([status.code, exported.code]).to.deep.equal([0, 0])
    const { ceremonies } = JSON.parse(status.stdout) as { ceremonies: readonly { ceremony: string; number: string; state: string; outputs: { groupKey: string } }[] }
    expect(ceremonies).to.have.length(1)
    expect(ceremonies[0]).to.deep.include({ ceremony: opened.ceremony, number: opened.number, state: 'usable' })
    expect(JSON.parse(exported.stdout)).to.deep.include({ ceremony: opened.ceremony, path: transcript() })
    all.push(await storage.kill('SIGTERM'))
  })

  it('tell and write the same without a storage, from what each client has kept of the log and of what its messages name', async () => {
    const { ada, bob, folder } = world
    expect((await readdir(join(ada.home, 'client', 'attachments'))).length).to.be.at.least(4)
    for (const person of [ada, bob]) {
      const path = join(folder, `${person.name}-alone.transcript`)
      const [status, exported] = [await person.run('client status', '--json'), await person.run('client export', '--output', path)]
      all.push(status, exported)
      expect([status.code, exported.code], status.stderr + exported.stderr).to.deep.equal([0, 0])
      expect(JSON.parse(status.stdout)).to.have.property('isCurrent', false)
      expect(JSON.parse(status.stdout)).to.have.nested.property('ceremonies.0.state', 'usable')
      expect(await readFile(path, 'utf8') === await readFile(transcript(), 'utf8')).to.equal(true)
    }
  })

  it('verify the transcript offline, and find the line of a byte that was changed', async () => {
    const good = await world.ada.run('verify', transcript())
    expect(good.code, good.stdout).to.equal(0)
    expect(good.stdout).to.match(/^ok +certificate/m).and.include(opened.number).and.not.match(/^BAD/m)

    const text = await readFile(transcript(), 'utf8')
    const lines = text.split('\n')
    const at = lines.findIndex((line) => line.includes('"step":"SendDeals"'))
    const place = (lines[at] ?? '').indexOf('"sealed"') + 20
    const changed = lines.with(at, `${lines[at]?.slice(0, place) ?? ''}${lines[at]?.[place] === '0' ? '1' : '0'}${lines[at]?.slice(place + 1) ?? ''}`)
    const altered = join(world.folder, 'altered.transcript')
    await writeFile(altered, changed.join('\n'))
    const bad = await world.ada.run('verify', altered, '--json')
    expect(bad.code).to.equal(5)
    const { verdict, findings } = JSON.parse(bad.stdout) as { verdict: string; findings: readonly { holds: boolean; detail: string; line?: number }[] }
    expect(verdict).to.equal('invalid')
    expect(findings.filter(({ holds }) => !holds).map(({ line, detail }) => line ?? Number(/line (\d+)/.exec(detail)?.[1]))).to.include(at + 1)
  })

  it('get the share back on a new airgap from the words and the transcript, and no live step', async () => {
    const { ada, folder } = world
    const again = personIn(folder, 'again')
    const init = await again.run('airgap init', '--restore', '--mnemonic-file', ada.words, '--work-factor', '10', '--passphrase-file', ada.passphrase)
    expect(init.code, init.stderr).to.equal(0)
    const recover = ['--passphrase-file', ada.passphrase]
    const done = await again.run('airgap recover', transcript(), ...recover, '--json')
    expect(done.code, done.stdout).to.equal(0)
    all.push(init, done)
    const [was, is] = [await keptOf(ada.home, ada.passphrase), await keptOf(again.home, ada.passphrase)]
    expect(Object.keys(was)).to.deep.equal([opened.ceremony])
    // The values are compared, and never printed.
    expect(JSON.stringify(is[opened.ceremony]?.values) === JSON.stringify(was[opened.ceremony]?.values)).to.equal(true)
    const other = await again.run('airgap recover', join(folder, 'altered.transcript'), ...recover, '--json')
    expect(errorIn(other)).to.include({ exit: 3, code: 'run.transcript' })
  })

  it('get a share back from a log in which nobody has confirmed yet, and hear that it is unconfirmed', async () => {
    const { ada, bob, folder } = world
    const lines = (await readFile(transcript(), 'utf8')).split('\n')
    const early = lines.slice(0, lines.findIndex((line) => line.includes('"type":"GroupKey"')))
    const path = join(folder, 'early.transcript')
    await writeFile(path, `${early.join('\n')}\n${canonical({ ceremony: opened.ceremony, entries: early.length - 1 })}\n`)
    const verified = await ada.run('verify', path, '--json')
    expect([verified.code, (JSON.parse(verified.stdout) as { verdict: string }).verdict]).to.deep.equal([4, 'unconfirmed'])
    const elsewhere = personIn(folder, 'early')
    const pass = ['--passphrase-file', bob.passphrase]
    expect((await elsewhere.run('airgap init', '--restore', '--mnemonic-file', bob.words, '--work-factor', '10', ...pass)).code).to.equal(0)
    const done = await elsewhere.run('airgap recover', path, ...pass)
    all.push(done)
    expect(done.code, done.stderr).to.equal(0)
    expect(done.stdout).to.match(/Recovered share of ceremony [0-9a-f]{64}\.\nIt is UNCONFIRMED: /)
    const [was, is] = [await keptOf(bob.home, bob.passphrase), await keptOf(elsewhere.home, bob.passphrase)]
    expect(is[opened.ceremony]).to.have.property('unconfirmed', true)
    expect(JSON.stringify(is[opened.ceremony]?.values) === JSON.stringify(was[opened.ceremony]?.values)).to.equal(true)
    expect(errorIn(await elsewhere.run('airgap recover', transcript(), ...pass, '--json'))).to.include({ exit: 3, code: 'run.recover' })
  })

  it('leave no secret in what was printed, shown as QR codes, sent, or kept outside of the vaults', async () => {
    const secrets = await secretsOf(world, [world.ada, world.bob])
    expect(secrets.length).to.be.above(20)
    const texts = await textsOf(world.folder)
    texts.set('what was printed', Buffer.from(all.map(({ stdout, stderr }) => stdout + stderr).join('\n')))
    expect([...texts.keys()].some((path) => path.includes('from-airgap'))).to.equal(true)
    // The control shows that the scan finds a secret that is there.
    expect(secrets.some(({ form }) => [...texts.values()].some((text) => text.includes(form)))).to.equal(false)
    texts.set('control', Buffer.from(secrets[0]?.form ?? ''))
    expect([...texts.values()].some((text) => text.includes(secrets[0]?.form ?? ''))).to.equal(true)
  })
})
