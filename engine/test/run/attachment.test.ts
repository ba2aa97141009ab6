import { createHash } from 'node:crypto'
import { expect } from 'chai'
import { isKeyriteError } from '../../base/errors.ts'
import { encodeG1, encodeG1Affine, encodeG2, encodeG2Affine, signShare, timesBase } from '../../crypto/bls.ts'
import { toHex, utf8 } from '../../base/bytes.ts'
import type { MessageSpec } from '../../machines/ceremony.ts'
import { bindPieces, checkCrossed, expanded, hasAttachment, isPieceUnder, pieceFor, piecesProblem, readAttachment, statementFields } from '../../run/attachment.ts'
import { readShipped } from '../../script/load.ts'
import { canonical, canonicalBytes } from '../../base/canonical.ts'
import type { Json, JsonObject } from '../../base/canonical.ts'
import type { Card } from '../../wire/card.ts'
import { codeOf, seededRandom } from '../crypto/random.ts'

const random = seededRandom('attachment')
const NAMES = ['anna', 'ben', 'cleo', 'dan', 'eva']
const rosterOf = (n: number): Card[] => NAMES.slice(0, n).map((name) => ({ name, signingKey: toHex(random(32)), airgapKey: toHex(random(32)), epoch: toHex(random(16)) }))
const specOf = (script: string, message: string): MessageSpec => readShipped(script).ceremony.messages[message] ?? expect.fail(message)
const [deals, commits, partial, response, signature] = [
  specOf('dkg', 'Deals'), specOf('dkg', 'Commits'), specOf('sign', 'Partial'), specOf('dkg', 'Response'), specOf('sign', 'Signature'),
]

const roster = rosterOf(5)
const FROM = 'cleo'
const piecesOf = (names: readonly string[]) => new Map(names.map((name) => [name, { sealed: toHex(random(80)) }]))
const bound = bindPieces(roster, piecesOf(NAMES.filter((name) => name !== FROM)))
const { pieces } = bound.attachment
const rootIn = ({ payload }: { readonly payload: JsonObject }): string => (typeof payload['root'] === 'string' ? payload['root'] : expect.fail('no root'))
const root = rootIn(bound)
const rootOf = (list: readonly (JsonObject | null)[]): string => {
  const sha = (...parts: readonly Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest()
  // RFC 9162 §2.1.1, written out.
  const tree = (leaves: readonly Uint8Array[]): Uint8Array => {
    if (leaves.length === 1) return sha(Uint8Array.of(0), leaves[0] ?? new Uint8Array())
    const left = 2 ** Math.floor(Math.log2(leaves.length - 1))
    return sha(Uint8Array.of(1), tree(leaves.slice(0, left)), tree(leaves.slice(left)))
  }
  return Buffer.from(tree(list.map((one) => (one === null ? new Uint8Array() : utf8(canonical(one)))))).toString('hex')
}

/** The problem with pieces under the root that binds exactly them, or under the first one. */
const problem = (list: readonly (JsonObject | null)[], root = rootOf(list)) => piecesProblem(deals, roster, FROM, root, { pieces: list })
const replaced = (at: number, piece: JsonObject | null) => pieces.map((one, i) => (i === at ? piece : one))

describe('pieces for each other participant', () => {
  it('stand under one root, in the roster’s order, with nothing for their maker', () => {
    expect(pieces.map((one) => one === null)).to.deep.equal([false, false, true, false, false])
    expect(root).to.equal(rootOf(pieces))
    expect(problem(pieces, root)).to.equal(null)
  })

  it('are as many as the participants, or convict who bound itself to them', () => {
    for (const list of [pieces.slice(1), pieces.slice(0, -1), [...pieces, { sealed: toHex(random(80)) }], [...pieces, null]]) {
      const found = piecesProblem(deals, roster, FROM, rootOf(list), { pieces: list })
      expect(found).to.deep.equal({ why: `it bound itself to ${list.length} pieces, and there are 5 participants`, convicts: true })
      expect(problem(list, root)?.convicts, 'its client attached them').to.equal(false)
    }
  })

  it('that are not those under the root were attached by whoever, and convict nobody', () => {
    const others = [
      replaced(0, { sealed: toHex(random(80)) }), replaced(0, pieces[1] ?? null), replaced(0, null), replaced(0, { sealed: '00' }), replaced(2, { sealed: toHex(random(80)) }),
      pieces.toReversed(), [], pieces.slice(1),
    ]
    for (const list of others) expect(problem(list, root)).to.deep.equal({ why: 'its pieces are not those that it bound itself to', convicts: false })
  })

  it('convict their maker where the root itself binds a piece for it, none for another, or one of another form', () => {
    const sealed = toHex(random(80))
    expect(problem(replaced(2, { sealed }))).to.deep.equal({ why: 'its piece for cleo is its own, of which there is none', convicts: true })
    expect(problem(replaced(4, null))).to.deep.equal({ why: 'its piece for eva is missing', convicts: true })
    for (const piece of [{}, { sealed: sealed.slice(2) }, { sealed: `${sealed}00` }, { sealed: sealed.toUpperCase() }, { sealed, more: 1 }, { sealed: null }, { sealed: [sealed] }] as JsonObject[]) {
      expect(problem(replaced(1, piece)), canonical(piece)).to.deep.equal({ why: 'its piece for ben has another form', convicts: true })
    }
  })

  it('convict where a value of the right form is unusable, whatever its type', () => {
    const spec: MessageSpec = { ...deals, payload: { who: 'participant' } }
    const list = NAMES.map((name) => (name === FROM ? null : { who: 'anna' }))
    expect(piecesProblem(spec, roster, FROM, rootOf(list), { pieces: list })).to.equal(null)
    const wrong = list.map((one, i) => (i === 3 ? { who: 'zoe' } : one))
    expect(piecesProblem(spec, roster, FROM, rootOf(wrong), { pieces: wrong })).to.deep.equal({
      why: 'its piece for dan holds an unusable value: who: nobody of the roster has that name', convicts: true,
    })
  })

  it('come to each airgap with a path, which shows that piece to be its own and no other', () => {
    for (const n of [2, 3, 4, 5]) {
      const few = roster.slice(0, n)
      for (const { name: from } of few) {
        const made = bindPieces(few, piecesOf(few.map(({ name }) => name).filter((name) => name !== from)))
        for (const [i, { name }] of few.entries()) {
          if (name === from) continue
          const { piece, path } = pieceFor(made.attachment, i + 1)
          for (const other of [...NAMES, 'zoe']) {
            expect(isPieceUnder(few, other, rootIn(made), piece, path), `${name}'s of ${from} as ${other}'s, of ${n}`).to.equal(other === name)
          }
          expect(isPieceUnder(few, name, rootIn(made), { sealed: toHex(random(80)) }, path)).to.equal(false)
          expect(isPieceUnder(few, name, toHex(random(32)), piece, path)).to.equal(false)
          expect(isPieceUnder(few, name, rootIn(made), piece, path.slice(1))).to.equal(false)
          expect(isPieceUnder(few, name, rootIn(made), piece, [...path, toHex(random(32))])).to.equal(false)
        }
      }
    }
  })

  it('are not bound in a roster of another length', () => {
    const { piece, path } = pieceFor(bound.attachment, 1)
    expect(isPieceUnder(roster, 'anna', root, piece, path)).to.equal(true)
    for (const other of [roster.slice(0, 4), roster.slice(0, 3), roster.slice(0, 2)]) expect(isPieceUnder(other, 'anna', root, piece, path)).to.equal(false)
  })

  it('are there for others only', () => {
    for (const index of [0, 3, 6]) expect(() => pieceFor(bound.attachment, index)).to.throw(TypeError)
  })
})

describe('an attachment', () => {
  const g1 = [timesBase(3n), timesBase(5n)]
  const g2 = [signShare(3n, utf8('a'), 'TEST'), signShare(5n, utf8('b'), 'TEST')]
  const forms = [
    { spec: commits, field: 'points', board: g1.map((point) => toHex(encodeG1Affine(point))), crossing: g1.map((point) => toHex(encodeG1(point))) },
    { spec: partial, field: 'partials', board: g2.map((point) => toHex(encodeG2Affine(point))), crossing: g2.map((point) => toHex(encodeG2(point))) },
  ]
  const read = (spec: MessageSpec, value: Json) => readAttachment(spec, canonicalBytes(value), 'It')

  for (const { spec, field, board, crossing } of forms) {
    it(`of ${field} crosses compressed and stands on the board by coordinates, never the other way`, () => {
      expect(checkCrossed(spec, { [field]: crossing })).to.deep.equal({ [field]: crossing })
      expect(expanded(spec, { [field]: crossing })).to.deep.equal({ [field]: board })
      expect(read(spec, { [field]: board })).to.deep.equal({ [field]: board })
      expect(codeOf(() => checkCrossed(spec, { [field]: board }))).to.equal('wire.malformed')
      expect(codeOf(() => read(spec, { [field]: crossing }))).to.equal('wire.malformed')
      // Two compressed points are as long as one by coordinates, but are still two.
      expect(codeOf(() => expanded(spec, { [field]: [crossing.join('')] }))).to.equal('bytes.not-hex')
    })

    it(`of ${field} is not written out where what crossed is no point of the curve`, () => {
      const bent = crossing.map((point) => `e${point.slice(1)}`)
      expect(codeOf(() => expanded(spec, { [field]: bent }))).to.equal('crypto.bad-point')
    })

    it(`of ${field} has that field and no other`, () => {
      for (const value of [{}, { [field]: board, more: 1 }, { more: board }, [], null, { [field]: board[0] ?? '' }, { [field]: [1] }] as Json[]) {
        expect(codeOf(() => read(spec, value))).to.equal('wire.malformed')
      }
    })
  }

  it('whose points cross as they are is not changed', () => {
    const signatures = g2.map((point) => toHex(encodeG2(point)))
    expect(expanded(signature, { signatures })).to.deep.equal({ signatures })
  })

  it('is canonical JSON in UTF-8', () => {
    const bytes = canonicalBytes(bound.attachment)
    expect(readAttachment(deals, bytes, 'It')).to.deep.equal(bound.attachment)
    for (const wrong of [utf8(` ${canonical(bound.attachment)}`), utf8(`\ufeff${canonical(bound.attachment)}`), utf8(''), utf8('{')]) {
      expect(codeOf(() => readAttachment(deals, wrong, 'It'))).to.equal('wire.not-canonical')
    }
    const invalid = Uint8Array.from([...utf8('{"pieces":["'), 0xff, ...utf8('"]}')])
    expect(() => readAttachment(deals, invalid, 'It')).to.throw(TypeError)
  })

  it('of pieces is a bounded list of objects and nulls', () => {
    expect(read(deals, { pieces: [{}, null] })).to.deep.equal({ pieces: [{}, null] })
    for (const value of [{}, { pieces: {} }, { pieces: [1] }, { pieces: [[]] }, { pieces: ['x'] }, { pieces: [], more: 1 }, { pieces: Array.from({ length: 1025 }, () => null) }] as Json[]) {
      expect(codeOf(() => read(deals, value))).to.equal('wire.malformed')
    }
  })

  it('is had by messages with a field for it, and by those that bind pieces; the latter state their root alone', () => {
    expect([deals, commits, partial, response].map(hasAttachment)).to.deep.equal([true, true, true, false])
    expect(statementFields(deals)).to.deep.equal({ root: 'hash' })
    expect(statementFields(response)).to.equal(response.payload)
  })

  it('says of which it is that it cannot be read', () => {
    try {
      readAttachment(commits, utf8('{}'), 'The attachment of anna')
    } catch (error) {
      if (!isKeyriteError(error)) throw error
      expect(error.message).to.contain('The attachment of anna is malformed')
      return
    }
    expect.fail('it was taken')
  })
})
