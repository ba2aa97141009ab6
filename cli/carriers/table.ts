/** The table of all kinds of carriers, and the help about them. To add one, add its file here and its row below. */
import { cliError } from '../errors.ts'
import { folder } from './folder.ts'
import type { CarrierKind } from './kind.ts'
import { terminal } from './terminal.ts'
import { web } from './web.ts'

/** The kinds, in the order of help. Where none is named, the first that suits the machine is taken. */
export const carriers: readonly CarrierKind[] = [web, terminal, folder]

/** A kind as a user writes it, such as `folder:DIR`. */
export const written = ({ name, value }: CarrierKind): string => (value === undefined ? name : `${name}:${value.name}`)

/** Words in a sentence: `one, two, or three`. */
const anyOf = (words: readonly string[]): string => words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')}, or ${words.at(-1) ?? ''}`

/** The help of `--channel`. */
export const channelHelp = {
  summary: `How the two machines see each other: ${anyOf(carriers.map(written))}.`,
  description: carriers.map((kind) => `${written(kind)} ${kind.does}.`).join(' '),
  helpValue: carriers.map(written).join('|'),
}

/** A kind that was named or taken for this machine, and the value after its colon. */
export interface Picked {
  readonly kind: CarrierKind
  readonly value: string
}

/**
 * The kind that `--channel` names, or the default. It is called before anybody types a passphrase. @throws cli.channel,
 * cli.no-page
 */
export async function pickCarrier(named: string | undefined): Promise<Picked> {
  const picked = named === undefined ? { kind: await suitable(), value: '' } : carrierNamed(named)
  await picked.kind.check?.()
  return picked
}

async function suitable(): Promise<CarrierKind> {
  for (const kind of carriers) if (await kind.suits?.() === true) return kind
  throw new TypeError('no carrier suits this machine')
}

function carrierNamed(named: string): Picked {
  const [, name, value] = /^([^:]*)(?::(.+))?$/.exec(named) ?? []
  const kind = carriers.find((one) => one.name === name && (one.value === undefined) === (value === undefined))
  if (kind !== undefined) return { kind, value: value ?? '' }
  const ways = carriers.map((one) => `--channel ${written(one)}${one.value === undefined ? '' : ` with ${one.value.is}`}`)
  throw cliError('channel', { value: named, ways: anyOf(ways) })
}
