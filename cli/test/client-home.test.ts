import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { isKeyriteError } from '../../engine/base/errors.ts'
import { readClient, saveIdentity, textStore } from '../roles/client-home.ts'
import type { Identity } from '../roles/client-home.ts'

describe('a client’s home whose disk damages it', () => {
  let home: string
  let before: string | undefined
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'keyrite-home-'))
    before = process.env['KEYRITE_HOME']
    process.env['KEYRITE_HOME'] = home
  })
  afterEach(async () => {
    if (before === undefined) delete process.env['KEYRITE_HOME']
    else process.env['KEYRITE_HOME'] = before
    await rm(home, { recursive: true })
  })

  it('says so of every bit of its identity, and takes no part of it for something else', async () => {
    const identity: Identity = { version: 2, name: 'ada', board: 'https://example.org/boards/meadow', signingKey: 'ab'.repeat(32), airgap: null }
    const path = join(home, 'client', 'identity.json')
    await mkdir(join(home, 'client'))
    await saveIdentity(join(home, 'client'), identity)
    expect((await readClient()).identity).to.deep.equal(identity)
    const good = await readFile(path)
    // The last byte is the line's end.
    for (let at = 0; at < good.length - 1; at++) {
      const bytes = Buffer.from(good)
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 7))
      await writeFile(path, bytes)
      const error: unknown = await readClient().catch((reason: unknown) => reason)
      expect(isKeyriteError(error, 'cli.damaged', 'vault.other-version') && error.message, `byte ${String(at)}`).to.contain(path)
    }
  })

  it('takes a damaged answer for one that is not there, says which file it was, and has it again', async () => {
    const told: string[] = []
    const key = `${'cd'.repeat(32)}/answer-SendCommits`
    const store = textStore(home, ({ facts: { path } }) => told.push(path))
    await store.put(key, '{"signed":"by its airgap"}')
    expect(await store.get(key)).to.equal('{"signed":"by its airgap"}')
    const path = join(home, 'ceremonies', key)
    const good = await readFile(path)
    for (let at = 0; at < good.length; at++) {
      const bytes = Buffer.from(good)
      bytes[at] = (bytes[at] ?? 0) ^ 1
      await writeFile(path, bytes)
      expect(await store.get(key), `byte ${String(at)}`).to.equal(undefined)
    }
    for (const cut of [0, 10, 64, 65, good.length - 1]) {
      await writeFile(path, good.subarray(0, cut))
      expect(await store.get(key), `cut at ${String(cut)}`).to.equal(undefined)
    }
    expect(new Set(told)).to.deep.equal(new Set([path]))
    await store.put(key, '{"signed":"by its airgap"}')
    expect(await store.get(key)).to.equal('{"signed":"by its airgap"}')
  })
})
