import { expect } from 'chai'
import { sealEnvelope } from '../../channel/envelope.ts'
import { DST_SIGNATURE, encodeG2, signShare } from '../../crypto/bls.ts'
import { toHex } from '../../base/bytes.ts'
import { ed25519FromSeed } from '../../crypto/ed25519.ts'
import { airgapKeyPair } from '../../crypto/seed.ts'
import { signedBytesOf } from '../../messages/kinds.ts'
import type { Confirmation } from '../../run/airgap-session.ts'
import { backupOf, emptyMemory, EPOCH, restoredFrom } from '../../run/memory.ts'
import type { AirgapMemory, SessionState } from '../../run/memory.ts'
import { recover } from '../../run/recover.ts'
import { readShipped } from '../../script/load.ts'
import { memoryStore, seededRandom } from '../../simulate/simulate.ts'
import { verbs } from '../../verbs/implementations.ts'
import { canonical, parseCanonical } from '../../base/canonical.ts'
import type { JsonObject } from '../../base/canonical.ts'
import { ceremonyId } from '../../wire/card.ts'
import type { Opening } from '../../wire/card.ts'
import { Chain, markOf } from '../../wire/log.ts'
import { parseMessage, signMessage, signStatement, textHash } from '../../wire/message.ts'
import type { Statement } from '../../wire/message.ts'
import { Bench } from './airgap-bench.ts'
import { airgapFrom, dkg, keptBy, memberOf, readAnswer, recordDkg, refusalOf, textOf, transcriptOf } from './harness.ts'
import type { Recorded } from './harness.ts'

const sign = readShipped('sign')
const STEP = 'ProcessResponses'
const MESSAGE = { kind: 'text', text: 'Pay 5 to Anna' }

describe('recovery', function () {
  this.timeout(60_000)
  let run: Recorded
  let bench: Bench
  before(async () => {
    run = await recordDkg(3, 2, 'recovery')
    bench = new Bench(run)
  })

  /** ben's vault made anew from the words, and paired again. */
  const fresh = (): AirgapMemory => {
    const { seed, client } = run.crossing('ben', 'SendPublicKeys').before
    return { ...emptyMemory(seed, new Uint8Array(EPOCH).fill(9)), client }
  }

  /** The result of a recovery: the code of the refusal, or what was recovered; and the memory after it. */
  async function recovering(memory: AirgapMemory, transcript: string) {
    const store = memoryStore(memory)
    const result = await recover(transcript, {
      memory: store, script: (hash) => (hash === dkg.hash ? dkg : undefined), verbs, random: seededRandom('recover'), now: () => new Date(0),
    }).catch((error: unknown) => error as { code: string; message: string })
    return { result, memory: store.read() }
  }

  async function expectRefused(memory: AirgapMemory, transcript: string, why: RegExp, code = 'run.recover'): Promise<void> {
    const { result, memory: after } = await recovering(memory, transcript)
    expect(result, String(why)).to.have.property('code', code)
    expect(result).to.have.property('message').that.matches(why)
    expect(after).to.equal(memory)
  }

  /** The transcript of another log: the first of the run's messages that pass, then others. */
  function transcriptWith(keep: (statement: Statement) => boolean, more: readonly string[] = []): string {
    const texts = [...run.board.entries.map(({ text }) => text).filter((text) => keep(parseMessage(text).statement)), ...more]
    const log = new Chain()
    return transcriptOf({ ...run, board: { ...run.board, entries: texts.map((text) => log.append(text)) } })
  }
  const withoutConfirmations = ({ step }: Statement): boolean => step !== STEP

  /** Its Abandoned as a client posts it. */
  function abandonedBy(name: string, airgapKeyOf = name): string {
    const statement: Statement = { ceremony: run.ceremony, step: STEP, type: 'Abandoned', from: name, view: bench.viewBefore('ProcessDeals'), payload: {} }
    const airgapSignature = signStatement(airgapKeyPair(memberOf(run, airgapKeyOf).seed).secretKey, statement)
    return canonical(signMessage(memberOf(run, name).signingKey, { statement, airgapSignature, seen: { offset: -1, head: '00'.repeat(32) } }))
  }

  it('gives the share of a usable key back, and changes neither the epoch nor a card that the vault has', async () => {
    const { result, memory } = await recovering(fresh(), transcriptOf(run))
    expect(result).to.deep.equal({ ceremony: run.ceremony, names: ['share'], isUnconfirmed: false })
    expect(memory.archive[run.ceremony]?.values['share']).to.deep.equal(keptBy(run, 'ben'))
    expect(memory.archive[run.ceremony]).to.not.have.property('unconfirmed')
    const { epoch, client } = fresh()
    expect(memory).to.deep.include({ epoch, client })
    const renamed = { name: 'benjamin', signingKey: memberOf(run, 'anna').card.signingKey }
    expect((await recovering({ ...fresh(), client: renamed }, transcriptOf(run))).memory.client).to.deep.equal(renamed)
    // An airgap that is not paired takes the client that it had.
    const { name, signingKey } = memberOf(run, 'ben').card
    expect((await recovering({ ...fresh(), client: null }, transcriptOf(run))).memory.client).to.deep.equal({ name, signingKey })
  })

  it('is refused where this vault has a session that is not one of a backup’s, or has the share, and changes nothing', async () => {
    const { after } = run.crossing('ben', 'ProcessDeals')
    const session = bench.sessionOf(after)
    const whys: Readonly<Partial<Record<SessionState, RegExp>>> = { live: /takes part/, finished: /finished/, closed: /closed/, abandoned: /given it up/ }
    for (const state of ['live', 'finished', 'closed', 'abandoned'] as const) {
      const memory = { ...after, sessions: { [run.ceremony]: { ...session, state } } }
      await expectRefused(memory, transcriptOf(run), whys[state] ?? expect.fail())
      if (state !== 'live') await expectRefused(restoredFrom(backupOf(memory, new Date(0)), new Uint8Array(EPOCH)), transcriptOf(run), whys[state] ?? expect.fail())
    }
    const { archive } = memberOf(run, 'ben').memory.read()
    await expectRefused({ ...fresh(), archive }, transcriptOf(run), /has what it made/)
    const once = await recovering(fresh(), transcriptOf(run))
    await expectRefused(once.memory, transcriptOf(run), /finished/)
  })

  it('recovers what was barred or live in a backup', async () => {
    const { memory: barred } = await bench.ask(run.crossing('ben', 'ProcessDeals').after, bench.dispute(bench.complaint('cleo', 'ben')))
    await expectRefused(barred.read(), transcriptOf(run), /takes part/)
    const left = restoredFrom(backupOf(run.crossing('ben', 'SendDeals').after, new Date(0)), new Uint8Array(EPOCH).fill(3))
    expect(bench.sessionOf(left).state).to.equal('left')
    const { result, memory } = await recovering(left, transcriptOf(run))
    expect(result).to.include({ isUnconfirmed: false })
    expect(memory.archive[run.ceremony]?.values['share']).to.deep.equal(keptBy(run, 'ben'))
  })

  it('says of a script that is not on its disk where it has the same with other line ends', async () => {
    const lost = await recover(transcriptOf(run), {
      memory: memoryStore(fresh()), script: () => undefined, crlfScript: () => dkg, verbs, random: seededRandom('recover'), now: () => new Date(0),
    }).catch((error: unknown) => error)
    expect(lost).to.have.property('code', 'run.unknown-script')
    expect(lost).to.have.property('message').that.includes('CR LF')
  })

  it('is refused without the certificate, and for another seed', async () => {
    await expectRefused(fresh(), transcriptWith(({ step, from }) => step !== STEP && (step !== 'ProcessDeals' || from !== 'cleo')), /certificate is not in it/)
    await expectRefused({ ...fresh(), seed: '11'.repeat(64) }, transcriptOf(run), /not in its roster/)
  })

  it('gives the share marked unconfirmed where not all have confirmed, or one has given it up', async () => {
    for (const transcript of [
      transcriptWith(withoutConfirmations), transcriptWith(({ step, from }) => step !== STEP || from !== 'ben'), transcriptWith(withoutConfirmations, [abandonedBy('cleo')]),
    ]) {
      const { result, memory } = await recovering(fresh(), transcript)
      expect(result).to.deep.equal({ ceremony: run.ceremony, names: ['share'], isUnconfirmed: true })
      expect(memory.archive[run.ceremony]).to.deep.include({ unconfirmed: true, values: { share: keptBy(run, 'ben') } })
    }
  })

  it('is refused where its own airgap gave it up, wherever that stands, and not for a forged one', async () => {
    await expectRefused(fresh(), transcriptWith(withoutConfirmations, [abandonedBy('ben')]), /gave it up/)
    await expectRefused(fresh(), transcriptWith(() => true, [abandonedBy('ben')]), /gave it up/)
    // A thief of his client's key has not his airgap's.
    expect((await recovering(fresh(), transcriptWith(() => true, [abandonedBy('ben', 'anna')]))).result).to.include({ isUnconfirmed: false })
    expect((await recovering(fresh(), transcriptWith(() => true, [abandonedBy('cleo')]))).result).to.include({ isUnconfirmed: false })
  })

  it('refuses a transcript that hides an entry of the ceremony’s own', async () => {
    const lines = transcriptOf(run).split('\n').filter((line) => line !== '')
    for (const [i, line] of lines.entries()) {
      const value = parseCanonical(line, 'A line') as JsonObject
      if (value['message'] === undefined || i === 1) continue
      const text = canonical(value['message'])
      const { statement: { from } } = parseMessage(text)
      const hidden = canonical({ offset: value['offset'] ?? 0, head: value['head'] ?? '', hash: textHash(text), mark: markOf(run.ceremony, from) })
      await expectRefused(fresh(), [...lines.slice(0, i), hidden, ...lines.slice(i + 1), ''].join('\n'), /./, 'run.transcript')
    }
    // Another mark does not help either: the heads are over it.
    const abandon = transcriptWith(() => true, [abandonedBy('ben')]).split('\n').filter((line) => line !== '')
    const last = parseCanonical(abandon.at(-2) ?? '', 'A line') as JsonObject
    const other = canonical({ offset: last['offset'] ?? 0, head: last['head'] ?? '', hash: textHash(canonical(last['message'] ?? null)), mark: markOf(run.ceremony, 'zoe') })
    await expectRefused(fresh(), [...abandon.slice(0, -2), other, abandon.at(-1), ''].join('\n'), /./, 'run.transcript')
  })

  it('states nothing: a recovered airgap takes no step, gives nothing up and answers no dispute', async () => {
    for (const transcript of [transcriptOf(run), transcriptWith(withoutConfirmations)]) {
      const { memory } = await recovering(fresh(), transcript)
      const { airgap, asked, memory: store } = airgapFrom(memory)
      for (const { step, request } of run.crossings.filter(({ name }) => name === 'ben')) expect(refusalOf(await airgap.handle(request)), step).to.equal('run.closed')
      expect(refusalOf(await airgap.handle(bench.sealed(STEP, { ask: 'abandon' })))).to.equal('run.closed')
      expect(refusalOf(await airgap.handle(bench.dispute(bench.complaint('cleo', 'ben'))))).to.equal('run.closed')
      expect(asked).to.deep.equal([])
      expect(store.read()).to.equal(memory)
    }
  })

  describe('followed by a signing', () => {
    /** The airgap's questions to its owner, and its answer, where the signing's roster has this card of ben. */
    async function signing(memory: AirgapMemory, change: Partial<Opening> = {}) {
      const ben = { name: memory.client?.name ?? '', signingKey: memory.client?.signingKey ?? '', airgapKey: memberOf(run, 'ben').card.airgapKey, epoch: memory.epoch }
      const opening: Opening = {
        script: { name: sign.ceremony.name, version: sign.ceremony.version, hash: sign.hash },
        roster: [...run.opening.roster.filter(({ name }) => name !== 'ben'), ben].sort((a, b) => (a.name < b.name ? -1 : 1)),
        parameters: { key: run.ceremony, purpose: 'Payday', messages: [MESSAGE] },
        opensAt: '2026-01-02T00:00:00Z', nonce: '5a'.repeat(32), rehearsal: false, ...change,
      }
      const asked: Confirmation[] = []
      const { airgap } = airgapFrom(memory, {
        script: (hash) => [dkg, sign].find((one) => one.hash === hash),
        confirm: (question) => {
          if (question.kind === 'join' || question.kind === 'step') asked.push(question)
          return Promise.resolve(true)
        },
      })
      const id = ceremonyId(opening)
      const text = await airgap.handle(sealEnvelope({ kind: 'request', ceremony: id, step: 'SendPartials', body: { ask: 'step', opening, collected: [], prepared: {} } }))
      return { answer: readAnswer(text), refusal: refusalOf(text), asked, text, id }
    }

    it('asks with the word unconfirmed where the share is, and not for one that was finished or recovered whole', async () => {
      const finished = memberOf(run, 'ben').memory.read()
      const whole = (await recovering(fresh(), transcriptOf(run))).memory
      const unconfirmed = (await recovering(fresh(), transcriptWith(withoutConfirmations))).memory
      for (const [memory, isUnconfirmed] of [[finished, false], [whole, false], [unconfirmed, true], [restoredFrom(backupOf(unconfirmed, new Date(0)), new Uint8Array(EPOCH)), true]] as const) {
        const { asked, refusal } = await signing(memory)
        expect(refusal).to.equal('gives statement')
        expect(asked).to.have.lengthOf(1)
        expect(asked[0]?.followed['key']).to.deep.include({ id: run.ceremony, isUnconfirmed })
      }
    })

    it('signs after a restore with the same share, by the airgap’s key alone: another epoch, name and client’s key besides', async () => {
      const before = memberOf(run, 'ben').memory.read()
      const restored = restoredFrom(backupOf(before, new Date(0)), new Uint8Array(EPOCH).fill(5))
      const moved: AirgapMemory = { ...restored, client: { name: 'zed', signingKey: toHex(ed25519FromSeed(new Uint8Array(32).fill(11)).publicKey) } }
      for (const [memory, me] of [[before, { name: 'ben', epoch: before.epoch }], [restored, { name: 'ben', epoch: '05'.repeat(16) }], [moved, { name: 'zed', epoch: '05'.repeat(16) }]] as const) {
        const { answer, asked, text, id } = await signing(memory)
        expect(asked[0]?.me).to.include(me)
        const expected = signShare(BigInt(`0x${textOf(keptBy(run, 'ben')['share'])}`), signedBytesOf(MESSAGE, id), DST_SIGNATURE)
        expect(answer.give === 'statement' ? answer.attachment : refusalOf(text)).to.deep.equal({ partials: [toHex(encodeG2(expected))] })
      }
      // With its earlier card it does not join.
      expect((await signing(restored, { roster: run.opening.roster })).refusal).to.equal('run.restored')
    })
  })
})
