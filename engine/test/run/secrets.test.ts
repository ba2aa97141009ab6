import { expect } from 'chai'
import { sealEnvelope } from '../../channel/envelope.ts'
import { scalarToBytes } from '../../crypto/bls.ts'
import { fromHex, toHex } from '../../base/bytes.ts'
import { dealEphemeral, evaluate, polynomial } from '../../crypto/dkg.ts'
import { airgapKeyPair, derive, encryptionKeyPair, sessionSecrets } from '../../crypto/seed.ts'
import { forBackup } from '../../run/memory.ts'
import { simulate } from '../../simulate/simulate.ts'
import type { Simulated } from '../../simulate/simulate.ts'
import { Bench } from './airgap-bench.ts'
import { airgapFrom, asText, bodyOf, changed, dkg, faultyOptions, keptBy, memberOf, namesOf, recordDkg, recording, resultOf, textOf } from './harness.ts'
import type { Crossing, Recorded } from './harness.ts'

/** Every secret of a participant's airgap in a ceremony, by what it is, in every spelling that could slip out. */
function secretsOf(run: Simulated, name: string): Map<string, string> {
  const { seed, card } = memberOf(run, name)
  const id = fromHex(run.ceremony, 32)
  const salt = derive(seed, 'salt', id)
  const session = sessionSecrets(seed, run.ceremony, false)
  const threshold = Number(run.opening.parameters['threshold'])
  const coefficients = polynomial(session, threshold)
  const secrets = new Map<string, string>([
    ['seed', toHex(seed)],
    ['airgap key', toHex(airgapKeyPair(seed).secretKey)],
    ['session salt', toHex(salt)],
    ['session seed', toHex(derive(seed, 'session', Uint8Array.from([...id, ...salt])))],
    ['rehearsal’s session seed', toHex(derive(seed, 'rehearsal', Uint8Array.from([...id, ...salt])))],
    ['encryption key', toHex(encryptionKeyPair(session).secretKey)],
  ])
  const addScalar = (what: string, scalar: bigint) => {
    secrets.set(what, toHex(scalarToBytes(scalar)))
    secrets.set(`${what}, as a number`, scalar.toString(16))
    secrets.set(`${what}, in decimals`, scalar.toString(10))
  }
  coefficients.forEach((coefficient, k) => addScalar(`coefficient ${k}`, coefficient))
  run.opening.roster.forEach((other, i) => {
    addScalar(`share for ${other.name}`, evaluate(coefficients, i + 1))
    const key = resultOf(run, 'anna').ledger.sources.statements('PublicKey').find((one) => one.from === other.name)?.payload['encryptionKey']
    if (other.name !== card.name) secrets.set(`ephemeral key for ${other.name}`, toHex(dealEphemeral(session, i + 1, fromHex(textOf(key), 32))))
  })
  return secrets
}

/** Everything that a run let out of its airgaps, as text. */
async function letOut(run: Simulated, crossings: readonly Crossing[]): Promise<[string, string][]> {
  const stores = await Promise.all(run.members.flatMap(({ name, client }) =>
    [...dkg.ceremony.steps.map((step) => step.name), 'Abandoned', 'Abort', ...run.members.map((other) => `Complaint-${other.name}`)].flatMap((step) =>
      [`answer-${step}`, `outbox-${step}`].map(async (key): Promise<[string, string]> => [`${name}’s disk, ${key}`, (await client.store.get(`${run.ceremony}/${key}`)) ?? '']))))
  return [
    ...crossings.flatMap(({ name, step, request, answer }): [string, string][] => [[`${name}’s request for ${step}`, request], [`${name}’s answer for ${step}`, answer]]),
    ...run.board.entries.map(({ offset, text }): [string, string] => [`offset ${offset}`, text]),
    ...[...run.board.attachments.values()].map((bytes): [string, string] => ['an attachment', new TextDecoder().decode(bytes)]),
    ...[...run.results].map(([name, { ledger, fault, trouble }]): [string, string] => [`${name}’s result`, asText([ledger, fault, trouble])]),
    ...stores,
  ]
}

function expectNoneIn(out: readonly [string, string][], secrets: ReadonlyMap<string, string>, of: string): void {
  for (const [where, text] of out) {
    for (const [what, secret] of secrets) {
      if (text.includes(secret)) expect.fail(`the ${what} of ${of} is in ${where}`)
    }
  }
}

describe('no secret', () => {
  let run: Recorded
  before(async () => {
    run = await recordDkg(3, 2, 'secrets')
  })

  it('is looked for in vain: each of them is found where it is', () => {
    const seen = asText(run.crossings.map(({ after }) => after))
    for (const name of namesOf(3)) {
      const secrets = secretsOf(run, name)
      expect(secrets.size).to.be.greaterThan(16)
      expect(seen).to.contain(secrets.get('seed'))
      expect(asText(memberOf(run, name).memory.read().archive)).to.contain(textOf(keptBy(run, name)['share']))
    }
  })

  it('leaves an airgap in a whole ceremony: by requests, answers, messages, attachments, results or disks', async () => {
    const out = await letOut(run, run.crossings)
    expect(out.filter(([where, text]) => where.includes('disk') && text !== '').length).to.equal(3 * 5 * 2)
    for (const name of namesOf(3)) {
      expectNoneIn(out, secretsOf(run, name), name)
      expectNoneIn(out, new Map([['share of the key', textOf(keptBy(run, name)['share'])]]), name)
      expectNoneIn(out, new Map([['signing key', toHex(memberOf(run, name).signingKey)]]), name)
    }
  })

  it('leaves an airgap through what it says of its progress, through refusals or through errors', async () => {
    const said: [string, string][] = []
    for (const { name, step, before: memory, request } of run.crossings) {
      const hostile = [
        request,
        changed(request, { body: (body) => ({ ...body, collected: [] }) }),
        changed(request, { body: (body) => ({ ...body, prepared: { sums: [`80${'00'.repeat(46)}04`] } }) }),
        changed(request, { body: (body) => ({ ...body, assist: { dealer: 'anna', points: [] } }) }),
        changed(request, { body: (body) => ({ ...body, collected: (body['collected'] as object[]).map((one) => ({ ...one, airgapSignature: '00'.repeat(64) })) }) }),
      ]
      for (const text of hostile) {
        const { airgap } = airgapFrom(memory, { onProgress: (progress) => said.push([`${name}’s progress in ${step}`, asText(progress)]) })
        const answer = await airgap.handle(text).catch((error: unknown) => asText([error]))
        said.push([`${name}’s answer to a changed request for ${step}`, answer])
      }
      const failing = airgapFrom(memory, { memory: { read: () => memory, update: () => Promise.reject(new Error('the disk is full')) } })
      said.push([`${name}’s error in ${step}`, await failing.airgap.handle(request).catch((error: unknown) => asText([error]))])
    }
    expect(said.length).to.be.greaterThan(15 * 6)
    for (const name of namesOf(3)) expectNoneIn(said, secretsOf(run, name), name)
  })

  it('leaves an airgap in a dispute, but the one key that is opened to justify', async () => {
    const recorded: Crossing[] = []
    const options = faultyOptions(3, 2, ['false-complaint:ben:anna'])
    const again = await simulate({ ...options, tamper: { ...recording(['anna', 'cleo'], recorded), ...options.tamper } })
    expect(recorded.map(({ request }) => bodyOf(request)['ask'])).to.include.members(['dispute', 'close'])
    for (const name of ['anna', 'cleo']) {
      const secrets = secretsOf(again, name)
      const opened = secrets.get('ephemeral key for ben') ?? expect.fail()
      if (name === 'anna') secrets.delete('ephemeral key for ben')
      const out = await letOut(again, recorded)
      expectNoneIn(out, secrets, name)
      expect(out.some(([, text]) => text.includes(opened)), `${name}’s key for ben`).to.equal(name === 'anna')
    }
  })

  it('leaves an airgap that gives a ceremony up, or is asked to close, to answer a dispute or to pair', async () => {
    const bench = new Bench(run)
    const said: [string, string][] = []
    const complaint = bench.complaint('cleo', 'ben')
    const abandoned = { type: 'Abandoned', ...bench.carry('cleo', { step: 'ProcessResponses', type: 'Abandoned', view: bench.viewBefore('ProcessDeals'), payload: {} }) }
    const { name, signingKey } = memberOf(run, 'ben').card
    const requests: [string, string][] = [
      ['abandon', bench.sealed('ProcessResponses', { ask: 'abandon' })],
      ['abandon early', bench.sealed('SendDeals', { ask: 'abandon' })],
      ['close', bench.sealed('Abandoned', { ask: 'close', ending: abandoned })],
      ['close by nothing', bench.sealed('Abort', { ask: 'close', abort: 'nothing' })],
      ['dispute', bench.dispute(complaint)],
      ['dispute, forged', bench.dispute({ ...complaint, airgapSignature: '00'.repeat(64) })],
      ['pair', sealEnvelope({ kind: 'request', ceremony: null, step: null, body: { ask: 'pair', name, signingKey } })],
      ['pair anew', sealEnvelope({ kind: 'request', ceremony: null, step: null, body: { ask: 'pair', name: 'benno', signingKey } })],
    ]
    for (const { step, before: memory } of run.crossings.filter((one) => one.name === 'ben')) {
      for (const [what, request] of requests) {
        const { airgap, asked } = airgapFrom(memory, { onProgress: (progress) => said.push([`the progress of ${what} in ${step}`, asText(progress)]) })
        const answer = await airgap.handle(request).catch((error: unknown) => asText([error]))
        said.push([`the answer to ${what} before ${step}`, answer], [`what is asked of the owner for ${what} before ${step}`, asText(asked)])
      }
    }
    const secrets = secretsOf(run, 'ben')
    // A Justification opens just that.
    secrets.delete('ephemeral key for cleo')
    expectNoneIn(said, secrets, 'ben')
    expectNoneIn(said, new Map([['share of the key', textOf(keptBy(run, 'ben')['share'])]]), 'ben')
    for (const type of ['Abandoned', 'Justification']) expect(said.some(([, text]) => text.includes(`"type":"${type}"`)), type).to.equal(true)
  })

  it('of a session is in a finished memory, nor in a backup of one that is not, which has no epoch either', () => {
    for (const name of namesOf(3)) {
      const secrets = secretsOf(run, name)
      secrets.delete('seed')
      expectNoneIn([['the memory', asText(memberOf(run, name).memory.read().sessions)]], secrets, name)
      const live = run.crossing(name, 'ProcessDeals').after
      const { opening, steps } = live.sessions[run.ceremony] ?? expect.fail()
      const backup = forBackup(live)
      expect(backup.sessions).to.deep.equal({ [run.ceremony]: { opening, state: 'left', steps: {}, disputes: {} } })
      expectNoneIn([['the live memory', asText(live.sessions)], ['the backup', asText(backup)]], secrets, name)
      expect(Object.keys(steps)).to.have.lengthOf(4)
      expect(backup).to.not.have.property('epoch')
    }
  })
})
