import { expect } from 'chai'
import { sha256Hex } from '../../crypto/hash.ts'
import { airgapKeyPair } from '../../crypto/seed.ts'
import { slotsOf } from '../../run/reading.ts'
import { verifyTranscript } from '../../run/verify.ts'
import { shippedLibrary } from '../../script/load.ts'
import { beforeStep } from '../../simulate/meddling.ts'
import { seededRandom } from '../../simulate/simulate.ts'
import type { Simulated, Tampering } from '../../simulate/simulate.ts'
import { verbs } from '../../verbs/implementations.ts'
import { abortPayload } from '../../wire/abort.ts'
import type { Fault } from '../../wire/abort.ts'
import { canonical } from '../../base/canonical.ts'
import type { JsonObject } from '../../base/canonical.ts'
import { mostEntries } from '../../wire/limits.ts'
import { Chain, EMPTY_LOG } from '../../wire/log.ts'
import { parseMessage, signMessage, signStatement } from '../../wire/message.ts'
import type { Unsigned } from '../../wire/message.ts'
import { dkg, memberOf, recovered, resultOf, simulateDkg, transcriptOf } from './harness.ts'

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

const verified = (text: string) => verifyTranscript(text, { library: shippedLibrary, verbs, random: seededRandom('verify') })

const shareOf = (run: Simulated, name: string) => memberOf(run, name).memory.read().archive[run.ceremony]?.values['share']

/** Posts a message of the ceremony in a participant's name, signed with its client's key. */
async function postAs(run: Simulated, name: string, payload: JsonObject, attachment?: Uint8Array): Promise<void> {
  const { signingKey } = memberOf(run, name)
  const statement = { ceremony: run.ceremony, step: null, type: 'Abort', from: name, view: null, payload }
  if (attachment !== undefined) await run.board.putAttachment(attachment)
  const named = attachment === undefined ? {} : { attachment: sha256Hex(attachment) }
  await run.board.post(canonical(signMessage(signingKey, { statement, seen: EMPTY_LOG, ...named })))
}

/** A message without its client's signature. */
function unsigned(text: string): Unsigned {
  const { statement, airgapSignature, attachment, seen } = parseMessage(text)
  return {
    statement, seen,
    ...(airgapSignature === undefined ? {} : { airgapSignature }), ...(attachment === undefined ? {} : { attachment }),
  }
}

const nested = (depth: number): JsonObject => (depth === 0 ? {} : { a: nested(depth - 1) })

/** A client that puts a byte order mark before its attachment, and signs that. */
const marked: Tampering = {
  board: (board, { signingKey }) => ({
    ...board,
    post: async (text) => {
      const message = unsigned(text)
      const bytes = message.attachment === undefined ? undefined : board.attachments.get(message.attachment)
      if (bytes === undefined) return board.post(text)
      const attachment = await board.putAttachment(Uint8Array.from([0xef, 0xbb, 0xbf, ...bytes]))
      return board.post(canonical(signMessage(signingKey, { ...message, attachment })))
    },
  }),
}

describe('a log with hostile messages in it', () => {
  let run: Simulated
  before(async () => {
    run = await simulateDkg(3, 2, 'hostile log')
  })

  it('can be exported, verified and recovered from, whatever somebody attached after the success', async () => {
    for (const bytes of ['not JSON', '[1]', '7', '{"b":1,"a":2}', '\ufeff{}', canonical(nested(32))].map(utf8)) await postAs(run, 'ben', {}, bytes)
    await postAs(run, 'ben', {}, Uint8Array.of(0xff, 0xfe))
    const { verdict, convicted } = verified(transcriptOf(run))
    expect({ verdict, convicted }).to.deep.equal({ verdict: 'usable', convicted: [] })
    expect(await recovered(run, 'anna')).to.deep.equal(shareOf(run, 'anna'))
  })

  it('is no longer for what strangers post about it than a line each', () => {
    const before = transcriptOf(run).length
    const statement = { ceremony: run.ceremony, step: 'X', type: 'X', from: 'mallory', view: null, payload: { long: 'x'.repeat(500_000) } }
    run.board.force(canonical(signMessage(seededRandom('mallory')(32), { statement, seen: EMPTY_LOG })))
    const text = transcriptOf(run)
    expect(text.length - before).to.be.lessThan(500)
    expect(verified(text).verdict).to.equal('usable')
  })

  it('is no longer for the Opening posted again, however often, than a member may post: after that each is a line, and says nothing', async () => {
    const open = await simulateDkg(2, 2, 'reopened')
    const before = transcriptOf(open).length
    const [first] = open.board.entries
    const opening = unsigned(first?.text ?? '')
    const again = (count: number) => {
      for (let i = 0; i < count; i++) open.board.force(canonical(signMessage(memberOf(open, 'anna').signingKey, { ...opening, seen: { offset: i, head: first?.head ?? '' } })))
    }
    const most = mostEntries(slotsOf(dkg.ceremony, 2))
    again(most)
    const full = transcriptOf(open).length
    expect(full - before).to.be.greaterThan(most * 800)
    again(most)
    expect(transcriptOf(open).length - full).to.be.lessThan(most * 300)
    expect(verified(transcriptOf(open)).verdict).to.equal('usable')
    expect(await recovered(open, 'anna')).to.deep.equal(shareOf(open, 'anna'))
  })

  it('says the same to those who read all of it and to those who read its transcript, whatever a member posts under another mark', async () => {
    const odd = await simulateDkg(2, 2, 'odd', { tamper: { ben: beforeStep('SendDeals', ({ message, board, sign }) => {
      for (const type of ['Opening', 'Ready']) board.force(sign({ statement: { ...message.statement, type }, seen: message.seen }))
      return Promise.resolve()
    }) } })
    expect(resultOf(odd, 'anna')).to.include({ outcome: 'usable' })
    expect(resultOf(odd, 'anna').ledger.faults).to.deep.equal([])
    expect(verified(transcriptOf(odd)).verdict).to.equal('usable')
  })

  it('is no longer for all that a participant posts that counts for nothing than a line each, whatever is attached to it', async () => {
    const noisy = await simulateDkg(3, 2, 'noise')
    const before = transcriptOf(noisy).length
    const abort = (why: string) => ({ ...abortPayload({ reason: 'operator', step: null, accused: null, why, convicts: false, offsets: [] }) })
    const texts = noisy.board.entries.map(({ text }) => parseMessage(text).statement)
    for (let i = 0; i < 30; i++) {
      await postAs(noisy, 'ben', abort(`${'on and on '.repeat(50)}${i}`))
      await postAs(noisy, 'ben', { i }, new Uint8Array(100_000).fill(i))
      // His airgap, too, says something else in the same place every time.
      const response = texts.find(({ type, from }) => type === 'Response' && from === 'ben')
      if (response === undefined) throw new Error('no Response')
      const statement = { ...response, payload: { ...response.payload, sums: i.toString(16).padStart(64, '0') } }
      const { seed, signingKey } = memberOf(noisy, 'ben')
      const airgapSignature = signStatement(airgapKeyPair(seed).secretKey, statement)
      noisy.board.force(canonical(signMessage(signingKey, { statement, airgapSignature, seen: EMPTY_LOG })))
    }
    const text = transcriptOf(noisy)
    expect(text.length - before).to.be.lessThan(90 * 200 + 250_000)
    const { verdict, convicted, outputs } = verified(text)
    expect({ verdict, convicted }).to.deep.equal({ verdict: 'usable', convicted: [{ name: 'ben', reason: 'equivocation' }] })
    expect(outputs).to.deep.equal(resultOf(noisy, 'anna').ledger.outputs)
    expect(await recovered(noisy, 'anna')).to.deep.equal(shareOf(noisy, 'anna'))
  })

  it('is verified by the Opening that a participant signed, although the storage put a stranger’s copy before it', () => {
    const { signingKey, name } = memberOf(run, 'anna')
    const [opening] = run.board.entries.map(({ text }) => unsigned(text))
    if (opening === undefined) throw new Error('an empty board')
    const copies = [['mallory', seededRandom('mallory')(32)], [name, signingKey]] as const
    const texts = copies.map(([from, key]) => canonical(signMessage(key, { ...opening, statement: { ...opening.statement, from } })))
    const chain = new Chain()
    const text = transcriptOf({ ...run, board: { ...run.board, entries: texts.map((one) => chain.append(one)) } })
    expect(verified(text).verdict).to.equal('open')
    // An Opening in a participant's name that it did not sign opens nothing.
    const forged = canonical(signMessage(seededRandom('mallory')(32), opening))
    const alone = transcriptOf({ ...run, board: { ...run.board, entries: [new Chain().append(forged)] } })
    expect(verified(alone).verdict).to.equal('invalid')
    expect(verified(alone).findings.at(-1)).to.include({ holds: false, line: 2 }).and.to.have.property('detail').that.contains('a participant of it signed')
  })

  it('can be exported with a message in it that is nested as deep as any may be', async () => {
    await postAs(run, 'ben', nested(30))
    expect(verified(transcriptOf(run)).verdict).to.equal('usable')
  })

  it('gives a share back although the thief of the client’s key spoke in its owner’s name', async () => {
    const thief: Tampering = {
      board: (board, { signingKey }) => ({
        ...board,
        post: (text) => {
          const message = unsigned(text)
          const forged = { ...message, statement: { ...message.statement, payload: { groupKey: '00', proof: '00' } } }
          if (message.statement.type === 'GroupKey') board.force(canonical(signMessage(signingKey, forged)))
          return board.post(text)
        },
      }),
    }
    const robbed = await simulateDkg(3, 2, 'a thief', { tamper: { anna: thief } })
    expect(await recovered(robbed, 'anna')).to.deep.equal(shareOf(robbed, 'anna'))
  })

  it('does not succeed with an attachment that its transcript could not hold as it is', async () => {
    const broken = await simulateDkg(3, 2, 'a mark', { tamper: { ben: marked } })
    for (const name of ['anna', 'ben', 'cleo']) expect(resultOf(broken, name).outcome).to.equal('aborted')
    const { verdict, convicted } = verified(transcriptOf(broken))
    expect({ verdict, convicted }).to.deep.equal({ verdict: 'aborted', convicted: [] })
  })

  it('shows an Abort’s words without anything that a terminal would obey', async () => {
    const said = await simulateDkg(3, 2, 'words', { tamper: { ben: {
      board: (board, { signingKey }) => ({
        ...board,
        post: (text) => {
          const message = unsigned(text)
          const why = '\u001b[2J\u009b2J\r\nThe ceremony is complete.\u202e'
          const payload = abortPayload({ reason: 'operator', step: 'x', accused: null, why, convicts: false, offsets: [] })
          const statement = { ...message.statement, type: 'Abort', step: null, payload: { ...payload, step: '\u001b[2J' } }
          const { seen } = message
          return board.post(canonical(signMessage(signingKey, { statement, seen })))
        },
      }),
    } } })
    const [abort] = resultOf(said, 'anna').ledger.aborts
    expect(abort?.payload.evidence.why).to.contain('The ceremony is complete.')
    for (const text of [abort?.payload.evidence.why, abort?.payload.step, ...verified(transcriptOf(said)).findings.map((one) => one.detail)]) {
      expect(text).to.not.match(/[\u0000-\u001f\u007f-\u009f\u202e]/)
    }
  })

  it('leaves evidence out of an Abort that would be too deep for a message', () => {
    const fault: Fault = { reason: 'equivocation', step: null, accused: 'ben', why: 'two', convicts: true, offsets: [3] }
    const { signingKey } = memberOf(run, 'anna')
    for (const [depth, kept] of [[28, true], [29, false]] as const) {
      const payload = abortPayload({ ...fault, evidence: nested(depth) })
      expect('more' in payload.evidence, String(depth)).to.equal(kept)
      const statement = { ceremony: run.ceremony, step: null, type: 'Abort', from: 'anna', view: null, payload }
      expect(() => parseMessage(canonical(signMessage(signingKey, { statement, seen: EMPTY_LOG })))).to.not.throw()
    }
  })
})
