/** The questions to the airgap's owner, on the airgap's own screen: all that is consented to, then the question. */
import type { Script } from '../../engine/machines/ceremony.ts'
import type { Abandoning, Confirmation, Declined } from '../../engine/run/airgap-session.ts'
import type { ArchivedShown } from '../../engine/run/memory.ts'
import { messagesIn } from '../../engine/run/opening.ts'
import { parseType } from '../../engine/verbs/types.ts'
import type { Card } from '../../engine/wire/card.ts'
import { MOST_REASON, reasonProblem } from '../../engine/wire/message.ts'
import { cliError } from '../errors.ts'
import { paint, wrapped } from '../output.ts'
import type { Block, Fact } from './blocks.ts'
import { clockTime } from '../../engine/base/time.ts'
import { shownMessages } from './messages.ts'
import type { MessagesShown } from './messages.ts'
import { digitsOf, isNo } from './owner.ts'
import type { Hand, LineQuestion } from './owner.ts'

// Everything that an airgap's owner must see before consenting (protocol §3), as blocks for any screen.

const GAP: Block = { kind: 'gap' }
const fact = (label: string, value: string, from: Fact['from'] = 'own'): Fact => ({ label, value, from })

const pairingBlocks = (card: Card): Block[] => [
  GAP, { kind: 'heading', text: 'PAIRING' }, { kind: 'text', text: 'A client shows this card:' }, GAP,
  { kind: 'facts', facts: [fact('name', card.name), fact('signing key', card.signingKey, 'hex')] },
]

const scriptBlocks = ({ ceremony: { name, version, title }, hash }: Script): Block[] => [
  GAP, { kind: 'heading', text: 'A SCRIPT TO ADD' },
  { kind: 'facts', facts: [fact('script', `${name} ${version}`), fact('title', title, 'outside'), fact('SHA-256', hash, 'hex')] },
]

/** The meaning of giving a ceremony up. */
const abandonBlocks = ({ ceremony, script, opening, me }: Abandoning): Block[] => [
  GAP, { kind: 'heading', text: 'A CEREMONY TO GIVE UP FOR GOOD' },
  { kind: 'facts', facts: [
    fact(`${script.ceremony.name} ${script.ceremony.version}`, script.ceremony.title, 'outside'),
    fact('ceremony', ceremony, 'hex'), fact('opened at', clockTime(Date.parse(opening.opensAt))), fact('you are', me.name),
  ] },
  { kind: 'warning', isGrave: true, text: 'After this nobody can ever use what it would have made, and nothing undoes that.' },
  { kind: 'text', text: 'Your part of it is stated, and nobody knows whether all others’ are. As long as that is so, it may still succeed. If you give it up, everybody knows that it did not, and a new one can be opened.' },
]

/** The messages that a ceremony signs, for each parameter that has some. */
function signsOf({ script, opening, followed, ceremony }: Confirmation): readonly MessagesShown[] {
  const groupKeys = Object.values(followed).flatMap(({ groupKey }) => groupKey ?? [])
  return [...messagesIn(script, opening).values()].map((messages) => shownMessages(messages, groupKeys, ceremony))
}

/**
 * A ceremony, page by page. Each page is confirmed, the last one by the number that stands on it. There is more than
 * one page only where there is much to be signed.
 */
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

/** A warning that stands before everything else: a share came back from a log in which not everybody had confirmed. */
const unconfirmedBlocks = (followed: Confirmation['followed']): Block[] => Object.entries(followed).flatMap(([name, { isUnconfirmed }]): Block[] =>
  isUnconfirmed ? [{ kind: 'warning', isGrave: true, text: `UNCONFIRMED: your share of ${name} was recovered from a log in which not everybody had confirmed. The others may have given it up.` }] : [])

/** The ceremony that this one follows, and its key if it made one, as they stand in this airgap's own vault. */
function followedFacts(name: string, { id, opening, groupKey }: ArchivedShown): Fact[] {
  const threshold = opening.parameters['threshold']
  const made = [
    `${opening.script.name} ${opening.script.version}, ceremony ${id.slice(0, 12)}`,
    ...(typeof threshold === 'number' ? [`${String(threshold)} of ${String(opening.roster.length)}`] : []),
    ...(opening.rehearsal ? ['a REHEARSAL'] : []),
  ].join(', ')
  return groupKey === undefined ? [fact(name, made)] : [fact(name, groupKey, 'hex'), fact('', `made by ${made}`)]
}

/**
 * A parameter. Texts that the opener typed come from outside; the engine's own words and numbers do not.
 *
 * @param type the type as the script writes it
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

/** The last sentence of a question that takes a code. */
const byCode = (code: string, whatElse = 'or no'): string => `Type ${paint('bold', code)}, a code that only this screen shows, ${whatElse}:`

/** Asks whether this client is the owner's. `accepted` is the name consented to beforehand. @throws cli.no-terminal */
export async function confirmPairing(card: Card, accepted: string | undefined, hand: Hand): Promise<true | Declined> {
  await hand.show(pairingBlocks(card))
  const isTaken = accepted === undefined
    ? await consent(hand, 'Is this your own client? `keyrite client init` printed its signing key there.', '--accept-name NAME')
    : accepted === card.name
  return isTaken || { declined: null }
}

/** Asks whether a script may run here. `accepted` is a yes that was given beforehand. @throws cli.no-terminal */
export async function confirmScript(script: Script, accepted: boolean, hand: Hand): Promise<boolean> {
  await hand.show(scriptBlocks(script))
  return accepted || (await consent(hand, 'Do the other participants have this very hash?', '--yes'))
}

/** Asks whether a ceremony is given up for good, which nothing undoes. @throws cli.no-terminal */
export async function confirmAbandon(question: Abandoning, hand: Hand): Promise<true | Declined> {
  await hand.show(abandonBlocks(question))
  return (await consent(hand, 'Give it up, for everybody and for good?', 'a hand: nobody gives up beforehand')) || { declined: null }
}

/** Asks for yes or no; where a scanner may type, for a code or no. */
async function consent(hand: Hand, question: string, flag: string): Promise<boolean> {
  if (hand.isScanned) return await hand.code((code) => [question, byCode(code, hand.mayLeave ? 'no or later' : 'or no')], flag)
  const answer = await hand.line({
    ask: () => [`${question} (yes${hand.mayLeave ? ', no or later' : ' or no'})`],
    prompt: [question], wanted: { kind: 'yes' }, flag,
    refuse: (typed) => (isNo(typed) || /^y(es)?$/i.test(typed) ? undefined : 'Type yes or no.'),
  })
  return !isNo(answer)
}

/** The sentence to type for messages that nobody can read. */
export const BLIND_SENTENCE = 'I sign what I cannot read'

/**
 * Shows a ceremony page by page and asks for consent. Each page but the last takes a yes. The last takes the first ten
 * digits of the ceremony's number or more, typed, so that nobody consents unread. Messages that nobody can read take a
 * sentence too. Where a scanner may type, a code is needed too. A no is asked a second time, with a reason.
 *
 * @param accepted the number consented to beforehand (`--accept`), which does not do for messages that nobody can read
 * @throws cli.accept where that is another ceremony's; cli.no-terminal
 */
export async function confirmCeremony(question: Confirmation, accepted: string | undefined, hand: Hand): Promise<true | Declined> {
  const signs = signsOf(question)
  const pages = ceremonyPages(question, signs)
  for (const [i, page] of pages.entries()) {
    await hand.show(page, { isAnew: i > 0 })
    if (accepted !== undefined || i === pages.length - 1) continue
    const answer = await confirmedPage(i + 1, pages.length, signs, hand)
    if (answer !== true) return answer
  }
  const isBlind = signs.some((one) => one.isBlind)
  if (accepted === undefined) {
    const answer = await typedNumber(question, signs, hand)
    if (answer !== true) return answer
  } else {
    if (digitsOf(accepted) !== digitsOf(question.number)) throw cliError('accept', { ceremony: question.ceremony.slice(0, 12), number: question.number })
    if (!isBlind) return true
  }
  const flag = isBlind ? 'a hand: --accept does not do for what nobody can read' : ACCEPT
  if (isBlind) {
    const answer = await typedSentence(hand, flag)
    if (answer !== true) return answer
  }
  return !hand.isScanned || (await typedCode(hand, [], flag))
}

const ACCEPT = '--accept NUMBER'

/** Asks whether everything on a page is right, for each page but the last. */
async function confirmedPage(page: number, pages: number, signs: readonly MessagesShown[], hand: Hand): Promise<true | Declined> {
  const asks = `That was page ${String(page)} of ${String(pages)}. Is everything on it as it should be?`
  if (hand.isScanned) return await typedCode(hand, [asks], ACCEPT)
  return await lookedAt(signs, hand, {
    ask: () => [asks, ...hints(signs, hand), '', 'Type yes to see the next page, or no to decline:'],
    prompt: [asks], wanted: { kind: 'yes' }, flag: ACCEPT,
    refuse: (typed) => (/^y(es)?$/i.test(typed) ? undefined : 'Type yes or no.'),
  })
}

/** Asks for the first ten digits of the number. */
async function typedNumber({ number, kind }: Confirmation, signs: readonly MessagesShown[], hand: Hand): Promise<true | Declined> {
  const compare = 'Compare the number with the other participants on a call, all forty digits.'
  const deed = kind === 'join' ? 'join' : 'go on'
  return await lookedAt(signs, hand, {
    ask: () => [compare, ...hints(signs, hand), '', `Type the first ten digits of the number to ${deed}, or no to decline:`],
    prompt: [compare, `Type its first ten digits to ${deed}.`], wanted: { kind: 'digits' }, flag: ACCEPT,
    refuse: (typed) => numberProblem(typed, digitsOf(number)),
  })
}

/** The other words that may be typed. */
const hints = (signs: readonly MessagesShown[], { mayLeave }: Hand): readonly string[] => [
  ...(mayLeave ? ['Has the client moved on? Type later to leave this: that refuses nothing.'] : []),
  ...(signs.some(({ isLong }) => isLong) ? ['Look at the messages: list, list 500, show 12, find TEXT.'] : []),
]

/** Asks a question, and first gives the owner as many looks at the messages as wanted. */
async function lookedAt(signs: readonly MessagesShown[], hand: Hand, question: LineQuestion): Promise<true | Declined> {
  const look = (typed: string): readonly Block[] | undefined => signs.map((one) => one.look(typed)).find((found) => found !== undefined)
  for (;;) {
    const answer = await typedLine(hand, {
      ...question, mayLook: signs.some(({ isLong }) => isLong), refuse: (typed) => (look(typed) === undefined ? question.refuse(typed) : undefined),
    })
    if (typeof answer !== 'string') return answer
    const found = look(answer)
    if (found === undefined) return true
    await hand.show(found, { mayStop: true })
  }
}

/** Asks for a line that is good, or a no for good. */
async function typedLine(hand: Hand, question: LineQuestion): Promise<string | Declined> {
  for (;;) {
    const answer = await hand.line({ ...question, isNoAskedAgain: true, refuse: (typed) => (isNo(typed) ? undefined : question.refuse(typed)) })
    if (!isNo(answer)) return answer
    const declined = await declinedForGood(hand, question.flag)
    if (declined !== undefined) return declined
  }
}

/** Asks for consent by a code, or a no for good. */
async function typedCode(hand: Hand, asks: readonly string[], flag: string): Promise<true | Declined> {
  for (;;) {
    if (await hand.code((code) => [...asks, byCode(code, 'no to decline, or later')], flag)) return true
    const declined = await declinedForGood(hand, flag)
    if (declined !== undefined) return declined
  }
}

/** Asks a second time whether to decline, and why; undefined to go back to the question. */
async function declinedForGood(hand: Hand, flag: string): Promise<Declined | undefined> {
  const asks = 'Decline for good? It cannot be taken back: the others are told, and go on without you, or the ceremony ends.'
  const answer = await hand.line({
    ask: () => [
      ...wrapped(asks, '').split('\n'), '', 'Type no once more to decline. Behind it may stand why, which all the others read:',
      '  no the address in group 3 is not ours', 'Or type back to go back to the question:',
    ],
    prompt: [asks], wanted: { kind: 'decline' }, flag, most: 'no '.length + MOST_REASON,
    refuse: (typed) => {
      if (isBack(typed)) return undefined
      const reason = reasonIn(typed)
      if (reason === undefined) return 'Type no, no and why, or back.'
      const problem = reason === null ? null : reasonProblem(reason)
      return problem === null ? undefined : `That will not do: ${problem}.`
    },
  })
  return isBack(answer) ? undefined : { declined: reasonIn(answer) ?? null }
}

const isBack = (typed: string): boolean => /^back$/i.test(typed)

/** The reason behind a no: null for none, undefined where there is no no. */
function reasonIn(typed: string): string | null | undefined {
  const found = /^no?(?:$| +(.*)$)/isu.exec(typed)
  return found === null ? undefined : found[1]?.trim() ?? null
}

/** Wants ten digits or more; every digit that was typed must be the number's. */
function numberProblem(typed: string, digits: string): string | undefined {
  const given = typed.replaceAll(' ', '')
  if (!/^\d*$/.test(given)) return 'Type digits and spaces only.'
  const other = Array.from(given).findIndex((digit, i) => digit !== digits[i])
  if (other === -1) return given.length < 10 ? 'Type ten digits at least.' : undefined
  if (other < 10) return 'Those are not its first ten digits.'
  if (other >= digits.length) return `The number has ${String(digits.length)} digits, and those are ${String(given.length)}.`
  return `That is not the number: digit ${String(other + 1)} differs. Who reads such a number aloud has another ceremony.`
}

async function typedSentence(hand: Hand, flag: string): Promise<true | Declined> {
  const warning = 'Nobody can see what a raw message is: it may give away all that the key holds.'
  const answer = await typedLine(hand, {
    ask: () => [
      paint('yellow', warning), '',
      'To sign all the same, type this sentence, or no to decline:', `  ${paint('bold', BLIND_SENTENCE)}`,
    ],
    prompt: [warning, 'To sign all the same, type this sentence:'], wanted: { kind: 'sentence', sentence: BLIND_SENTENCE },
    flag, refuse: (typed) => (typed === BLIND_SENTENCE ? undefined : 'That is not the sentence, letter for letter.'),
  })
  return typeof answer === 'string' || answer
}
