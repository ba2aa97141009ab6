import { expect } from 'chai'
import { Ledger } from '../../run/ledger.ts'
import { seededRandom, simulate } from '../../run/simulate.ts'
import type { Simulated } from '../../run/simulate.ts'
import { writeTranscript } from '../../run/transcript.ts'
import { verifyTranscript } from '../../run/verify.ts'
import { readShipped, shippedLibrary } from '../../script/shipped.ts'
import { verbs } from '../../verbs/implementations.ts'
import { canonical, parseCanonical } from '../../wire/canonical.ts'
import type { JsonObject } from '../../wire/canonical.ts'
import { EMPTY_HEAD, hashOf, parseMessage } from '../../wire/message.ts'
import { namesOf, resultOf, simulateDkg } from './harness.ts'

const sign = readShipped('sign')
const dkg = readShipped('dkg')
const verified = (text: string) => verifyTranscript(text, { library: shippedLibrary, verbs, random: seededRandom('verify') })

let key: Simulated
let signing: Simulated
let text: string

/** What any client would export once the board has all of this. */
function transcriptOf({ board, opening }: Simulated): string {
  const posts = board.entries.map(({ offset, text: entry }) => {
    const message = parseMessage(entry)
    const attachment = message.attachment === undefined ? undefined : board.attachments.get(message.attachment)
    return { offset, text: entry, message, ...(attachment === undefined ? {} : { attachment }) }
  })
  const common = { verbs, random: seededRandom('export'), headAt: (offset: number) => (offset === -1 ? EMPTY_HEAD : board.entries[offset]?.head) }
  const followed = new Ledger({ ...common, script: dkg, opening: key.opening })
  for (const post of posts) followed.accept(post)
  const ledger = new Ledger({ ...common, script: sign, opening, followed: { key: followed } })
  for (const post of posts) ledger.accept(post)
  return [...writeTranscript(ledger, posts, common.headAt)].join('')
}

/** The transcript with its header changed. */
function withHeader(change: (header: JsonObject) => JsonObject): string {
  const [first = '', ...rest] = text.split('\n')
  return [canonical(change(parseCanonical(first, 'It') as JsonObject)), ...rest].join('\n')
}

describe('the transcript of a signing', function () {
  this.timeout(120_000)
  before(async () => {
    key = await simulateDkg(3, 2, 'a key whose signing is written down')
    signing = await simulate({
      script: sign, names: namesOf(3), verbs, random: seededRandom('written down'), idle: 5, after: key, tamper: { ben: { declines: true } },
      parameters: { purpose: 'Payday', messages: [{ kind: 'text', text: 'Pay 5 to Anna' }, { kind: 'text', text: 'Pay 6 to Ben' }] },
    })
    text = transcriptOf(signing)
  })

  it('holds the key’s ceremony as well, verified first and under its own name, and then what was signed by whom', () => {
    const found = verified(text)
    expect(found.verdict, JSON.stringify(found.findings)).to.equal('usable')
    expect(found.ceremony).to.equal(signing.ceremony)
    expect(found.followed?.['key']).to.include({ verdict: 'usable', ceremony: key.ceremony })
    expect(found.followed?.['key']?.outputs).to.deep.equal(resultOf(key, 'anna').ledger.outputs)
    expect(found.outputs?.['signatures']).to.deep.equal(resultOf(signing, 'anna').ledger.outputs?.['signatures'])
    const checks = found.findings.map(({ check }) => check)
    expect(checks.indexOf('key: certificate')).to.be.greaterThan(0).and.lessThan(checks.indexOf('messages'))
    expect(found.findings.find(({ check }) => check === 'SendPartials')?.detail).to.match(/^2 Partial/)
    const declined = found.findings.find(({ check }) => check === 'abort')
    expect(declined).to.include({ holds: true }).and.have.property('detail').that.contains('ben aborted (rejected').and.contains('enough others')
  })

  it('says what is wrong where the key’s script is missing, is another one, or follows nothing', () => {
    const reasons = [
      withHeader(({ keyrite = '', script = '' }) => ({ keyrite, script })),
      withHeader((header) => ({ ...header, follows: { key: `${dkg.source}# mine\n` } })),
      withHeader((header) => ({ ...header, follows: { other: dkg.source } })),
      withHeader((header) => ({ ...header, follows: { key: dkg.source, 'key/base': dkg.source } })),
    ].map((one) => {
      const { verdict, findings } = verified(one)
      expect(verdict).to.equal('invalid')
      return findings.at(-1)?.detail
    })
    expect(reasons[0]).to.contain('script of key')
    expect(reasons[1]).to.contain('another file')
    expect(reasons[2]).to.contain('no opening in it is that of other')
    expect(reasons[3]).to.contain('no opening in it is that of key/base')
  })

  it('is not valid without a message of the key’s ceremony, or with one of its lines changed', () => {
    const lines = text.split('\n')
    const at = lines.findIndex((line) => line.includes('"step":"ProcessResponses"'))
    const { message, ...rest } = parseCanonical(lines[at] ?? '', 'It', 100) as { message: JsonObject; head: string; offset: number }
    expect(message).to.be.an('object')
    const hash = hashOf(message)
    const without = lines.map((line, i) => (i === at ? canonical({ head: rest.head, offset: rest.offset, hash }) : line)).join('\n')
    const found = verified(without)
    expect(found.verdict).to.equal('invalid')
    expect(found.findings.at(-1)?.detail).to.contain('not known here as finished')
    expect(found.findings.some(({ check, holds }) => check === 'key: ProcessResponses' && !holds)).to.equal(true)
    expect(verified(text.replace('Pay 5 to Anna', 'Pay 9 to Anna')).verdict).to.equal('invalid')
  })
})
