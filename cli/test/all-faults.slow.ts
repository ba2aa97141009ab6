import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { CellReport } from '../../engine/simulate/cells.ts'
import { keyrite } from './keyrite/run.ts'

describe('keyrite ceremony simulate --all-faults, run', () => {
  let folder: string
  before(async () => (folder = await mkdtemp(join(tmpdir(), 'keyrite-all-faults-'))))
  after(() => rm(folder, { recursive: true }))

  const run = (...args: readonly string[]) => keyrite(['ceremony', 'simulate', ...args], folder)

  it('runs every fault that the script can meet, of the second participant, and finds that all holds', async () => {
    const { code, stdout } = await run('beacon', '--participants', '2', '--all-faults', '--json')
    const reports = JSON.parse(stdout) as CellReport[]
    expect(code, stdout).to.equal(0)
    expect(reports.map(({ cell }) => cell)).to.include.members(['silent:bob:SendCommits', 'equivocate:bob:SendReveals', 'foreign:bob:ada', 'other-number:bob', 'storage-hides-aborts:bob'])
    for (const { cell, problems } of reports) expect(problems, cell).to.deep.equal([])
    expect(reports.find(({ cell }) => cell === 'other-number:bob')).to.deep.include({ logEnding: 'dead', convicted: [{ name: 'bob', reason: 'random.bad-opening' }] })
  })
})
