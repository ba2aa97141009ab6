import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { until } from '../../../engine/test/until.ts'
import { killAll, launch, openDkg, readyWorld } from '../e2e/world.ts'
import type { Person, Running, World } from '../e2e/world.ts'

const ROLE = [process.execPath, '--import', 'tsx', fileURLToPath(new URL('role.ts', import.meta.url))]

/** Packed bytes. Most requests and answers between two people then cross in three parts or more. */
const ABOVE = 440

describe('a participant whose transfers cross in parts', function () {
  this.timeout(300_000)
  let world: World

  before(async () => (world = await readyWorld()))
  after(async () => {
    await killAll()
    await world.remove()
  })

  /** The number of whole lines in a file of parts. */
  const linesOf = async (path: string): Promise<number> =>
    existsSync(path) ? (await readFile(path, 'utf8').catch(() => '')).split('\n').filter((line) => line.endsWith('}')).length : 0

  /** A short interval, since parts cross within milliseconds once everything runs. */
  const BRIEFLY = { every: 3, ms: Infinity }

  it('makes a key all the same, though both its machines are killed in the middle of a transfer, and shows no part twice', async () => {
    const { ada, bob } = world
    const storage = await world.serve()
    const { ceremony, number } = await openDkg(world)
    const start = (role: 'client' | 'airgap', { home, channel, passphrase }: Person): Running =>
      launch([role, `folder:${channel}`, number, passphrase, String(ABOVE)], { home, program: ROLE })
    const bobs = [bob.start('client run', ['--json']), bob.start('airgap run', ['--accept', number, '--until-finished', '--json'])]
    const atAirgap = join(ada.home, 'airgap', 'parts')
    const atClient = join(ada.home, 'client', 'ceremonies', ceremony, 'parts')

    const firstClient = start('client', ada)
    const firstAirgap = start('airgap', ada)
    await firstClient.said(/SendPublicKeys: the request crosses in [4-9] parts\n/)
    await until('two parts at the client', async () => (await linesOf(atClient)) >= 2, BRIEFLY)
    await firstClient.kill()
    const held = await linesOf(atClient)
    const secondClient = start('client', ada)
    await secondClient.said(new RegExp(`SendPublicKeys: the request crosses in [4-9] parts, and goes on with part ${held + 1}\n`))

    // The airgap dies while it holds some parts of a later request.
    await secondClient.said(/SendDeals: the request crosses in [3-9] parts\n/)
    await until('two parts at the airgap', async () => (await linesOf(atAirgap)) === 2, BRIEFLY)
    await firstAirgap.kill()
    expect(await linesOf(atAirgap)).to.be.within(2, 3)
    const secondAirgap = start('airgap', ada)

    // The client dies while it takes an answer.
    await secondClient.said(/ProcessDeals: the airgap’s answer crosses in [3-9] parts\n/)
    await until('four parts at the client', async () => (await linesOf(atClient)) >= 4, BRIEFLY)
    await secondClient.kill()
    const thirdClient = start('client', ada)

    const [client, airgap, ...others] = await Promise.all([thirdClient, secondAirgap, ...bobs].map(({ ended }) => ended))
    for (const { code, stdout, stderr } of [client!, airgap!, ...others]) expect(code, stdout + stderr).to.equal(0)
    const keyOf = (text: string): string => (JSON.parse(text) as { outputs: { groupKey: string } }).outputs.groupKey
    expect(keyOf(client!.stdout)).to.match(/^[0-9a-f]{96}$/).and.equal(keyOf(others[0]!.stdout))

    // The owner consented once, and nothing was dropped on the way.
    expect([firstAirgap, secondAirgap].map((one) => one.text()).join('').match(/waiting for your consent/g)).to.have.length(1)
    expect(secondAirgap.text()).to.not.match(/dropped|Refused/)
    expect(thirdClient.text()).to.not.match(/ProcessDeals: the request crosses/)
    // No part is left where the other side has all.
    expect(existsSync(atAirgap)).to.equal(false)
    expect(await readdir(join(ada.home, 'client', 'ceremonies', ceremony))).to.not.include('parts')
    await storage.kill('SIGTERM')
  })
})
