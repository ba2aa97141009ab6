/** An airgap that signs, at a real terminal. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { openFolderCarrier } from '../../../engine/channel/folder.ts'
import { ceremonyNumber } from '../../../engine/crypto/number.ts'
import { readShipped } from '../../../engine/script/load.ts'
import { seededRandom, simulate } from '../../../engine/simulate/simulate.ts'
import type { Simulated } from '../../../engine/simulate/simulate.ts'
import { verbs } from '../../../engine/verbs/implementations.ts'
import type { Json } from '../../../engine/base/canonical.ts'
import { ceremonyId } from '../../../engine/wire/card.ts'
import type { Opening } from '../../../engine/wire/card.ts'
import { createAirgapHome } from '../../roles/airgap-home.ts'
import { airgapLog } from '../../roles/airgap-serve.ts'
import { BLIND_SENTENCE } from '../../screen/consent.ts'
import { inHome } from '../airgap/home.ts'
import { airgapTerminal, hasTerminals, joinRequest, openingOf, scanned } from './terminal.ts'
import type { Terminal } from './terminal.ts'

const sign = readShipped('sign')
const PASSPHRASE = 'a passphrase of tests'

describe('an airgap that signs', function () {
  this.timeout(90_000)
  let folder = ''
  let key: Simulated
  let open: Terminal[] = []
  const start = (args: readonly string[], end = ['--until-finished']): Terminal => {
    const terminal = airgapTerminal(join(folder, 'home'), ['airgap', 'run', ...end, '--passphrase-file', join(folder, 'passphrase'), ...args])
    open.push(terminal)
    return terminal
  }
  const openingWith = (messages: readonly Json[]): Opening => openingOf(sign, key.opening.roster, { key: key.ceremony, purpose: 'Payday', messages })
  const numberOf = (opening: Opening): string => ceremonyNumber(ceremonyId(opening))

  before(async function () {
    if (!hasTerminals) this.skip()
    folder = await mkdtemp(join(tmpdir(), 'keyrite-sign-'))
    await writeFile(join(folder, 'passphrase'), `${PASSPHRASE}\n`)
    key = await simulate({ script: readShipped('dkg'), names: ['anna', 'ben', 'cleo'], parameters: { threshold: 2 }, verbs, random: seededRandom('at a terminal'), idle: 5 })
  })
  beforeEach(async () => {
    await rm(join(folder, 'home'), { recursive: true, force: true })
    const { KEYRITE_HOME } = process.env
    process.env['KEYRITE_HOME'] = join(folder, 'home')
    const memory = key.members.find(({ name }) => name === 'ben')?.memory.read() ?? expect.fail()
    await createAirgapHome(memory, PASSPHRASE, 10)
    if (KEYRITE_HOME === undefined) delete process.env['KEYRITE_HOME']
    else process.env['KEYRITE_HOME'] = KEYRITE_HOME
  })
  afterEach(async () => {
    for (const terminal of open) terminal.kill()
    await Promise.all(open.map(({ ended }) => ended))
    open = []
  })
  after(async () => {
    if (folder !== '') await rm(folder, { recursive: true, force: true })
  })

  it('lets its owner look before consenting, tells how long it takes, and after a crash goes on unasked where it was', async () => {
    const opening = openingWith([{ kind: 'eth/voluntary-exit', network: 'hoodi', epoch: 1, each: { validatorIndex: Array.from({ length: 300 }, (_, i) => 4000 + i) } }])
    const channel = join(folder, 'channel')
    const client = await openFolderCarrier({ role: 'client', folder: channel })
    await client.show(joinRequest(sign, opening))
    const first = start(['--channel', `folder:${channel}`])
    await first.said(/claimed by the opener; nobody has checked it:/)
    await first.said(/more lines: press Space/)
    await new Promise((resolve) => setTimeout(resolve, 300))
    first.burst(' ')
    await first.said(/300 messages to be signed/)
    await first.said(/Type the first ten digits.*\n.*› /)
    await first.type('find 4217\r')
    await first.said(/1 of 300 messages with "4217":\n218\. eth.voluntary-exit\n[^]*Validator index +│ 4217\n/)
    await first.said(/Type the first ten digits.*\n.*› /)
    await first.type(`${numberOf(opening).replaceAll(' ', '').slice(0, 10)}\r`)
    await first.said(/SendPartials: 2[0-9]0 of 300 done, about \d+ s left/)
    first.kill()
    await first.ended
    const second = start(['--channel', `folder:${channel}`])
    await second.said(/SendPartials: goes on after [1-9]\d+ of 300; you have consented to it/)
    await second.said(/every step was answered/)
    expect(await second.ended).to.equal(0)
    expect(second.text()).to.not.include('Type the first')
    const { envelope } = await client.receive(AbortSignal.timeout(10_000))
    expect(envelope.body).to.have.nested.property('attachment.partials').with.length(300)
    await client.close()
    const listed = await inHome(join(folder, 'home'), ['airgap', 'keys', '--json', '--passphrase-file', join(folder, 'passphrase')])
    const { keys } = JSON.parse(listed.stdout) as { keys: { ceremony: string; signed: { purpose: string; count: number }[] }[] }
    expect(keys.map(({ ceremony, signed }) => [ceremony, signed.map(({ purpose, count }) => [purpose, count])])).to.deep.equal([[key.ceremony, [['Payday', 300]]]])
  })

  it('says when its part is done and what is kept, and is then stopped without a word of going on', async () => {
    const lines: string[] = []
    const memory = key.members.find(({ name }) => name === 'ben')?.memory ?? expect.fail()
    const log = airgapLog({ log: (line) => lines.push(line), show: () => undefined, airgap: { home: '', memory, script: () => undefined, crlfScript: () => undefined, close: () => Promise.resolve() } })
    log.progress({ ceremony: key.ceremony, step: 'ProcessResponses', state: 'answered' })
    expect(lines.join('\n')).to.match(/part is done\. It keeps the share\.\n.*Ctrl-C/)
    const opening = openingWith([{ kind: 'text', text: 'Pay 5 to Anna' }])
    const channel = join(folder, 'another')
    const client = await openFolderCarrier({ role: 'client', folder: channel })
    await client.show(joinRequest(sign, opening))
    const airgap = start(['--channel', `folder:${channel}`, '--accept', numberOf(opening)], [])
    await airgap.said(/more lines: press Space/)
    await new Promise((resolve) => setTimeout(resolve, 300))
    airgap.burst(' ')
    await airgap.said(/part is done\. It keeps no new share\.\n.*stop this with Ctrl-C/)
    await client.receive(AbortSignal.timeout(10_000))
    await client.close()
    airgap.burst('\u0003')
    // The shell around it dies of the same Ctrl-C.
    await airgap.ended
    expect(airgap.text()).to.include('every step was answered').and.not.include('goes on where it stopped')
  })

  it('signs raw messages only when told so, after a sentence and a code that no scanner can type', async () => {
    const opening = openingWith([{ kind: 'raw', root: '11'.repeat(32) }])
    const refuses = start([])
    await refuses.said(/Waiting for the client/)
    refuses.burst(scanned(joinRequest(sign, opening)))
    await refuses.said(/Refused \(run\.blind\)|A message is raw/)
    refuses.kill()
    await refuses.ended
    const asks = start(['--allow-blind', '--accept', numberOf(opening)])
    await asks.said(/Waiting for the client/)
    asks.burst(scanned(joinRequest(sign, opening)))
    await asks.said(/more lines: press Space/)
    await new Promise((resolve) => setTimeout(resolve, 300))
    asks.burst(' ')
    await asks.said(/type this sentence.*\n +I sign what I cannot read\n.*› /)
    await new Promise((resolve) => setTimeout(resolve, 500))
    asks.burst(`${BLIND_SENTENCE}\r`)
    await asks.said(/No hand types that fast/)
    await asks.said(/type this sentence.*\n +I sign what I cannot read\n.*› /)
    await new Promise((resolve) => setTimeout(resolve, 500))
    await asks.type(`${BLIND_SENTENCE}\r`)
    const code = (await asks.said(/Type (\d{3}) (\d{3}), a code that only this screen shows/)).slice(1).join('')
    await new Promise((resolve) => setTimeout(resolve, 500))
    await asks.type(`${code}\r`)
    await asks.said(/press Enter when it is read/)
    asks.burst('\r')
    await asks.said(/every step was answered/)
  })
})
