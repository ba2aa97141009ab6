/**
 * Recovery (protocol §7): a new airgap, the mnemonic and a transcript give the share back. No statement is made, and
 * the ceremony is closed for live steps.
 */
import type { Script, Step } from '../machines/ceremony.ts'
import type { Random, Verbs } from '../verbs/runtime.ts'
import { canonical } from '../base/canonical.ts'
import type { JsonObject } from '../base/canonical.ts'
import type { Card } from '../wire/card.ts'
import type { Stated } from '../wire/exchange.ts'
import { verifyStatement } from '../wire/message.ts'
import { airgapKeyOf, knownOf } from './airgap-verify.ts'
import type { Known } from './airgap-verify.ts'
import { computeStep } from './airgap-work.ts'
import { noScript, runError } from './errors.ts'
import { Ledger } from './ledger.ts'
import type { SessionState, Archived, MemoryStore, StepMemory } from './memory.ts'
import { checkOpening } from './opening.ts'
import { ABANDONED } from '../machines/ceremony.ts'
import type { Post } from './reading.ts'
import { headIn, readInto, readTranscript, refuseHidden } from './transcript.ts'
import type { TranscriptSource } from './transcript.ts'

export interface RecoverPorts {
  readonly memory: MemoryStore
  /** The script with this hash, from the airgap's own disk: never the transcript's. */
  readonly script: (hash: string) => Script | undefined
  /** The script on that disk that has this hash once its lines end with CR LF. */
  readonly crlfScript?: (hash: string) => Script | undefined
  readonly verbs: Verbs
  readonly random: Random
  readonly now: () => Date
}

export interface Recovered {
  readonly ceremony: string
  /** The names of the recovered values, which are secret. */
  readonly names: readonly string[]
  /** Not everybody had confirmed in this log: the others may have given the ceremony up. */
  readonly isUnconfirmed: boolean
}

/** The reason why a ceremony that this vault has a session of is not recovered. One that was live in a backup can be. */
const HERE: Readonly<Partial<Record<SessionState, string>>> = {
  live: 'this airgap takes part in it now', finished: 'this airgap has finished it', closed: 'this airgap has closed it', abandoned: 'this airgap has given it up for good',
}

/**
 * Recovers what a finished ceremony left in this airgap's vault.
 *
 * @throws container.not-text, container.encoding, run.transcript, run.unknown-script, run.opening, run.recover with the reason
 */
export async function recover(source: TranscriptSource, ports: RecoverPorts): Promise<Recovered> {
  const refuse = (why: string): never => {
    throw runError('recover', { why })
  }
  const transcript = readTranscript(source)
  const { opening, ceremony: id } = transcript
  const script = ports.script(opening.script.hash)
  if (script === undefined) throw noScript(opening.script, ports.crlfScript?.(opening.script.hash))
  checkOpening(opening, script)
  const memory = ports.memory.read()
  const { seed } = memory
  const state = Object.hasOwn(memory.sessions, id) ? memory.sessions[id]?.state : undefined
  const here = state === undefined ? undefined : HERE[state]
  if (here !== undefined) return refuse(here)
  if (Object.hasOwn(memory.archive, id)) return refuse('this airgap has what it made')
  const airgapKey = airgapKeyOf(memory)
  const me = opening.roster.find((card) => card.airgapKey === airgapKey)
  if (me === undefined) return refuse('this airgap’s key is not in its roster; the mnemonic or its passphrase is another one')

  const ledger = new Ledger({ script, opening, verbs: ports.verbs, random: ports.random, headAt: headIn(transcript) })
  readInto(ledger, transcript)
  refuseHidden(transcript, [ledger])
  if (!ledger.certified) refuse('the success certificate is not in it')
  if (hasAbandoned(transcript.posts, ledger, me)) refuse('its airgap gave it up for good')

  const steps = script.ceremony.steps.filter((step) => step.airgap !== undefined)
  const known = knownOf(script, { opening, state: 'finished', steps: memories(ledger, steps, me, transcript.posts), disputes: {} }, me)
  const values = await replay(known, ledger, steps, { seed }, ports)
  if (Object.keys(values).length === 0) refuse('this ceremony keeps nothing')

  const isUnconfirmed = !ledger.usable
  const record: Archived = { opening, finishedAt: ports.now().toISOString(), values, ...(isUnconfirmed ? { unconfirmed: true } : {}) }
  const { name, signingKey } = me
  await ports.memory.update((before) => ({
    ...before,
    client: before.client ?? { name, signingKey },
    sessions: { ...before.sessions, [id]: { opening, state: 'finished', steps: {}, disputes: {} } },
    archive: { ...before.archive, [id]: record },
  }))
  return { ceremony: id, names: Object.keys(values), isUnconfirmed }
}

/** Did its airgap state that it will never finish, wherever in the log, whatever came of it? */
const hasAbandoned = (posts: readonly Post[], { id }: Ledger, me: Card): boolean =>
  posts.some(({ message: { statement, airgapSignature } }) => statement.ceremony === id && statement.type === ABANDONED && statement.from === me.name &&
    airgapSignature !== undefined && verifyStatement(statement, airgapSignature, me.airgapKey))

/** Rebuilds the airgap's memory of each step from the log. */
function memories(ledger: Ledger, steps: readonly Step[], me: Card, posts: readonly Post[]): Record<string, StepMemory> {
  return Object.fromEntries(
    steps.map((step): [string, StepMemory] => [
      step.name,
      {
        asked: '',
        collected: step.index === 0 ? [] : ledger.carriable(step.index - 1, me.name),
        prepared: Object.fromEntries(Object.keys(step.prepare).map((one) => [one, ledger.sources.prepared(one)])),
        stated: statedBy(ledger, step, me, posts),
      },
    ]),
  )
}

/**
 * This airgap's own statement in a step, signed under the view that the log has. A statement in its name by anybody else, such as
 * the thief of its client's key, is passed over.
 */
function statedBy(ledger: Ledger, step: Step, me: Card, posts: readonly Post[]): Stated | null {
  const post = posts.find(({ message: { statement, airgapSignature } }) =>
    statement.ceremony === ledger.id && statement.step === step.name && statement.type === step.sends && statement.from === me.name &&
    statement.view === ledger.viewBefore(step.index) && airgapSignature !== undefined && verifyStatement(statement, airgapSignature, me.airgapKey))
  if (post?.message.airgapSignature === undefined) return null
  const { type, payload } = post.message.statement
  return { type, payload, airgapSignature: post.message.airgapSignature }
}

/** Does every step again and compares it with the log; gives the values that the steps keep. */
async function replay(known: Known, ledger: Ledger, steps: readonly Step[], secrets: { readonly seed: string }, ports: RecoverPorts): Promise<JsonObject> {
  const prepared: JsonObject = Object.fromEntries(steps.flatMap((step) => Object.entries(known.steps[step.name]?.prepared ?? {})))
  const kept: Record<string, JsonObject[string]> = {}
  for (const step of steps) {
    const before = known.steps[step.name]?.stated ?? null
    const mustBe = step.index <= ledger.certificateIndex
    const result = await computeStep({ known, step, prepared, secrets, verbs: ports.verbs, random: ports.random })
    if (result.kind !== 'stated') throw runError('recover', { why: `${step.name} does not come out as it did` })
    if ((before !== null || mustBe) && canonical(result.stated) !== canonical(before)) {
      throw runError('recover', { why: `what this seed states in ${step.name} is not what the log holds` })
    }
    if (result.keep !== undefined && step.keeps !== undefined) kept[step.keeps] = result.keep
  }
  return kept
}
