import { expect } from 'chai'
import type { Json, JsonObject } from '../../base/canonical.ts'
import { checkAnswer, checkRequest } from '../../wire/exchange.ts'
import { codeOf } from '../crypto/random.ts'

const HASH = 'ab'.repeat(32)
const SIGNATURE = 'cd'.repeat(64)
const carried = { from: 'anna', payload: {}, airgapSignature: SIGNATURE }
const card = { name: 'anna', signingKey: HASH, airgapKey: 'ef'.repeat(32), epoch: '01'.repeat(16) }
const opening = {
  script: { name: 'dkg', version: '1', hash: HASH }, parameters: {}, roster: [card, { ...card, name: 'ben' }], opensAt: '2026-01-01T00:00:00Z', nonce: HASH, rehearsal: false,
}

const requests: Record<string, JsonObject> = {
  step: { ask: 'step', collected: [carried], prepared: { sums: [] }, opening, assist: null },
  'a step with pieces': { ask: 'step', collected: [{ ...carried, piece: {}, path: [HASH, HASH] }], prepared: {} },
  'a later step': { ask: 'step', collected: [], prepared: {} },
  dispute: { ask: 'dispute', dispute: carried, collected: [carried] },
  abandon: { ask: 'abandon' },
  close: { ask: 'close', abort: '{}' },
  'close, with what ends it': { ask: 'close', ending: { type: 'Complaint', from: 'anna', payload: {}, airgapSignature: SIGNATURE } },
  pair: { ask: 'pair', name: 'anna', signingKey: HASH },
}
const stated = { type: 'Deals', payload: {}, airgapSignature: SIGNATURE }
const answers: Record<string, JsonObject> = {
  statement: { give: 'statement', request: HASH, statement: stated, attachment: {} },
  question: { give: 'question', request: HASH, question: [1] },
  refusal: { give: 'refusal', request: HASH, code: 'run.closed', what: 'No.', todo: 'Stop.', fault: { reason: 'rejected', accused: null } },
  card: { give: 'card', request: HASH, card, cardSignature: SIGNATURE },
  closed: { give: 'closed', request: HASH },
}

/** The paths to all objects in a value. */
function objects(value: Json | undefined, path: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return []
  const inside = Object.entries(value).flatMap(([key, one]) => objects(one as Json, [...path, key]))
  return Array.isArray(value) ? inside : [path, ...inside]
}

function withMore(value: Json, [key, ...path]: string[]): Json {
  if (key === undefined) return { ...(value as JsonObject), more: 1 }
  if (Array.isArray(value)) return (value as readonly Json[]).map((one, i) => (String(i) === key ? withMore(one, path) : one))
  const object = value as JsonObject
  return { ...object, [key]: withMore(object[key] ?? null, path) }
}

/** The members that these schemas leave open for the script's own schemas: payloads, parameters, prepared values and their like. */
const OPEN = ['payload', 'piece', 'parameters', 'prepared', 'attachment', 'question', 'assist']

/** The members that may be absent. */
const OPTIONAL = ['opening', 'assist', 'attachment', 'fault', 'abort', 'ending']

for (const [what, bodies, check] of [['request', requests, checkRequest], ['answer', answers, checkAnswer]] as const) {
  describe(`a ${what}'s form`, () => {
    for (const [name, body] of Object.entries(bodies)) {
      it(`of ${name} is taken, and with a member more anywhere, or one less, refused`, () => {
        expect(check(body, 'It')).to.equal(body)
        for (const path of objects(body)) {
          if (path.some((key) => OPEN.includes(key))) continue
          expect(codeOf(() => check(withMore(body, path), 'It')), path.join('/')).to.equal('wire.malformed')
        }
        for (const key of Object.keys(body)) {
          if (OPTIONAL.includes(key)) continue
          expect(codeOf(() => check(Object.fromEntries(Object.entries(body).filter(([one]) => one !== key)), 'It')), `without ${key}`).to.equal('wire.malformed')
        }
      })
    }

    it('of no kind that there is, is refused', () => {
      for (const body of [null, 5, 'step', [], {}, { ask: 'all' }, { give: 'all' }, { ask: 5 }, { ask: 'constructor' }, { give: null }]) expect(codeOf(() => check(body, 'It'))).to.equal('wire.malformed')
    })
  })
}

describe('a request', () => {
  const bad = (change: JsonObject) => codeOf(() => checkRequest({ ...requests['step'], ...change }, 'It'))
  it('is bounded', () => {
    expect(bad({ collected: Array.from({ length: 1025 }, () => carried) })).to.equal('wire.malformed')
    expect(bad({ prepared: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`p${i}`, 1])) })).to.equal('wire.malformed')
    expect(bad({ collected: [{ ...carried, payload: [] }] })).to.equal('wire.malformed')
    const withPath = (path: Json) => bad({ collected: [{ ...carried, piece: {}, path }] })
    expect(withPath(Array.from({ length: 10 }, () => HASH))).to.equal(undefined)
    for (const path of [Array.from({ length: 11 }, () => HASH), [HASH.slice(2)], [HASH.toUpperCase()], [null], HASH]) expect(withPath(path)).to.equal('wire.malformed')
    expect(bad({ collected: [{ ...carried, piece: [] }] })).to.equal('wire.malformed')
    expect(codeOf(() => checkRequest({ ask: 'close', abort: 'x'.repeat((1 << 20) + 1) }, 'It'))).to.equal('wire.malformed')
    expect(bad({ opening: { ...opening, roster: [card] } })).to.equal('wire.malformed')
    expect(bad({ opening: { ...opening, roster: Array.from({ length: 1025 }, () => card) } })).to.equal('wire.malformed')
    expect(bad({ opening: { ...opening, opensAt: '2026-01-01' } })).to.equal('wire.malformed')
    expect(bad({ opening: { ...opening, rehearsal: 'no' } })).to.equal('wire.malformed')
  })
})

describe('an answer', () => {
  it('states one thing, and to whom is not for it to say', () => {
    for (const statement of [null, [stated], { ...stated, to: null }, { ...stated, view: HASH }, { ...stated, airgapSignature: 'cd'.repeat(63) }]) {
      expect(codeOf(() => checkAnswer({ ...answers['statement'], statement }, 'It'))).to.equal('wire.malformed')
    }
  })
})
