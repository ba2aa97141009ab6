import { spawnSync } from 'node:child_process'
import { expect } from 'chai'
import { errorIn, killAll, openDkg, readyWorld } from './world.ts'
import type { World } from './world.ts'

/** A network namespace of its own with nothing in it: not even loopback is up. */
const EMPTY_NETWORK = ['unshare', '-rn', '--']
const may = spawnSync('unshare', [...EMPTY_NETWORK.slice(1), 'true']).status === 0
const unless = may ? '' : ' [skipped: this kernel lets this user make no network namespace]'

describe('airgaps without any network', () => {
  let world: World

  before(async function () {
    if (!may) this.skip()
    world = await readyWorld()
    await world.serve()
  })
  after(async () => {
    await killAll()
    if (may) await world.remove()
  })

  it(`take part in a whole key generation, from the first request to the last${unless}`, async function () {
    this.timeout(120_000)
    const { ada, bob } = world
    const { ceremony, number } = await openDkg(world)
    const use = { through: EMPTY_NETWORK }
    // The storage cannot be reached from there.
    expect(errorIn(await ada.start('client ready', ['dkg', '--json'], use).ended)).to.include({ exit: 6, code: 'board.unreachable' })
    const airgaps = [ada, bob].map((person) => person.start('airgap run', ['--accept', number, '--until-finished', '--json'], use))
    const clients = [ada, bob].map((person) => person.start('client run', ['--ceremony', ceremony, '--json']))
    const ends = await Promise.all([...airgaps, ...clients].map((one) => one.ended))
    for (const { code, stdout, stderr } of ends) expect(code, stdout + stderr).to.equal(0)
    const told = ends.map(({ stdout }) => JSON.parse(stdout) as { ceremony: string; outcome?: string; outputs?: { groupKey: string } })
    expect(told.map((one) => one.ceremony)).to.deep.equal([ceremony, ceremony, ceremony, ceremony])
    expect(told.slice(2).map(({ outcome }) => outcome)).to.deep.equal(['usable', 'usable'])
    expect(told[2]?.outputs?.groupKey).to.match(/^[0-9a-f]{96}$/).and.equal(told[3]?.outputs?.groupKey)
  })
})
