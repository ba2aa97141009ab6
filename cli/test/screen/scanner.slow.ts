/**
 * An airgap with a scanner in keyboard mode: a real terminal, and a client that an attacker has taken over shows the
 * codes that are typed there.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { readShipped } from '../../../engine/script/load.ts'
import type { Card } from '../../../engine/wire/card.ts'
import { makeAirgap } from '../airgap/home.ts'
import { airgapTerminal, cardOf, hasTerminals, joinRequest, openingOf, pairRequest, scanned, stranger } from './terminal.ts'
import type { Terminal } from './terminal.ts'

describe('an airgap on whose keyboard a scanner types', function () {
  this.timeout(120_000)
  let folder = ''
  let card: Card
  let open: Terminal[] = []
  const passphrase = (): string => join(folder, 'passphrase')
  const start = (args: readonly string[], more = {}): Terminal => {
    const terminal = airgapTerminal(join(folder, 'home'), [...args, '--passphrase-file', passphrase()], more)
    open.push(terminal)
    return terminal
  }
  const CODE = /Type (\d{3}) (\d{3}), a code that only this screen shows.*\n.*› /
  const codeIn = async (terminal: Terminal): Promise<string> => (await terminal.said(CODE)).slice(1).join('')
  const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds))

  before(async function () {
    if (!hasTerminals) this.skip()
    folder = await mkdtemp(join(tmpdir(), 'keyrite-scanner-'))
    const { airgapKey, epoch } = await makeAirgap(folder, join(folder, 'home'))
    card = { ...cardOf('ada', airgapKey), epoch }
  })
  afterEach(async () => {
    for (const terminal of open) terminal.kill()
    await Promise.all(open.map(({ ended }) => ended))
    open = []
  })
  after(async () => {
    if (folder !== '') await rm(folder, { recursive: true, force: true })
  })

  it('is not paired by what was typed before the question or at once, but by fingers; shows its card until Enter; and lets nothing into the shell', async () => {
    const marker = join(folder, 'typed-into-the-shell')
    const airgap = start(['airgap', 'card'], { then: 'typed=$(timeout 1 head -n 1); echo "shell read <$typed>"' })
    await airgap.said(/Waiting for the client/)
    airgap.burst(scanned(pairRequest(card)))
    await airgap.said(/signing key +[0-9a-f]{64}/)
    airgap.burst('yes\ryes\r')
    await airgap.said(/typed before the question is dropped/)
    const first = await codeIn(airgap)
    await pause(500)
    airgap.burst(`${first}\r`)
    await airgap.said(/No hand types that fast/)
    const second = await codeIn(airgap)
    expect(second).to.not.equal(first)
    await pause(500)
    await airgap.type(`${second}\r`)
    await airgap.said(/press Enter when it is read/)
    // The scanner still looks at the client's code.
    airgap.burst(scanned(pairRequest(card)))
    await pause(1500)
    expect(airgap.text()).to.not.include('Paired with')
    airgap.burst('\r')
    airgap.burst(`touch ${marker}\r`)
    await airgap.said(/Pairing code: \d{5} \d{5}/)
    await airgap.said(/shell read <>/)
    expect(await airgap.ended).to.equal(0)
    // The text was read as a frame, or dropped at the end, depending on how soon the end came.
    expect(airgap.text()).to.match(/still being typed at the end|not a frame of a keyrite transfer|none of keyrite’s/)
    expect(await readFile(marker).catch(() => 'none')).to.equal('none')
  })

  it('joins no ceremony by the right first ten digits and every guess at the code; then by fingers', async () => {
    const dkg = readShipped('dkg')
    const request = joinRequest(dkg, openingOf(dkg, [card, stranger('bob', 2)], { threshold: 2 }))
    const airgap = start(['airgap', 'run'])
    await airgap.said(/Waiting for the client/)
    airgap.burst(scanned(request))
    const number = (await airgap.said(/number +((?:\d{5} ?){8})/))[1] ?? ''
    const ten = number.replace(/\D/g, '').slice(0, 10)
    // The scanner types as the question comes, and once it stands there.
    airgap.burst(`${ten}\r000000\r`)
    await airgap.said(/first ten digits.*\n.*› /)
    await pause(500)
    airgap.burst(`${ten}\r000000\r`)
    await airgap.said(/No hand types that fast/)
    await airgap.said(/first ten digits.*\n.*› /)
    await pause(500)
    expect(airgap.text()).to.not.match(CODE)
    // A scanner that is set to type slowly gets that far.
    await airgap.type(`${ten}\r`)
    const code = await codeIn(airgap)
    await pause(500)
    await airgap.type(`${ten.slice(0, 6) === code ? '000000' : ten.slice(0, 6)}\r`)
    await airgap.said(/That is not the code/)
    const last = await codeIn(airgap)
    expect(airgap.text()).to.not.match(/SendPublicKeys: answered/)
    await pause(500)
    await airgap.type(`${last}\r`)
    await airgap.said(/SendPublicKeys: answered/)
    await airgap.said(/code \d+, any \d+\+ do/)
    airgap.burst('\u0003')
    expect(await airgap.ended).to.equal(130)
  })

  it('adds no script by what was typed before', async () => {
    const file = join(folder, 'ours.yaml')
    await writeFile(file, (readShipped('beacon').source).replace(/^title: .*$/m, 'title: A number of our own'))
    const airgap = start(['airgap', 'script', 'add', file])
    airgap.burst('yes\ryes\r')
    await airgap.said(/A SCRIPT TO ADD[^]*A number of our own[^]*SHA-256/)
    const code = await codeIn(airgap)
    await pause(500)
    airgap.burst('yes\r')
    await airgap.said(/No hand types that fast|That is not the code/)
    expect(await codeIn(airgap)).to.not.equal(code)
    await pause(500)
    await airgap.type('no\r')
    expect(await airgap.ended).to.equal(3)
  })
})
