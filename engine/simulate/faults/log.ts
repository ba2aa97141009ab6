/** Faults that any script can meet in a participant's messages: its client's, and those that only its airgap's key can make. */
import { toHex } from '../../base/bytes.ts'
import { deadlineOf } from '../../run/opening.ts'
import { slotsOf } from '../../run/reading.ts'
import { canonicalBytes } from '../../base/canonical.ts'
import type { JsonObject } from '../../base/canonical.ts'
import type { Opening } from '../../wire/card.ts'
import { mostEntries } from '../../wire/limits.ts'
import { parseMessage, textHash } from '../../wire/message.ts'
import {
  abortBy, airgapSign, stepsOfAirgap, attachingSteps, beforeStep, clientSteps, flipped, flippedDeep, flippedText, inStep, laterSteps, meddling, otherwise, reattaching,
  restated, stating, swallowed, unsignedOf,
} from '../meddling.ts'
import type { FaultKind, FaultPlace, Meddling } from '../meddling.ts'
import type { MemoryBoard } from '../simulate.ts'

/** The Opening of the ceremony that a message is of. */
export function openingOn(board: MemoryBoard, ceremony: string | null): Opening {
  const found = board.entries.map(({ text }) => parseMessage(text).statement.payload).findLast((payload) => 'opensAt' in payload)
  if (found === undefined) throw new TypeError(`no opening of ${ceremony ?? 'nothing'}`)
  return found as Opening
}

const stepIndex = ({ script }: FaultPlace, name: string | null): number => script.ceremony.steps.findIndex((step) => step.name === name)

/** Waits until a step's deadline is over on everybody's clock. */
export async function untilLate({ script, target }: FaultPlace, { board, clock, message }: Meddling): Promise<void> {
  const deadline = deadlineOf(openingOn(board, message.statement.ceremony), script, script.ceremony.steps.findIndex((step) => step.name === target))
  await clock.until(deadline + 1, new AbortController().signal)
}

/** Another type than the step has, which some other step may have. */
const otherType = ({ script, target }: FaultPlace): string =>
  script.ceremony.steps.find((step) => step.name !== target)?.sends ?? 'Nothing'

function shortened(payload: JsonObject): JsonObject {
  const [field, value] = Object.entries(payload).find(([, one]) => typeof one === 'string') ?? []
  return field === undefined || typeof value !== 'string' ? { ...payload, more: 0 } : { ...payload, [field]: value.slice(2) }
}

/** An attachment without the first item of its first list. */
const shorter = (attachment: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(attachment).map(([name, value], i) => [name, i === 0 && Array.isArray(value) ? value.slice(1) : value]))

const clientFaults: readonly FaultKind[] = [
  {
    name: 'silent', who: 'client', target: 'step', proves: [],
    doc: 'Posts nothing any more, from this step on.',
    make: (place) => {
      const from = stepIndex(place, place.target)
      let silent = false
      return meddling(({ message, board, text }) => {
        silent ||= stepIndex(place, message.statement.step) >= from
        return silent ? swallowed() : board.post(text)
      })
    },
  },
  {
    name: 'declines', who: 'client', target: 'none', proves: [],
    doc: 'Its owner says no on the airgap’s screen.',
    make: () => ({ declines: true }),
  },
  {
    name: 'aborts', who: 'client', target: 'step', proves: [],
    doc: 'Posts an Abort before its part of this step, and goes on as if nothing were.',
    make: ({ target }) => beforeStep(target, (one) => one.board.post(abortBy(one))),
  },
  {
    name: 'accuses', who: 'client', target: 'step', proves: [],
    doc: 'Posts an Abort that accuses somebody of what nobody did, and goes on as if nothing were.',
    make: ({ target, names, participant }) => beforeStep(target, (one) =>
      one.board.post(abortBy(one, names.find((name) => name !== participant) ?? null, 'equivocation'))),
  },
  {
    name: 'floods', who: 'client', target: 'step', proves: [],
    doc: 'Posts more Aborts before its part of this step than anyone may, and a dishonest storage takes them all.',
    make: ({ target, script, names }) => beforeStep(target, async (one) => {
      const most = mostEntries(slotsOf(script.ceremony, names.length))
      for (let i = 0; i < most; i++) one.board.force(abortBy(one, null, `flood.${i}`))
      return Promise.resolve()
    }),
  },
  {
    name: 'reopens', who: 'client', target: 'step', proves: [],
    doc: 'Posts the Opening before its part of this step more often than anyone may, and a dishonest storage takes them all.',
    make: ({ target, script, names }) => beforeStep(target, async ({ message, board, sign }) => {
      const { ceremony, from } = message.statement
      const statement = { ceremony: null, step: null, type: 'Opening', from, view: null, payload: openingOn(board, ceremony) }
      for (let i = 0; i <= mostEntries(slotsOf(script.ceremony, names.length)); i++) board.force(sign({ statement, seen: { ...message.seen, offset: i } }))
      return Promise.resolve()
    }),
  },
  {
    name: 'misplaced', who: 'client', target: 'step', proves: [],
    doc: 'Posts an Opening and a Ready that name the ceremony before its part of this step, and a dishonest storage takes both.',
    make: ({ target }) => beforeStep(target, async ({ message, board, sign }) => {
      for (const type of ['Opening', 'Ready']) board.force(sign({ statement: { ...message.statement, type }, seen: message.seen }))
      return Promise.resolve()
    }),
  },
  {
    name: 'corrupt-payload', who: 'client', target: 'step', proves: [],
    doc: 'The client changes what the airgap stated, and signs that.',
    make: ({ target }) => inStep(target, ({ message, board, sign }) => {
      const { statement, ...rest } = unsignedOf(message)
      return board.post(sign({ ...rest, statement: { ...statement, payload: flipped(statement.payload) } }))
    }),
  },
  {
    name: 'corrupt-attachment', who: 'client', target: 'step', steps: attachingSteps, proves: [],
    doc: 'The client changes the attachment, and names the changed one.',
    make: ({ target }) => reattaching(target, flippedDeep),
  },
  {
    name: 'short-attachment', who: 'client', target: 'step', steps: attachingSteps, proves: [],
    doc: 'The client leaves something out of the attachment’s list.',
    make: ({ target }) => reattaching(target, shorter),
  },
  {
    name: 'other-attachment', who: 'client', target: 'step', steps: attachingSteps, proves: [],
    doc: 'The client attaches what is of another form altogether.',
    make: ({ target }) => reattaching(target, () => ({ nothing: [] })),
  },
  {
    name: 'no-attachment', who: 'client', target: 'step', steps: attachingSteps, proves: [],
    doc: 'The client attaches nothing.',
    make: ({ target }) => inStep(target, ({ message, board, sign }) => {
      const { statement, seen, airgapSignature } = unsignedOf(message)
      return board.post(sign({ statement, seen, ...(airgapSignature === undefined ? {} : { airgapSignature }) }))
    }),
  },
  {
    name: 'needless-attachment', who: 'client', target: 'step', proves: [],
    steps: (script) => script.ceremony.steps.filter((step) => !attachingSteps(script).includes(step)),
    doc: 'The client attaches something where there is nothing to attach.',
    make: ({ target }) => inStep(target, async ({ message, board, sign }) =>
      board.post(sign({ ...unsignedOf(message), attachment: await board.putAttachment(canonicalBytes({})) }))),
  },
  {
    name: 'no-airgap', who: 'client', target: 'step', steps: stepsOfAirgap, proves: [],
    doc: 'The client posts without its airgap’s signature.',
    make: ({ target }) => inStep(target, ({ message, board, sign }) => {
      const { statement, seen, attachment } = unsignedOf(message)
      return board.post(sign({ statement, seen, ...(attachment === undefined ? {} : { attachment }) }))
    }),
  },
  {
    name: 'contradicts', who: 'client', target: 'step', steps: clientSteps, proves: [],
    doc: 'The client posts two things in one place of a step of its own, and a dishonest storage lets both into the log.',
    make: ({ target }) => inStep(target, async ({ message, board, sign, text }) => {
      const pin = await board.post(text)
      board.force(sign({ ...unsignedOf(message), statement: { ...message.statement, payload: { ...message.statement.payload, more: 1 } } }))
      return pin
    }),
  },
  {
    name: 'invented-head', who: 'client', target: 'step', proves: [],
    doc: 'The client claims to have seen another log than there is.',
    make: ({ target }) => inStep(target, ({ message, board, sign }) =>
      Promise.resolve(board.force(sign({ ...unsignedOf(message), seen: { ...message.seen, head: textHash('another log') } })))),
  },
  {
    name: 'foreign', who: 'client', target: 'participant', proves: [],
    doc: 'Posts in the name of another, without its keys, and a dishonest storage lets it in.',
    make: ({ target }) => {
      let posted = false
      return meddling(({ message, board, member, sign, text }) => {
        const { statement } = message
        if (!posted && statement.ceremony !== null) {
          const foreign = { ...statement, from: target }
          board.force(sign({ ...unsignedOf(message), statement: foreign, airgapSignature: airgapSign(member, foreign) }))
          posted = true
        }
        return board.post(text)
      })
    },
  },
  {
    name: 'replay', who: 'client', target: 'step', steps: stepsOfAirgap, proves: [],
    doc: 'Posts what its airgap stated in another ceremony, as if it were of this one.',
    make: ({ target, random }) => {
      const other = toHex(random(32))
      return inStep(target, ({ message, board, member, sign }) => {
        const airgapSignature = airgapSign(member, { ...message.statement, ceremony: other })
        return board.post(sign({ ...unsignedOf(message), airgapSignature }))
      })
    },
  },
]

const airgapFaults: readonly FaultKind[] = [
  {
    name: 'malformed', who: 'airgap', target: 'step', steps: stepsOfAirgap, proves: ['malformed'],
    doc: 'The airgap states a field more than there is.',
    make: ({ target }) => inStep(target, (one) => one.board.post(restated(one, { payload: { ...one.message.statement.payload, more: 1 } }))),
  },
  {
    name: 'other-length', who: 'airgap', target: 'step', steps: stepsOfAirgap, proves: ['malformed'],
    doc: 'The airgap states a field that is a byte too short.',
    make: ({ target }) => inStep(target, (one) => one.board.post(restated(one, { payload: shortened(one.message.statement.payload) }))),
  },
  {
    name: 'wrong-type', who: 'airgap', target: 'step', steps: stepsOfAirgap, proves: ['malformed'],
    doc: 'The airgap states what is another step’s.',
    make: (place) => inStep(place.target, (one) => one.board.post(restated(one, { type: otherType(place) }))),
  },
  {
    name: 'wrong-step', who: 'airgap', target: 'step', steps: stepsOfAirgap, proves: [],
    doc: 'The airgap states what it should, in a step that there is not.',
    make: ({ target }) => inStep(target, (one) => one.board.post(restated(one, { step: 'Nothing' }))),
  },
  {
    name: 'wrong-view', who: 'airgap', target: 'step', steps: stepsOfAirgap, proves: [],
    doc: 'The airgap states what it should, but as if it had seen another log.',
    make: ({ target }) => inStep(target, (one) => one.board.post(restated(one, { view: flippedText(one.message.statement.view ?? '') }))),
  },
  {
    name: 'early', who: 'airgap', target: 'step', steps: laterSteps, proves: [],
    doc: 'Posts a statement of this step before the step before it is complete.',
    make: ({ script, target }) => {
      const { steps } = script.ceremony
      const index = steps.findIndex((step) => step.name === target)
      const [before, step] = [steps[index - 1], steps[index]]
      if (before === undefined || step === undefined) throw new TypeError(`no step before ${target}`)
      return beforeStep(before.name, (one) => one.board.post(stating(one, { step: step.name, type: step.sends, payload: {} }, step.airgap !== undefined)))
    },
  },
  {
    name: 'equivocate', who: 'airgap', target: 'step', steps: stepsOfAirgap, proves: ['equivocation'],
    doc: 'The airgap states two different things in one place; an honest storage takes the second as the proof of it.',
    make: ({ target }) => inStep(target, async (one) => {
      const pin = await one.board.post(one.text)
      await one.board.post(restated(one, { payload: otherwise(one.message.statement.payload) }))
      return pin
    }),
  },
  {
    name: 'equivocate-first', who: 'airgap', target: 'step', steps: stepsOfAirgap, proves: ['equivocation'],
    doc: 'The airgap states under another view first, and then what it should.',
    make: ({ target }) => inStep(target, async (one) => {
      await one.board.post(restated(one, { view: flippedText(one.message.statement.view ?? '') }))
      return one.board.post(one.text)
    }),
  },
]

export const logFaults: readonly FaultKind[] = [...clientFaults, ...airgapFaults]
