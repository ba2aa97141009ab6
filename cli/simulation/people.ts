/** The made-up participants of a simulation. */
import type { Ceremony } from '../../engine/machines/ceremony.ts'
import { cliError } from '../errors.ts'

/** In the order of a roster. */
const PEOPLE = [
  'ada', 'bob', 'carol', 'dave', 'erin', 'frank', 'grace', 'heidi', 'ivan', 'judy', 'kim', 'leo', 'mona', 'nils', 'olga', 'peggy',
  'quinn', 'ruth', 'sam', 'tara', 'uwe', 'vera', 'walter', 'xenia', 'yuri', 'zoe',
] as const

/**
 * Their names, as `--participants` or `--names` ask for.
 *
 * @throws cli.participants where neither says, both differ, a name is none or twice, or the script wants fewer or more
 */
export function peopleOf(ceremony: Ceremony, count: number | undefined, list: string | undefined): readonly string[] {
  const { min, max } = ceremony.participants ?? { min: 2, max: 1024 }
  const refuse = (why: string) => cliError('participants', { why })
  const range = `${ceremony.name} takes ${min} to ${max}`
  const names = list === undefined ? made(count) : list.split(',').map((name) => name.trim())
  if (names === undefined) throw refuse(`neither --participants nor --names says how many; ${range}`)
  if (names.length < min || names.length > max) throw refuse(`${names.length} are too ${names.length < min ? 'few' : 'many'}; ${range}`)
  if (count !== undefined && names.length !== count) throw refuse(`--participants says ${count}, and --names has ${names.length}`)
  const wrong = names.find((name) => !/^[a-z0-9-]{1,32}$/.test(name))
  if (wrong !== undefined) throw refuse(`${JSON.stringify(wrong)} is no name`)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) throw refuse(`${twice} is named twice`)
  return [...names].sort()
}

/** As many as asked for; not more than anybody can take, for the count is not checked yet. */
function made(count: number | undefined): readonly string[] | undefined {
  if (count === undefined) return undefined
  if (count <= PEOPLE.length) return PEOPLE.slice(0, Math.max(0, count))
  const digits = String(count).length
  return Array.from({ length: count }, (_, i) => `p${String(i + 1).padStart(digits, '0')}`)
}
