/** Pairing, with a no on the way. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { airgapTerminal, hasTerminals } from '../screen/terminal.ts'
import { inHome, makeAirgap } from './home.ts'

describe('a client’s card that the airgap’s owner does not take', function () {
  this.timeout(60_000)
  let folder = ''

  before(async function () {
    if (!hasTerminals) this.skip()
    folder = await mkdtemp(join(tmpdir(), 'keyrite-card-'))
    await makeAirgap(folder, join(folder, 'home'))
    const made = await inHome(join(folder, 'home'), ['client', 'init', '--name', 'ada', '--board', 'http://127.0.0.1:9/boards/tests', '--passphrase-file', join(folder, 'passphrase'), '--work-factor', '10'])
    expect(made.code, made.stdout + made.stderr).to.equal(0)
  })
  after(async () => {
    if (folder !== '') await rm(folder, { recursive: true, force: true })
  })

  it('may be shown again as often as it is wanted: each time the owner is asked, and the client hears this time’s answer', async () => {
    const channel = ['--channel', `folder:${join(folder, 'channel')}`]
    const pair = () => inHome(join(folder, 'home'), ['client', 'pair', ...channel])
    const airgap = airgapTerminal(join(folder, 'home'), ['airgap', 'card', '--passphrase-file', join(folder, 'passphrase'), ...channel])
    try {
      await airgap.said(/Waiting for the client/)
      for (const before of [/^(?![^]*did not take this card before)/, /did not take this card before/]) {
        const [refused] = await Promise.all([pair(), airgap.said(/Is this your own client[^]*› /).then(() => airgap.type('no\r'))])
        expect(refused.code).to.equal(3)
        expect(refused.stderr).to.match(before).and.match(/owner did not take this card of ada[^]*run\.pairing-declined|run\.pairing-declined[^]*owner did not take this card of ada/)
        expect(refused.stderr).to.not.include('ceremony')
        await airgap.said(/You did not take this card.*\n.*client pair.*Ctrl-C/)
      }
      const [paired] = await Promise.all([pair(), airgap.said(/Is this your own client[^]*› /).then(() => airgap.type('yes\r'))])
      expect(paired.code, paired.stderr).to.equal(0)
      expect(await airgap.ended).to.equal(0)
    } finally {
      airgap.kill()
      await airgap.ended
    }
  })
})
