/** Faults that any script can meet: in what a client posts, and in what a storage lets through. */
import type { Script, Step } from '../script/model.ts'
import type { Board } from '../wire/board.ts'
import { canonical, canonicalBytes, parseCanonical } from '../wire/canonical.ts'
import type { Json, JsonObject } from '../wire/canonical.ts'
import { toHex } from '../crypto/bytes.ts'
import { airgapKeyPair } from '../crypto/seed.ts'
import { EMPTY_LOG, parseMessage, signMessage, signStatement } from '../wire/message.ts'
import type { Message, Pin, Statement, Unsigned } from '../wire/message.ts'
import { hasAttachment } from './attachment.ts'
import type { FaultKind } from './faults.ts'
import type { MemoryBoard } from './memory-board.ts'
import type { MemberKeys, Tampering } from './simulate.ts'

/** What meddles with one posting: the message, and how to post in its place. */
interface Meddling {
  readonly message: Message
  readonly text: string
  readonly board: MemoryBoard
  readonly member: MemberKeys
  /** Signs anything in this participant's name and gives its text. */
  readonly sign: (unsigned: Unsigned) => string
}

/** The message without its author's signature. */
export const unsignedOf = ({ statement, seen, airgapSignature, attachment }: Message): Unsigned => ({
  statement, seen,
  ...(airgapSignature === undefined ? {} : { airgapSignature }),
  ...(attachment === undefined ? {} : { attachment }),
})

/** Signs a statement with a participant's airgap key. */
export const airgapSign = (member: MemberKeys, statement: Statement): string =>
  signStatement(airgapKeyPair(member.seed).secretKey, statement)

/** A client whose every post goes through `change`. */
export const meddling = (change: (meddling: Meddling) => Promise<Pin>): Tampering => ({
  board: (board, member): Board => ({
    ...board,
    post: (text) => {
      const sign = (unsigned: Unsigned) => canonical(signMessage(member.signingKey, unsigned))
      return change({ message: parseMessage(text), text, board, member, sign })
    },
  }),
})

/** Meddles with the messages of one step only. */
const inStep = (step: string, change: (meddling: Meddling) => Promise<Pin>): Tampering =>
  meddling((one) => (one.message.statement.step === step && one.message.statement.type !== 'Abort' ? change(one) : one.board.post(one.text)))

/** A statement with another digit in the first text of its payload. */
export function flipped(payload: JsonObject): JsonObject {
  const [field, value] = Object.entries(payload).find(([, one]) => typeof one === 'string') ?? []
  if (field === undefined || typeof value !== 'string') return { ...payload, more: 0 }
  return { ...payload, [field]: flippedText(value) }
}

const flippedText = (value: string): string => `${value.slice(0, -1)}${value.endsWith('0') ? '1' : '0'}`

function flippedDeep(value: Json | undefined): Json {
  if (typeof value === 'string') return flippedText(value)
  if (Array.isArray(value)) return [flippedDeep((value as readonly Json[])[0]), ...(value as readonly Json[]).slice(1)]
  const entries = Object.entries((value ?? {}) as JsonObject)
  return Object.fromEntries(entries.map(([key, one], i) => [key, i === 0 ? flippedDeep(one) : one]))
}

const airgapSteps = ({ ceremony }: Script): readonly Step[] => ceremony.steps.filter((step) => step.airgap !== undefined)

/** Says that it posted, and did not. */
const swallowed = (): Promise<Pin> => Promise.resolve(EMPTY_LOG)

const NONE = { name: '', to: 'everyone', payload: {} } as const

export const logFaults: readonly FaultKind[] = [
  {
    name: 'silent', target: 'step',
    doc: 'Posts nothing any more, from this step on.',
    make: ({ script, target }) => {
      const from = script.ceremony.steps.findIndex((step) => step.name === target)
      let silent = false
      return meddling(({ message, board, text }) => {
        silent ||= script.ceremony.steps.findIndex((step) => step.name === message.statement.step) >= from
        return silent ? swallowed() : board.post(text)
      })
    },
  },
  {
    name: 'declines', target: 'none',
    doc: 'Its owner says no on the airgap’s screen.',
    make: () => ({ declines: true }),
  },
  {
    name: 'corrupt-payload', target: 'step',
    doc: 'The client changes what the airgap stated, and signs that.',
    make: ({ target }) => inStep(target, ({ message, board, sign }) => {
      const { statement, ...rest } = unsignedOf(message)
      return board.post(sign({ ...rest, statement: { ...statement, payload: flipped(statement.payload) } }))
    }),
  },
  {
    name: 'corrupt-attachment', target: 'step',
    doc: 'The client changes the attachment, and names the changed one.',
    steps: ({ ceremony }) => ceremony.steps.filter((step) => hasAttachment(ceremony.messages[step.sends] ?? NONE)),
    make: ({ target }) => inStep(target, async ({ message, board, sign }) => {
      const bytes = board.attachments.get(message.attachment ?? '') ?? new Uint8Array()
      const value = parseCanonical(new TextDecoder().decode(bytes), 'An attachment')
      const attachment = await board.putAttachment(canonicalBytes(flippedDeep(value)))
      return board.post(sign({ ...unsignedOf(message), attachment }))
    }),
  },
  {
    name: 'equivocate', target: 'step', steps: airgapSteps,
    doc: 'The airgap states two different things in one place, and a dishonest storage lets both into the log.',
    make: ({ target }) => inStep(target, async ({ message, board, member, sign, text }) => {
      const pin = await board.post(text)
      const statement = { ...message.statement, payload: flipped(message.statement.payload) }
      board.force(sign({ ...unsignedOf(message), statement, airgapSignature: airgapSign(member, statement) }))
      return pin
    }),
  },
  {
    name: 'wrong-view', target: 'step', steps: airgapSteps,
    doc: 'The airgap states what it should, but as if it had seen another log.',
    make: ({ target }) => inStep(target, ({ message, board, member, sign }) => {
      const statement = { ...message.statement, view: flippedText(message.statement.view ?? '') }
      return board.post(sign({ ...unsignedOf(message), statement, airgapSignature: airgapSign(member, statement) }))
    }),
  },
  {
    name: 'early', target: 'step',
    doc: 'Posts a statement of this step before the step before it is complete.',
    steps: ({ ceremony }) => ceremony.steps.slice(1),
    make: ({ script, participant, target }) => {
      const { steps } = script.ceremony
      const index = steps.findIndex((step) => step.name === target)
      const [before, step] = [steps[index - 1], steps[index]]
      if (before === undefined || step === undefined) throw new TypeError(`no step before ${target}`)
      return inStep(before.name, async ({ message, board, member, sign, text }) => {
        const { view, ceremony } = message.statement
        const statement: Statement = { ceremony, step: step.name, type: step.sends, from: participant, view, payload: {} }
        const airgapSignature = step.airgap === undefined ? {} : { airgapSignature: airgapSign(member, statement) }
        await board.post(sign({ statement, seen: message.seen, ...airgapSignature }))
        return board.post(text)
      })
    },
  },
  {
    name: 'foreign', target: 'participant',
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
    name: 'replay', target: 'step', steps: airgapSteps,
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

/** Lets everything through but what its participant should say in a dispute. */
export const silentInDisputes = (script: Script): Tampering =>
  meddling(({ message, board, text }) =>
    Object.values(script.ceremony.disputes).some(({ sends }) => sends === message.statement.type) ? swallowed() : board.post(text))

/** All attachments that a participant's messages in the log name, by message type. */
export function attachmentsOf(board: MemoryBoard, participant: string): ReadonlyMap<string, JsonObject> {
  const found = new Map<string, JsonObject>()
  for (const { text } of board.entries) {
    const { statement, attachment } = parseMessage(text)
    const bytes = board.attachments.get(attachment ?? '')
    if (statement.from !== participant || bytes === undefined) continue
    found.set(statement.type, parseCanonical(new TextDecoder().decode(bytes), 'An attachment') as JsonObject)
  }
  return found
}
