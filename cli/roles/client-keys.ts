/** The keys of a board in which this client's participant has a part, and the signings with each. All of it is public. */
import { isKeyriteError } from '../../engine/base/errors.ts'
import { cut, printableLine } from '../../engine/base/text.ts'
import { counted } from '../../engine/base/words.ts'
import { ceremonyNumber } from '../../engine/crypto/number.ts'
import { messagesHash } from '../../engine/messages/batch.ts'
import { blsCredentialsOf } from '../../engine/messages/ethereum.ts'
import type { Feed } from '../../engine/run/feed.ts'
import type { Ledger } from '../../engine/run/ledger.ts'
import { openedIn } from '../../engine/wire/lobby.ts'
import { standingOf } from '../../engine/run/standing.ts'
import type { CeremonyState } from '../../engine/run/standing.ts'
import { stateWords } from '../../engine/run/telling.ts'
import { signingOf } from '../../engine/run/signatures.ts'
import { label, paint } from '../output.ts'
import type { Ledgers } from './client-session.ts'

/** One finished signing. */
export interface SignedWith {
  readonly ceremony: string
  readonly opensAt: string
  readonly openedBy: string
  /** The purpose that its opener claimed. */
  readonly purpose: string
  readonly count: number
  /** The hash of all messages as every airgap showed it (protocol §8), hex. */
  readonly messages: string
}

export interface ClientKey {
  /** 48 bytes, hex; null until the key is usable. */
  readonly groupKey: string | null
  readonly ceremony: string
  /** The ceremony's number, 40 digits. */
  readonly number: string
  readonly script: string
  readonly state: CeremonyState
  readonly missing: readonly string[]
  /** The reason why it can never be usable; null where there is none. */
  readonly why: string | null
  readonly threshold: number | null
  readonly members: readonly string[]
  readonly rehearsal: boolean
  /** Ethereum's withdrawal credentials of the kind 0x00: 32 bytes, hex; null until the key is usable. */
  readonly withdrawalCredentials: string | null
  readonly signed: readonly SignedWith[]
}

/**
 * The keys whose certificate is complete, in the log's order, each with the signings by any of its members. @param
 * airgapKey the participant's, which outlives its clients
 */
export async function keysOn(feed: Feed, ledgers: Ledgers, airgapKey: string): Promise<readonly ClientKey[]> {
  const read: { readonly ledger: Ledger; readonly by: string }[] = []
  const mine = new Set<unknown>()
  for (const opened of openedIn(feed.all)) {
    const { roster, parameters } = opened.opening
    // A ceremony that follows another names it in a parameter, and stands after it in the log.
    if (!roster.some((card) => card.airgapKey === airgapKey) && !Object.values(parameters).some((value) => mine.has(value))) continue
    // A ceremony that cannot be read here made no key that could be used here.
    const ledger = await ledgers.of(opened).catch((error: unknown) => {
      if (isKeyriteError(error)) return undefined
      throw error
    })
    if (ledger?.certified !== true) continue
    read.push({ ledger, by: opened.by })
    if (roster.some((card) => card.airgapKey === airgapKey)) mine.add(opened.id)
  }
  const signings = read.flatMap(({ ledger, by }) => {
    const signing = signingOf(ledger)
    return signing?.signatures === undefined ? [] : [{ key: signing.key.id, signed: signedIn(ledger, by, signing.purpose, signing.messages) }]
  })
  return read.filter(({ ledger }) => mine.has(ledger.id) && Object.hasOwn(ledger.ceremony.outputs, 'groupKey')).map(({ ledger }) =>
    keyOf(ledger, signings.filter(({ key }) => key === ledger.id).map(({ signed }) => signed)))
}

const signedIn = ({ id, opening }: Ledger, openedBy: string, purpose: string, messages: Parameters<typeof messagesHash>[0]): SignedWith =>
  ({ ceremony: id, opensAt: opening.opensAt, openedBy, purpose, count: messages.length, messages: messagesHash(messages) })

function keyOf(ledger: Ledger, signed: readonly SignedWith[]): ClientKey {
  const { id, opening: { script, parameters: { threshold }, rehearsal }, roster, outputs } = ledger
  const groupKey = outputs?.['groupKey']
  const known = typeof groupKey === 'string' ? groupKey : null
  const { state, awaited, why } = standingOf(ledger, Date.now())
  return {
    groupKey: known, ceremony: id, number: ceremonyNumber(id), script: `${script.name} ${script.version}`,
    state, missing: awaited, why,
    threshold: typeof threshold === 'number' ? threshold : null, members: roster.map((card) => card.name), rehearsal,
    withdrawalCredentials: known === null ? null : blsCredentialsOf(known), signed,
  }
}

/** The lines that tell a person of a key. */
export function clientKeyLines({ groupKey, ceremony, number, script, state, missing, why, threshold, members, rehearsal, withdrawalCredentials, signed }: ClientKey): string[] {
  return [
    `${paint('bold', groupKey === null ? `Key of ${ceremony.slice(0, 12)}` : `Key ${cut(groupKey, 16)}`, process.stdout)}${rehearsal ? paint('yellow', ' of a REHEARSAL: it signs in rehearsals only', process.stdout) : ''}`,
    `${label('state')}${stateWords({ state })}${missing.length === 0 ? '' : ` (missing: ${missing.join(', ')})`}${why === null ? '' : ` (${why})`}`,
    ...(groupKey === null ? [] : [`${label('group key')}${groupKey}`]),
    `${label('made by')}${script}`,
    `${label('ceremony')}${ceremony}`,
    `${label('number')}${number}`,
    `${label('members')}${threshold === null ? '' : `${String(threshold)} of ${String(members.length)}: `}${members.join(', ')}`,
    ...(withdrawalCredentials === null ? [] : [`${label('Ethereum')}withdrawal credentials 0x${withdrawalCredentials}`]),
    ...(signed.length === 0 ? [`${label('signed')}nothing yet`] : []),
    ...signed.map(({ ceremony: id, purpose, count, openedBy }, i) =>
      `${label(i === 0 ? 'signed' : '')}${counted(count, 'message')} in ${id.slice(0, 12)}, as ${openedBy} claimed: ${printableLine(purpose)}`),
  ]
}
