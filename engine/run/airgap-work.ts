/**
 * Work of an airgap that takes long. It is stored in the vault while it goes on: after a crash its owner is not asked
 * again, and it does not begin anew.
 */
import { fromHex } from '../base/bytes.ts'
import { airgapKeyPair, sessionSecrets } from '../crypto/seed.ts'
import type { Call, Step } from '../machines/ceremony.ts'
import type { AirgapScope, Random, Stating, Tell, Verbs } from '../verbs/runtime.ts'
import { canonicalBytes } from '../base/canonical.ts'
import type { Json, JsonObject } from '../base/canonical.ts'
import { indexOf } from '../wire/card.ts'
import type { Stated } from '../wire/exchange.ts'
import { signStatement } from '../wire/message.ts'
import type { Statement } from '../wire/message.ts'
import { saveSession } from './airgap-session.ts'
import { asCollected, statementsOf, viewBefore } from './airgap-verify.ts'
import type { Known, SignedStatement } from './airgap-verify.ts'
import type { AirgapPorts } from './airgap-session.ts'
import { bindPieces } from './attachment.ts'
import { runError } from './errors.ts'
import type { Session } from './memory.ts'
import { resolveArgs } from './verbs.ts'
import type { Sources } from './verbs.ts'

/** The shortest time between two writes, in milliseconds. */
const EVERY = 2500
/** The same as a multiple of the time that the last write took, so that a slow disk does not hold the work up. */
const SHARE = 20
/** The largest state that is stored, in bytes. Of a larger one only the consent is stored. */
const MOST_STATE = 8 * 1024 * 1024

/** The stored progress of one step's work. */
interface Checkpoint {
  /** The state that was stored last, if this very work was under way before. */
  readonly saved?: Json
  /** Stores that it began, which tells that its owner has consented. */
  readonly begin: () => Promise<void>
  /** Stores how far it is, now and then. @throws the reason of the ports' signal, once all is stored */
  readonly save: (state: () => Json) => Promise<void>
}

const isThis = (session: Session | undefined, step: string, asked: string): boolean => session?.work?.step === step && session.work.asked === asked

/** Is this very work under way, so that its owner has consented to it? Not if the owner stopped it: that may have been second thoughts. */
export const isUnderWay = (session: Session | undefined, step: string, asked: string): boolean => isThis(session, step, asked) && session?.work?.stopped !== true

/** @param session the session as it is, or as it will be once the work has begun */
export function checkpointOf(ports: AirgapPorts, id: string, session: Session, step: string, asked: string): Checkpoint {
  const state = isThis(session, step, asked) ? session.work?.state ?? null : null
  const clock = (): number => ports.now().getTime()
  let next = clock() + EVERY
  const write = async (now: Json, isStopped = false): Promise<void> => {
    const began = clock()
    await saveSession(ports, id, (before) => ({ ...(before ?? session), work: { step, asked, state: now, ...(isStopped ? { stopped: true as const } : {}) } }))
    next = clock() + Math.max(EVERY, SHARE * (clock() - began))
  }
  return {
    ...(state === null ? {} : { saved: state }),
    begin: async () => {
      if (!isUnderWay(session, step, asked)) await write(state)
    },
    save: async (current) => {
      const isOver = ports.signal?.aborted === true
      if (isOver || clock() >= next) {
        const now = current()
        await write(canonicalBytes(now).length <= MOST_STATE ? now : null, isOver)
      }
      ports.signal?.throwIfAborted()
    },
  }
}

// Runs a step's airgap verb and signs what it states. The session's secrets exist here only.

export interface Secrets {
  /** 64 bytes, hex. */
  readonly seed: string
}

export interface ComputeInput {
  readonly known: Known
  readonly secrets: Secrets
  readonly step: Step
  /** Everything prepared so far, by name. */
  readonly prepared: JsonObject
  readonly assist?: Json
  readonly dispute?: SignedStatement
  readonly verbs: Verbs
  readonly random: Random
  /** Hears how far long work is. */
  readonly tell?: Tell
  /** Stores such work, where it is to outlive a crash. */
  readonly checkpoint?: Checkpoint
}

export type Computing =
  | { readonly kind: 'stated'; readonly stated: Stated; readonly attachment?: JsonObject; readonly keep?: Json }
  | { readonly kind: 'question'; readonly question: Json }

/** Runs the step's verb. @throws verb.fault, verb.argument, run.not-runnable */
export async function computeStep(input: ComputeInput): Promise<Computing> {
  const { known, step } = input
  if (step.airgap === undefined) throw new TypeError(`${step.name} is not the airgap's`)
  const result = await settled(runVerb(input, step.airgap, step.name, step.sends), input)
  if (result.kind === 'asks') return { kind: 'question', question: result.question }
  const view = viewBefore(known, step.index)
  if (result.kind === 'states-each') {
    const { payload, attachment } = bindPieces(known.opening.roster, result.payloads)
    return { kind: 'stated', stated: signStated(input, { step: step.name, type: step.sends, view, payload }), attachment }
  }
  if (result.kind === 'disputes') {
    return { kind: 'stated', stated: signStated(input, { step: step.name, type: step.disputes ?? '', view, payload: result.payload }) }
  }
  return {
    kind: 'stated',
    stated: signStated(input, { step: step.name, type: step.sends, view, payload: result.payload }),
    ...(result.attachment === undefined ? {} : { attachment: result.attachment }),
    ...(result.keep === undefined ? {} : { keep: result.keep }),
  }
}

/** Answers a dispute about this participant. `step` is the step in which it arose, whose view the answer has. */
export async function computeDispute(input: ComputeInput & { readonly dispute: SignedStatement }): Promise<Stated> {
  const { known, step, dispute: { statement: { type } } } = input
  const spec = known.script.ceremony.disputes[type]
  if (spec === undefined) throw new TypeError(`no dispute ${type}`)
  const result = await settled(runVerb(input, spec.airgap, step.name, spec.sends), input)
  if (result.kind !== 'states') throw new TypeError('a dispute is answered by one statement')
  return signStated(input, { step: step.name, type: spec.sends, view: viewBefore(known, step.index), payload: result.payload })
}

type Settled = Exclude<Stating, { readonly kind: 'works' }>

/** Runs a verb's long work to its end; any other result is given back as it is. */
async function settled(stating: Stating, { tell = () => undefined, checkpoint }: Pick<ComputeInput, 'tell' | 'checkpoint'>): Promise<Settled> {
  if (stating.kind !== 'works') return stating
  await checkpoint?.begin()
  const save = checkpoint?.save ?? (() => Promise.resolve())
  const ended = await stating.work({ tell, save, ...(checkpoint?.saved === undefined ? {} : { saved: checkpoint.saved }) })
  if (ended.kind === 'works') throw new TypeError('work that ends in work')
  return ended
}

function runVerb(input: ComputeInput, call: Call, stepName: string, type: string): Stating {
  const { known, secrets, step, random, dispute, assist } = input
  const run = input.verbs.airgap[call.verb]
  if (run === undefined) throw runError('not-runnable', { script: known.script.ceremony.name, why: `this version does not have ${call.verb}` })
  const { roster, rehearsal } = known.opening
  const scope: AirgapScope = {
    ceremony: known.id, roster, rehearsal, step: stepName, type, view: viewBefore(known, step.index), random,
    me: { name: known.me.name, index: indexOf(roster, known.me.name) },
    secrets: sessionSecrets(fromHex(secrets.seed, 64), known.id, rehearsal),
    ...(assist === undefined ? {} : { assist }),
    ...(dispute === undefined ? {} : { dispute: asCollected(roster, dispute) }),
  }
  return run(scope, resolveArgs(call, sourcesOf(known, input.prepared)))
}

function sourcesOf(known: Known, prepared: JsonObject): Sources {
  return {
    parameters: known.opening.parameters,
    statements: (message) => {
      const step = known.script.ceremony.steps.find((one) => one.sends === message)
      if (step === undefined) throw new TypeError(`no step sends ${message}`)
      return statementsOf(known, step).map((one) => asCollected(known.opening.roster, one))
    },
    prepared: (name) => {
      const value = prepared[name]
      if (value === undefined) throw new TypeError(`${name} was not prepared`)
      return value
    },
    followed: (name) => known.followed[name] ?? missing(name),
    kept: (name, field) => known.followed[name]?.values[field] ?? missing(`${name}.${field}`),
  }
}

function missing(name: string): never {
  throw new TypeError(`${name} is not in the vault`)
}

/** Signs a statement of this airgap. */
export function signStated(
  { known, secrets }: Pick<ComputeInput, 'known' | 'secrets'>, { step, type, view, payload }: Pick<Statement, 'step' | 'type' | 'view' | 'payload'>,
): Stated {
  const statement: Statement = { ceremony: known.id, step, type, from: known.me.name, view, payload }
  const { secretKey } = airgapKeyPair(fromHex(secrets.seed, 64))
  return { type, payload, airgapSignature: signStatement(secretKey, statement) }
}
