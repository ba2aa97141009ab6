import { expect } from 'chai'
import { createActor, fromCallback, fromPromise, initialTransition, transition, waitFor } from 'xstate'
import type { AnyStateMachine } from 'xstate'
import { AIRGAP_OUTCOMES, airgapSteps, compileAirgap } from '../../machines/airgap.ts'
import type { AirgapEvent } from '../../machines/airgap.ts'
import { abandonStep } from '../../machines/ceremony.ts'
import { compileClient, OUTCOMES } from '../../machines/client.ts'
import type { Asked, CollectedHow, Duty, StepInput } from '../../machines/client.ts'
import { statesIn } from '../../machines/graph.ts'
import { runError } from '../../run/errors.ts'
import { readShipped, shippedNames } from '../../script/load.ts'
import type { Fault } from '../../wire/abort.ts'
import { boardError } from '../../wire/board.ts'
import type { Json } from '../../base/canonical.ts'

const dkg = readShipped('dkg').ceremony
const ACTORS = /^(ask|assist|compute|post|collect|duty|justify|abort|doubt|abandon|pause|watch)$/

describe('the compiler of machines', () => {
  for (const name of shippedNames()) {
    it(`makes both machines of ${name}, in which every step and every end has its state`, () => {
      const { ceremony } = readShipped(name)
      const keys = (machine: AnyStateMachine) => statesIn(machine.root).map(({ key }) => key)
      expect(keys(compileClient(ceremony))).to.include.members([...ceremony.steps.map((step) => step.name), ...OUTCOMES])
      const ends = AIRGAP_OUTCOMES.filter((outcome) => outcome !== 'abandoned' || abandonStep(ceremony) !== undefined)
      expect(keys(compileAirgap(ceremony))).to.include.members([...airgapSteps(ceremony).map((step) => step.name), ...ends])
    })

    it(`hears every failure of an actor of ${name}: one that nobody hears would end the process`, () => {
      const actors = statesIn(compileClient(readShipped(name).ceremony).root).flatMap((state) => state.invoke.map((one) => ({ state, src: typeof one.src === 'string' ? one.src : '', id: one.id })))
      expect(actors.length).to.be.greaterThan(readShipped(name).ceremony.steps.length * 3)
      for (const { state, src, id } of actors) {
        expect(src).to.match(ACTORS)
        expect([...state.transitions.keys()], `${state.id}: ${src}`).to.include(`xstate.error.actor.${id}`)
      }
    })
  }

  it('has one actor of each name, so that the runtime provides them all', () => {
    const { actors } = compileClient(dkg).implementations
    for (const name of Object.keys(actors)) expect(name).to.match(ACTORS)
  })
})

describe('a client’s machine', () => {
  /** Runs the DKG's machine with actors that only say that they ran, except for these. */
  async function walk(
    actors: Partial<Record<'ask' | 'post' | 'collect', (input: StepInput) => Promise<unknown>>> & { duty?: () => Promise<Duty>; justify?: () => Promise<null> },
    guards: Partial<Record<'isBound' | 'isCertified' | 'isDead' | 'mayAbandon' | 'isOnDuty' | 'isOver' | 'isUsable', () => boolean>> = {},
  ) {
    const ran: string[] = []
    const inputs: unknown[] = []
    const said = (name: string, give: (input: StepInput) => Promise<unknown>) => async ({ input }: { input: unknown }) => {
      ran.push(`${name} ${(input as StepInput).step}`)
      inputs.push(input)
      return (await give(input as StepInput)) as never
    }
    const nothing = () => Promise.resolve(null)
    const did = <T>(name: string, give: () => Promise<T>) => () => {
      ran.push(name)
      return give()
    }
    const machine = compileClient(dkg).provide({
      actors: {
        watch: fromCallback(() => undefined),
        ask: fromPromise<Asked, StepInput>(said('ask', actors.ask ?? (() => Promise.resolve({ kind: 'statement' })))),
        assist: fromPromise<Json, StepInput>(said('assist', () => Promise.resolve({ sums: [] }))),
        post: fromPromise<null, StepInput>(said('post', actors.post ?? nothing)),
        pause: fromPromise<null>(did('pause', nothing)),
        collect: fromPromise<CollectedHow, StepInput>(said('collect', actors.collect ?? (() => Promise.resolve({ kind: 'complete' })))),
        duty: fromPromise<Duty>(did('duty', actors.duty ?? (() => Promise.resolve({ kind: 'over' as const })))),
        justify: fromPromise<null>(did('justify', actors.justify ?? nothing)),
        abort: fromPromise<null, { fault: unknown } & object>(({ input }) => { ran.push('abort'); inputs.push(input); return Promise.resolve(null) }) as never,
        doubt: fromPromise<null>(did('doubt', nothing)),
        abandon: fromPromise<null>(did('abandon', nothing)),
      },
      guards: {
        isBound: () => guards.isBound?.() ?? false, isCertified: () => guards.isCertified?.() ?? false,
        isDead: () => guards.isDead?.() ?? false, mayAbandon: () => guards.mayAbandon?.() ?? false,
        isOnDuty: () => guards.isOnDuty?.() ?? false, isOver: () => guards.isOver?.() ?? false, isUsable: () => guards.isUsable?.() ?? true,
      },
    })
    const actor = createActor(machine)
    const snapshots: unknown[] = []
    actor.subscribe({ next: () => snapshots.push(actor.getPersistedSnapshot()), error: () => undefined })
    actor.start()
    const end = await waitFor(actor, (snapshot) => snapshot.status !== 'active')
    return { outcome: end.output, context: end.context, ran, inputs, snapshots }
  }

  it('asks, posts and collects, step by step, to the end', async () => {
    const { outcome, ran } = await walk({})
    expect(outcome).to.equal('usable')
    expect(ran).to.deep.equal(dkg.steps.flatMap(({ name }) => [`ask ${name}`, `post ${name}`, `collect ${name}`]))
  })

  it('holds in its context, and gives to its actors, public JSON only', async () => {
    const { inputs, snapshots, context } = await walk({ ask: ({ step, assist }) => Promise.resolve(step === 'ProcessDeals' && assist === null ? { kind: 'question', question: { partials: [] } } : { kind: 'statement' }) })
    expect(Object.keys(context).sort()).to.deep.equal(['assist', 'fault', 'question', 'trouble'])
    for (const one of inputs) expect(Object.keys(one as object).sort()).to.deep.equal(['assist', 'question', 'step'])
    for (const one of snapshots) expect(JSON.parse(JSON.stringify(one))).to.be.an('object')
  })

  it('asks again with the answer to a question, and forgets both in the next step', async () => {
    const asks: StepInput[] = []
    const { outcome } = await walk({ ask: (input) => {
      asks.push(input)
      return Promise.resolve(input.step === 'ProcessDeals' && asks.filter((one) => one.step === 'ProcessDeals').length === 1 ? { kind: 'question', question: 7 } : { kind: 'statement' })
    } })
    expect(outcome).to.equal('usable')
    expect(asks.map(({ step }) => step)).to.deep.equal(['SendPublicKeys', 'SendCommits', 'SendDeals', 'ProcessDeals', 'ProcessDeals', 'ProcessResponses'])
    expect(asks.at(-1)).to.deep.equal({ step: 'ProcessResponses', assist: null, question: null })
  })

  it('tries again when the network fails, and stops for anything else', async () => {
    let fails = 2
    const again = await walk({ post: () => (fails-- > 0 ? Promise.reject(unreachable) : Promise.resolve(null)) })
    expect(again.outcome).to.equal('usable')
    expect(again.ran.slice(1, 7)).to.deep.equal(['post SendPublicKeys', 'pause', 'post SendPublicKeys', 'pause', 'post SendPublicKeys', 'collect SendPublicKeys'])
    for (const reason of [new Error('a bug'), boardError('conflict', { offset: 3, why: 'taken' }), 'a text', undefined, null, 5]) {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- whatever an edge may throw
      const { outcome, context } = await walk({ post: () => Promise.reject(reason) })
      expect(outcome).to.equal('stopped')
      expect(context.trouble).to.have.keys('code', 'what', 'todo')
    }
  })

  it('aborts for a fault that an actor carries', async () => {
    const fault: Fault = { reason: 'rejected', step: null, accused: null, why: 'no', convicts: false, offsets: [] }
    const { outcome, context, ran } = await walk({ ask: () => Promise.reject(runError('fault', fault)) })
    expect(outcome).to.equal('aborted')
    expect(context.fault).to.deep.equal(fault)
    expect(ran).to.deep.equal(['ask SendPublicKeys', 'abort'])
  })

  const disputed = ({ step }: StepInput) => Promise.resolve({ kind: step === 'ProcessDeals' ? 'disputed' : 'complete' })
  const guilty: Fault = { reason: 'dkg.bad-deal', step: null, accused: 'ben', why: 'bad', convicts: true, offsets: [] }
  const unreachable = boardError('unreachable', { url: 'board', why: 'it is down' })

  it('goes through a dispute as the accused or as a judge, says the verdict, and then ends', async () => {
    const judge = await walk({ collect: disputed, duty: () => Promise.resolve({ kind: 'judged', fault: guilty }) }, { isDead: () => true })
    expect(judge.ran.slice(-3)).to.deep.equal(['collect ProcessDeals', 'duty', 'abort'])
    expect(judge.context.fault).to.deep.equal(guilty)
    const duties: Duty[] = [{ kind: 'accused' }, { kind: 'accused' }, { kind: 'judged', fault: guilty }]
    const defendant = await walk({ collect: disputed, duty: () => Promise.resolve(duties.shift() ?? { kind: 'over' }) }, { isDead: () => true })
    expect(defendant.ran.slice(-6)).to.deep.equal(['duty', 'justify', 'duty', 'justify', 'duty', 'abort'])
    expect([judge.outcome, defendant.outcome]).to.deep.equal(['dead', 'dead'])
  })

  it('answers on when the network fails, and owes nothing once no dispute can come to be answered', async () => {
    let fails = 2
    const duties: Duty[] = [{ kind: 'accused' }, { kind: 'accused' }, { kind: 'accused' }]
    const { ran, outcome } = await walk({
      collect: disputed, duty: () => Promise.resolve(duties.shift() ?? { kind: 'over' }), justify: () => (fails-- > 0 ? Promise.reject(unreachable) : Promise.resolve(null)),
    })
    expect(ran.slice(-9)).to.deep.equal(['duty', 'justify', 'pause', 'duty', 'justify', 'pause', 'duty', 'justify', 'duty'])
    expect(outcome).to.equal('aborted')
  })

  it('keeps its duty to disputes after an abort, until that is over', async () => {
    const fault: Fault = { reason: 'rejected', step: null, accused: null, why: 'no', convicts: false, offsets: [] }
    const fails = ({ step }: StepInput) => (step === 'ProcessDeals' ? Promise.reject(runError('fault', fault)) : Promise.resolve({ kind: 'complete' }))
    const duties: Duty[] = [{ kind: 'accused' }, { kind: 'over' }]
    const { ran, outcome } = await walk({ ask: fails, duty: () => Promise.resolve(duties.shift() ?? { kind: 'over' }) }, { isOnDuty: () => duties.length > 0 })
    expect(ran.slice(-4)).to.deep.equal(['abort', 'duty', 'justify', 'duty'])
    expect(outcome).to.equal('aborted')
  })

  it('is in doubt after an abort that finds it bound, and comes back from there only by the certificate', async () => {
    const fault: Fault = { reason: 'rejected', step: null, accused: null, why: 'no', convicts: false, offsets: [] }
    const fails = ({ step }: StepInput) => (step === 'ProcessDeals' ? Promise.reject(runError('fault', fault)) : Promise.resolve({ kind: 'complete' }))
    const doubtful = await walk({ ask: fails }, { isBound: () => true })
    expect(doubtful.outcome).to.equal('doubtful')
    expect(doubtful.ran).not.to.include('abandon')
    let asked = 0
    const back = await walk({ ask: fails }, { isBound: () => true, isCertified: () => asked++ > 0 })
    expect(back.outcome).to.equal('usable')
    expect(back.context.fault).to.equal(null)
  })

  it('may give up where it is in doubt: dead once its word is in the log, in doubt where its owner would not', async () => {
    const fault: Fault = { reason: 'rejected', step: null, accused: null, why: 'no', convicts: false, offsets: [] }
    const fails = ({ step }: StepInput) => (step === 'ProcessDeals' ? Promise.reject(runError('fault', fault)) : Promise.resolve({ kind: 'complete' }))
    let isGivenUp = false
    const may = () => {
      isGivenUp = true
      return true
    }
    const dead = await walk({ ask: fails }, { isBound: () => true, mayAbandon: may, isDead: () => isGivenUp })
    expect([dead.outcome, ...dead.ran.slice(-2)]).to.deep.equal(['dead', 'doubt', 'abandon'])
    const kept = await walk({ ask: fails }, { isBound: () => true, mayAbandon: () => true })
    expect([kept.outcome, ...kept.ran.slice(-2)]).to.deep.equal(['doubtful', 'doubt', 'abandon'])
  })

  it('ends unconfirmed where every step is complete and its result cannot be made', async () => {
    expect((await walk({}, { isUsable: () => false })).outcome).to.equal('unconfirmed')
  })

  it('ends unconfirmed when others are late after the certificate, and only there', async () => {
    const { outcome, ran } = await walk({ collect: ({ step }) => Promise.resolve({ kind: step === 'ProcessResponses' ? 'late' : 'complete' }) })
    expect(outcome).to.equal('unconfirmed')
    expect(ran.at(-1)).to.equal('collect ProcessResponses')
    expect((await walk({ collect: () => Promise.resolve({ kind: 'late' }) })).ran).to.include('ask ProcessResponses')
  })
})

describe('an airgap’s machine', () => {
  const machine = compileAirgap(dkg)
  const names = dkg.steps.map((step) => step.name)
  const after = (events: readonly AirgapEvent[]) => events.reduce((at, event) => transition(machine, at, event)[0], initialTransition(machine)[0])
  const answered = (step: string): readonly AirgapEvent[] => [{ type: 'REQUEST', step }, { type: 'VERIFIED' }, { type: 'CONFIRMED' }, { type: 'ANSWERED' }]
  const upTo = (count: number): readonly AirgapEvent[] => names.slice(0, count).flatMap(answered)
  const placeIn = (events: readonly AirgapEvent[]) => JSON.stringify(after(events).value)

  it('verifies and computes each step, and asks its owner before the first only', () => {
    for (const [i, step] of names.entries()) {
      const asked: readonly AirgapEvent[] = [...upTo(i), { type: 'REQUEST', step }]
      expect(placeIn(asked)).to.include(`"${step}":"verifying"`)
      expect(placeIn([...asked, { type: 'VERIFIED' }])).to.include(`"${step}":"${i === 0 ? 'confirming' : 'computing'}"`)
    }
    expect(after(upTo(names.length)).output).to.equal('finished')
  })

  it('takes a request for the step that it is in, and for no other', () => {
    for (const [i] of names.entries()) {
      for (const step of names) expect(after(upTo(i)).can({ type: 'REQUEST', step }), `${step} after ${String(i)}`).to.equal(step === names[i])
    }
  })

  it('stays where it is after what does not verify, after a question, and after a screen that failed', () => {
    const [step = ''] = names
    const asked: readonly AirgapEvent[] = [{ type: 'REQUEST', step }]
    for (const events of [asked, [...asked, { type: 'VERIFIED' } as const], [...asked, { type: 'VERIFIED' } as const, { type: 'CONFIRMED' } as const]]) {
      expect(placeIn([...events, { type: 'REFUSED' }])).to.equal(placeIn([]))
    }
    const question: readonly AirgapEvent[] = [...upTo(3), { type: 'REQUEST', step: 'ProcessDeals' }, { type: 'VERIFIED' }, { type: 'ASKED' }]
    expect(placeIn(question)).to.equal(placeIn(upTo(3)))
  })

  it('is over when its owner declines, and when its client shows an end that is one', () => {
    expect(after([{ type: 'REQUEST', step: names[0] ?? '' }, { type: 'VERIFIED' }, { type: 'DECLINED' }]).output).to.equal('declined')
    for (const [i] of names.entries()) {
      const isCommitted = i > names.indexOf(dkg.certificate)
      expect(after([...upTo(i), { type: 'CLOSED', by: 'abort' }]).output).to.equal(isCommitted ? undefined : 'closed')
      expect(after([...upTo(i), { type: 'CLOSED', by: 'ending' }]).output).to.equal('closed')
      expect(after([...upTo(i), { type: 'ABANDONED' }]).output).to.equal(isCommitted ? 'abandoned' : undefined)
    }
  })

  it('takes no step after a dispute of its own, nor one after the certificate once it was accused', () => {
    const disputed: readonly AirgapEvent[] = [...upTo(3), { type: 'REQUEST', step: 'ProcessDeals' }, { type: 'VERIFIED' }, { type: 'DISPUTED' }]
    for (const step of names) expect(after(disputed).can({ type: 'REQUEST', step }), step).to.equal(false)
    expect(after(disputed).can({ type: 'ACCUSED' })).to.equal(true)
    const accused: readonly AirgapEvent[] = [...upTo(3), { type: 'ACCUSED' }]
    expect(after(accused).can({ type: 'REQUEST', step: 'ProcessDeals' })).to.equal(true)
    expect(after([...accused, ...answered('ProcessDeals')]).can({ type: 'REQUEST', step: 'ProcessResponses' })).to.equal(false)
    expect(after([...accused, ...answered('ProcessDeals'), { type: 'CLOSED', by: 'abort' }]).output).to.equal('closed')
  })

  it('holds nothing of what it was asked or answered', () => {
    expect(JSON.stringify(after([...upTo(3), { type: 'ACCUSED' }]).toJSON())).not.to.match(/seed|salt|share|payload|prepared/)
    expect(after(upTo(3)).context).to.deep.equal({ isBarred: false })
  })
})
