/** All that an airgap's owner must see before consenting (protocol §3), as blocks for whichever screen there is. */
import type { Script } from '../../engine/machines/ceremony.ts'
import type { Abandoning, Confirmation } from '../../engine/run/airgap.ts'
import type { KeptShown } from '../../engine/run/kept.ts'
import { messagesIn } from '../../engine/run/messages.ts'
import { parseType } from '../../engine/verbs/types.ts'
import type { Card } from '../../engine/wire/card.ts'
import { clockTime } from '../screen/ceremony.ts'
import { shownMessages } from '../screen/messages.ts'
import type { MessagesShown } from '../screen/messages.ts'
import type { Block, Fact } from './blocks.ts'

const GAP: Block = { kind: 'gap' }
const fact = (label: string, value: string, from: Fact['from'] = 'own'): Fact => ({ label, value, from })

export const pairingBlocks = (card: Card): Block[] => [
  GAP, { kind: 'heading', text: 'PAIRING' }, { kind: 'text', text: 'A client shows this card:' }, GAP,
  { kind: 'facts', facts: [fact('name', card.name), fact('signing key', card.signingKey, 'hex')] },
]

export const scriptBlocks = ({ ceremony: { name, version, title }, hash }: Script): Block[] => [
  GAP, { kind: 'heading', text: 'A SCRIPT TO ADD' },
  { kind: 'facts', facts: [fact('script', `${name} ${version}`), fact('title', title, 'outside'), fact('SHA-256', hash, 'hex')] },
]

/** What it means to give a ceremony up. */
export const abandonBlocks = ({ ceremony, script, opening, me }: Abandoning): Block[] => [
  GAP, { kind: 'heading', text: 'A CEREMONY TO GIVE UP FOR GOOD' },
  { kind: 'facts', facts: [
    fact(`${script.ceremony.name} ${script.ceremony.version}`, script.ceremony.title, 'outside'),
    fact('ceremony', ceremony, 'hex'), fact('opened at', clockTime(Date.parse(opening.opensAt))), fact('you are', me.name),
  ] },
  { kind: 'warning', isGrave: true, text: 'After this nobody can ever use what it would have made, and nothing undoes that.' },
  { kind: 'text', text: 'Your part of it is stated, and nobody knows whether all others’ are. As long as that is so, it may still succeed. If you give it up, everybody knows that it did not, and a new one can be opened.' },
]

/** What a ceremony signs, of each parameter that has messages. */
export function signsOf({ script, opening, followed, ceremony }: Confirmation): readonly MessagesShown[] {
  const groupKeys = Object.values(followed).flatMap(({ groupKey }) => groupKey ?? [])
  return [...messagesIn(script, opening).values()].map((messages) => shownMessages(messages, groupKeys, ceremony))
}

/** A ceremony, page by page: each is confirmed, the last one by the number that stands on it. More than one only where there is much to be signed. */
export function ceremonyPages(question: Confirmation, signs = signsOf(question)): readonly (readonly Block[])[] {
  const { script, opening, me, number, step, kind, shows, followed } = question
  const { name, version, title, parameters } = script.ceremony
  const values = Object.entries({ ...opening.parameters, ...shows })
    .filter(([key]) => !Object.hasOwn(followed, key) && parseType(parameters[key] ?? '').name !== 'message')
  const head: Block[] = [
    GAP,
    ...unconfirmedBlocks(followed),
    { kind: 'heading', text: kind === 'join' ? 'A CEREMONY TO JOIN' : `BEFORE ${step}` },
    ...(opening.rehearsal ? [{ kind: 'warning', text: 'This is a REHEARSAL. What it makes never counts for real.' } as const] : []),
    {
      kind: 'facts',
      facts: [
        fact(`${name} ${version}`, title, 'outside'),
        fact('SHA-256', script.hash, 'hex'),
        fact('opens at', clockTime(Date.parse(opening.opensAt))),
        ...Object.entries(followed).flatMap(([key, one]) => followedFacts(key, one)),
        ...values.flatMap(([key, value]) => valueFacts(key, value, opening.roster.length, parameters[key])),
      ],
    },
    GAP,
    { kind: 'roster', people: opening.roster.map((card) => ({ name: card.name, isMe: card.name === me.name, airgapKey: card.airgapKey })) },
  ]
  const [first, ...more] = signs.flatMap(({ pages }) => pages)
  const pages = [first === undefined ? head : [...head, GAP, ...first], ...more.map((page) => [GAP, ...page])]
  return pages.map((page, i) => (i < pages.length - 1 ? page : [...page, GAP, { kind: 'number', number }]))
}

/** A share that came back from a log in which not everybody had confirmed is asked about before anything else. */
const unconfirmedBlocks = (followed: Confirmation['followed']): Block[] => Object.entries(followed).flatMap(([name, { isUnconfirmed }]): Block[] =>
  isUnconfirmed ? [{ kind: 'warning', isGrave: true, text: `UNCONFIRMED: your share of ${name} was recovered from a log in which not everybody had confirmed. The others may have given it up.` }] : [])

/** The key that signs, or what else the ceremony follows: as it stands in this airgap's own vault. */
function followedFacts(name: string, { id, opening, groupKey }: KeptShown): Fact[] {
  const threshold = opening.parameters['threshold']
  const made = [
    `${opening.script.name} ${opening.script.version}, ceremony ${id.slice(0, 12)}`,
    ...(typeof threshold === 'number' ? [`${String(threshold)} of ${String(opening.roster.length)}`] : []),
    ...(opening.rehearsal ? ['a REHEARSAL'] : []),
  ].join(', ')
  return groupKey === undefined ? [fact(name, made)] : [fact(name, groupKey, 'hex'), fact('', `made by ${made}`)]
}

/**
 * A parameter. What was typed by the opener comes from outside; the engine's own words and numbers do not.
 *
 * @param type as the script writes it
 */
function valueFacts(name: string, value: unknown, participants: number, type?: string): Fact[] {
  if (typeof value === 'number') return [fact(name, `${String(value)}${name === 'threshold' ? ` of ${String(participants)}` : ''}`)]
  if (typeof value === 'string') {
    return type === 'text'
      ? [fact(name, 'claimed by the opener; nobody has checked it:'), fact('', value, 'outside')]
      : [fact(name, value, 'outside')]
  }
  const list: readonly unknown[] = Array.isArray(value) ? value : [value]
  const count = Array.isArray(value) ? [fact(name, `${String(list.length)}:`)] : []
  return [...count, ...list.map((one, i) => fact(Array.isArray(value) ? `  ${String(i + 1)}` : name, typeof one === 'string' ? one : JSON.stringify(one), 'outside'))]
}
