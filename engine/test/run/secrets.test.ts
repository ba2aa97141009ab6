import { expect } from 'chai'
import { toHex } from '../../crypto/bytes.ts'
import { dealEphemeral, evaluate, polynomial } from '../../crypto/dkg.ts'
import { scalarToBytes } from '../../crypto/scalar.ts'
import { airgapKeyPair, derive, encryptionKeyPair, openSession } from '../../crypto/seed.ts'
import { fromHex } from '../../crypto/bytes.ts'
import { forBackup } from '../../run/memory.ts'
import type { Simulated } from '../../run/simulate.ts'
import { airgapFrom, asText, changed, dkg, keptBy, memberOf, namesOf, recordDkg, resultOf, simulateFaults, textOf } from './harness.ts'
import type { Crossing, Recorded } from './harness.ts'

/** Every secret of a participant's airgap in a ceremony, by what it is, in every spelling that could slip out. */
function secretsOf(run: Simulated, crossings: readonly Crossing[], name: string): Map<string, string> {
  const { seed, card } = memberOf(run, name)
  const salt = crossings.filter((one) => one.name === name).map(({ after }) => after.ceremonies[run.ceremony]?.salt).find((one) => typeof one === 'string') ?? expect.fail('no salt')
  const session = openSession(seed, run.ceremony, fromHex(salt, 32), false)
  const threshold = Number(run.opening.parameters['threshold'])
  const coefficients = polynomial(session, threshold)
  const secrets = new Map<string, string>([
    ['seed', toHex(seed)],
    ['airgap key', toHex(airgapKeyPair(seed).secretKey)],
    ['session seed', toHex(derive(seed, 'session', Uint8Array.from([...fromHex(run.ceremony, 32), ...fromHex(salt, 32)])))],
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
    [...dkg.ceremony.steps.map((step) => step.name), 'Complaint', 'Abort'].flatMap((step) =>
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
      const secrets = secretsOf(run, run.crossings, name)
      expect(secrets.size).to.be.greaterThan(16)
      expect(seen).to.contain(secrets.get('seed'))
      expect(asText(memberOf(run, name).memory.read().kept)).to.contain(textOf(keptBy(run, name)['share']))
    }
  })

  it('leaves an airgap in a whole ceremony: by requests, answers, messages, attachments, results or disks', async () => {
    const out = await letOut(run, run.crossings)
    expect(out.filter(([where, text]) => where.includes('disk') && text !== '').length).to.equal(3 * 5 * 2)
    for (const name of namesOf(3)) {
      expectNoneIn(out, secretsOf(run, run.crossings, name), name)
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
    for (const name of namesOf(3)) expectNoneIn(said, secretsOf(run, run.crossings, name), name)
  })

  it('leaves an airgap in a dispute, but the one key that is opened to justify', async () => {
    const recorded: Crossing[] = []
    const again = await simulateFaults(3, 2, ['false-complaint:ben:anna'])
    for (const name of ['anna', 'cleo']) {
      const { memory } = memberOf(again, name)
      recorded.push({ name, step: '', request: '', answer: '', before: memory.read(), after: memory.read() })
      const secrets = secretsOf(again, recorded, name)
      const opened = secrets.get('ephemeral key for ben') ?? expect.fail()
      if (name === 'anna') secrets.delete('ephemeral key for ben')
      const out = await letOut(again, recorded)
      expectNoneIn(out, secrets, name)
      expect(out.some(([, text]) => text.includes(opened)), `${name}’s key for ben`).to.equal(name === 'anna')
    }
  })

  it('of a session is in a finished memory, nor in a backup of one that is not', () => {
    for (const name of namesOf(3)) {
      const secrets = secretsOf(run, run.crossings, name)
      secrets.delete('seed')
      expectNoneIn([['the memory', asText(memberOf(run, name).memory.read().ceremonies)]], secrets, name)
      const live = run.crossing(name, 'ProcessDeals').after
      const { salt } = live.ceremonies[run.ceremony] ?? expect.fail()
      const backup = forBackup(live)
      const { opening } = live.ceremonies[run.ceremony] ?? expect.fail()
      expect(backup.ceremonies).to.deep.equal({ [run.ceremony]: { opening, salt: null, state: 'left', steps: {}, disputes: {} } })
      expect(asText(live)).to.contain(salt)
      expect(asText(backup)).not.to.contain(salt)
    }
  })
})
