import { createHash } from 'node:crypto'
import { expect } from 'chai'
import { messagesHash } from '../../../engine/messages/batch.ts'
import { readShipped } from '../../../engine/script/load.ts'
import { seededRandom, simulate } from '../../../engine/simulate/simulate.ts'
import type { Simulated } from '../../../engine/simulate/simulate.ts'
import { verbs } from '../../../engine/verbs/implementations.ts'
import { keyLines, keysIn } from '../../roles/airgap-keys.ts'

const [dkg, sign] = [readShipped('dkg'), readShipped('sign')]
const script = (hash: string) => [dkg, sign].find((one) => one.hash === hash)
const run = (more: Partial<Parameters<typeof simulate>[0]>): Promise<Simulated> =>
  simulate({ script: dkg, names: ['anna', 'ben', 'cleo'], parameters: { threshold: 2 }, verbs, random: seededRandom('keys'), idle: 5, ...more })

describe('the keys of an airgap', function () {
  this.timeout(60_000)
  let key: Simulated
  const messages = [{ kind: 'text', text: 'one' }, { kind: 'text', text: 'two' }]
  const listOf = (name: string) => keysIn({ script, memory: key.members.find((one) => one.name === name)?.memory ?? expect.fail() })
  before(async () => {
    key = await run({ rehearsal: true })
    // cleo declines.
    await run({ script: sign, after: key, rehearsal: true, parameters: { purpose: 'Pay\nday', messages }, tamper: { cleo: { declines: true } } })
  })

  it('are listed with what made them, who has shares, and what was signed here with them', () => {
    const [one, ...more] = listOf('anna')
    expect(more).to.deep.equal([])
    const groupKey = key.results.get('anna')?.ledger.outputs?.['groupKey']
    if (typeof groupKey !== 'string') expect.fail()
    expect(one).to.include({ groupKey, ceremony: key.ceremony, script: 'dkg 1.0.0', threshold: 2, rehearsal: true })
    expect(one?.members).to.deep.equal(['anna', 'ben', 'cleo'])
    expect(one?.number).to.match(/^(\d{5} ?){8}$/)
    const hash = createHash('sha256').update(Buffer.from(groupKey, 'hex')).digest('hex')
    expect(one?.withdrawalCredentials).to.equal(`00${hash.slice(2)}`)
    expect(one?.signed).to.have.length(1)
    expect(one?.signed[0]).to.include({ purpose: 'Pay\nday', count: 2, messages: messagesHash(messages) })
    expect(listOf('cleo')[0]?.signed).to.deep.equal([])
  })

  it('tell nothing secret, and fit the screen', () => {
    const [one] = listOf('anna')
    const { archive, seed } = key.members[0]?.memory.read() ?? expect.fail()
    const { share } = archive[key.ceremony]?.values['share'] as { share: string }
    const lines = keyLines(one ?? expect.fail(), 'anna', 79)
    for (const secret of [share, seed]) expect(JSON.stringify([one, lines])).to.not.include(secret)
    expect(lines.every((line) => line.length < 80)).to.equal(true)
    expect(lines.join('\n')).to.match(/REHEARSAL/).and.match(/2 of 3: anna \(you\), ben, cleo/).and.match(/2 messages in ceremony .*\n +│ Pay\n +│ day/)
  })
})
