/**
 * Requests (client → airgap) and answers (airgap → client): the bodies that cross inside an envelope. The side that
 * reads one checks everything in it. The airgap fills in all that it can know itself, so a request cannot lie about
 * that (protocol §4).
 */
import type { Code } from '../base/errors.ts'
import type { Json, JsonObject } from '../base/canonical.ts'
import { reasonSchema } from './abort.ts'
import type { AbortReason } from './abort.ts'
import type { Card, Opening } from './card.ts'
import { MAX_TEXT, MAX_WHOLE, MAX_WHOLE_PARTS } from './limits.ts'
import { MOST_REASON } from './message.ts'
import { cardSchema, compileCheck, hexSchema, identifierSchema, nameSchema, objectSchema, openingSchema } from './schema.ts'

/** Carries a request's text to the airgap, and gives the text of its answer. */
export type Exchange = (request: string, signal: AbortSignal) => Promise<string>

/** One statement as it crosses to an airgap, which fills in ceremony, step, type and view itself. */
export interface Carried extends JsonObject {
  readonly from: string
  readonly payload: JsonObject
  readonly airgapSignature: string
  /** The piece for this airgap, where the statement binds a piece for each other participant by its root. */
  readonly piece?: JsonObject
  /** The piece's path to the root (RFC 9162 §2.1.3.1), hex. */
  readonly path?: readonly string[]
}

/** Asks for a step. The envelope names ceremony and step. */
export interface StepRequest extends JsonObject {
  readonly ask: 'step'
  /** The opening; with the first step only. */
  readonly opening?: Opening
  /** The previous step's statements by everyone else, each once, in any order. */
  readonly collected: readonly Carried[]
  /** The values that the step's `prepare` computed. */
  readonly prepared: JsonObject
  /** The answer of the step's `assist` to the airgap's question. */
  readonly assist?: Json
}

/** Asks for the airgap's answer to a dispute. The envelope's step is the dispute's name. */
export interface DisputeRequest extends JsonObject {
  readonly ask: 'dispute'
  readonly dispute: Carried
  /** The statements that a request for the disputed step brings. From them an airgap that was not yet asked for that step knows its view. */
  readonly collected: readonly Carried[]
}

/** Asks the airgap to make sure that a ceremony with an end unknown to it can never become usable. The answer takes the envelope's step's slot. */
export interface AbandonRequest extends JsonObject {
  readonly ask: 'abandon'
}

/** Tells the airgap that a ceremony is over, with the proof: an Abort, or a statement of another airgap after which it cannot succeed. */
export interface CloseRequest extends JsonObject {
  readonly ask: 'close'
  /** The canonical text of an Abort message. */
  readonly abort?: string
  /** A dispute, or an Abandoned. */
  readonly ending?: { readonly type: string; readonly from: string; readonly payload: JsonObject; readonly airgapSignature: string }
}

/** Asks for pairing. It brings the client's half of the card. */
export interface PairRequest extends JsonObject {
  readonly ask: 'pair'
  readonly name: string
  readonly signingKey: string
}

export type Request = StepRequest | DisputeRequest | AbandonRequest | CloseRequest | PairRequest

/** A statement that the airgap made. The client knows its other members too: it fills them in and checks the signature. */
export interface Stated extends JsonObject {
  readonly type: string
  readonly payload: JsonObject
  readonly airgapSignature: string
}

export interface StatedAnswer extends JsonObject {
  readonly give: 'statement'
  /** Digest of the request's envelope. */
  readonly request: string
  readonly statement: Stated
  readonly attachment?: JsonObject
}

export interface QuestionAnswer extends JsonObject {
  readonly give: 'question'
  readonly request: string
  readonly question: Json
}

export interface RefusalAnswer extends JsonObject {
  readonly give: 'refusal'
  readonly request: string
  readonly code: string
  readonly what: string
  readonly todo: string
  /** Set where a verb found a fault or the owner declined: the abort reason, the participant accused, and the owner's own words, if any. */
  readonly fault?: { readonly reason: AbortReason; readonly accused: string | null; readonly why?: string }
}

/** Does an airgap refuse with this code? The airgap may be of another version, so any code can come. */
export const isRefusal = (answer: Answer, code: Code): answer is RefusalAnswer => answer.give === 'refusal' && answer.code === code

export interface PairAnswer extends JsonObject {
  readonly give: 'card'
  readonly request: string
  readonly card: Card
  /** The airgap's signature of the card. */
  readonly cardSignature: string
}

export interface ClosedAnswer extends JsonObject {
  readonly give: 'closed'
  readonly request: string
}

export type Answer = StatedAnswer | QuestionAnswer | RefusalAnswer | PairAnswer | ClosedAnswer

/** A slice of a whole envelope's text that is too long to cross at once. */
export interface Part {
  /** SHA-256 of the whole text, hex. */
  readonly whole: string
  /** From 1. */
  readonly index: number
  readonly count: number
  /** UTF-8 bytes of the whole text. */
  readonly length: number
  readonly text: string
}

/** Brings one part of a request. The envelope names the request's ceremony and step. */
export interface RequestPart extends Part, JsonObject {
  readonly ask: 'part'
}

/** Asks for one part of the answer to a request. */
export interface AnswerPartRequest extends JsonObject {
  readonly ask: 'answer-part'
  /** SHA-256 of the request's text. */
  readonly whole: string
  readonly index: number
}

export type PartRequest = RequestPart | AnswerPartRequest

/** One part of an answer. A request that crossed in parts is always answered in parts, even if it is one part. */
export interface AnswerPart extends Part, JsonObject {
  readonly give: 'part'
  /** Digest of the envelope that this one answers. */
  readonly request: string
  /** SHA-256 of the text of the request that the whole answer is for. */
  readonly of: string
}

/** Tells which parts of a request an airgap holds. */
export interface HeldAnswer extends JsonObject {
  readonly give: 'held'
  readonly request: string
  /** SHA-256 of the request's text. */
  readonly whole: string
  readonly held: readonly number[]
}

export type PartAnswer = AnswerPart | HeldAnswer

const MAX_ROSTER = 1024

/** The longest path in a tree with as many leaves as a roster may have cards. */
const MAX_PATH = 10

const carriedSchema = objectSchema(
  {
    from: nameSchema, payload: { type: 'object' }, airgapSignature: hexSchema(64), piece: { type: 'object' },
    path: { type: 'array', maxItems: MAX_PATH, items: hexSchema(32) },
  },
  ['piece', 'path'],
)

const constant = (text: string) => ({ type: 'string', const: text })

const freeJson = {}

const requestSchemas = {
  step: objectSchema(
    {
      ask: constant('step'),
      opening: openingSchema,
      collected: { type: 'array', maxItems: MAX_ROSTER, items: carriedSchema },
      prepared: { type: 'object', maxProperties: 16 },
      assist: freeJson,
    },
    ['opening', 'assist'],
  ),
  dispute: objectSchema({ ask: constant('dispute'), dispute: carriedSchema, collected: { type: 'array', maxItems: MAX_ROSTER, items: carriedSchema } }),
  abandon: objectSchema({ ask: constant('abandon') }),
  close: objectSchema(
    {
      ask: constant('close'), abort: { type: 'string', maxLength: 1 << 20 },
      ending: objectSchema({ type: identifierSchema, from: nameSchema, payload: { type: 'object' }, airgapSignature: hexSchema(64) }),
    },
    ['abort', 'ending'],
  ),
  pair: objectSchema({ ask: constant('pair'), name: nameSchema, signingKey: hexSchema(32) }),
}

const answerSchemas = {
  statement: objectSchema(
    {
      give: constant('statement'),
      request: hexSchema(32),
      statement: objectSchema({ type: identifierSchema, payload: { type: 'object' }, airgapSignature: hexSchema(64) }),
      attachment: { type: 'object' },
    },
    ['attachment'],
  ),
  question: objectSchema({ give: constant('question'), request: hexSchema(32), question: freeJson }),
  refusal: objectSchema(
    {
      give: constant('refusal'),
      request: hexSchema(32),
      code: { type: 'string', maxLength: 64 },
      what: { type: 'string', maxLength: 2000 },
      todo: { type: 'string', maxLength: 2000 },
      fault: objectSchema({
        reason: reasonSchema,
        accused: { anyOf: [nameSchema, { type: 'null' }] },
        why: { type: 'string', minLength: 1, maxLength: MOST_REASON },
      }, ['why']),
    },
    ['fault'],
  ),
  card: objectSchema({ give: constant('card'), request: hexSchema(32), card: cardSchema, cardSignature: hexSchema(64) }),
  closed: objectSchema({ give: constant('closed'), request: hexSchema(32) }),
}

const upTo = (most: number) => ({ type: 'integer', minimum: 1, maximum: most })

const partSchema = {
  whole: hexSchema(32), index: upTo(MAX_WHOLE_PARTS), count: upTo(MAX_WHOLE_PARTS), length: upTo(MAX_WHOLE),
  text: { type: 'string', minLength: 1, maxLength: MAX_TEXT },
}

const partRequestSchemas = {
  part: objectSchema({ ask: constant('part'), ...partSchema }),
  answerPart: objectSchema({ ask: constant('answer-part'), whole: hexSchema(32), index: upTo(MAX_WHOLE_PARTS) }),
}

const partAnswerSchemas = {
  part: objectSchema({ give: constant('part'), request: hexSchema(32), of: hexSchema(32), ...partSchema }),
  held: objectSchema({
    give: constant('held'), request: hexSchema(32), whole: hexSchema(32),
    held: { type: 'array', maxItems: MAX_WHOLE_PARTS, items: upTo(MAX_WHOLE_PARTS) },
  }),
}

const either = (schemas: Readonly<Record<string, object>>, tag: string) => ({
  type: 'object',
  discriminator: { propertyName: tag },
  required: [tag],
  properties: { [tag]: {} },
  oneOf: Object.values(schemas),
})

/** Checks a request's body. @throws wire.malformed */
export const checkRequest = compileCheck<Request>(either(requestSchemas, 'ask'))

/** Checks an answer's body. @throws wire.malformed */
export const checkAnswer = compileCheck<Answer>(either(answerSchemas, 'give'))

const isOneOf = (body: Json, name: string, words: readonly string[]): boolean => {
  const word = typeof body === 'object' && body !== null && !Array.isArray(body) ? (body as JsonObject)[name] : undefined
  return typeof word === 'string' && words.includes(word)
}

/** Is a request's body about parts? Nothing else of it is checked. */
export const isPartRequest = (body: Json): boolean => isOneOf(body, 'ask', ['part', 'answer-part'])

/** Is an answer's body about parts? Nothing else of it is checked. */
export const isPartAnswer = (body: Json): boolean => isOneOf(body, 'give', ['part', 'held'])

/** Checks the body of a request about parts. @throws wire.malformed */
export const checkPartRequest = compileCheck<PartRequest>(either(partRequestSchemas, 'ask'))

/** Checks the body of an answer about parts. @throws wire.malformed */
export const checkPartAnswer = compileCheck<PartAnswer>(either(partAnswerSchemas, 'give'))
