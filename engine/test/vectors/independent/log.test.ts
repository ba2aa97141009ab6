import { pbkdf2Sync, scryptSync } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { expect } from 'chai'
import { attachedBy, ceremonies, participant, text, vectors } from './file.ts'
import type { Ceremony, Json, Statement } from './form.ts'
import { bytes, derive, expand, hex, jcs, number, publicOf, sha256, signed, tagged, verified } from './oracle.ts'

/** The steps of the scripts, the type that each sends, and whether it is a client's. */
const STEPS: Readonly<Record<string, readonly { readonly step: string; readonly sends: string; readonly client?: true }[]>> = {
  dkg: [
    { step: 'SendPublicKeys', sends: 'PublicKey' }, { step: 'SendCommits', sends: 'Commits' }, { step: 'SendDeals', sends: 'Deals' },
    { step: 'ProcessDeals', sends: 'Response' }, { step: 'ProcessResponses', sends: 'GroupKey' },
  ],
  beacon: [{ step: 'SendCommits', sends: 'Commit' }, { step: 'SendReveals', sends: 'Reveal' }],
  sign: [{ step: 'SendPartials', sends: 'Partial' }, { step: 'Combine', sends: 'Signature', client: true }],
}
const scriptOf = ({ opening }: Ceremony): string => (opening['script'] as { readonly name: string }).name
const stepsOf = (ceremony: Ceremony) => STEPS[scriptOf(ceremony)] ?? expect.fail(ceremony.name)
const without = (object: { readonly [key: string]: Json | undefined }, ...names: readonly string[]) => Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)))

describe('the checker of the vectors', () => {
  it('has nothing from the engine: its files import packages, Node and one another', () => {
    const folder = new URL('./', import.meta.url)
    const imported = readdirSync(folder).flatMap((file) => [...readFileSync(new URL(file, folder), 'utf8').matchAll(/(?:from|import)\s*\(?'([^']+)'/g)].map(([, what = '']) => what))
    expect(imported.length).to.be.greaterThan(20)
    expect(imported.filter((what) => what.startsWith('.') && !/^\.\/[a-z]+\.ts$/.test(what))).to.deep.equal([])
    expect(imported.filter((what) => !what.startsWith('.') && !/^(?:node:|@chainsafe\/blst$|@hpke\/core$|@noble\/curves\/|canonicalize$|chai$)/.test(what))).to.deep.equal([])
  })
})

describe('the vectors’ keys', () => {
  it('are of the version of the protocol that every label names', () => expect(vectors.protocol).to.equal('keyrite/2'))

  for (const { name, mnemonic, passphrase, seed, airgapSecret, signingSecret, card, cardSignature, pairingCode } of vectors.participants) {
    it(`of ${name} come from its words`, () => {
      expect(mnemonic.split(' ')).to.have.length(24)
      const made = pbkdf2Sync(mnemonic.normalize('NFKD'), `mnemonic${passphrase}`.normalize('NFKD'), 2048, 64, 'sha512')
      expect(hex(made)).to.equal(seed)
      expect(hex(derive(seed, 'airgap', Buffer.alloc(0)))).to.equal(airgapSecret)
      expect(publicOf('ed25519', bytes(airgapSecret))).to.equal(card.airgapKey)
      expect(publicOf('ed25519', bytes(signingSecret))).to.equal(card.signingKey)
    })

    it(`of ${name} are on a card that its airgap signs`, () => {
      expect(Object.keys(card).sort()).to.deep.equal(['airgapKey', 'epoch', 'name', 'signingKey'])
      expect(signed(airgapSecret, 'card', card)).to.equal(cardSignature)
      expect(verified(card.airgapKey, 'card', card, cardSignature)).to.equal(true)
      const code = (number(tagged('pairing', jcs(card))) % 10n ** 10n).toString().padStart(10, '0')
      expect(pairingCode).to.equal(`${code.slice(0, 5)} ${code.slice(5)}`)
    })
  }
})

for (const ceremony of ceremonies) {
  const { name, opening, id, number: spoken, sessions, views, log } = ceremony
  describe(`the vectors of ${name}`, () => {
    it('open under an id and a number', () => {
      expect(tagged('ceremony', jcs(opening))).to.equal(id)
      const digits = (number(scryptSync(bytes(id), 'keyrite/2/number', 17, { N: 2 ** 15, r: 8, p: 1, maxmem: 1 << 26 })) >> 4n).toString().padStart(40, '0')
      expect(spoken).to.equal((digits.match(/.{5}/g) ?? []).join(' '))
      expect(opening.roster.map((card) => jcs(card))).to.deep.equal(opening.roster.map((card) => jcs(participant(card.name).card)))
    })

    if (sessions.length > 0) it('have sessions that follow from the seed and the id alone', () => {
      for (const session of sessions) {
        const { seed } = participant(session.name)
        expect(hex(derive(seed, 'salt', bytes(id)))).to.equal(session.salt)
        const prk = derive(seed, opening.rehearsal ? 'rehearsal' : 'session', Buffer.concat([bytes(id), bytes(session.salt)]))
        expect(hex(prk)).to.equal(session.seed)
        for (const [label, value] of Object.entries(session.values)) expect(hex(expand(prk, label, value.length / 2)), label).to.equal(value)
      }
    })

    it('are a log in which each entry follows from the one before', () => {
      let [head, last] = ['00'.repeat(32), '00'.repeat(32)]
      for (const [offset, entry] of log.entries()) {
        const { statement, seen } = entry.message
        const of = statement.type === 'Opening' ? tagged('ceremony', jcs(statement.payload)) : statement.ceremony
        expect(of).to.equal(statement.type === 'Ready' ? null : id)
        expect(entry.mark).to.equal(tagged('mark', jcs([of, statement.from])))
        expect(entry.hash).to.equal(hex(sha256(jcs(entry.message))))
        expect(seen).to.deep.equal({ offset: offset - 1, head: last })
        head = tagged('head', bytes(head), bytes(entry.mark), bytes(entry.hash))
        expect(entry.head).to.equal(head)
        last = head
      }
    })

    it('are signed by clients, and by airgaps what these state', () => {
      for (const { message } of log) {
        const { statement, airgapSignature, signature } = message
        const { card, airgapSecret, signingSecret } = participant(statement.from)
        expect(signed(signingSecret, 'message', without(message, 'signature'))).to.equal(signature)
        expect(verified(card.signingKey, 'message', without(message, 'signature'), signature)).to.equal(true)
        const isClients = ['Ready', 'Opening', 'Signature'].includes(statement.type)
        expect(airgapSignature === undefined).to.equal(isClients)
        if (airgapSignature === undefined) continue
        expect(signed(airgapSecret, 'statement', statement)).to.equal(airgapSignature)
        expect(verified(card.airgapKey, 'statement', statement, airgapSignature)).to.equal(true)
      }
    })

    it('name their attachments by their hash', () => {
      const attached = log.filter(({ attachment }) => attachment !== undefined)
      for (const { message, attachment } of log) {
        expect(message.attachment).to.equal(attachment === undefined ? undefined : hex(sha256(jcs(attachment))))
        expect(attachment !== undefined).to.equal(['Commits', 'Deals', 'Partial', 'Signature'].includes(message.statement.type))
      }
      expect(attached.length > 0).to.equal(scriptOf(ceremony) !== 'beacon')
    })

    it('have a view before each step, of all that was collected', () => {
      let view = id
      const reached = new Map<string, string>()
      for (const { step, sends, client } of stepsOf(ceremony)) {
        reached.set(step, view)
        const statements = opening.roster.flatMap((card) => log.map(({ message }) => message.statement).filter((one) => one.type === sends && one.from === card.name))
        if (statements.length === 0) break
        view = tagged('view', bytes(view), jcs([step, client === true ? [] : statements.map((one) => hex(sha256(jcs(one))))]))
        expect(views.find((one) => one.step === step)?.view).to.equal(view)
      }
      expect(views).to.have.length(reached.size - Number(views.length < stepsOf(ceremony).length))
      for (const { message: { statement } } of log) {
        if (statement.step === null) expect(statement.view).to.equal(null)
        else expect(statement.view).to.equal(reached.get(statement.step))
      }
    })

    it('take a slot each', () => {
      const slotOf = ({ ceremony: of, step, type, from, payload }: Statement) => {
        if (['Ready', 'Opening', 'Abort'].includes(type)) return null
        return type === 'Justification' ? [of, step, from, text(payload['complainer'])] : [of, step, from]
      }
      const slots = log.map(({ message }) => slotOf(message.statement))
      expect(log.map(({ slot }) => slot)).to.deep.equal(slots)
      const taken = slots.flatMap((slot) => (slot === null ? [] : [jcs(slot)]))
      expect(new Set(taken).size).to.equal(taken.length)
    })

    it('begin with who is ready, and one opening', () => {
      const [opened, ...others] = log.filter(({ message }) => message.statement.type === 'Opening')
      expect(others).to.deep.equal([])
      expect(opened?.message.statement).to.deep.include({ ceremony: null, step: null, view: null, payload: opening })
      for (const { message: { statement } } of log.filter((one) => one.message.statement.type === 'Ready')) {
        const { card, cardSignature } = participant(statement.from)
        expect(statement).to.deep.include({ ceremony: null, step: null, view: null })
        const script = without(opening['script'] as { readonly name: string }, 'version')
        expect(statement.payload).to.deep.equal({ card, cardSignature, script })
      }
    })
  })
}

describe('what the vectors say of an airgap that gives up', () => {
  it('is stated in the slot of its last step, under the view before the certificate', () => {
    const { statement, airgapSignature } = vectors.abandoned
    const [key] = vectors.dkg
    const before = key?.views.find(({ step }) => step === 'SendDeals')?.view
    expect(statement).to.deep.equal({ ceremony: key?.id, step: 'ProcessResponses', type: 'Abandoned', from: 'cleo', view: before, payload: {} })
    expect(signed(participant('cleo').airgapSecret, 'statement', statement)).to.equal(airgapSignature)
  })
})

describe('the beacon of the vectors', () => {
  const { beacon } = vectors
  it('has values that their sessions give and digests bind, and a number of all', () => {
    const values = beacon.sessions.map(({ values: given }) => given['random/value'] ?? '')
    for (const [i, { name }] of beacon.sessions.entries()) {
      const of = (type: string) => beacon.log.find(({ message: { statement } }) => statement.type === type && statement.from === name)?.message.statement.payload
      expect(of('Reveal')).to.deep.equal({ value: values[i] })
      expect(of('Commit')).to.deep.equal({ digest: tagged('random', jcs({ ceremony: beacon.id, from: name, value: values[i] })) })
      expect(attachedBy(beacon, 'Commit', name)).to.equal(undefined)
    }
    expect(values).to.have.length(3)
    expect(beacon.output).to.equal(tagged('beacon', bytes(beacon.id), ...values.map(bytes)))
  })
})
