/** A question on the airgap's screen that the client withdraws, or that its owner leaves open. */
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { openFolderCarrier } from '../../../engine/channel/folder.ts'
import type { FolderCarrier } from '../../../engine/channel/folder.ts'
import { ceremonyNumber } from '../../../engine/crypto/number.ts'
import { readShipped } from '../../../engine/script/load.ts'
import { ceremonyId } from '../../../engine/wire/card.ts'
import type { Card, Opening } from '../../../engine/wire/card.ts'
import { makeAirgap } from '../airgap/home.ts'
import { airgapTerminal, cardOf, hasTerminals, joinRequest, openingOf, pairRequest, scanned, stranger } from './terminal.ts'
import type { Terminal } from './terminal.ts'

const dkg = readShipped('dkg')

describe('a question on the airgap’s screen', function () {
  this.timeout(90_000)
  let folder = ''
  let card: Card
  let client: FolderCarrier
  let open: Terminal[] = []
  const start = (channel: string): Terminal => {
    const terminal = airgapTerminal(join(folder, 'home'), ['airgap', 'run', '--passphrase-file', join(folder, 'passphrase'), '--channel', channel])
    open.push(terminal)
    return terminal
  }
  const opening = (minute: number): Opening => openingOf(dkg, [card, stranger('bob', 2)], { threshold: 2 }, Date.UTC(2030, 0, 1, 0, minute))
  const numberOf = (one: Opening): string => ceremonyNumber(ceremonyId(one))
  const QUESTION = /Type the first ten digits.*\n.*› /

  before(async function () {
    if (!hasTerminals) this.skip()
    folder = await mkdtemp(join(tmpdir(), 'keyrite-withdrawn-'))
    const { airgapKey, epoch } = await makeAirgap(folder, join(folder, 'home'))
    card = { ...cardOf('ada', airgapKey), epoch }
    client = await openFolderCarrier({ role: 'client', folder: join(folder, 'channel') })
    await client.show(pairRequest(card))
    const airgap = start(`folder:${join(folder, 'channel')}`)
    await airgap.said(/Is this your own client.*\n.*› |Is this your own client[^]*› /)
    await airgap.type('yes\r')
    await client.receive(AbortSignal.timeout(15_000))
    await client.stopShowing()
    airgap.kill()
    await airgap.ended
  })
  afterEach(async () => {
    for (const terminal of open) terminal.kill()
    await Promise.all(open.map(({ ended }) => ended))
    open = []
  })
  after(async () => {
    if (folder === '') return
    await client.close()
    await rm(folder, { recursive: true, force: true })
  })

  it('is withdrawn when the client asks something else or nothing any more, and uses nothing up', async () => {
    const [first, second] = [opening(1), opening(2)]
    await client.show(joinRequest(dkg, first))
    const airgap = start(`folder:${join(folder, 'channel')}`)
    await airgap.said(QUESTION)
    expect(airgap.text()).to.include(numberOf(first))
    await airgap.type('123')
    await client.show(joinRequest(dkg, second))
    await airgap.said(/The client asks something else now; this question is withdrawn\./)
    await airgap.said(QUESTION)
    expect(airgap.text()).to.include(numberOf(second))
    await client.stopShowing()
    await airgap.said(/The client asks nothing any more; this question is withdrawn\./)
    expect(await readdir(join(folder, 'channel', 'from-airgap'))).to.have.length(1)
    await client.show(joinRequest(dkg, first))
    await airgap.said(QUESTION)
    await airgap.type(`${numberOf(first)}\r`)
    await airgap.said(/SendPublicKeys: answered/)
    expect(airgap.text()).to.not.match(/Refused|not its first/)
    airgap.burst('\u0003')
    expect(await airgap.ended).to.equal(130)
    await client.stopShowing()
  })

  it('may be left open in a folder, and is asked again when it is shown anew', async () => {
    const one = opening(3)
    await client.show(joinRequest(dkg, one))
    const airgap = start(`folder:${join(folder, 'channel')}`)
    await airgap.said(QUESTION)
    await airgap.type('later\r')
    await airgap.said(/nothing is refused/)
    await client.stopShowing()
    await new Promise((resolve) => setTimeout(resolve, 1000))
    await client.show(joinRequest(dkg, one))
    await airgap.said(QUESTION)
    await airgap.type(`${numberOf(one).slice(0, 11)}\r`)
    await airgap.said(/SendPublicKeys: answered/)
    await client.stopShowing()
  })

  it('may be left open where a scanner types, and the next one is asked', async () => {
    const airgap = start('terminal')
    await airgap.said(/Waiting for the client/)
    airgap.burst(scanned(joinRequest(dkg, opening(4))))
    await airgap.said(/Type later[^]*› /)
    await new Promise((resolve) => setTimeout(resolve, 1000))
    await airgap.type('later\r')
    await airgap.said(/nothing is refused/)
    airgap.burst(scanned(joinRequest(dkg, opening(5))))
    await airgap.said(QUESTION)
    expect(airgap.text()).to.include(numberOf(opening(5)))
  })
})
