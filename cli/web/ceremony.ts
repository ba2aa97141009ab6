/** A ceremony as its page shows it. */
import { ceremonyNumber } from '../../engine/crypto/number.ts'
import type { Script } from '../../engine/machines/ceremony.ts'
import type { Ledger } from '../../engine/run/ledger.ts'
import { unpainted } from '../output.ts'
import { waitingLines } from '../screen/ceremony.ts'
import type { PageCell, PageCeremony, PageTable } from './protocol.ts'

/** The last number: it is slow on purpose, and a page is told often. */
let known = { id: '', number: '' }

/** @param step its name, or null before the first and after the last */
export function pageCeremony(id: string, { ceremony: { name, version, title, steps } }: Pick<Script, 'ceremony'>, step: string | null): PageCeremony {
  if (known.id !== id) known = { id, number: ceremonyNumber(id) }
  const at = steps.findIndex((one) => one.name === step)
  return { id, number: known.number, title: `${name} ${version}: ${title}`, step, at: at + 1, of: steps.length }
}

/** Who has done what, as `progressTable` paints it in a terminal. */
export function pageTable(ledger: Ledger, me: string, now: number, since?: number): PageTable {
  const { steps } = ledger.ceremony
  return {
    steps: steps.map((step) => step.name),
    rows: ledger.roster.map(({ name }) => ({
      name, isMe: name === me,
      cells: steps.map((step): PageCell => {
        if (ledger.disputes.some((one) => one.step.name === step.name && one.dispute.statement.from === name)) return 'trouble'
        if (ledger.hasStated(step.name, name)) return 'done'
        if (ledger.isOut(name)) return 'trouble'
        return step.index === ledger.current ? 'awaited' : 'later'
      }),
    })),
    waiting: waitingLines(ledger, now, since).map((line) => unpainted(line).trim()),
  }
}
