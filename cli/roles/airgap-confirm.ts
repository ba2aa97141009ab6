/** What the airgap's owner is asked, on the airgap's own screen: all that is consented to, then the question. */
import type { Abandoning, Confirmation } from '../../engine/run/airgap.ts'
import type { Script } from '../../engine/script/model.ts'
import type { Card } from '../../engine/wire/card.ts'
import { cliError } from '../errors.ts'
import { paint } from '../output.ts'
import { digitsOf, isNo } from './airgap-hand.ts'
import type { Hand } from './airgap-hand.ts'
import type { MessagesShown } from './airgap-messages.ts'
import type { Block } from './blocks.ts'
import { abandonBlocks, ceremonyBlocks, pairingBlocks, scriptBlocks, signsOf } from './ceremony-blocks.ts'

/** What a code's question ends with. */
const byCode = (code: string, whatElse = 'or no'): string => `Type ${paint('bold', code)}, a code that only this screen shows, ${whatElse}:`

/** Asks whether this client is the owner's. `accepted` is the name consented to beforehand. @throws cli.no-terminal */
export async function confirmPairing(card: Card, accepted: string | undefined, hand: Hand): Promise<boolean> {
  await hand.show(pairingBlocks(card))
  if (accepted !== undefined) return accepted === card.name
  return await consent(hand, 'Is this your own client? `keyrite client init` printed its signing key there.', '--accept-name NAME')
}

/** Asks whether a script may run here. `accepted` is a yes that was given beforehand. @throws cli.no-terminal */
export async function confirmScript(script: Script, accepted: boolean, hand: Hand): Promise<boolean> {
  await hand.show(scriptBlocks(script))
  return accepted || (await consent(hand, 'Do the other participants have this very hash?', '--yes'))
}

/** Asks whether a ceremony is given up for good, which nothing undoes. @throws cli.no-terminal */
export async function confirmAbandon(question: Abandoning, hand: Hand): Promise<boolean> {
  await hand.show(abandonBlocks(question))
  return await consent(hand, 'Give it up, for everybody and for good?', 'a hand: nobody gives up beforehand')
}

/** Yes or no, and where a scanner types as well: a code or no. */
async function consent(hand: Hand, question: string, flag: string): Promise<boolean> {
  if (hand.isScanned) return await hand.code((code) => [question, byCode(code, hand.mayLeave ? 'no or later' : 'or no')], flag)
  const answer = await hand.line({
    ask: () => [`${question} (yes${hand.mayLeave ? ', no or later' : ' or no'})`],
    prompt: [question], wanted: { kind: 'yes' }, flag,
    refuse: (typed) => (isNo(typed) || /^y(es)?$/i.test(typed) ? undefined : 'Type yes or no.'),
  })
  return !isNo(answer)
}

/** What is typed for messages that nobody can read. */
export const BLIND_SENTENCE = 'I sign what I cannot read'

/**
 * Shows a ceremony and asks for consent: the first ten digits of its number or more, typed, so that nobody consents unread; a sentence where
 * it signs what nobody can read; and a code where a scanner types as well.
 *
 * @param accepted the number consented to beforehand (`--accept`), which does not do for what nobody can read
 * @throws cli.accept where that is another ceremony's; cli.no-terminal
 */
export async function confirmCeremony(question: Confirmation, accepted: string | undefined, hand: Hand): Promise<boolean> {
  const signs = signsOf(question)
  await hand.show(ceremonyBlocks(question, signs))
  const isBlind = signs.some((one) => one.isBlind)
  if (accepted !== undefined) {
    if (digitsOf(accepted) !== digitsOf(question.number)) throw cliError('accept', { ceremony: question.ceremony.slice(0, 12), number: question.number })
    if (!isBlind) return true
  } else if (!(await typedNumber(question, signs, hand))) return false
  const flag = isBlind ? 'a hand: --accept does not do for what nobody can read' : '--accept NUMBER'
  if (isBlind && !(await typedSentence(hand, flag))) return false
  return !hand.isScanned || (await hand.code((code) => [byCode(code, 'no to decline, or later')], flag))
}

/** The first ten digits, or no; before that, as many looks at the messages as the owner wants. */
async function typedNumber({ number, kind }: Confirmation, signs: readonly MessagesShown[], hand: Hand): Promise<boolean> {
  const look = (typed: string): readonly Block[] | undefined => signs.map((one) => one.look(typed)).find((found) => found !== undefined)
  const isLong = signs.some((one) => one.isLong)
  const deed = kind === 'join' ? 'join' : 'go on'
  for (;;) {
    const answer = await hand.line({
      ask: () => [
        'Compare the number with the other participants on a call, all forty digits.',
        ...(hand.mayLeave ? ['Has the client moved on? Type later to leave this: that refuses nothing.'] : []),
        ...(isLong ? ['Look at the messages: list, list 500, show 12, find TEXT.'] : []), '',
        `Type the first ten digits of the number to ${deed}, or no to decline:`,
      ],
      prompt: ['Compare the number with the other participants on a call, all forty digits.', `Type its first ten digits to ${deed}.`],
      wanted: { kind: 'digits' }, mayLook: isLong,
      flag: '--accept NUMBER',
      refuse: (typed) => (isNo(typed) || look(typed) !== undefined ? undefined : numberProblem(typed, digitsOf(number))),
    })
    if (isNo(answer)) return false
    const found = look(answer)
    if (found === undefined) return true
    await hand.show(found, { mayStop: true })
  }
}

/** Ten digits or more, and every one that was typed must be the number's. */
function numberProblem(typed: string, digits: string): string | undefined {
  const given = typed.replaceAll(' ', '')
  if (!/^\d*$/.test(given)) return 'Type digits and spaces only.'
  const other = Array.from(given).findIndex((digit, i) => digit !== digits[i])
  if (other === -1) return given.length < 10 ? 'Type ten digits at least.' : undefined
  if (other < 10) return 'Those are not its first ten digits.'
  if (other >= digits.length) return `The number has ${String(digits.length)} digits, and those are ${String(given.length)}.`
  return `That is not the number: digit ${String(other + 1)} differs. Who reads such a number aloud has another ceremony.`
}

async function typedSentence(hand: Hand, flag: string): Promise<boolean> {
  const warning = 'Nobody can see what a raw message is: it may give away all that the key holds.'
  const answer = await hand.line({
    ask: () => [
      paint('yellow', warning), '',
      'To sign all the same, type this sentence, or no to decline:', `  ${paint('bold', BLIND_SENTENCE)}`,
    ],
    prompt: [warning, 'To sign all the same, type this sentence:'], wanted: { kind: 'sentence', sentence: BLIND_SENTENCE },
    flag, refuse: (typed) => (isNo(typed) || typed === BLIND_SENTENCE ? undefined : 'That is not the sentence, letter for letter.'),
  })
  return !isNo(answer)
}
