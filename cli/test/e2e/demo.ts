/** Runs `keyrite demo` as its user does, and looks at what it leaves behind. */
import { randomUUID } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PublicKey, Signature, verify } from '@chainsafe/blst'
import { bls12_381 } from '@noble/curves/bls12-381.js'
import canonicalize from 'canonicalize'
import { expect } from 'chai'
import { demoNames } from '../../demo/run.ts'
import type { DemoResult } from '../../demo/run.ts'
import { launch } from './world.ts'
import type { LaunchUse, Running } from './world.ts'

export interface Demo {
  readonly running: Running
  readonly use: LaunchUse
  /** A folder of its own for temporary files. */
  readonly temporary: string
  /** The ids of the demo's process and of all that it started and that still run. */
  readonly processes: () => Promise<readonly number[]>
  readonly remove: () => Promise<void>
}

/** Starts the demo with a mark in the environment, which each of its processes inherits. */
export async function startDemo(args: readonly string[], use: LaunchUse = {}): Promise<Demo> {
  const temporary = await mkdtemp(join(tmpdir(), 'keyrite-test-demo-'))
  const mark = `KEYRITE_TEST_DEMO=${randomUUID()}`
  const [name = '', value = ''] = mark.split('=')
  const running = launch(['demo', ...args], { cwd: temporary, home: join(temporary, 'home'), ...use, env: { ...use.env, TMPDIR: temporary, [name]: value } })
  const remove = async () => {
    await running.kill()
    for (const id of await marked(mark)) process.kill(id, 'SIGKILL')
    await rm(temporary, { recursive: true, force: true })
  }
  return { running, use, temporary, processes: () => marked(mark), remove }
}

/** The processes with this mark in their environment. */
async function marked(mark: string): Promise<readonly number[]> {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const found = await Promise.all(ids.map(async (id) => (await readFile(`/proc/${id}/environ`, 'utf8').catch(() => '')).split('\0').includes(mark)))
  return ids.filter((_, i) => found[i]).map(Number)
}

/** Everything in a folder and below it. */
export const allIn = async (folder: string): Promise<readonly string[]> => (await readdir(folder, { recursive: true })).sort()

interface Statement {
  readonly ceremony: string | null
  readonly type: string
  readonly from: string
  readonly view: string
  readonly payload: Readonly<Record<string, string>>
}

/** The first message that the new key signs, from the transcript, hashed to the curve (RFC 9380) under this domain. */
async function birthPoint({ ceremony, groupKey, transcript }: DemoResult, domain: string) {
  const lines = (await readFile(transcript, 'utf8')).trimEnd().split('\n').map((line) => JSON.parse(line) as { readonly message?: { readonly statement: Statement } })
  const statements = lines.flatMap(({ message }) => (message?.statement.ceremony === ceremony ? [message.statement] : []))
  const { payload: response } = statements.find(({ type }) => type === 'Response')!
  const { view } = statements.find(({ type }) => type === 'GroupKey')!
  const message = canonicalize({ ceremony, view, groupKey, sums: response['sums'] }) ?? ''
  return bls12_381.longSignatures.hash(new TextEncoder().encode(message), domain)
}

const DOMAIN = 'KEYRITE_BLS12381G2_SHARE_PROOF_'

/**
 * Whether this is the new key's signature of its own birth. It is read from the transcript by other people's programs
 * alone: canonical JSON by `canonicalize`, points checked by blst, the pairing by noble's own signatures (bls-eth-wasm
 * and blst know Ethereum's domain only).
 */
export async function isBornWith(output: DemoResult, domain = DOMAIN): Promise<boolean> {
  const [key, signature] = [Buffer.from(output.groupKey, 'hex'), Buffer.from(output.birth, 'hex')]
  PublicKey.fromBytes(key, true)
  Signature.fromBytes(signature, true)
  const { longSignatures } = bls12_381
  return longSignatures.verify(longSignatures.Signature.fromBytes(signature), await birthPoint(output, domain), key)
}

/** Checks a demo that ran well: its output, the key, the transcript, and that nothing still runs. */
export async function expectBirth({ running, use, processes }: Demo, participants: number, threshold: number): Promise<DemoResult> {
  const { code, stdout, stderr } = await running.ended
  expect(code, stdout + stderr).to.equal(0)
  // The whole of stdout is one JSON.
  const output = JSON.parse(stdout) as DemoResult
  expect(output).to.include({ participants, threshold, verdict: 'usable' })
  expect(output.groupKey).to.match(/^[0-9a-f]{96}$/)
  expect(stderr).to.include(output.number)
  expect(output.frames).to.be.at.least(participants * 5 * 2)
  expect(await isBornWith(output)).to.equal(true)
  expect(await isBornWith(output, 'ANOTHER_DOMAIN_')).to.equal(false)
  const verified = await launch(['verify', output.transcript, '--json'], use).ended
  expect(verified.code, verified.stdout).to.equal(0)
  const { verdict, outputs } = JSON.parse(verified.stdout) as { verdict: string; outputs: Readonly<Record<string, string>> }
  expect({ verdict, ...outputs }).to.deep.include({ verdict: 'usable', groupKey: output.groupKey, birth: output.birth })
  expect(output.signing).to.deep.include({ signers: demoNames(threshold), messages: 2, isProven: true })
  await expectSigned(output)
  expect(await processes()).to.deep.equal([])
  return output
}

/** Checks with blst, under Ethereum's scheme, the texts that the file names as signed with the new key. */
async function expectSigned({ groupKey, signing }: DemoResult): Promise<void> {
  const { ceremony, messages } = JSON.parse(await readFile(signing.signatures, 'utf8')) as { ceremony: string; messages: readonly { message: { text: string }; signature: string }[] }
  expect(messages).to.have.length(signing.messages)
  for (const { message, signature } of messages) {
    const signed = Buffer.concat([Buffer.from('keyrite/2/message/text\n'), Buffer.from(ceremony, 'hex'), Buffer.from(message.text)])
    expect(verify(signed, PublicKey.fromHex(groupKey), Signature.fromHex(signature))).to.equal(true)
  }
}
