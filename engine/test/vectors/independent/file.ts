import { readFileSync } from 'node:fs'
import type { Ceremony, Json, Participant, Statement, Vectors } from './form.ts'

/** The published vectors, as they stand in the repository. */
export const vectors = JSON.parse(readFileSync(new URL('../keyrite-2.json', import.meta.url), 'utf8')) as Vectors

export function participant(name: string): Participant {
  const found = vectors.participants.find((one) => one.name === name)
  if (found === undefined) throw new Error(`nobody is called ${name}`)
  return found
}

/** A field's text. */
export function text(value: Json | undefined): string {
  if (typeof value !== 'string') throw new Error('a field that is no text')
  return value
}

/** All ceremonies of the vectors, of every script. */
export const ceremonies: readonly Ceremony[] = [...vectors.dkg, ...vectors.disputes, vectors.beacon, vectors.signing]

/** The statements of one type, in the log's order. */
export const stated = ({ log }: Ceremony, type: string): readonly Statement[] => log.map(({ message }) => message.statement).filter((one) => one.type === type)

/** The one statement of that type and author. */
export function statedBy(ceremony: Ceremony, type: string, from: string): Statement {
  const [found, ...more] = stated(ceremony, type).filter((one) => one.from === from)
  if (found === undefined || more.length > 0) throw new Error(`not one ${type} of ${from}`)
  return found
}

/** The attachment of that statement. */
export function attachedBy(ceremony: Ceremony, type: string, from: string): Ceremony['log'][number]['attachment'] {
  return ceremony.log.find(({ message: { statement } }) => statement.type === type && statement.from === from)?.attachment
}
