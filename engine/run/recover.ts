/**
 * Recovery (protocol §7): a new airgap, the mnemonic and a transcript give the share back. No statement is made, and
 * the ceremony is closed for live steps.
 */
import { fromHex, toHex } from '../crypto/bytes.ts'
import { airgapKeyPair } from '../crypto/seed.ts'
import type { Script, Step } from '../script/model.ts'
import type { Random, Verbs } from '../verbs/runtime.ts'
import { canonical } from '../wire/canonical.ts'
import type { JsonObject } from '../wire/canonical.ts'
import type { Card } from '../wire/card.ts'
import type { Stated } from '../wire/exchange.ts'
import { verifyStatement } from '../wire/message.ts'
import { computeStep } from './airgap-compute.ts'
import { knownOf } from './airgap-verify.ts'
import type { Known } from './airgap-verify.ts'
import { runError } from './errors.ts'
import type { Posted } from './feed.ts'
import { Ledger } from './ledger.ts'
import type { KeptRecord, MemoryStore, StepMemory } from './memory.ts'
import { checkOpening } from './opening.ts'
import { readTranscript } from './transcript.ts'

export interface RecoverPorts {
  readonly memory: MemoryStore
  /** The script with this hash, from the airgap's own disk: never the transcript's. */
  readonly script: (hash: string) => Script | undefined
  readonly verbs: Verbs
  readonly random: Random
  readonly now: () => Date
}

/**
 * Recovers what a finished ceremony left in this airgap.
 *
 * @param text the transcript
 * @returns the ceremony's id and what was recovered, by name (the values are secret)
 * @throws run.transcript, run.unknown-script, run.opening, run.recover with the reason
 */
export async function recover(text: string, ports: RecoverPorts): Promise<{ readonly ceremony: string; readonly names: readonly string[] }> {
  const refuse = (why: string): never => {
    throw runError('recover', { why })
  }
  const transcript = readTranscript(text)
  const { opening } = transcript
  const script = ports.script(opening.script.hash)
  if (script === undefined) throw runError('unknown-script', { script: opening.script.name, hash: opening.script.hash })
  checkOpening(opening, script)
  const { seed } = ports.memory.read()
  const airgapKey = toHex(airgapKeyPair(fromHex(seed, 64)).publicKey)
  const me = opening.roster.find((card) => card.airgapKey === airgapKey)
  if (me === undefined) return refuse('this airgap’s key is not in its roster; the mnemonic or its passphrase is another one')

  const headAt = (offset: number) => (offset === -1 ? '0'.repeat(64) : transcript.heads[offset])
  const ledger = new Ledger({ script, opening, verbs: ports.verbs, random: ports.random, headAt })
  for (const post of transcript.posts) ledger.accept(post)
  if (!ledger.certified) refuse('the success certificate is not in it')

  const steps = script.ceremony.steps.filter((step) => step.airgap !== undefined)
  const known = knownOf(script, { opening, salt: null, state: 'finished', steps: memories(ledger, steps, me, transcript.posts), disputes: {} }, me)
  const salt = saltOf(known, steps) ?? refuse('it holds no salt of this airgap')
  const values = await replay(known, ledger, steps, { seed, salt }, ports)
  if (Object.keys(values).length === 0) refuse('this ceremony keeps nothing')

  const record: KeptRecord = { opening, finishedAt: ports.now().toISOString(), values }
  await ports.memory.update((memory) => ({
    ...memory,
    card: memory.card ?? me,
    ceremonies: { ...memory.ceremonies, [ledger.id]: { opening, salt: null, state: 'finished', steps: {}, disputes: {} } },
    kept: { ...memory.kept, [ledger.id]: record },
  }))
  return { ceremony: ledger.id, names: Object.keys(values) }
}

/** The airgap's memory as it was, out of the log. */
function memories(ledger: Ledger, steps: readonly Step[], me: Card, posts: readonly Posted[]): Record<string, StepMemory> {
  return Object.fromEntries(
    steps.map((step) => [
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
 * This airgap's own statements in a step, in roster order of their recipients: what it signed under the view that the
 * log has. Anybody else's word in its name, posted by the thief of its client's key, say, is passed over.
 */
function statedBy(ledger: Ledger, step: Step, me: Card, posts: readonly Posted[]): Stated[] {
  const recipients = [null, ...ledger.roster.map((card) => card.name)]
  return recipients.flatMap((recipient) => {
    const post = posts.find(({ message: { statement, airgapSignature } }) =>
      statement.ceremony === ledger.id && statement.step === step.name && statement.type === step.sends &&
      statement.from === me.name && statement.to === recipient && statement.view === ledger.viewBefore(step.index) &&
      airgapSignature !== undefined && verifyStatement(statement, airgapSignature, me.airgapKey))
    if (post?.message.airgapSignature === undefined) return []
    const { type, to, payload } = post.message.statement
    return [{ type, to, payload, airgapSignature: post.message.airgapSignature }]
  })
}

/** The session salt, from the airgap's own first statement. */
function saltOf(known: Known, [first]: readonly Step[]): string | undefined {
  const salt = known.steps[first?.name ?? '']?.stated[0]?.payload['salt']
  return typeof salt === 'string' ? salt : undefined
}

/** Does every step again and compares it with what the log holds; gives what the steps keep. */
async function replay(
  known: Known, ledger: Ledger, steps: readonly Step[], secrets: { readonly seed: string; readonly salt: string }, ports: RecoverPorts,
): Promise<JsonObject> {
  const prepared: JsonObject = Object.fromEntries(steps.flatMap((step) => Object.entries(known.steps[step.name]?.prepared ?? {})))
  const kept: Record<string, JsonObject[string]> = {}
  for (const step of steps) {
    const before = known.steps[step.name]?.stated ?? []
    const mustBe = step.index <= ledger.certificateIndex
    const result = await computeStep({ known, step, prepared, secrets, verbs: ports.verbs, random: ports.random })
    if (result.kind !== 'stated') throw runError('recover', { why: `${step.name} does not come out as it did` })
    const same = canonical(result.stated) === canonical(before)
    if (!same && (before.length > 0 || mustBe)) {
      throw runError('recover', { why: `what this seed states in ${step.name} is not what the log holds` })
    }
    if (result.keep !== undefined && step.keeps !== undefined) kept[step.keeps] = result.keep
  }
  return kept
}
