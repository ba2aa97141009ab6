import { expect } from 'chai'
import { createActor, fromCallback, fromPromise, waitFor } from 'xstate'
import { AIRGAP_NAMES, airgapConfig, airgapSteps, compileAirgap } from '../../machines/airgap.ts'
import type { AirgapInput, Computed } from '../../machines/airgap.ts'
import { CLIENT_NAMES, clientConfig, compileClient, OUTCOMES } from '../../machines/client.ts'
import type { Asked, CollectedHow, Duty, StepInput } from '../../machines/client.ts'
import { assertComplete } from '../../machines/strict.ts'
import { readShipped, shippedNames } from '../../script/load.ts'
import type { Fault } from '../../wire/abort.ts'
import type { Json } from '../../base/canonical.ts'

type Node = Record<string, unknown>

const dkg = readShipped('dkg').ceremony

/** A machine's configuration with one thing in it changed, at a path. */
function planted(path: readonly string[], value: unknown): Node {
  const config = structuredCloneish(clientConfig(dkg)) as Node
  const parent = path.slice(0, -1).reduce<Node>((node, key) => node[key] as Node, config)
  const last = path.at(-1) ?? ''
  // An absent part and an undefined one are the same to XState.
  parent[last] = value
  return config
}

/** A copy that shares functions. */
function structuredCloneish(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(structuredCloneish)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, structuredCloneish(one)]))
}

const check = (config: Node) => () => assertComplete('planted', config, CLIENT_NAMES)

describe('the compiler of machines', () => {
  for (const name of shippedNames()) {
    it(`makes both machines of ${name}, in which every name is implemented`, () => {
      const { ceremony } = readShipped(name)
      assertComplete('client', clientConfig(ceremony), CLIENT_NAMES)
      assertComplete('airgap', airgapConfig(ceremony), AIRGAP_NAMES)
      expect(Object.keys(compileClient(ceremony).config.states ?? {})).to.include.members([...ceremony.steps.map((step) => step.name), ...OUTCOMES])
      expect(Object.keys(compileAirgap(ceremony).config.states ?? {})).to.include.members([...airgapSteps(ceremony).map((step) => step.name), 'finished', 'declined', 'closed'])
    })
  }

  it('implements every name that it lists, and lists every name that it implements', () => {
    for (const [machine, names] of [[compileClient(dkg), CLIENT_NAMES], [compileAirgap(dkg), AIRGAP_NAMES]] as const) {
      const { actors, guards, actions } = machine.implementations
      expect(Object.keys(actors).sort()).to.deep.equal([...names.actors].sort())
      expect(Object.keys(guards).sort()).to.deep.equal([...names.guards].sort())
      expect(Object.keys(actions).sort()).to.deep.equal([...names.actions].sort())
    }
  })

  const step = ['states', 'ProcessDeals', 'states']
  const plants: [string, readonly string[], unknown, RegExp][] = [
    ['an unknown actor', [...step, 'posting', 'invoke', 'src'], 'send', /actor send at planted\.ProcessDeals\.posting/],
    ['no actor', [...step, 'posting', 'invoke', 'src'], 5, /actor 5/],
    ['an unknown guard', [...step, 'collecting', 'invoke', 'onDone'], [{ guard: 'isNice', target: '#aborting' }], /guard isNice/],
    ['an unknown guard with parameters', [...step, 'collecting', 'invoke', 'onDone'], { guard: { type: 'isNice', params: {} }, target: '#aborting' }, /guard isNice/],
    ['an unknown action', [...step, 'asking', 'invoke', 'onDone'], { target: 'posting', actions: ['forgetQuestion', 'boast'] }, /action boast/],
    ['an unknown action on entry', [...step, 'asking', 'entry'], 'boast', /action boast/],
    ['an unknown sibling', [...step, 'asking', 'invoke', 'onDone'], 'mailing', /state mailing/],
    ['an unknown id', [...step, 'collecting', 'invoke', 'onDone'], '#nowhere', /state #nowhere/],
    ['an unknown child', ['on', 'ABORT'], '.nowhere', /state \.nowhere/],
    ['a target that is no name', ['on', 'ABORT'], { target: 5 }, /state number/],
    ['an inherited name as a target', [...step, 'asking', 'invoke', 'onDone'], 'constructor', /state constructor/],
    ['an unknown initial state', ['states', 'ProcessDeals', 'initial'], 'resting', /initial state resting/],
    ['no initial state', ['states', 'ProcessDeals', 'initial'], undefined, /initial state undefined/],
    ['an actor whose failure nobody hears', [...step, 'posting', 'invoke', 'onError'], undefined, /error transition of post/],
    ['an actor of the whole machine whose failure nobody hears', ['invoke', 'onError'], undefined, /error transition of watch/],
    ['an unknown target of a failure', [...step, 'posting', 'invoke', 'onError'], '#oops', /state #oops/],
    ['an unknown target at once', ['states', 'ending', 'always'], [{ guard: 'isBound', target: 'nirvana' }], /state nirvana/],
  ]
  for (const [what, path, value, message] of plants) {
    it(`refuses ${what}, which XState would take`, () => {
      expect(check(planted(path, value))).to.throw(message).with.property('code', 'compile.unknown')
    })
  }

  it('takes what was not planted', () => {
    expect(check(planted(['id'], 'dkg-client'))).not.to.throw()
  })
})

describe('a client’s machine', () => {
  /** Runs the DKG's machine with actors that do nothing but say that they ran, but for these. */
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
        pause: fromPromise<null, StepInput>(said('pause', nothing)),
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
    expect(again.ran.filter((one) => one === 'pause SendPublicKeys')).to.have.lengthOf(2)
    for (const reason of [new Error('a bug'), Object.assign(new Error('taken'), { code: 'board.conflict' }), 'a text', undefined, null, 5]) {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- whatever an edge may throw
      const { outcome, context } = await walk({ post: () => Promise.reject(reason) })
      expect(outcome).to.equal('stopped')
      expect(context.trouble).to.have.keys('code', 'what', 'todo')
    }
  })

  it('aborts for a fault that an actor carries', async () => {
    const fault = { reason: 'rejected', step: null, accused: null, why: 'no', convicts: false, offsets: [] }
    const { outcome, context, ran } = await walk({ ask: () => Promise.reject(Object.assign(new Error('no'), { fault })) })
    expect(outcome).to.equal('aborted')
    expect(context.fault).to.deep.equal(fault)
    expect(ran).to.deep.equal(['ask SendPublicKeys', 'abort'])
  })

  const disputed = ({ step }: StepInput) => Promise.resolve({ kind: step === 'ProcessDeals' ? 'disputed' : 'complete' })
  const guilty: Fault = { reason: 'dkg.bad-deal', step: null, accused: 'ben', why: 'bad', convicts: true, offsets: [] }
  const unreachable = Object.assign(new Error('down'), { code: 'board.unreachable' })

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
    expect(ran.slice(-9)).to.deep.equal(['duty', 'justify', 'pause ', 'duty', 'justify', 'pause ', 'duty', 'justify', 'duty'])
    expect(outcome).to.equal('aborted')
  })

  it('keeps its duty to disputes after an abort, until that is over', async () => {
    const fault = { reason: 'rejected', step: null, accused: null, why: 'no', convicts: false, offsets: [] }
    const fails = ({ step }: StepInput) => (step === 'ProcessDeals' ? Promise.reject(Object.assign(new Error('no'), { fault })) : Promise.resolve({ kind: 'complete' }))
    const duties: Duty[] = [{ kind: 'accused' }, { kind: 'over' }]
    const { ran, outcome } = await walk({ ask: fails, duty: () => Promise.resolve(duties.shift() ?? { kind: 'over' }) }, { isOnDuty: () => duties.length > 0 })
    expect(ran.slice(-4)).to.deep.equal(['abort', 'duty', 'justify', 'duty'])
    expect(outcome).to.equal('aborted')
  })

  it('is in doubt after an abort that finds it bound, and comes back from there only by the certificate', async () => {
    const fault = { reason: 'rejected', step: null, accused: null, why: 'no', convicts: false, offsets: [] }
    const fails = ({ step }: StepInput) => (step === 'ProcessDeals' ? Promise.reject(Object.assign(new Error('no'), { fault })) : Promise.resolve({ kind: 'complete' }))
    const doubtful = await walk({ ask: fails }, { isBound: () => true })
    expect(doubtful.outcome).to.equal('doubtful')
    expect(doubtful.ran).not.to.include('abandon')
    let asked = 0
    const back = await walk({ ask: fails }, { isBound: () => true, isCertified: () => asked++ > 0 })
    expect(back.outcome).to.equal('usable')
    expect(back.context.fault).to.equal(null)
  })

  it('may give up where it is in doubt: dead once its word is in the log, in doubt where its owner would not', async () => {
    const fault = { reason: 'rejected', step: null, accused: null, why: 'no', convicts: false, offsets: [] }
    const fails = ({ step }: StepInput) => (step === 'ProcessDeals' ? Promise.reject(Object.assign(new Error('no'), { fault })) : Promise.resolve({ kind: 'complete' }))
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
  function start(actors: { verify?: (input: AirgapInput) => Promise<null>; confirm?: () => Promise<boolean>; compute?: () => Promise<Computed> }, answered: readonly string[] = []) {
    const ran: string[] = []
    const refused: unknown[] = []
    const done = new Set(answered)
    const machine = compileAirgap(dkg).provide({
      actors: {
        verify: fromPromise<null, AirgapInput>(({ input }) => { ran.push(`verify ${input.step}`); return actors.verify?.(input) ?? Promise.resolve(null) }),
        confirm: fromPromise<boolean, AirgapInput>(({ input }) => { ran.push(`confirm ${input.step}`); return actors.confirm?.() ?? Promise.resolve(true) }),
        compute: fromPromise<Computed, AirgapInput>(async ({ input }) => {
          ran.push(`compute ${input.step}`)
          const how = await (actors.compute?.() ?? Promise.resolve('answered' as const))
          if (how === 'answered') done.add(input.step)
          return how
        }),
      },
      guards: { wasAnswered: (_, { step }) => done.has(step) },
      actions: { refuse: (_, { error }) => { refused.push(error) } },
    })
    const actor = createActor(machine)
    actor.subscribe({ error: () => undefined })
    actor.start()
    const request = async (step: string) => {
      actor.send({ type: 'REQUEST', step, request: 'ab'.repeat(32) })
      await waitFor(actor, (snapshot) => snapshot.status !== 'active' || JSON.stringify(snapshot.value).includes('waiting'))
      return JSON.stringify(actor.getSnapshot().value)
    }
    return { actor, request, ran, refused }
  }
  const names = dkg.steps.map((step) => step.name)

  it('verifies and computes each step, and asks its owner before the first only', async () => {
    const { request, ran } = start({})
    for (const name of names) await request(name)
    expect(ran).to.deep.equal(names.flatMap((name, i) => [`verify ${name}`, ...(i === 0 ? [`confirm ${name}`] : []), `compute ${name}`]))
  })

  it('begins where its memory says that it was', async () => {
    const { actor, request } = start({}, names.slice(0, 3))
    expect(actor.getSnapshot().value).to.deep.equal({ ProcessDeals: 'waiting' })
    expect(await request('SendDeals')).to.equal('{"ProcessDeals":"waiting"}')
    expect(start({}, names).actor.getSnapshot().output).to.equal('finished')
  })

  it('stays where it is after what does not verify, after a question, and after a screen that failed', async () => {
    const error = new Error('bad')
    for (const actors of [{ verify: () => Promise.reject(error) }, { confirm: () => Promise.reject(error) }, { compute: () => Promise.reject(error) }]) {
      const { request, refused } = start(actors)
      expect(await request('SendPublicKeys')).to.equal('{"SendPublicKeys":"waiting"}')
      expect(refused).to.deep.equal([error])
    }
    expect(await start({ compute: () => Promise.resolve('asking') }).request('SendPublicKeys')).to.equal('{"SendPublicKeys":"waiting"}')
  })

  it('is over when its owner declines, or when the ceremony is closed', async () => {
    const declined = start({ confirm: () => Promise.resolve(false) })
    await declined.request('SendPublicKeys')
    expect(declined.actor.getSnapshot().output).to.equal('declined')
    expect(declined.ran).to.deep.equal(['verify SendPublicKeys', 'confirm SendPublicKeys'])
    const closed = start({}, names.slice(0, 2))
    closed.actor.send({ type: 'CLOSE' })
    expect(closed.actor.getSnapshot().output).to.equal('closed')
  })

  it('holds a request’s digest, and nothing else of it', async () => {
    const { actor, request } = start({})
    await request('SendPublicKeys')
    const { context } = actor.getSnapshot()
    expect(context).to.deep.equal({ request: 'ab'.repeat(32) })
    expect(JSON.stringify(actor.getPersistedSnapshot())).not.to.match(/seed|salt|share|payload|prepared/)
  })
})
