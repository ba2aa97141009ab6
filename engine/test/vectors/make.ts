/**
 * Makes the published vectors with the engine: whole ceremonies of real clients and airgaps. Every random draw follows from fixed
 * seeds, and the order of entries does not depend on scheduling.
 */
import { openEnvelope } from '../../channel/envelope.ts'
import { concat, fromHex, toHex, utf8 } from '../../base/bytes.ts'
import { sha256Hex, taggedHash } from '../../crypto/hash.ts'
import { ceremonyNumber } from '../../crypto/number.ts'
import { airgapKeyPair, derive, newMnemonic, sessionSecrets, seedFromMnemonic } from '../../crypto/seed.ts'
import type { Script } from '../../machines/ceremony.ts'
import type { Airgap } from '../../run/airgap.ts'
import { ABANDONED, abandonStep } from '../../machines/ceremony.ts'
import { nextView } from '../../run/reading.ts'
import { readShipped } from '../../script/load.ts'
import { tamperingOf } from '../../simulate/faults.ts'
import { seededRandom, simulate } from '../../simulate/simulate.ts'
import type { Exchange } from '../../wire/exchange.ts'
import type { Simulated, SimulatedMember, SimulateOptions } from '../../simulate/simulate.ts'
import { verbs } from '../../verbs/implementations.ts'
import { textField } from '../../verbs/runtime.ts'
import type { Random } from '../../verbs/runtime.ts'
import { canonicalBytes, parseCanonical } from '../../base/canonical.ts'
import { ceremonyId, signCard } from '../../wire/card.ts'
import { EMPTY_LOG, headAfter, markOf } from '../../wire/log.ts'
import { ceremonyOf, hashOf, parseMessage, signMessage, signStatement, slotOf } from '../../wire/message.ts'
import type { Message, Pin, Statement, Unsigned } from '../../wire/message.ts'
import type { Ceremony, Crossing, Entry, Envelope, Instead, Participant, Plain, Session, Vectors } from './independent/form.ts'
import { refusedOf } from './refused.ts'
import { dkgValues, judgementOf, kindsOf, signingValues } from './values.ts'

const NAMES = ['anna', 'ben', 'cleo']
/** The passphrases: an empty one, one with a letter that Unicode spells in two ways, one with a space at its end. */
const PASSPHRASES = ['', 'Grün', 'two words ']
const OPENS_AT = Date.UTC(2027, 0, 1, 12)
const DRAWS = 3

const ABOUT = [
  'Hashes, signatures and proofs of keyrite/2, made with the keys of three participants from fixed seeds (engine/PROTOCOL.md).',
  'Bytes are lower-case hex, points compressed, scalars 32 bytes big endian. A field that is hashed or signed as JSON is hashed in its RFC 8785 form.',
  'A script’s hash is here that of no file, so that a comment in one changes no vector. Every key and secret is published: use none.',
  'engine/test/vectors/write.ts writes this file; engine/test/vectors/independent/ checks it without a line of the engine.',
]

/** The mnemonics by the seed in hex. A participant's mnemonic is drawn like its other keys. */
const mnemonics = new Map<string, { readonly mnemonic: string; readonly passphrase: string }>()

function drawSeed(random: Random, i: number): Uint8Array {
  const [mnemonic, passphrase = ''] = [newMnemonic(random), PASSPHRASES[i]]
  const seed = seedFromMnemonic(mnemonic, passphrase)
  mnemonics.set(toHex(seed), { mnemonic, passphrase })
  return seed
}

/** Makes a ceremony's random source: the same keys for the same participants in all ceremonies, everything else for this one only. */
function randomFor(ceremony: string): Random {
  const [keys, own] = [seededRandom('keyrite/2'), seededRandom(`keyrite/2 ${ceremony}`)]
  let drawn = 0
  return (length) => {
    const at = drawn++
    if (at >= DRAWS * NAMES.length) return own(length)
    return at % DRAWS === 0 ? drawSeed(keys, at / DRAWS) : keys(length)
  }
}

async function run(name: string, script: Script, more: Partial<SimulateOptions> = {}, faults: readonly string[] = []): Promise<Simulated> {
  const random = more.after === undefined ? randomFor(name) : seededRandom(`keyrite/2 ${name}`)
  const tamper = tamperingOf(faults, { script, verbs, random, names: NAMES })
  return simulate({ script, names: NAMES, parameters: {}, verbs, random, opensAt: OPENS_AT, idle: 5, tamper, ...more })
}

function participantOf({ name, card, seed, signingKey }: SimulatedMember): Participant {
  const known = mnemonics.get(toHex(seed))
  if (known === undefined) throw new Error(`${name} has a seed of no mnemonic`)
  const { secretKey } = airgapKeyPair(seed)
  const code = (BigInt(`0x${taggedHash('pairing', canonicalBytes(card))}`) % 10n ** 10n).toString().padStart(10, '0')
  return {
    name, ...known, seed: toHex(seed), airgapSecret: toHex(secretKey), signingSecret: toHex(signingKey), card, cardSignature: signCard(secretKey, card),
    pairingCode: `${code.slice(0, 5)} ${code.slice(5)}`,
  }
}

/** Gives the labels under which a participant's session gives secrets, with their lengths in bytes. */
export type Labels = (member: SimulatedMember, index: number) => Readonly<Record<string, number>>

function sessionOf({ opening, ceremony }: Simulated, member: SimulatedMember, labels: Readonly<Record<string, number>>): Session {
  const id = fromHex(ceremony, 32)
  const salt = derive(member.seed, 'salt', id)
  const session = sessionSecrets(member.seed, ceremony, opening.rehearsal)
  return {
    name: member.name, salt: toHex(salt), seed: toHex(derive(member.seed, opening.rehearsal ? 'rehearsal' : 'session', concat(id, salt))),
    values: Object.fromEntries(Object.entries(labels).map(([label, length]) => [label, toHex(session.expand(label, length))])),
  }
}

/** The place of a statement: first those before any step, then each step's by roster, and the answers to it. */
function placeOf({ opening }: Simulated, { steps, disputes }: Script['ceremony'], { step, type, from }: Statement): number {
  const index = steps.findIndex(({ name }) => name === step)
  const answers = Object.values(disputes).some(({ sends }) => sends === type)
  return (2 * index + Number(answers)) * 1000 + opening.roster.findIndex(({ name }) => name === from)
}

/** Chooses the messages of a run that count and do not depend on who was first. */
type Choose = (messages: readonly Message[]) => readonly Message[]

/** The log of a run: the messages that count, in the order above, each signed anew as if its author had seen all before it. */
function logOf(simulated: Simulated, { ceremony, hash }: Script, choose: Choose): Entry[] {
  const { board, members, opening } = simulated
  const ready = members.map(({ card, seed }): Unsigned => ({
    statement: {
      ceremony: null, step: null, type: 'Ready', from: card.name, view: null,
      payload: { card, cardSignature: signCard(airgapKeyPair(seed).secretKey, card), script: { name: ceremony.name, hash } },
    },
    seen: EMPTY_LOG,
  }))
  const posted = choose(board.entries.map(({ text }) => parseMessage(text)).filter(({ statement }) => ceremonyOf(statement) === simulated.ceremony && statement.type !== 'Abort'))
    .toSorted((a, b) => placeOf(simulated, ceremony, a.statement) - placeOf(simulated, ceremony, b.statement))
  let pin: Pin = EMPTY_LOG
  return [...ready, ...posted].map(({ statement, airgapSignature, attachment }) => {
    const member = members.find(({ name }) => name === statement.from)
    if (member === undefined) throw new Error(`${statement.from} is not in ${opening.script.name}`)
    const message = signMessage(member.signingKey, {
      statement, ...(airgapSignature === undefined ? {} : { airgapSignature }), ...(attachment === undefined ? {} : { attachment }), seen: pin,
    })
    const [messageHash, ceremonyHere] = [hashOf(message), ceremonyOf(statement)]
    pin = { offset: pin.offset + 1, head: headAfter(pin.head, message, messageHash) }
    const bytes = attachment === undefined ? undefined : board.attachments.get(attachment)
    return {
      message, slot: slotIn(statement), mark: markOf(ceremonyHere, statement.from), hash: messageHash, head: pin.head,
      ...(bytes === undefined ? {} : { attachment: parseCanonical(new TextDecoder().decode(bytes), 'An attachment') as Plain }),
    }
  })
}

const slotIn = (statement: Statement): Entry['slot'] => {
  const slot = slotOf(statement)
  return slot === null ? null : parseCanonical(slot, 'A slot') as (string | null)[]
}

/** The views after the complete steps, whose statements are all in the log. */
function viewsOf(id: string, { steps }: Script['ceremony'], log: readonly Entry[]): Ceremony['views'] {
  let view = id
  const views: { step: string; view: string }[] = []
  for (const step of steps) {
    const statements = log.map(({ message }) => message.statement).filter(({ type }) => type === step.sends)
    if (statements.length === 0) break
    view = nextView(view, step, statements)
    views.push({ step: step.name, view })
  }
  return views
}

function ceremonyOfRun(name: string, about: string, simulated: Simulated, script: Script, labels: Labels, choose: Choose = (messages) => messages): Ceremony {
  const { opening, ceremony: id, members } = simulated
  if (ceremonyId(opening) !== id) throw new Error('a run under another id')
  const log = logOf(simulated, script, choose)
  const sessions = members.map((member, i) => ({ member, asked: labels(member, i + 1) })).filter(({ asked }) => Object.keys(asked).length > 0)
  return {
    name, about, opening, id, number: ceremonyNumber(id), sessions: sessions.map(({ member, asked }) => sessionOf(simulated, member, asked)),
    views: viewsOf(id, script.ceremony, log), log,
  }
}

/** The statement that cleo's airgap would make in the place of its last step if it abandoned the ceremony: under the view before the certificate. */
function abandonedOf({ ceremony: id, members }: Simulated, { ceremony }: Script, views: Ceremony['views']): Instead {
  const [member, step] = [members[2], abandonStep(ceremony)]
  const certificate = ceremony.steps.findIndex(({ name }) => name === ceremony.certificate)
  const view = views[certificate - 1]?.view
  if (member === undefined || step === undefined || view === undefined) throw new Error('nothing that could be abandoned')
  const statement: Statement = { ceremony: id, step: step.name, type: ABANDONED, from: member.name, view, payload: {} }
  return { statement, airgapSignature: signStatement(airgapKeyPair(member.seed).secretKey, statement) }
}

/** Makes an exchange with an airgap that records what crosses. */
const recorded = (airgap: Airgap, crossed: Crossing[]): Exchange => async (request) => {
  const answer = await airgap.handle(request)
  crossed.push({ request: openedEnvelope(request), answer: openedEnvelope(answer) })
  return answer
}

function openedEnvelope(text: string): Envelope {
  const { kind, ceremony, step, body, digest } = openEnvelope(text)
  return { kind, ceremony: ceremony ?? '', step: step ?? '', body: body as Plain, digest }
}

/** The messages that are signed under the first key. */
const SIGNED: readonly Plain[] = [
  { kind: 'text', text: 'One line,\nand another: Grüße.' },
  { kind: 'bytes', hex: '0x00ff10' },
  { kind: 'file', name: 'accounts.pdf', size: 48_213, sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08' },
  { kind: 'eth/voluntary-exit', network: 'mainnet', epoch: 194_048, validatorIndex: 1_234_567 },
]

const POINT = '97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb'

/** Messages of every kind, and of several networks. */
const EVERY_KIND: readonly Plain[] = [
  ...SIGNED,
  { kind: 'bytes', hex: '00' },
  { kind: 'eth/bls-to-execution-change', network: 'mainnet', validatorIndex: 1_099_511_627_775, fromBlsPubkey: `0x${POINT}`, toExecutionAddress: '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed' },
  { kind: 'eth/deposit', network: 'hoodi', pubkey: POINT, withdrawalCredentials: `010000000000000000000000${'5a'.repeat(20)}`, amount: 32_000_000_000 },
  {
    kind: 'eth/voluntary-exit', epoch: 0, validatorIndex: 0,
    network: { genesisForkVersion: '0x01020304', capellaForkVersion: '05060708', genesisValidatorsRoot: 'ab'.repeat(32) },
  },
  { kind: 'raw', root: 'cd'.repeat(32) },
]

/** A shipped script under a hash and version of its own, so that a comment in its file changes no vector. */
function frozen(name: string): Script {
  const script = readShipped(name)
  return { ...script, hash: sha256Hex(utf8(`keyrite/2 vectors: ${name}`)), ceremony: { ...script.ceremony, version: '1.0.0' } }
}

export async function makeVectors(): Promise<Vectors> {
  const [dkg, beacon, sign] = [frozen('dkg'), frozen('beacon'), frozen('sign')]
  const crossed: Crossing[] = []
  const two = await run('dkg-2-of-3', dkg, { parameters: { threshold: 2 }, tamper: { anna: { exchange: (airgap) => recorded(airgap, crossed) } } })
  const three = await run('dkg-3-of-3', dkg, { parameters: { threshold: 3 }, rehearsal: true })
  const dkgs = [[two, 'dkg-2-of-3', 'two of three'], [three, 'dkg-3-of-3', 'all of three, in a rehearsal']] as const
  const keys = dkgs.map(([simulated, name, about]) => {
    const { labels, values } = dkgValues(simulated)
    return { ...ceremonyOfRun(name, `A key of ${about}, from its opening to its birth.`, simulated, dkg, labels), ...values }
  })
  const disputed = await Promise.all(([
    ['wrong-share:ben:anna', 'ben deals anna another share than its commitments promise.'],
    ['false-complaint:cleo:ben', 'cleo complains of a good piece.'],
  ] as const).map(async ([fault, about]) => {
    const simulated = await run(`dispute ${fault}`, dkg, { parameters: { threshold: 2 } }, [fault])
    // Whether a Response comes before the Complaint depends on timing, so all Responses are left out; none counts.
    const ceremony = ceremonyOfRun(fault, about, simulated, dkg, () => ({}), (messages) => messages.filter(({ statement }) => statement.type !== 'Response'))
    return { ...ceremony, judgement: judgementOf(simulated) }
  }))
  const number = await run('beacon', beacon)
  const drawn = ceremonyOfRun('beacon', 'A number that nobody could choose.', number, beacon, () => ({ 'random/value': 32 }))
  const signed = await run('sign', sign, { after: two, names: ['anna', 'cleo'], parameters: { purpose: 'Vectors', messages: SIGNED } })
  const signing = ceremonyOfRun('sign', 'Two of three sign under the first key.', signed, sign, () => ({}), (messages) => {
    const [combined] = messages.filter(({ statement }) => statement.type === 'Signature')
    // The one who combines first posts the signature; in the vectors that is anna.
    return [...messages.filter((one) => one.statement.type !== 'Signature'), ...(combined === undefined ? [] : [{ ...combined, statement: { ...combined.statement, from: 'anna' } }])]
  })
  const [[first], crossing] = [keys, crossed.find(({ request }) => request.step === dkg.ceremony.certificate)]
  if (first === undefined || crossing === undefined) throw new Error('no key, or nothing crossed')
  return {
    protocol: 'keyrite/2', about: ABOUT, participants: two.members.map(participantOf), dkg: keys, disputes: disputed, abandoned: abandonedOf(two, dkg, first.views), crossing,
    beacon: { ...drawn, output: textField(number.results.get('anna')?.ledger.outputs ?? {}, 'number') },
    signing: { ...signing, follows: 'dkg-2-of-3', ...signingValues(signed, two, SIGNED) },
    kinds: kindsOf(signed.ceremony, EVERY_KIND),
    refused: refusedOf(first),
  }
}
