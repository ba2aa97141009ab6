import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { faultMarkdown } from '../../engine/simulate/cells.ts'
import type { FaultRow } from '../../engine/simulate/cells.ts'
import { faultLines } from '../simulation/run.ts'
import { keyrite } from './keyrite/run.ts'

describe('keyrite ceremony simulate --all-faults', () => {
  let folder: string
  before(async () => (folder = await mkdtemp(join(tmpdir(), 'keyrite-all-faults-'))))
  after(() => rm(folder, { recursive: true }))

  const run = (...args: readonly string[]) => keyrite(['ceremony', 'simulate', ...args], folder)

  it('is not asked for beside single faults', async () => {
    expect((await run('beacon', '--participants', '2', '--all-faults', '--fault', 'silent:bob')).code).to.equal(2)
  })

  it('says in its table what does not hold, and of which run', () => {
    const row: FaultRow = { fault: 'silent', who: 'client', doc: 'Posts nothing.', cells: 2, ends: ['aborted', 'dead'], convicted: [], problems: [] }
    expect(faultLines([row]).at(-1)).to.equal('2 runs: all holds that must hold after each.')
    const bad = faultLines([row, { ...row, fault: 'lies', convicted: ['malformed'], problems: ['lies:bob: ada is honest, and convicted of malformed'] }])
    expect(bad.slice(-2)).to.deep.equal(['4 runs, and what does not hold:', '  lies:bob: ada is honest, and convicted of malformed'])
    expect(bad.find((line) => line.startsWith('lies'))).to.match(/lies +client +2 +aborted, dead +malformed +1 problem/)
    expect(faultMarkdown([row]).split('\n').at(-1)).to.equal('| `silent` | client | Posts nothing. | aborted, dead | nobody |')
  })
})
