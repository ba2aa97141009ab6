import { expect } from 'chai'
import { Ledger } from '../../run/ledger.ts'
import { exportSignatures, isSignatureExport, verifySignatures } from '../../run/signatures.ts'
import type { SignatureExport } from '../../run/signatures.ts'
import { writeTranscript } from '../../run/transcript.ts'
import { verifyTranscript } from '../../run/verify.ts'
import { readShipped, shippedLibrary } from '../../script/load.ts'
import { seededRandom, simulate } from '../../simulate/simulate.ts'
import type { Simulated } from '../../simulate/simulate.ts'
import { verbs } from '../../verbs/implementations.ts'
import { canonical, parseCanonical } from '../../base/canonical.ts'
import type { JsonObject } from '../../base/canonical.ts'
import { markOf } from '../../wire/log.ts'
import { hashOf } from '../../wire/message.ts'
import type { Message } from '../../wire/message.ts'
import { namesOf, resultOf, simulateDkg } from './harness.ts'

const sign = readShipped('sign')
const dkg = readShipped('dkg')
const verified = (text: string) => verifyTranscript(text, { library: shippedLibrary, verbs, random: seededRandom('verify') })

let key: Simulated
let signing: Simulated
let text: string
let keyText: string
let signatures: SignatureExport

/** The files that any client would export once the board has all of this. */
function exportsOf({ board, opening }: Simulated): { readonly transcript: string; readonly keyTranscript: string; readonly signatures: SignatureExport } {
  const posts = board.entries.map(({ offset, message }) => {
    const attachment = message.attachment === undefined ? undefined : board.attachments.get(message.attachment)
    return { offset, message, ...(attachment === undefined ? {} : { attachment }) }
  })
  const common = { verbs, random: seededRandom('export'), headAt: board.headAt }
  const followed = new Ledger({ ...common, script: dkg, opening: key.opening })
  for (const post of posts) followed.accept(post)
  const ledger = new Ledger({ ...common, script: sign, opening, followed: { key: followed } })
  for (const post of posts) ledger.accept(post)
  const transcriptIn = (one: Ledger): string => [...writeTranscript(one, board.entries)].join('')
  return { transcript: transcriptIn(ledger), keyTranscript: transcriptIn(followed), signatures: exportSignatures(ledger, 'anna') ?? expect.fail() }
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
    const made = exportsOf(signing)
    text = made.transcript
    keyText = made.keyTranscript
    signatures = made.signatures
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
    const { statement } = message as unknown as Message
    const without = lines.map((line, i) => (i === at ? canonical({ head: rest.head, offset: rest.offset, hash, mark: markOf(key.ceremony, statement.from) }) : line)).join('\n')
    const found = verified(without)
    expect(found.verdict).to.equal('invalid')
    expect(found.findings.at(-1)?.detail).to.contain('not known here as finished')
    expect(found.findings.some(({ check, holds }) => check === 'key: ProcessResponses' && !holds)).to.equal(true)
    expect(verified(text.replace('Pay 5 to Anna', 'Pay 9 to Anna')).verdict).to.equal('invalid')
  })

  it('is not valid where a member’s message is left out that changes nothing: its mark tells whose it is', () => {
    const lines = text.split('\n')
    const at = lines.findIndex((line) => line.includes('"type":"Abort"'))
    const { message, head, offset } = parseCanonical(lines[at] ?? '', 'It', 100) as { message: JsonObject; head: string; offset: number }
    const without = (mark: string) => lines.map((line, i) => (i === at ? canonical({ head, offset, hash: hashOf(message), mark }) : line)).join('\n')
    expect(verified(without(markOf(signing.ceremony, 'ben'))).findings.at(-1)?.detail).to.contain('a message of ben in this ceremony is left out')
    expect(verified(without(markOf(signing.ceremony, 'mallory'))).findings.at(-1)?.detail).to.contain('damaged at line')
  })

  describe('and the file of its signatures', () => {
    const random = seededRandom('verify a file')
    const check = (change: (found: SignatureExport) => object, transcript?: string, isTrusted = true) =>
      verifySignatures(JSON.stringify(change(signatures), null, 2), random, transcript === undefined ? undefined : { ...verified(transcript), isTrusted })
    const same = (found: SignatureExport): object => found

    it('are good by themselves, and prove whose key it is only beside the transcript of the signing: the key’s alone would prove neither purpose nor ceremony', () => {
      expect([isSignatureExport(JSON.stringify(signatures)), isSignatureExport(text)]).to.deep.equal([true, false])
      expect(check(same)).to.include({ verdict: 'signed', keyIsProven: false, count: 2, purpose: 'Payday' })
      expect(check(same, text)).to.include({ verdict: 'signed', keyIsProven: true })
      expect(check(same, keyText)).to.include({ verdict: 'invalid', keyIsProven: false })
      // The asker does not know its scripts.
      expect(check(same, text, false)).to.include({ verdict: 'invalid', keyIsProven: false })
    })

    it('are told where they do not fit: message, screen, ceremony, signature, key, number', () => {
      const [first, second] = signatures.messages
      if (first === undefined || second === undefined) throw new TypeError('two messages')
      const withFirst = (change: object) => ({ ...signatures, messages: [{ ...first, ...change }, second] })
      const wrong: readonly (readonly [made: object, check: string])[] = [
        [withFirst({ message: { kind: 'text', text: 'Pay 9 to Anna' } }), 'messages'],
        [withFirst({ display: [{ label: 'Text', value: 'Pay 9 to Anna' }] }), 'messages'],
        [{ ...signatures, ceremony: 'ab'.repeat(32) }, 'signatures'],
        // The signed bytes are never taken from the file.
        [withFirst({ signedBytes: '00' }), 'file'],
        [withFirst({ signature: second.signature }), 'signatures'],
        [withFirst({ signature: '00'.repeat(96) }), 'signatures'],
        [{ ...signatures, groupKey: '00'.repeat(48) }, 'signatures'],
        [{ ...signatures, number: signatures.key.number }, 'number'],
        [{ ...signatures, keyrite: 'signatures/3' }, 'file'],
        [{ ...signatures, messages: [] }, 'file'],
        [{ ...signatures, messages: [first, first] }, 'file'],
      ]
      for (const [made, where] of wrong) {
        const { verdict, findings } = check(() => made)
        expect(verdict, where).to.equal('invalid')
        expect(findings.filter(({ holds }) => !holds).map((one) => one.check)).to.include(where)
      }
    })

    it('are not taken for those of another ceremony, purpose or run than the transcript’s', () => {
      for (const made of [{ purpose: 'Something else' }, { rehearsal: true }, { key: { ceremony: signatures.ceremony, number: signatures.number } }]) {
        expect(check((found) => ({ ...found, ...made }), text), JSON.stringify(made)).to.include({ verdict: 'invalid', keyIsProven: false })
      }
      expect(check(same, text.replace('Pay 5 to Anna', 'Pay 9 to Anna'))).to.include({ verdict: 'invalid', keyIsProven: false })
    })
  })
})
