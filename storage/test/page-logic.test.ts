import { Ajv } from 'ajv'
import { expect } from 'chai'
import { clockTime } from '../../engine/base/time.ts'
import { airgapKeyPair } from '../../engine/crypto/seed.ts'
import { alike } from '../../engine/run/telling.ts'
import { readShipped } from '../../engine/script/load.ts'
import { tamperingOf } from '../../engine/simulate/faults.ts'
import { seededRandom, simulate } from '../../engine/simulate/simulate.ts'
import type { Simulated } from '../../engine/simulate/simulate.ts'
import { verbs } from '../../engine/verbs/implementations.ts'
import { valueTypes } from '../../engine/verbs/types.ts'
import type { Entry } from '../../engine/wire/log.ts'
import { canonical } from '../../engine/base/canonical.ts'
import { isKeyriteError } from '../../engine/base/errors.ts'
import { EMPTY_LOG, headAfter, pinOf } from '../../engine/wire/log.ts'
import { parseMessage, signMessage, signStatement, textHash } from '../../engine/wire/message.ts'
import { openingSchema, OWN_SCHEMAS } from '../../engine/wire/schema.ts'
import { connectBoard } from '../client.ts'
import { BoardFold, line } from '../page/fold.ts'
import { follow } from '../page/follow.ts'
import { Ajv as PageAjv, isDeepStrictEqual } from '../page/instead.ts'
import type { CeremonyView } from '../page/model.ts'
import type { Link } from '../page/talk.ts'
import { nameList, sayingOf, viewAt } from '../page/words.ts'
import type { Saying } from '../page/words.ts'

const dkg = readShipped('dkg')
const OPENS = Date.UTC(2026, 0, 1)
const names = ['anna', 'ben', 'cleo']

const run = (faults: readonly string[] = []): Promise<Simulated> => {
  const random = seededRandom(faults.join() || 'page')
  return simulate({ script: dkg, names, parameters: { threshold: 2 }, verbs, random, idle: 5, opensAt: OPENS, tamper: tamperingOf(faults, { script: dkg, verbs, random, names }) })
}

const headOf = (head: string, text: string): string => headAfter(head, parseMessage(text), textHash(text))

const newFold = (scripts = [dkg]): BoardFold => new BoardFold({ scripts, verbs, random: seededRandom('page') })

function readAll(fold: BoardFold, { board }: Pick<Simulated, 'board'>, entries: readonly Entry[] = board.entries): void {
  for (const entry of entries) {
    const wanted = fold.wants(entry)
    fold.take(entry, wanted === null ? undefined : board.attachments.get(wanted))
  }
}

/** The error message for a log that is not the board's. */
function tampering(read: () => void): string {
  try {
    read()
  } catch (error) {
    if (isKeyriteError(error, 'board.tampered')) return error.message
    throw error
  }
  return 'nothing'
}

const saying = (view: CeremonyView, now = OPENS): Saying => sayingOf(viewAt(view, now))

function viewIn(fold: BoardFold): CeremonyView {
  const [view] = fold.changedViews(fold.newest(1), () => null)
  if (view === undefined) throw new Error('no ceremony')
  return view
}

describe('the page’s reading of a log', () => {
  let good: Simulated
  before(async () => (good = await run()))

  it('comes to the outcome that the clients came to, with every cell and its place in the log', () => {
    const fold = newFold()
    readAll(fold, good)
    const view = viewIn(fold)
    expect(view).to.include({ end: 'usable', obstacle: null, title: dkg.ceremony.title, openedBy: 'anna', current: 5 })
    expect(view.outputs.find(({ name }) => name === 'groupKey')?.text).to.equal(good.results.get('ben')?.ledger.outputs?.['groupKey'])
    expect(view.rows.map(({ name }) => name)).to.deep.equal(names)
    for (const { name, cells } of view.rows) {
      for (const [i, { mark, offset }] of cells.entries()) {
        expect(mark).to.equal('done')
        const { statement } = JSON.parse(good.board.entries[offset!]!.text) as { statement: { from: string; step: string } }
        expect(statement).to.include({ from: name, step: dkg.ceremony.steps[i]!.name })
      }
    }
    expect(view.attachmentCount).to.equal(6)
  })

  it('says half way who is awaited and until when', () => {
    const fold = newFold()
    const half = good.board.entries.findIndex(({ text }) => text.includes('"type":"Commits"'))
    readAll(fold, good, good.board.entries.slice(0, half))
    const view = viewIn(fold)
    expect(viewAt(view, OPENS)).to.deep.include({ state: 'running', awaited: names, until: OPENS + 48 * 3_600_000, isLate: false })
    expect(saying(view)).to.deep.equal({ tone: 'calm', short: 'Step 2 of 5', text: 'SendCommits (2 of 5): waiting for anna, ben, cleo.' })
    expect(saying(view, OPENS + 48 * 3_600_000)).to.include({ short: 'Overdue', tone: 'heed' })
  })

  it('tells an abort, its words, and whom the log proves guilty', async () => {
    const fold = newFold()
    readAll(fold, await run(['garbage-deal:ben:cleo']))
    const view = viewIn(fold)
    expect(view.end).to.equal('dead')
    expect(view.disputes).to.have.length(1)
    expect(view.faults.filter(({ convicted }) => convicted !== null).map(({ convicted }) => convicted)).to.include('ben')
    expect(saying(view).text).to.match(/The log proves guilty: ben\.$/)
    expect(view.rows[2]!.cells[3]!.mark).to.equal('disputed')
    expect(alike(view.aborts).length).to.be.lessThan(view.aborts.length)
  })

  it('says dead of what can never be usable, why, whom it waits for to answer, and afterwards who did not', async () => {
    const fold = newFold()
    readAll(fold, await run(['no-justification:ben:cleo']))
    const view = viewIn(fold)
    expect(view).to.include({ end: 'dead', why: 'cleo complains of ben, so that ProcessDeals can never be complete' })
    const { until } = view.disputes[0]!
    expect(viewAt(view, until - 1)).to.deep.include({ state: 'disputed', awaited: ['ben'], until })
    expect(saying(view, until - 1)).to.deep.equal({
      tone: 'bad', short: 'Disputed',
      text: `It can never be usable: cleo complains of ben, so that ProcessDeals can never be complete. ben is accused by cleo, and an answer is awaited until ${clockTime(until)}. The log proves nobody guilty.`,
    })
    expect(viewAt(view, until)).to.deep.include({ state: 'dead', awaited: [], until: null })
    expect(saying(view, until).text).to.contain('ben is accused by cleo and has not answered: neither guilty nor cleared. The log proves nobody guilty.')
  })

  it('says dead of what an airgap gave up for good, and shows where', async () => {
    const fold = newFold()
    readAll(fold, await run(['silent:cleo:ProcessDeals']))
    const view = viewIn(fold)
    expect(view.end).to.equal('dead')
    expect(view.why).to.match(/^the airgap of (anna|ben) has given it up for good$/)
    const marks = view.rows.map(({ cells }) => cells.map(({ mark }) => mark))
    expect(marks.filter((cells) => cells.includes('abandoned')).length).to.be.greaterThan(0)
    for (const { cells } of view.rows) for (const { mark, offset } of cells) if (mark === 'abandoned') expect(offset).to.be.a('number')
    expect(viewAt(view, OPENS).until).to.equal(null)
  })

  it('says aborted as of what was read, and who may still complete it', async () => {
    const { board } = await run(['silent:cleo:ProcessDeals'])
    const fold = newFold()
    const end = board.entries.findIndex(({ text }) => text.includes('"type":"Abandoned"'))
    readAll(fold, { board }, board.entries.slice(0, end))
    const view = viewIn(fold)
    expect(view).to.include({ end: 'aborted' })
    expect(view.bound).to.deep.equal(['anna', 'ben'])
    expect(saying(view).text).to.match(/The log proves nobody guilty\. It may still be completed: anna, ben stated their part of its certificate, and that of cleo may come\.$/)
  })

  it('lets nothing that comes after the success end it, reports it, and asks for no attachment of it', () => {
    const fold = newFold()
    readAll(fold, good)
    const last = good.board.entries.at(-1)!
    const ben = good.members[1]!
    const stated = parseMessage(good.board.entries.find(({ text }) => text.includes('"type":"Commits"') && text.includes('"from":"ben"'))!.text)
    const statement = { ...stated.statement, payload: { ...stated.statement.payload, rest: '00'.repeat(32) } }
    const airgapSignature = signStatement(airgapKeyPair(ben.seed).secretKey, statement)
    const text = canonical(signMessage(ben.signingKey, { attachment: stated.attachment!, statement, airgapSignature, seen: { offset: last.offset, head: last.head }}))
    const entry = { offset: last.offset + 1, head: headOf(last.head, text), text }
    expect(fold.wants(entry)).to.equal(null)
    fold.take(entry)
    const view = viewIn(fold)
    expect(view).to.include({ end: 'usable', usableAt: last.offset })
    expect(view.faults.map(({ reason, convicted }) => [reason, convicted])).to.deep.equal([['equivocation', 'ben']])
    expect(saying(view)).to.include({ tone: 'good', text: 'Every step is done and checked; its result is usable. What was found after that does not change it. The log proves guilty: ben.' })
  })

  it('takes what is no message, or stands in no log, for another log', () => {
    const [first] = good.board.entries
    const second = good.board.entries[1]!.text
    for (const [text, words] of [['{}', 'no message'], [` ${second}`, 'no message'], [second.replace(`"ceremony":"${good.ceremony}"`, '"ceremony":null'), 'no honest storage']] as const) {
      const head = text === '{}' || text.startsWith(' ') ? first!.head : headOf(first!.head, text)
      expect(tampering(() => readAll(newFold(), good, [first!, { offset: 1, head, text }])), text.slice(0, 20)).to.contain(words)
    }
  })

  it('reads a ceremony that follows another one with what that one made, and says what it waits for where that is not here', async () => {
    const sign = readShipped('sign')
    const parameters = { purpose: 'to try', messages: [{ kind: 'text', text: 'hello' }] }
    const signed = await simulate({ script: sign, names: ['anna', 'cleo'], parameters, verbs, random: seededRandom('signing'), idle: 5, opensAt: OPENS, after: await run() })
    const fold = newFold([dkg, sign])
    readAll(fold, signed)
    const view = viewIn(fold)
    expect(view).to.include({ end: 'usable', title: sign.ceremony.title })
    expect(view.parameters.find(({ name }) => name === 'purpose')).to.deep.equal({ name: 'purpose', text: 'to try', isClaim: true })
    expect(view.parameters.find(({ name }) => name === 'messages')?.text).to.match(/^1 to be signed, SHA-256 [0-9a-f]{64}$/)
    expect(view.parameters.find(({ name }) => name === 'key')).to.include({ isCeremony: true })
    const alone = newFold([sign])
    readAll(alone, signed)
    expect(viewIn(alone)).to.include({ obstacle: 'waiting' }).and.to.have.property('problem').that.matches(/is not usable on this board$/)
  })

  it('shows a script that it does not know as far as signatures and order go, without deadlines', () => {
    const fold = newFold([])
    readAll(fold, good)
    const view = viewIn(fold)
    expect(view).to.include({ obstacle: 'unchecked', title: null })
    expect(view.steps).to.deep.equal(dkg.ceremony.steps.map(({ name }) => ({ name, until: null })))
    expect(view.rows.every(({ cells }) => cells.every(({ mark }) => mark === 'done'))).to.equal(true)
    expect(viewAt(view, OPENS).until).to.equal(null)
  })

  it('refuses a log in which a message was changed, left out or swapped', () => {
    const { entries } = good.board
    const [first, second, third] = [entries[0]!, entries[1]!, entries[2]!]
    const changed = { ...second, text: second.text.replace(/"offset":-?\d+/, '"offset":7') }
    for (const wrong of [[first, changed], [first, third], [first, { ...second, text: third.text }], [second]]) {
      expect(tampering(() => readAll(newFold(), good, wrong))).to.contain('is not the one that this client verified')
    }
  })

  it('passes over an opening whose signature is forged, and a ceremony’s message in another’s name', () => {
    const entry = good.board.entries[0]!
    const message = JSON.parse(entry.text) as { signature: string }
    const text = canonical({ ...message, signature: `${message.signature.startsWith('0') ? '1' : '0'}${message.signature.slice(1)}` })
    const fold = newFold()
    readAll(fold, good, [{ offset: 0, head: headOf(EMPTY_LOG.head, text), text }])
    expect(fold.newest(5)).to.deep.equal([])
    const [anna] = good.members
    const statement = { ceremony: good.ceremony, step: 'SendPublicKeys', type: 'PublicKey', from: 'ben', view: good.ceremony, payload: {} }
    const forged = canonical(signMessage(anna!.signingKey, { statement, seen: EMPTY_LOG }))
    const other = newFold()
    readAll(other, good, [entry, { offset: 1, head: headOf(entry.head, forged), text: forged }])
    expect(viewIn(other).faults.map(({ reason, convicted }) => [reason, convicted])).to.deep.equal([['bad-signature', null]])
  })
})

describe('the page’s following of a board', () => {
  const json = (value: unknown): Response => Response.json(value)
  const plain = ({ offset, head, text }: Entry) => ({ offset, head, text })
  const events = (...texts: readonly string[]): Response => new Response(texts.join(''), { headers: { 'content-type': 'text/event-stream' } })
  const event = (value: unknown, name = 'message'): string => `event: ${name}\ndata: ${JSON.stringify(value)}\n\n`

  /** Follows a storage that answers so, and gives the states of the connection. */
  async function followed(answer: (path: string, after: number) => Response, fold: BoardFold): Promise<readonly Link[]> {
    const links: Link[] = []
    const send: typeof fetch = (url) => Promise.resolve().then(() => {
      const { pathname, searchParams } = new URL(url instanceof Request ? url.url : url)
      return answer(pathname.replace('/boards/meadow/', ''), Number(searchParams.get('after')))
    })
    await follow({
      connect: (onProgress) => connectBoard({ url: 'http://there/boards/meadow', fetch: send, onProgress, delay: () => Promise.resolve() }),
      fold, onChange: (link) => links.push(link), now: () => 5, pause: () => Promise.resolve(), signal: new AbortController().signal,
    })
    return links
  }
  const kinds = (links: readonly Link[]): readonly string[] => links.map(({ kind }) => kind).filter((kind, i, all) => kind !== all[i - 1])

  it('reads page by page, then live; comes back after a cut; and ends where the log is shorter', async () => {
    const { board } = await run()
    const fold = newFold()
    let [streams, pages] = [0, 0]
    const links = await followed((path, after) => {
      if (path === 'messages') {
        pages += 1
        if (streams === 1 && pages < 8) throw new TypeError('failed to fetch')
        const to = streams === 0 ? 10 : 14
        return json({ messages: board.entries.slice(after + 1, Math.min(after + 5, to)).map(plain), head: pinOf(board.entries[to - 1]!) })
      }
      const hash = /^attachments\/(.*)$/.exec(path)?.[1]
      if (hash !== undefined) return new Response(Uint8Array.from(board.attachments.get(hash)!), { headers: { 'content-type': 'application/octet-stream' } })
      streams += 1
      return streams === 1 ? events(event(plain(board.entries[after + 1]!))) : events(event(pinOf(board.entries[3]!), 'head'))
    }, fold)
    expect(kinds(links)).to.deep.equal(['reading', 'live', 'lost', 'reading', 'live', 'tampered'])
    const lost = links.flatMap((link) => (link.kind === 'lost' ? [link] : []))
    expect(lost[0]).to.include({ since: 5, why: 'it ended the event stream' })
    expect(lost[1]).to.include({ why: 'no connection to it could be made' })
    expect(links.find(({ kind }) => kind === 'reading')).to.deep.equal({ kind: 'reading', done: 1, total: 10 })
    expect(links.at(-1)).to.deep.equal({ kind: 'tampered', why: 'at offset 13, the log has fewer messages now: it ends at offset 3' })
    expect(fold.pin.offset).to.equal(13)
  })

  it('waits for an attachment that it is not given, without which it says nothing of later messages, and takes no other for it', async () => {
    const { board } = await run()
    const fold = newFold()
    let asked = 0
    const links = await followed((path, after) => {
      if (path === 'messages') return json({ messages: board.entries.slice(after + 1).map(plain), head: pinOf(board.entries.at(-1)!) })
      asked += 1
      return asked < 4 ? new Response('', { status: 503 }) : new Response('other', { headers: { 'content-type': 'application/octet-stream' } })
    }, fold)
    expect(kinds(links)).to.deep.equal(['reading', 'lost', 'tampered'])
    expect(links.filter(({ kind }) => kind === 'lost')).to.have.length(3)
    expect(links.at(-1)).to.have.property('why').that.matches(/^the attachment [0-9a-f]{64} is not what its hash says$/)
    expect(board.entries[fold.pin.offset + 1]!.message.attachment).to.be.a('string')
  })
})

describe('what stands in the page in the place of packages', () => {
  it('checks schemas as ajv does, in both answers, for every type of value and for an opening', () => {
    const samples: readonly unknown[] = [
      null, true, 0, -1, 1.5, 2, 3e9, '', 'a', 'a\u0000', 'a\u202eb', 'a\u00a0b', 'a\nb', '\ud83d', '\u0378', '\u{1f600}'.repeat(1000), 'ab', 'AB', 'anna', 'a'.repeat(64), '00'.repeat(32), '00'.repeat(48), '00'.repeat(96),
      [], ['a'], {}, { kind: 'text' }, { kind: 'text', text: 'x' }, { kind: 'x', each: { at: [1, 'b'] } }, { kind: 'x', each: {} }, { kind: 'x', 'bad-name': 1 }, { kind: 'x', deep: { a: 'b' } }, { kind: 'x', deep: { a: 1 } },
    ]
    const opening = { script: { name: 'dkg', version: '1', hash: '00'.repeat(32) }, parameters: {}, roster: names.map((name) => ({ name, signingKey: '00'.repeat(32), airgapKey: '11'.repeat(32), epoch: '22'.repeat(16) })), opensAt: '2026-01-01T00:00:00Z', nonce: '00'.repeat(32), rehearsal: false }
    const openings = [opening, { ...opening, more: 1 }, { ...opening, rehearsal: 0 }, { ...opening, roster: [] }, { ...opening, opensAt: 'now' }, { script: opening.script }]
    const schemas = [...Object.values(valueTypes).flatMap(({ schema }) => [schema, { type: 'array', maxItems: 1, items: schema }]), openingSchema]
    const ajv = new Ajv({ ...OWN_SCHEMAS, allErrors: false })
    const page = new PageAjv()
    for (const schema of schemas) {
      const [theirs, ours] = [ajv.compile(schema), page.compile(schema)]
      for (const sample of [...samples, ...openings]) {
        expect(ours(sample), `${JSON.stringify(schema)} of ${JSON.stringify(sample).slice(0, 80)}`).to.equal(theirs(sample))
        if (theirs.errors?.length === 1) expect(ours.errors?.[0]).to.include({ message: theirs.errors[0]!.message, instancePath: theirs.errors[0]!.instancePath })
      }
    }
  })

  it('refuses a schema with a word that it does not know', () => {
    expect(() => new PageAjv().compile({ type: 'string', format: 'date' })).to.throw(TypeError, 'format')
  })

  it('compares JSON values as node:util does', () => {
    expect(isDeepStrictEqual({ a: [1, { b: null }] }, { a: [1, { b: null }] })).to.equal(true)
    for (const [a, b] of [[{ a: 1 }, { a: 2 }], [[1], { 0: 1 }], [{ a: 1 }, { a: 1, b: 1 }], [null, {}], [1, '1']]) expect(isDeepStrictEqual(a, b)).to.equal(false)
  })
})

describe('the page’s words', () => {
  it('are short for long lists', () => {
    expect(nameList(['anna', 'ben'])).to.equal('anna, ben')
    expect(nameList(Array.from({ length: 64 }, (_, i) => `p${i}`))).to.equal('p0, p1, p2, p3, p4, p5, p6 and 57 more')
  })

  it('leave nothing of a text that steers a screen, and say how long it was', () => {
    expect(line('a\u202eb\n\u0007c')).to.equal('a\ufffdb \ufffdc')
    expect(line('x'.repeat(5000))).to.match(/^x{400}… \(5000 characters\)$/)
    expect(line('\ud83d'.repeat(3)).isWellFormed()).to.equal(true)
  })
})
