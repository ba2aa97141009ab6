import { setImmediate } from 'node:timers/promises'
import { expect } from 'chai'
import { sha256Hex } from '../../crypto/hash.ts'
import { runClient } from '../../run/client.ts'
import { Feed } from '../../run/feed.ts'
import type { AttachmentStore } from '../../run/feed.ts'
import { prepareSimulation, runMember, simulate } from '../../simulate/simulate.ts'
import type { Simulated, Tampering } from '../../simulate/simulate.ts'
import { boardError } from '../../wire/board.ts'
import type { Entry } from '../../wire/log.ts'
import { parseMessage } from '../../wire/message.ts'
import { dkgOptions, memberOf, namesOf, resultOf, simulateDkg } from './harness.ts'

/** A disk that takes its time, and what is durable on it. */
function slowDisk() {
  const log: Entry[] = []
  const attachments = new Map<string, Uint8Array>()
  const written: string[] = []
  const store: AttachmentStore = {
    get: (hash) => Promise.resolve(attachments.get(hash)),
    put: async (hash, bytes) => {
      for (let i = 0; i < 5; i++) await setImmediate()
      attachments.set(hash, bytes)
      written.push(`attachment ${hash}`)
    },
  }
  const logStore = {
    load: () => Promise.resolve([...log]),
    append: async (entries: readonly Entry[]) => {
      await setImmediate()
      log.push(...entries)
      written.push(...entries.map(({ offset }) => `entry ${offset}`))
    },
  }
  return { log, attachments, written, store, logStore }
}

const named = ({ board }: Pick<Simulated, 'board'>): [number, string][] => board.entries.flatMap(({ offset, text }) => {
  const { attachment } = parseMessage(text)
  return attachment === undefined ? [] : [[offset, attachment] as [number, string]]
})

describe('a client’s attachments', () => {
  it('are on its disk before the message that names them counts, and before anything that follows from it is posted', async () => {
    const prepared = await prepareSimulation(dkgOptions(3, 2, 'kept attachments', { idle: 2000 }))
    const disk = slowDisk()
    const ben = memberOf(prepared, 'ben')
    let looks = 0
    const feed = new Feed({ board: ben.client.board, store: disk.logStore, attachments: disk.store, retryDelay: 1 })
    const board = {
      ...ben.client.board,
      post: (text: string) => {
        // The author had read everything that its statement follows from: `seen` says how far.
        const { seen } = parseMessage(text)
        expect(disk.log.length).to.be.greaterThan(seen.offset)
        return ben.client.board.post(text)
      },
    }
    const client = {
      ...ben.client, board, feed,
      onLedger: (ledger: { readonly asOf: number; attachmentAt: (offset: number) => Uint8Array | undefined }) => {
        looks++
        expect(disk.log.length).to.be.greaterThan(ledger.asOf)
        for (const [offset, hash] of named(prepared)) {
          if (offset <= ledger.asOf) expect([...disk.attachments.keys()], `offset ${offset}`).to.include(hash)
          else expect(ledger.attachmentAt(offset)).to.equal(undefined)
        }
      },
    }
    const { signal } = new AbortController()
    const ends = await Promise.all(prepared.members.map((member) => runMember(member.name === 'ben' ? { ...ben, client } : member, prepared.opening, signal)))
    expect(ends.map((end) => end?.outcome)).to.deep.equal(['usable', 'usable', 'usable'])
    expect(looks).to.be.greaterThan(15)
    expect(named(prepared)).to.have.lengthOf(6)
    for (const [offset, hash] of named(prepared)) {
      expect(disk.written.indexOf(`attachment ${hash}`), hash).to.be.greaterThan(disk.written.indexOf(`entry ${offset}`))
      expect(sha256Hex(disk.attachments.get(hash) ?? expect.fail())).to.equal(hash)
    }

    // A restart asks the storage for none of them; for one that is gone or damaged, once.
    const lost = named(prepared)[0]?.[1] ?? expect.fail()
    for (const gone of [[], [lost]]) {
      for (const hash of gone) disk.attachments.delete(hash)
      const fetched: string[] = []
      const counting = { ...ben.client.board, getAttachment: (hash: string) => (fetched.push(hash), ben.client.board.getAttachment(hash)) }
      const again = await runMember({ ...ben, client: { ...ben.client, feed: new Feed({ board: counting, store: disk.logStore, attachments: disk.store, retryDelay: 1 }) } }, prepared.opening, signal)
      expect(again?.outcome).to.equal('usable')
      expect(fetched).to.deep.equal(gone)
      expect([...disk.attachments.keys()]).to.include(lost)
    }
  })

  it('that its disk does not take do not count', async () => {
    const prepared = await prepareSimulation(dkgOptions(2, 2, 'a full disk'))
    const anna = memberOf(prepared, 'anna')
    const troubles: string[] = []
    const feed = new Feed({
      board: anna.client.board, retryDelay: 1, onTrouble: ({ message }) => troubles.push(message),
      store: { load: () => Promise.resolve([]), append: () => Promise.resolve() },
      attachments: { get: () => Promise.resolve(undefined), put: () => Promise.reject(new Error('the disk is full')) },
    })
    const { signal } = new AbortController()
    const [end] = await Promise.all(prepared.members.map((member) => runMember(member.name === 'anna' ? { ...anna, client: { ...anna.client, feed } } : member, prepared.opening, signal)))
    expect(end?.outcome).to.equal('aborted')
    expect(end?.fault?.reason).to.equal('withheld')
    expect(troubles).to.include('the disk is full')
  })

  /** A storage that does not give this client the attachments of one participant's messages in a step. */
  const withholding = (step: string, from: string, times = Infinity): Tampering => {
    let left = times
    return {
      board: (board) => ({
        ...board,
        getAttachment: (hash) => {
          const isIt = board.entries.some(({ text }) => text.includes(hash) && parseMessage(text).statement.step === step && parseMessage(text).statement.from === from)
          return isIt && left-- > 0 ? Promise.reject(boardError('missing', { hash })) : board.getAttachment(hash)
        },
      }),
    }
  }
  const abortsOf = (run: Simulated) => run.board.entries.map(({ text }) => parseMessage(text).statement).filter(({ type }) => type === 'Abort').map(({ from, payload }) => [from, payload['reason'], payload['accused']])

  // With all pieces in, the others state their parts of the certificate, and give it up when they hear no end.
  for (const [step, others] of [['SendCommits', 'aborted'], ['SendDeals', 'dead']] as const) {
    it(`that the storage withholds in ${step} end it for all: accusing nobody, and no other ceremony on the board`, async () => {
      const tamper = { ben: withholding(step, 'cleo') }
      const run = await simulateDkg(3, 2, `withheld ${step}`, { tamper })
      expect(namesOf(3).map((name) => resultOf(run, name).outcome)).to.deep.equal([others, 'aborted', others])
      expect(resultOf(run, 'ben').fault).to.include({ reason: 'withheld', step, accused: null, convicts: false })
      expect(abortsOf(run).find(([from]) => from === 'ben')).to.deep.equal(['ben', 'withheld', null])
      for (const name of namesOf(3)) expect(resultOf(run, name).ledger.faults, name).to.deep.equal([])
      // ben's log holds that message still, and the storage withholds it still.
      const next = await simulate({ ...dkgOptions(3, 2, `after withheld ${step}`), after: run, tamper: { ben: withheldOf(run, step) } })
      expect(namesOf(3).map((name) => resultOf(next, name).outcome)).to.deep.equal(['usable', 'usable', 'usable'])
    })
  }

  it('that the storage withholds from the start on end it too, for a client that has read the log before it runs', async () => {
    const prepared = await prepareSimulation(dkgOptions(3, 2, 'withheld at the start', { idle: 100, tamper: { ben: withholding('SendCommits', 'cleo') } }))
    const ben = memberOf(prepared, 'ben')
    const { signal } = new AbortController()
    const inStep = () => prepared.board.entries.filter(({ text }) => parseMessage(text).statement.step === 'SendCommits').length
    const ends = await Promise.all(prepared.members.map(async (member) => {
      if (member.name !== 'ben') return runMember(member, prepared.opening, signal)
      const killed = new AbortController()
      const first = runMember(ben, prepared.opening, killed.signal)
      while (inStep() < 3) await setImmediate()
      killed.abort()
      expect(await first).to.equal(null)
      const reading = new AbortController()
      const feed = new Feed({ board: ben.client.board, store: { load: () => Promise.resolve([]), append: () => Promise.resolve() }, retryDelay: 1 })
      const read = feed.run(reading.signal)
      while (feed.all.length < prepared.board.entries.length) await setImmediate()
      const end = await runClient({ ...ben.client, feed, opening: prepared.opening }, signal)
      reading.abort()
      await read
      return end
    }))
    expect(ends[1]?.outcome).to.equal('aborted')
    expect(ends[1]?.fault).to.include({ reason: 'withheld', accused: null })
  })

  it('that come late are waited for', async () => {
    const run = await simulateDkg(3, 2, 'late attachment', { idle: 2000, tamper: { ben: withholding('SendDeals', 'cleo', 20) } })
    expect(namesOf(3).map((name) => resultOf(run, name).outcome)).to.deep.equal(['usable', 'usable', 'usable'])
  })
})

/** Withholds the attachment that was withheld in that run. */
function withheldOf({ board: { entries } }: Simulated, step: string): Tampering {
  const hashes = entries.map(({ text }) => parseMessage(text)).filter(({ statement }) => statement.step === step && statement.from === 'cleo').map(({ attachment }) => attachment)
  expect(hashes).to.have.lengthOf(1)
  return { board: (board) => ({ ...board, getAttachment: (hash) => (hashes.includes(hash) ? Promise.reject(boardError('missing', { hash })) : board.getAttachment(hash)) }) }
}
