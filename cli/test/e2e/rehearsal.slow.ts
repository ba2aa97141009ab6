import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { errorIn, killAll, openDkg, readyWorld } from './world.ts'
import type { Ended, Opened, World } from './world.ts'

/** Runs both people's machines to the end, and gives all their output. */
async function takePart({ ada, bob }: World, { ceremony, number }: Opened): Promise<{ readonly clients: readonly Ended[]; readonly airgaps: readonly Ended[] }> {
  const people = [ada, bob]
  const airgaps = people.map((person) => person.start('airgap run', ['--accept', number, '--until-finished']))
  const clients = await Promise.all(people.map((person) => person.start('client run', ['--ceremony', ceremony.slice(0, 12)]).ended))
  const ended = { clients, airgaps: await Promise.all(airgaps.map((one) => one.ended)) }
  for (const { code, stdout, stderr } of [...ended.clients, ...ended.airgaps]) expect(code, stdout + stderr).to.equal(0)
  return ended
}

describe('a rehearsal by two people', function () {
  this.timeout(300_000)
  let world: World
  let key: Opened
  let signing: Opened
  const file = (name: string): string => join(world.folder, name)
  const openSign = (...more: readonly string[]): Promise<Ended> =>
    world.ada.run('client open', 'sign', '--set', `key=${key.ceremony.slice(0, 8)}`, '--messages', file('text.json'), '--purpose', 'A drill', ...more)

  before(async () => {
    world = await readyWorld()
    await world.serve()
    await writeFile(file('text.json'), JSON.stringify([{ kind: 'text', text: 'Only a drill' }]))
  })
  after(async () => {
    await killAll()
    await world.remove()
  })

  it('makes a key that every screen and every export calls a rehearsal’s, and none calls fit for use', async () => {
    const { ada, bob } = world
    key = await openDkg(world, '--rehearsal')
    const { clients, airgaps } = await takePart(world, key)
    for (const { stdout, stderr } of clients) {
      expect(stderr).to.contain('This is a REHEARSAL.')
      expect(stdout).to.contain('It was a REHEARSAL: nothing that it made is for use.').and.not.contain('may be used')
    }
    for (const { stderr } of airgaps) expect(stderr).to.contain('This is a REHEARSAL. What it makes never counts for real.').and.match(/keeps the share\. It was a REHEARSAL\./)
    const [status, keys, kept, exported] = [
      await bob.run('client status'), await bob.run('client keys'),
      await bob.run('airgap keys', '--passphrase-file', bob.passphrase), await ada.run('client export', key.ceremony, '-o', 'dkg.transcript'),
    ]
    expect(status.stdout).to.contain('dkg 1.0.0 (REHEARSAL)')
    expect(keys.stdout).to.contain('of a REHEARSAL: it signs in rehearsals only').and.match(/client open sign .* --rehearsal/)
    expect(kept.stdout).to.contain('of a REHEARSAL: it signs in rehearsals only')
    expect(exported.stdout + exported.stderr).to.contain('REHEARSAL')
    const verified = await ada.run('verify', 'dkg.transcript')
    expect([verified.code, verified.stdout]).to.have.property('0', 0)
    expect(verified.stdout).to.contain('(a REHEARSAL)').and.contain('nothing that it made is for use').and.not.contain('may be used')
  })

  it('has a key that signs in nothing else, which is said with what to do', async () => {
    const error = errorIn(await openSign('--json'))
    expect(error).to.include({ exit: 3, code: 'cli.rehearsal' })
    expect(error.message).to.contain('a rehearsal’s')
    expect(error.todo).to.contain('--rehearsal')
  })

  it('signs with that key, and marks what it signed', async () => {
    const { ada, bob } = world
    const opened = await openSign('--rehearsal', '--json')
    expect(opened.code, opened.stdout + opened.stderr).to.equal(0)
    signing = JSON.parse(opened.stdout) as Opened
    const { clients, airgaps } = await takePart(world, signing)
    for (const { stdout } of clients) expect(stdout).to.contain('It was a REHEARSAL: nothing that it made is for use.')
    // The airgap names the rehearsal twice: for this ceremony, and for the key from its own vault.
    for (const { stderr } of airgaps) expect(stderr).to.contain('This is a REHEARSAL.').and.match(/made by dkg 1\.0\.0, .*, a REHEARSAL/)
    const written = await ada.run('client signatures', signing.ceremony, '-o', 'signatures.json')
    expect([written.code, written.stderr]).to.have.property('0', 0)
    expect(written.stderr).to.contain('It was a REHEARSAL: these signatures are not for use.')
    expect(JSON.parse(await readFile(file('signatures.json'), 'utf8'))).to.include({ rehearsal: true, ceremony: signing.ceremony })
    expect(errorIn(await bob.run('client signatures', signing.ceremony, '--beacon-api', '--json'))).to.include({ exit: 3, code: 'cli.signatures' }).and.have.property('message').that.contains('rehearsal')
    const exported = await bob.run('client export', signing.ceremony, '-o', 'sign.transcript', '--json')
    expect(JSON.parse(exported.stdout)).to.include({ ceremony: signing.ceremony, rehearsal: true })
    for (const args of [['signatures.json', '--transcript', 'sign.transcript'], ['sign.transcript']]) {
      const verified = await ada.run('verify', ...args)
      expect(verified.code, verified.stdout).to.equal(0)
      expect(verified.stdout).to.contain('(a REHEARSAL)').and.contain('It was a REHEARSAL: nothing that it made is for use.')
    }
  })

  it('marks its signatures so that who takes the mark away is found out', async () => {
    const text = await readFile(file('signatures.json'), 'utf8')
    await writeFile(file('real.json'), text.replace('"rehearsal": true', '"rehearsal": false'))
    const verified = await world.ada.run('verify', 'real.json', '--transcript', 'sign.transcript')
    expect(verified.code, verified.stdout).to.equal(5)
  })
})
