import { expect } from 'chai'
import { duration, clockTime } from '../../base/time.ts'
import type { Script } from '../../machines/ceremony.ts'
import { Ledger } from '../../run/ledger.ts'
import { MARKS, standingAt, standingOf } from '../../run/standing.ts'
import type { Mark, Self, Standing } from '../../run/standing.ts'
import { dutyWords, MARK_WORDS, reasonLines, STATE_WORDS, waitingWords, whyWords } from '../../run/telling.ts'
import { loadScript, readShipped, shippedLibrary } from '../../script/load.ts'
import { tamperingOf } from '../../simulate/faults.ts'
import { seededRandom, simulate } from '../../simulate/simulate.ts'
import type { Simulated } from '../../simulate/simulate.ts'
import { verbs } from '../../verbs/implementations.ts'
import { EMPTY_HEAD } from '../../wire/log.ts'
import { parseMessage } from '../../wire/message.ts'
import { dkg, dkgOptions, namesOf, simulateDkg, simulateFaults } from './harness.ts'

const names = namesOf(3)
const sign = readShipped('sign')
const always = (): boolean => false

/** The log as a reader has it, up to where something holds. */
function readUntil({ board, opening }: Simulated, holds: (ledger: Ledger) => boolean, script: Script = dkg, followed: Readonly<Record<string, Ledger>> = {}): Ledger {
  const headAt = (offset: number) => (offset === -1 ? EMPTY_HEAD : board.entries[offset]?.head)
  const ledger = new Ledger({ script, opening, verbs, random: seededRandom('a reader'), headAt, followed })
  for (const { offset, text } of board.entries) {
    if (holds(ledger)) break
    const message = parseMessage(text)
    const attachment = board.attachments.get(message.attachment ?? '')
    ledger.accept({ offset, message, ...(attachment === undefined ? {} : { attachment }) })
  }
  return ledger
}

const inTime = (ledger: Ledger): number => ledger.deadline(ledger.current) - 1
const marksOf = ({ rows }: Standing): readonly (readonly Mark[])[] => rows.map(({ cells }) => cells.map(({ mark }) => mark))
const signsOf = (standing: Standing): readonly string[] => marksOf(standing).map((marks) => marks.map((mark) => MARK_WORDS[mark].sign).join(''))

describe('where a key generation stands', () => {
  it('half way: who is awaited and until when, and that it is late from the deadline on', async () => {
    const ledger = readUntil(await simulateDkg(3, 2, 'half way'), ({ current, sources }) => current === 2 && sources.statements('Deals').length === 1)
    const until = ledger.deadline(2)
    const standing = standingOf(ledger, until - 1, { name: 'ben' })
    expect(standing).to.deep.include({ end: 'open', state: 'running', isOver: false, current: 2, until, isLate: false, needed: null, why: null, bound: [], aborts: [], convicted: [] })
    expect(standing.rows.map(({ name, isMe }) => [name, isMe])).to.deep.equal([['anna', false], ['ben', true], ['cleo', false]])
    const made = standing.rows.filter(({ cells }) => cells[2]?.mark === 'done').map(({ name }) => name)
    expect(made).to.have.length(1)
    expect(standing.awaited).to.deep.equal(names.filter((name) => !made.includes(name)))
    expect(waitingWords(standing)).to.equal(`SendDeals (3 of 5): waiting for ${standing.awaited.join(', ')}`)
    for (const marks of marksOf(standing)) expect(marks.slice(0, 2).concat(marks.slice(3))).to.deep.equal(['done', 'done', 'later', 'later'])
    expect(standingOf(ledger, until)).to.include({ isLate: true, state: 'running' })
    expect(standingAt(standing, until)).to.deep.equal(standingOf(ledger, until, { name: 'ben' }))
  })

  it('leads every mark to its message', async () => {
    const run = await simulateFaults(3, 2, ['no-justification:ben:cleo'])
    const { rows, steps } = standingOf(readUntil(run, always), 0)
    for (const { name, cells } of rows) {
      for (const [i, { mark, offset }] of cells.entries()) {
        if (offset === null) expect(mark).to.equal('never')
        else expect(parseMessage(run.board.entries[offset]?.text ?? '').statement).to.include({ from: name, ...(mark === 'aborted' ? { type: 'Abort' } : { step: steps[i]?.name }) })
      }
    }
  })

  it('whose owner declined: that one declined, nobody is awaited, and nothing more is made', async () => {
    const standing = standingOf(readUntil(await simulateFaults(3, 2, ['declines:ben']), always), 0)
    expect(standing).to.deep.include({ state: 'aborted', isOver: true, awaited: [], until: null })
    expect(marksOf(standing)[1]).to.deep.equal(['declined', 'never', 'never', 'never', 'never'])
    expect(reasonLines(standing).at(-1)).to.equal('The log proves nobody guilty.')
  })

  it('aborted, and doubtful for who stated a part that may still be completed: whose part is missing is awaited', async () => {
    const ledger = readUntil(await simulateFaults(3, 2, ['silent:ben:ProcessDeals']), ({ aborts }) => aborts.length > 0)
    const now = inTime(ledger)
    const states = [undefined, 'anna', 'ben'].map((name) => standingOf(ledger, now, name === undefined ? undefined : { name }))
    expect(states.map(({ state, isOver }) => [state, isOver])).to.deep.equal([['aborted', true], ['doubtful', false], ['aborted', true]])
    for (const one of states) expect(one).to.deep.include({ bound: ['anna', 'cleo'], awaited: ['ben'] })
    expect(reasonLines(states[0]!)[0]).to.equal('It may still be completed: anna, cleo stated their part of its certificate, and that of ben may come.')
    // Its client began to post, although no reader has seen it: only that participant knows of the doubt.
    expect(standingOf(ledger, now, { name: 'ben', hasBegun: true })).to.include({ state: 'doubtful', end: 'aborted' })
  })

  it('given up for good by one, dead for the others', async () => {
    const ledger = readUntil(await simulateFaults(3, 2, ['abandons-early:ben']), always)
    const own = (me: Self) => standingOf(ledger, Infinity, me)
    expect([own({ name: 'ben' }).state, own({ name: 'anna' }).state]).to.deep.equal(['abandoned', 'dead'])
    expect(own({ name: 'ben' }).rows[1]?.cells.map(({ mark }) => mark)).to.include('abandoned')
    expect(own({ name: 'anna' }).awaited).to.deep.equal([])
  })

  it('disputed as long as an accused one may answer, who alone is awaited then; and dead after that', async () => {
    const ledger = readUntil(await simulateFaults(3, 2, ['no-justification:ben:cleo']), ({ disputes }) => disputes.length > 0)
    const until = ledger.disputeDeadline('Complaint')
    expect(standingOf(ledger, until - 1)).to.deep.include({ state: 'disputed', awaited: ['ben'], until, isLate: false })
    expect(standingOf(ledger, until)).to.deep.include({ state: 'dead', awaited: [], until: null })
    expect(marksOf(standingOf(ledger, 0))[2]?.[3]).to.equal('disputed')
    expect(waitingWords(standingOf(ledger, 0))).to.equal('ProcessDeals (4 of 5): waiting for the answer of ben')
  })

  it('with a duty as long as a complaint may come, for a member alone, whatever was aborted', async () => {
    const ledger = readUntil(await simulateFaults(3, 2, ['aborts:ben:ProcessDeals']), ({ aborts }) => aborts.length > 0)
    const until = ledger.disputeDeadline('Complaint')
    expect([standingOf(ledger, until - 1, { name: 'anna' }).duty, standingOf(ledger, until, { name: 'anna' }).duty, standingOf(ledger, 0).duty]).to.deep.equal([until, null, null])
    const over = { ...standingOf(ledger, until - 1, { name: 'anna' }), isOver: true }
    expect(dutyWords(over)).to.contain(`leave your client running until ${clockTime(until)}`)
  })

  it('unconfirmed from the deadline of the step that is awaited on, confirming before', async () => {
    const ledger = readUntil(await simulateDkg(3, 2, 'confirming'), ({ certified }) => certified)
    const until = ledger.deadline(4)
    expect([standingOf(ledger, until - 1).state, standingOf(ledger, until).state]).to.deep.equal(['confirming', 'unconfirmed'])
    expect(standingOf(ledger, until)).to.deep.include({ awaited: names, until, isLate: true })
  })

  it('unconfirmed at once, and nobody awaited, where its result cannot be made: and why', async () => {
    const source = dkg.source.replace('threshold: quorum', 'threshold: quorum\n  other: quorum').replace('dkg.birth: [threshold,', 'dkg.birth: [other,')
    const { script = expect.fail() } = loadScript(source, { file: 'other.yaml', library: shippedLibrary })
    const run = await simulate(dkgOptions(3, 3, 'no birth here', { script, parameters: { threshold: 3, other: 2 } }))
    const standing = standingOf(readUntil(run, always, script), 0)
    expect(standing).to.deep.include({ state: 'unconfirmed', isOver: false, awaited: [], until: null, current: 5 })
    expect(whyWords(standing)).to.match(/^Nobody is missing, but its result cannot be made: .*birth signature does not verify/)
    expect(reasonLines(standing)[0]).to.equal(whyWords(standing))
  })

  it('usable for ever, with what was found after it and does not change it', async () => {
    const standing = standingOf(readUntil(await simulateFaults(3, 2, ['finishes-and-abandons:ben']), always), 0)
    expect(standing).to.deep.include({ state: 'usable', isOver: true, awaited: [], until: null, why: null })
    expect(signsOf(standing)).to.deep.equal(['✓✓✓✓✓', '✓✓✓✓✓', '✓✓✓✓✓'])
    expect(standing.convicted.map(({ name }) => name)).to.deep.equal(['ben'])
    expect(reasonLines(standing)).to.deep.equal(['What was found after that does not change it. The log proves guilty: ben.'])
  })

  it('refused, where a check of all statements together refuses one that took its slot', async () => {
    const standing = standingOf(readUntil(await simulateFaults(3, 2, ['bad-share-proof:ben']), always), 0)
    expect(marksOf(standing).map((marks) => marks[4])).to.deep.equal(['done', 'refused', 'done'])
    expect(standing).to.deep.include({ end: 'dead', awaited: [] })
    expect(whyWords(standing)).to.match(/^It can never be usable: /)
  })
})

describe('where a signing stands, where two of three are enough', () => {
  let key: Simulated
  let followed: Readonly<Record<string, Ledger>>
  before(async () => {
    key = await simulateDkg(3, 2, 'a key to sign with')
    followed = { key: readUntil(key, always) }
  })
  const signWith = async (...faults: readonly string[]): Promise<Simulated> => {
    const random = seededRandom(faults.join())
    const parameters = { purpose: 'Payday', messages: [{ kind: 'text', text: 'Pay 5 to Anna' }] }
    return await simulate({ script: sign, names, parameters, verbs, random, idle: 5, opensAt: Date.UTC(2026, 0, 1), after: key, tamper: tamperingOf(faults, { script: sign, verbs, random, names }) })
  }

  it('who declined is out and not awaited, and how many are still needed', async () => {
    const run = await signWith('declines:ben')
    const ledger = readUntil(run, ({ aborts }) => aborts.length > 0, sign, followed)
    const standing = standingOf(ledger, inTime(ledger))
    expect(standing.rows[1]?.cells.map(({ mark }) => mark)).to.deep.equal(['declined', 'out'])
    expect(standing).to.deep.include({ state: 'running', needed: { made: 2 - standing.awaited.length, wanted: 2 } })
    expect(standing.awaited).to.not.include('ben')
    expect(standing.out.map(({ name, reason }) => [name, reason])).to.deep.equal([['ben', 'rejected']])
    expect(standingOf(ledger, 0, { name: 'ben' })).to.include({ state: 'left', isOver: true })
  })

  it('whose slot holds what is refused is not awaited, for nothing else can come there', async () => {
    const ledger = readUntil(await signWith('wrong-view:ben:SendPartials'), (one) => one.inSlot(sign.ceremony.steps[0]!, 'ben') !== null, sign, followed)
    const standing = standingOf(ledger, inTime(ledger))
    expect([standing.rows[1]?.cells[0]?.mark, standing.state]).to.deep.equal(['refused', 'running'])
    expect(ledger.missing(0)).to.include('ben')
    expect(standing.awaited).to.not.include('ben')
    expect(waitingWords(standing)).to.match(/; refused: ben$/)
  })

  it('what comes after the end is no longer needed, and accuses nobody', async () => {
    const standing = standingOf(readUntil(await signWith(), always, sign, followed), 0)
    expect(standing.state).to.equal('usable')
    expect(standing.rows.map(({ cells }) => cells[1]?.mark).sort()).to.deep.equal(['done', 'unread', 'unread'])
  })
})

describe('the words of a standing', () => {
  it('has some for every mark and state, each once', () => {
    expect(new Set(MARKS.map((mark) => MARK_WORDS[mark].word)).size).to.equal(MARKS.length)
    const states = Object.values(STATE_WORDS)
    for (const kind of ['short', 'words'] as const) expect(new Set(states.map((one) => one[kind])).size).to.equal(states.length)
  })

  it('tells times as people read them', () => {
    expect([clockTime(Date.UTC(2026, 10, 23, 14, 5)), clockTime(NaN), duration(187_200_000)]).to.deep.equal(['2026-11-23 14:05 UTC', 'no date', '2 d 4 h'])
  })
})
