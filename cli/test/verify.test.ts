import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { airgapKeyPair } from '../../engine/crypto/seed.ts'
import type { Script } from '../../engine/machines/ceremony.ts'
import { loadScript, readShipped, shippedLibrary } from '../../engine/script/load.ts'
import { seededRandom, simulate } from '../../engine/simulate/simulate.ts'
import { verbs } from '../../engine/verbs/implementations.ts'
import { canonical } from '../../engine/base/canonical.ts'
import { parseMessage, signMessage, signStatement } from '../../engine/wire/message.ts'
import { keyrite } from './keyrite/run.ts'
import { always, keyWith, ledgerUntil, transcriptUntil, untilCertified } from './simulated.ts'

let folder: string
before(async () => (folder = await mkdtemp(join(tmpdir(), 'keyrite-verify-'))))
after(() => rm(folder, { recursive: true }))

interface Verified {
  readonly verdict: string
  readonly shipped: object | null
  readonly isKnown: boolean
  readonly outputs?: object
  readonly convicted: readonly { readonly name: string; readonly reason: string }[]
  readonly unanswered: readonly object[]
  readonly asOf: { readonly offset: number; readonly head: string }
  readonly vouched: readonly { readonly name: string; readonly offset: number }[]
  readonly findings: readonly { readonly holds: boolean; readonly detail: string; readonly line?: number }[]
}

let files = 0

/** Verifies a transcript's text, for people and for programs. */
async function verify(transcript: string, ...args: readonly string[]) {
  const path = join(folder, String(files++))
  await writeFile(path, transcript)
  const [text, json] = await Promise.all([keyrite(['verify', path, ...args], folder), keyrite(['verify', path, '--json', ...args], folder)])
  expect(text.code, text.stdout + text.stderr).to.equal(json.code)
  return { code: text.code, stdout: text.stdout, found: JSON.parse(json.stdout) as Verified }
}

/** The transcript of a beacon of two. */
async function beaconBy(script: Script, rehearsal: boolean): Promise<string> {
  const run = await simulate({ script, names: ['ada', 'bob'], parameters: {}, verbs, random: seededRandom('beacon'), idle: 5, rehearsal })
  return transcriptUntil(run, always, script)
}

const shipped = readShipped('beacon')
/** The same ceremony, but with a hash of its own. */
const { script: own } = loadScript(new TextEncoder().encode(`${shipped.source}# mine\n`), { file: 'beacon.yaml', library: shippedLibrary })

describe('keyrite verify', () => {
  it('says that a script ships with keyrite, and by which name and version, because its hash is that one’s', async () => {
    const { code, stdout, found } = await verify(await beaconBy(shipped, false))
    expect(code, stdout).to.equal(0)
    const { name, version } = shipped.ceremony
    expect(stdout).to.include(`Its script is ${name} ${version}, as it ships`).and.not.include('WARNING').and.not.include('REHEARSAL')
    expect(found).to.deep.include({ verdict: 'usable', shipped: { name, version }, rehearsal: false })
  })

  it('takes a script that calls itself like a shipped one and is another for wrong, whatever else holds, unless its hash is given; and tells a rehearsal', async () => {
    const transcript = await beaconBy(own!, true)
    const [without, other, given] = [await verify(transcript), await verify(transcript, '--script-hash', 'ab'.repeat(32)), await verify(transcript, '--script-hash', own!.hash.toUpperCase())]
    expect([without.code, other.code, given.code]).to.deep.equal([5, 5, 0])
    for (const { stdout, found } of [without, other]) {
      expect(stdout).to.match(/^WARNING: its script calls itself beacon .*none that ships/m).and.include(`--script-hash ${own!.hash}`)
      expect(found).to.deep.include({ verdict: 'usable', shipped: null, isKnown: false, rehearsal: true })
    }
    expect(given.stdout).to.include('is the one whose hash you gave').and.not.include('WARNING')
    expect(given.stdout).to.match(/^Ceremony number: .*\(a REHEARSAL\)$/m).and.match(/^It was a REHEARSAL/m)
    expect(given.found).to.deep.include({ shipped: null, isKnown: true })
  })

  it('refuses what is no hash of a script, with exit code 2', async () => {
    const { code, stdout } = await keyrite(['verify', 'x', '--script-hash', 'abc', '--json'], folder)
    expect([code, stdout.includes('64 hex digits')]).to.deep.equal([2, true])
  })

  it('says nothing of a script where the file is no transcript', async () => {
    const { code, stdout, found } = await verify('no transcript\n')
    expect(code).to.equal(5)
    expect(stdout).to.include('not valid').and.not.include('ships')
    expect(found).to.deep.include({ verdict: 'invalid', shipped: null })
  })

  it('refuses a transcript of the first version by that name, in one sentence', async () => {
    const first = canonical({ keyrite: 'transcript/1', script: shipped.source })
    const { code, stdout, found } = await verify(`${first}\n${canonical({ ceremony: 'ab'.repeat(32), entries: 0 })}\n`)
    expect([code, found.verdict, found.findings.length]).to.deep.equal([5, 'invalid', 1])
    expect(found.findings[0]).to.deep.include({ holds: false, line: 1 })
    expect(stdout).to.match(/another version of keyrite’s protocol/)
  })
})

describe('keyrite verify, of how a key generation ended', () => {
  it('exits with 0 for one that is usable, and says as of where, and who signed that this is the log', async () => {
    const run = await keyWith([])
    const { code, stdout, found } = await verify(transcriptUntil(run, always))
    expect(code, stdout).to.equal(0)
    expect(Object.keys(found.outputs ?? {})).to.deep.equal(['groupKey', 'shareKeys', 'birth'])
    const last = run.board.entries.at(-1)!
    expect(found.asOf).to.deep.equal({ offset: last.offset, head: last.head })
    expect(stdout).to.include(`as of offset ${String(last.offset)}, head ${last.head}`)
    // Each participant vouches by its last `seen`. Of later entries the file's maker is the only witness.
    const { vouched } = ledgerUntil(run, always)
    const seen = Math.max(...vouched.values())
    expect(found.vouched).to.deep.equal([...vouched].sort().map(([name, offset]) => ({ name, offset })))
    expect(seen).to.be.within(0, last.offset - 1)
    expect(stdout).to.match(new RegExp(`Up to ${String(seen)} .*signed that this is the log`)).and.include(`after ${String(seen)}, this file’s maker is the only witness`)
  })

  it('exits with 4 for one that is open, and for one whose certificate is complete and not everybody confirmed', async () => {
    const run = await keyWith([])
    const open = await verify(transcriptUntil(run, ({ current }) => current === 2))
    expect([open.code, open.found.verdict, open.found.outputs]).to.deep.equal([4, 'open', undefined])
    expect(open.stdout).to.include('not finished').and.match(/^BAD +SendDeals .*missing: ada, bob, cem/m)
    const certified = await verify(transcriptUntil(run, untilCertified))
    expect([certified.code, certified.found.verdict]).to.deep.equal([4, 'unconfirmed'])
    expect(certified.stdout).to.include('not confirmed by all: do not use it').and.match(/^ok +certificate/m)
  })

  it('exits with 4 for one that was aborted before anybody was bound', async () => {
    const { code, stdout, found } = await verify(transcriptUntil(await keyWith(['silent:bob:SendCommits']), always))
    expect([code, found.verdict, found.convicted]).to.deep.equal([4, 'aborted', []])
    expect(stdout).to.match(/^BAD +abort .*missing, naming bob/m).and.include('was aborted')
  })

  it('exits with 4 for one that is dead, and names who is guilty', async () => {
    const { code, stdout, found } = await verify(transcriptUntil(await keyWith(['wrong-share:ada:bob']), always))
    expect([code, found.verdict, found.convicted]).to.deep.equal([4, 'dead', [{ name: 'ada', reason: 'dkg.bad-deal' }]])
    expect(stdout).to.match(/^Proven guilty: ada/m).and.match(/^The ceremony can never be usable/m).and.not.include('output groupKey')
  })

  it('exits with 4 for one in which the accused did not answer, who is neither guilty nor cleared', async () => {
    const { code, stdout, found } = await verify(transcriptUntil(await keyWith(['no-justification:ada:bob']), always))
    expect([code, found.verdict, found.convicted, found.unanswered]).to.deep.equal([4, 'dead', [], [{ name: 'ada', by: 'bob' }]])
    expect(stdout).to.include('neither guilty nor cleared')
  })

  it('exits with 4, and shows no key, where all but one lie alike about which key it is', async () => {
    const { code, stdout, found } = await verify(transcriptUntil(await keyWith(['other-group-key:ada', 'other-group-key:bob']), always))
    expect([code, found.verdict, found.outputs]).to.deep.equal([4, 'dead', undefined])
    expect(found.convicted).to.deep.equal(['ada', 'bob'].map((name) => ({ name, reason: 'dkg.other-key' })))
    expect(stdout).to.not.match(/^ok +(certificate|output)/m)
  })

  it('says the same of a key that is usable, whatever one of them states against it afterwards, which convicts its maker', async () => {
    const run = await keyWith([])
    const { seed, signingKey } = run.members.find(({ name }) => name === 'bob')!
    const response = run.board.entries.map(({ text }) => parseMessage(text).statement).find(({ type, from }) => type === 'Response' && from === 'bob')!
    const other = { ...response, payload: { ...response.payload, sums: 'ab'.repeat(32) } }
    const { offset, head } = run.board.entries.at(-1)!
    const airgapSignature = signStatement(airgapKeyPair(seed).secretKey, other)
    run.board.force(canonical(signMessage(signingKey, { statement: other, airgapSignature, seen: { offset, head } })))
    const { code, stdout, found } = await verify(transcriptUntil(run, always))
    expect([code, found.verdict, found.convicted], stdout).to.deep.equal([0, 'usable', [{ name: 'bob', reason: 'equivocation' }]])
    expect(stdout).to.include('It stands after the success, which it does not change')
  })
})
