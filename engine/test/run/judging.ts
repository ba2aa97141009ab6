/** The ending of a faulty ceremony, and the rule that holds for all of them: nobody honest is ever blamed. */
import { expect } from 'chai'
import type { Outcome } from '../../machines/client.ts'
import type { Simulated } from '../../simulate/simulate.ts'
import { resultOf } from './harness.ts'

/** The ending of a ceremony for those who are honest. */
export interface Ending {
  /** All outcomes that there were, each once, sorted. */
  readonly outcomes: readonly Outcome[]
  /** The faults that they found in the log, or say in their Aborts, each once: `reason`, or `reason:accused`. */
  readonly said: readonly string[]
  /** The participants whom the log proves guilty. */
  readonly convicted: readonly string[]
}

const sorted = <T extends string>(all: readonly T[]): T[] => [...new Set(all)].sort()

/** Reads the ending off every honest client; all of them must convict the same. */
export function endingOf(run: Simulated, faulty: readonly string[]): Ending {
  const honest = run.members.map((member) => member.name).filter((name) => !faulty.includes(name))
  const ends = honest.map((name) => resultOf(run, name))
  const convicted = ends.map(({ ledger }) => sorted(ledger.faults.flatMap(({ convicts, accused }) => (convicts && accused !== null ? [accused] : []))))
  for (const one of convicted) expect(one, 'all convict the same').to.deep.equal(convicted[0])
  const said = ends.flatMap(({ ledger, fault }) => {
    const own = fault === null ? [] : [fault]
    const aborts = ledger.aborts.filter(({ from }) => !faulty.includes(from)).map(({ payload }) => payload)
    return [...ledger.faults, ...own, ...aborts].map(({ reason, accused }) => (accused === null ? reason : `${reason}:${accused}`))
  })
  return { outcomes: sorted(ends.map(({ outcome }) => outcome)), said: sorted(said), convicted: convicted[0] ?? [] }
}

/** Expects that no honest client blames another honest participant, that each sees why it ended, and keeps nothing without a success. */
export function expectNobodyHonestBlamed(run: Simulated, faulty: readonly string[], label = ''): void {
  const honest = run.members.map((member) => member.name).filter((name) => !faulty.includes(name))
  for (const name of honest) {
    const { ledger, fault, outcome } = resultOf(run, name)
    const own = ledger.aborts.filter(({ from }) => honest.includes(from)).map(({ payload }) => payload)
    if (['aborted', 'doubtful'].includes(outcome)) expect([...ledger.aborts, ...ledger.faults], `${label}: ${name} sees why`).not.to.deep.equal([])
    if (outcome === 'dead') expect(ledger.dead?.why, `${label}: ${name} sees why`).to.be.a('string')
    for (const { accused, reason } of [...ledger.faults, ...own, ...(fault === null ? [] : [fault])]) {
      expect(honest, `${label}: ${name} blames an honest one of ${reason}`).not.to.include(accused)
    }
    if (outcome === 'aborted' || outcome === 'doubtful') {
      expect(run.members.find((member) => member.name === name)?.memory.read().archive[run.ceremony], `${label}: ${name} keeps`).to.equal(undefined)
    }
  }
  const outcomes = honest.map((name) => resultOf(run, name).outcome)
  const succeeded = outcomes.filter((outcome) => outcome === 'usable' || outcome === 'unconfirmed')
  expect(succeeded.length === 0 || succeeded.length === outcomes.length, `${label}: ${outcomes.join()}`).to.equal(true)
  const keys = succeeded.length === 0 ? [] : honest.map((name) => resultOf(run, name).ledger.sources.statements('Response')[0]?.payload['groupKey'])
  expect(new Set(keys).size, `${label}: one key`).to.be.at.most(1)
}
