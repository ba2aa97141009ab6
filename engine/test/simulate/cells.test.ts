import { expect } from 'chai'
import { openEnvelope, sealEnvelope } from '../../channel/envelope.ts'
import { readShipped, shippedLibrary } from '../../script/load.ts'
import { cellName, cellsOf, runCell, secretsOf } from '../../simulate/cells.ts'
import type { CellOptions } from '../../simulate/cells.ts'
import { faultKinds } from '../../simulate/faults.ts'
import type { FaultKind } from '../../simulate/meddling.ts'
import { abortBy, beforeStep } from '../../simulate/meddling.ts'
import { verbs } from '../../verbs/implementations.ts'
import type { JsonObject } from '../../base/canonical.ts'
import { beacon, dkg, memberOf, namesOf, simulateDkg } from '../run/harness.ts'

const names = namesOf(3)
const options: CellOptions = { script: beacon, names, parameters: {}, verbs, idle: 5, opensAt: Date.UTC(2026, 0, 1), library: shippedLibrary }

const kindOf = (name: string): FaultKind => faultKinds.find((kind) => kind.name === name) ?? expect.fail(name)
const problemsOf = async (kind: FaultKind, target: string, given = options) => (await runCell({ kind, participant: 'ben', target }, given)).problems.join('\n')

describe('the matrix of misbehaviour', () => {
  it('has every kind in some shipped script, each with a name, a sentence, and a proof only where an airgap is dishonest', () => {
    expect(new Set(faultKinds.map(({ name }) => name)).size).to.equal(faultKinds.length)
    const somewhere = new Set([dkg, beacon, readShipped('sign')].flatMap((script) => cellsOf(script, names, 'ben')).map(({ kind }) => kind.name))
    for (const { name, who, proves } of faultKinds) {
      expect(somewhere.has(name), name).to.equal(true)
      if (who !== 'airgap') expect(proves, name).to.deep.equal([])
    }
  })

  it('names its cells as a command line does', () => {
    const cells = cellsOf(beacon, names, 'ben').map(cellName)
    expect(cells).to.include.members(['silent:ben:SendCommits', 'declines:ben', 'foreign:ben:cleo', 'storage-hides:ben:SendReveals'])
    expect(cells.some((one) => one.startsWith('wrong-share'))).to.equal(false)
  })

  it('finds nothing wrong where all is as it must be, and says how it ended', async () => {
    for (const [name, target, ending] of [['equivocate', 'SendCommits', 'aborted'], ['late', 'SendReveals', 'usable'], ['foreign', 'anna', 'aborted'], ['restored-airgap', 'SendReveals', 'aborted']] as const) {
      const { problems, logEnding, convicted } = await runCell({ kind: kindOf(name), participant: 'ben', target }, options)
      expect(problems, name).to.deep.equal([])
      expect(logEnding).to.equal(ending)
      expect(convicted).to.deep.equal(name === 'equivocate' ? [{ name: 'ben', reason: 'equivocation' }] : [])
    }
  })

  it('finds a guilty one that is not convicted, and one that is without having been guilty', async () => {
    expect(await problemsOf({ ...kindOf('wrong-view'), proves: ['malformed'] }, 'SendCommits')).to.equal('ben is convicted of nothing, where malformed can be proved')
    expect(await problemsOf({ ...kindOf('equivocate'), proves: [] }, 'SendCommits')).to.contain('where nothing can be proved')
    expect(await problemsOf({ ...kindOf('equivocate'), who: 'client' }, 'SendCommits')).to.contain('ben is honest, and convicted of equivocation')
  })

  it('finds a secret on the board', async () => {
    const leaking = { ...kindOf('aborts'), make: ({ target }) => beforeStep(target, (one) => {
      const seed = Buffer.from(one.member.seed).toString('hex')
      return one.board.post(abortBy({ ...one, sign: (unsigned) => one.sign({ ...unsigned, statement: { ...unsigned.statement, payload: { seed } } }) }))
    }) } satisfies FaultKind
    expect(await problemsOf(leaking, 'SendCommits')).to.contain('the seed of ben is on the board')
  })

  it('finds an airgap that takes what it must refuse', async () => {
    const lenient = { ...kindOf('forged-statement'), make: (place) => ({
      exchange: (airgap, member, board) => {
        const lying = kindOf('forged-statement').make(place).exchange ?? expect.fail()
        const handle = async (text: string) => {
          const { digest, ...answer } = openEnvelope(await airgap.handle(text))
          expect(digest).to.be.a('string')
          return sealEnvelope({ ...answer, body: { ...(answer.body as JsonObject), give: 'statement' } })
        }
        return lying({ handle }, member, board)
      },
    }) } satisfies FaultKind
    expect(await problemsOf(lenient, 'SendReveals')).to.contain('ben').and.to.contain('the airgap gave "statement" where it should have refused')
  })

  it('finds a run that fails, and does not fail with it', async () => {
    const broken = { ...kindOf('aborts'), make: () => ({
      board: (board) => ({
        ...board,
        // eslint-disable-next-line @typescript-eslint/require-await -- a generator that fails before its first value
        async *follow() {
          throw new Error('the disk is full')
          yield board.entries[0] ?? expect.fail()
        },
      }),
    }) } satisfies FaultKind
    expect(await problemsOf(broken, 'SendCommits')).to.contain('the run failed: Error: the disk is full')
  })

  it('knows the secrets that it looks for: they are those that the vaults hold', async () => {
    const run = await simulateDkg(3, 2, 'fault secrets')
    const secrets = secretsOf(memberOf(run, 'anna'), run, dkg)
    const vault = JSON.stringify(memberOf(run, 'anna').memory.read())
    expect(vault).to.contain(secrets.get('seed')).and.to.contain(secrets.get('share'))
    expect([...secrets.keys()]).to.include.members(['signing key', 'airgap key', 'session seed', 'encryption key', 'number', 'coefficient 0', 'coefficient 1'])
  })
})
