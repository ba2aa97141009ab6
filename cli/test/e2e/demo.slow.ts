import { PublicKey, Signature, verify } from '@chainsafe/blst'
import bls from 'bls-eth-wasm'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { allIn, expectBirth, startDemo } from './demo.ts'
import type { Demo } from './demo.ts'
import { keptOf, secretsOf, textsOf } from './secrets.ts'
import { personIn } from './world.ts'

describe('the demo, larger and kept', () => {
  let demo: Demo
  afterEach(() => demo.remove())

  it('makes a key of five, three of whom it takes, unless told', async () => {
    demo = await startDemo(['--json'])
    await expectBirth(demo, 5, 3)
    expect((await allIn(demo.temporary)).map((path) => path.replace(/^.*\//, ''))).to.have.length(4).and.include.members(['dkg.transcript', 'sign.transcript', 'signatures.json'])
  })

  it('keeps three homes with --keep: shares that make the key, and no secret in the open', async () => {
    demo = await startDemo(['--participants', '3', '--threshold', '2', '--keep', 'kept', '--json'])
    const { folder, ceremony, groupKey } = await expectBirth(demo, 3, 2)
    const kept = join(demo.temporary, 'kept')
    expect(folder).to.equal(kept)
    expect(await readdir(demo.temporary)).to.deep.equal(['kept'])
    expect(await readdir(kept)).to.have.members(['alice', 'bob', 'carol', 'dkg.transcript', 'join-token', 'logs', 'sign.transcript', 'signatures.json', 'storage'])
    const people = ['alice', 'bob', 'carol'].map((name) => ({ ...personIn(kept, name), words: join(kept, name, 'mnemonic') }))

    // Any two of the shares sign as the key: they are recombined by herumi's bls, and blst verifies.
    await bls.init(bls.BLS12_381)
    const shares = await Promise.all(people.map(async ({ home, passphrase }) => shareIn((await keptOf(home, passphrase))[ceremony]?.values)))
    const text = new TextEncoder().encode('a first transaction')
    for (const pair of [[0, 1], [0, 2], [1, 2]]) {
      const secret = new bls.SecretKey()
      secret.recover(pair.map((i) => bls.deserializeHexStrToSecretKey(shares[i] ?? '')), pair.map((i) => {
        const id = new bls.Id()
        id.setInt(i + 1)
        return id
      }))
      expect(secret.getPublicKey().serializeToHexStr()).to.equal(groupKey)
      expect(verify(text, PublicKey.fromBytes(Buffer.from(groupKey, 'hex'), true), Signature.fromBytes(secret.sign(text).serialize(), true))).to.equal(true)
    }

    const secrets = await secretsOf({ token: join(kept, 'join-token') }, people)
    expect(secrets.length).to.be.above(60)
    const texts = await textsOf(kept)
    texts.set('what was printed', Buffer.from(demo.running.text()))
    for (const part of ['from-airgap', 'logs/', 'storage/', 'dkg.transcript']) expect([...texts.keys()].some((path) => path.includes(part)), part).to.equal(true)
    // The names of leaking files, never their content.
    const leaks = [...texts].filter(([, bytes]) => secrets.some(({ form }) => bytes.includes(form)))
    expect(leaks.map(([path]) => path)).to.deep.equal([])
    expect(secrets.some(({ form }) => Buffer.concat([...texts.values(), secrets[0]!.form]).includes(form))).to.equal(true)
  })
})

/** The scalar of a share. Secret. */
function shareIn(values: unknown): string {
  const share = typeof values === 'object' && values !== null && 'share' in values ? values.share : undefined
  if (typeof share === 'string') return share
  return typeof share === 'object' && share !== null && 'share' in share && typeof share.share === 'string' ? share.share : ''
}
