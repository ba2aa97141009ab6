/** A ceremony as its page shows it. */
import { ceremonyNumber } from '../../engine/crypto/number.ts'
import type { Script } from '../../engine/machines/ceremony.ts'
import type { Standing } from '../../engine/run/standing.ts'
import { unpainted } from '../output.ts'
import { waitingLines } from '../screen/ceremony.ts'
import type { PageCeremony, PageTable } from './protocol.ts'

/** The last number, remembered: it is slow to compute on purpose, and a page is told often. */
let known = { id: '', number: '' }

/** @param step the step's name, or null before the first and after the last */
export function pageCeremony(id: string, { ceremony: { name, version, title, steps } }: Pick<Script, 'ceremony'>, step: string | null): PageCeremony {
  if (known.id !== id) known = { id, number: ceremonyNumber(id) }
  const at = steps.findIndex((one) => one.name === step)
  return { id, number: known.number, title: `${name} ${version}: ${title}`, step, at: at + 1, of: steps.length }
}

/** The table of who has done what, and who is awaited. */
export const pageTable = (standing: Standing, since?: number): PageTable => ({
  steps: standing.steps.map(({ name }) => name),
  rows: standing.rows.map(({ name, isMe, cells }) => ({ name, isMe, cells: cells.map(({ mark }) => mark) })),
  waiting: waitingLines(standing, since).map((line) => unpainted(line).trim()),
})
