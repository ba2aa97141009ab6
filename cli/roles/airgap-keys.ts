/** The keys in an airgap's vault, without any secret, and this airgap's signings with each. */
import { cut } from '../../engine/base/text.ts'
import { counted } from '../../engine/base/words.ts'
import { ceremonyNumber } from '../../engine/crypto/number.ts'
import { messagesHash } from '../../engine/messages/batch.ts'
import { blsCredentialsOf } from '../../engine/messages/ethereum.ts'
import { shownOf } from '../../engine/run/memory.ts'
import type { Session } from '../../engine/run/memory.ts'
import { allMessagesIn } from '../../engine/run/opening.ts'
import { filled, INDENT, label, paint } from '../output.ts'
import { outsideLines } from '../screen/blocks.ts'
import { clockTime } from '../../engine/base/time.ts'
import type { OpenAirgap } from './airgap-home.ts'

/** One ceremony in which this airgap signed with a key. */
export interface SignedCeremony {
  readonly ceremony: string
  readonly openedAt: string
  /** The purpose that its opener claimed; null where there is none. */
  readonly purpose: string | null
  readonly count: number
  /** The hash of all messages as this airgap showed it (protocol §8), hex. */
  readonly messages: string
}

export interface AirgapKey {
  /** 48 bytes, hex. */
  readonly groupKey: string
  readonly ceremony: string
  /** The ceremony's number, 40 digits. */
  readonly number: string
  readonly script: string
  readonly threshold: number | null
  readonly members: readonly string[]
  readonly rehearsal: boolean
  /** The time in RFC 3339. */
  readonly finishedAt: string
  /** Ethereum's withdrawal credentials of the kind 0x00: 32 bytes, hex. */
  readonly withdrawalCredentials: string
  readonly signed: readonly SignedCeremony[]
}

/** The keys of a vault, the oldest first. */
export function keysIn({ memory, script }: Pick<OpenAirgap, 'memory' | 'script'>): readonly AirgapKey[] {
  const { archive, sessions } = memory.read()
  const signedWith = (key: string): readonly SignedCeremony[] => Object.entries(sessions)
    .filter(([, { state, opening }]) => state === 'finished' && Object.values(opening.parameters).includes(key))
    .map(([ceremony, session]) => signedIn(ceremony, session, script))
    .sort((a, b) => a.openedAt.localeCompare(b.openedAt))
  return Object.entries(archive)
    .sort(([, a], [, b]) => a.finishedAt.localeCompare(b.finishedAt))
    .flatMap(([id, { opening, finishedAt, values }]) => {
      const { groupKey } = shownOf({ id, opening, values })
      if (groupKey === undefined) return []
      const { script: { name, version }, parameters: { threshold }, roster, rehearsal } = opening
      return [{
        groupKey, ceremony: id, number: ceremonyNumber(id), script: `${name} ${version}`,
        threshold: typeof threshold === 'number' ? threshold : null, members: roster.map((card) => card.name), rehearsal, finishedAt,
        withdrawalCredentials: blsCredentialsOf(groupKey), signed: signedWith(id),
      }]
    })
}

function signedIn(ceremony: string, { opening }: Session, scriptOf: OpenAirgap['script']): SignedCeremony {
  const script = scriptOf(opening.script.hash)
  const messages = script === undefined ? [] : allMessagesIn(script, opening)
  const { purpose } = opening.parameters
  return { ceremony, openedAt: opening.opensAt, purpose: typeof purpose === 'string' ? purpose : null, count: messages.length, messages: messagesHash(messages) }
}

const under = ' '.repeat(INDENT)

/** The lines that tell a person of a key, in so many columns. */
export function keyLines(key: AirgapKey, me: string | undefined, width: number): string[] {
  const { groupKey, threshold, members, signed } = key
  const of = threshold === null ? counted(members.length, 'member') : `${String(threshold)} of ${String(members.length)}`
  return [
    `${paint('bold', `Key ${cut(groupKey, 16)}`)}${key.rehearsal ? paint('yellow', ' of a REHEARSAL: it signs in rehearsals only') : ''}`,
    `${label('group key')}${groupKey.slice(0, 48)}`, `${under}${groupKey.slice(48)}`,
    `${label('made by')}${key.script}, finished ${clockTime(Date.parse(key.finishedAt))}`,
    `${label('ceremony')}${key.ceremony}`,
    `${label('number')}${key.number}`,
    ...filled([`${of}:`, ...members.map((name, i) => `${name === me ? `${name} (you)` : name}${i < members.length - 1 ? ',' : ''}`)], width - INDENT)
      .map((line, i) => `${i === 0 ? label('threshold') : under}${line}`),
    `${label('Ethereum')}withdrawal credentials of this key:`,
    `${under}0x${key.withdrawalCredentials.slice(0, 32)}`, `${under}  ${key.withdrawalCredentials.slice(32)}`,
    ...(signed.length === 0 ? [`${label('signed')}nothing yet on this airgap`] : []),
    ...signed.flatMap(({ ceremony, openedAt, purpose, count }, i) => [
      `${label(i === 0 ? 'signed' : '')}${counted(count, 'message')} in ceremony ${ceremony.slice(0, 12)}, opened ${clockTime(Date.parse(openedAt))}`,
      ...(purpose === null ? [] : outsideLines('', purpose, INDENT, width)),
    ]),
  ]
}
