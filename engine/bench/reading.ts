/**
 * The time for which a client's event loop is blocked while it reads a signing: three times a thousand partial signatures, one
 * of them bad, and a fourth participant's, which replace the cheat's. `node --import=tsx engine/bench/reading.ts [messages]`
 */
import { randomBytes } from 'node:crypto'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { decodeG2OnCurve, DST_SIGNATURE, encodeG2, encodeG2Affine, hashToG2, scalarFromBytes } from '../crypto/bls.ts'
import { fromHex, toHex } from '../base/bytes.ts'
import { sha256Hex } from '../crypto/hash.ts'
import { airgapKeyPair } from '../crypto/seed.ts'
import { signedBytesOf } from '../messages/kinds.ts'
import { Ledger } from '../run/ledger.ts'
import type { Post } from '../run/reading.ts'
import { readShipped } from '../script/load.ts'
import { simulate } from '../simulate/simulate.ts'
import type { Simulated } from '../simulate/simulate.ts'
import { partialsDigest } from '../verbs/bls.ts'
import { verbs } from '../verbs/implementations.ts'
import { canonicalBytes } from '../base/canonical.ts'
import { pause } from '../base/signals.ts'
import { ceremonyId } from '../wire/card.ts'
import type { Opening } from '../wire/card.ts'
import { EMPTY_HEAD, EMPTY_LOG } from '../wire/log.ts'
import { signMessage, signStatement } from '../wire/message.ts'
import type { Statement } from '../wire/message.ts'
import { heading, print } from './report.ts'

const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length))
const sign = readShipped('sign')
const count = Number(process.argv[2] ?? 1000)
const messages = Array.from({ length: count }, (_, i) => ({ kind: 'eth/voluntary-exit', network: 'hoodi', epoch: 1, validatorIndex: i }))

/** Any id will do: an exit's signed bytes are the same in every ceremony. */
const ANY_CEREMONY = '00'.repeat(32)

/** Everybody's partial signatures. The last one of the first participant is bad: it is of another message. */
function partialsUnder(key: Simulated): ReadonlyMap<string, readonly string[]> {
  const hashes = messages.map((message) => hashToG2(signedBytesOf(message, ANY_CEREMONY), DST_SIGNATURE))
  return new Map(key.members.map(({ name, memory }, at) => {
    const { share } = memory.read().archive[key.ceremony]?.values['share'] as { readonly share: string }
    const scalar = scalarFromBytes(fromHex(share, 32))
    const partials = hashes.map((hash) => toHex(encodeG2(hash.multiply(scalar))))
    return [name, at === 0 ? partials.with(-1, partials[0] ?? '') : partials]
  }))
}

/** A reader of a new signing, and the posts of all participants. */
function signing(key: Simulated, partials: ReadonlyMap<string, readonly string[]>): { readonly ledger: Ledger; readonly posts: readonly Post[] } {
  const followed = key.results.get(key.members[0]?.name ?? '')?.ledger
  if (followed === undefined) throw new TypeError('no key')
  const { name, version } = sign.ceremony
  const opening: Opening = {
    script: { name, version, hash: sign.hash }, parameters: { key: key.ceremony, purpose: 'A bench', messages: structuredClone(messages) },
    roster: key.opening.roster, opensAt: key.opening.opensAt, nonce: toHex(random(32)), rehearsal: false,
  }
  const id = ceremonyId(opening)
  const posts = key.members.map(({ name: from, seed, signingKey }, offset): Post => {
    const made = partials.get(from) ?? []
    const points = made.map((one) => decodeG2OnCurve(fromHex(one, 96)))
    const attachment = canonicalBytes({ partials: points.map((one) => toHex(encodeG2Affine(one))) })
    const statement: Statement = { ceremony: id, step: 'SendPartials', type: 'Partial', from, view: id, payload: { digest: partialsDigest(points.map(encodeG2)) } }
    const airgapSignature = signStatement(airgapKeyPair(seed).secretKey, statement)
    return { offset, attachment, message: signMessage(signingKey, { statement, airgapSignature, attachment: sha256Hex(attachment), seen: EMPTY_LOG }) }
  })
  return { posts, ledger: new Ledger({ script: sign, opening, verbs, random, followed: { key: followed }, headAt: (offset) => (offset === -1 ? EMPTY_HEAD : undefined) }) }
}

async function measured(what: string, read: (ledger: Ledger, post: Post) => unknown, from: ReturnType<typeof signing>): Promise<readonly [string, number, number]> {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  await pause(50)
  delay.enable()
  await pause(50)
  const before = performance.now()
  for (const post of from.posts) await read(from.ledger, post)
  const wall = performance.now() - before
  await pause(50)
  delay.disable()
  const { current, faults } = from.ledger
  if (current !== 1 || faults.length !== 1 || faults[0]?.reason !== 'bls.bad-partial') throw new Error('the bench is broken')
  return [what, delay.max / 1e6, wall]
}

heading(`A client that reads ${String(count)} partial signatures of three participants, one of them bad, and a fourth’s`)
const key = await simulate({ script: readShipped('dkg'), names: ['anna', 'ben', 'cleo', 'dan'], parameters: { threshold: 3 }, verbs, random, idle: 1000 })
const partials = partialsUnder(key)
print('The event loop', ['', 'blocked at most, ms', 'in all, ms'], [
  await measured('read at once (verify, simulations)', (ledger, post) => ledger.accept(post), signing(key, partials)),
  await measured('read in turns (client)', (ledger, post) => ledger.follow(post, () => Promise.reject(new Error('it is there already'))), signing(key, partials)),
])
