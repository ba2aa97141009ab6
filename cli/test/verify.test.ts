import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { seededRandom, simulate } from '../../engine/run/simulate.ts'
import { writeTranscript } from '../../engine/run/transcript.ts'
import { loadScript } from '../../engine/script/load.ts'
import type { Script } from '../../engine/script/model.ts'
import { readShipped, shippedLibrary } from '../../engine/script/shipped.ts'
import { verbs } from '../../engine/verbs/implementations.ts'
import { keyrite } from './keyrite/run.ts'

let folder: string
before(async () => (folder = await mkdtemp(join(tmpdir(), 'keyrite-verify-'))))
after(() => rm(folder, { recursive: true }))

/** The transcript of a simulated ceremony of two, as `client export` writes it. */
async function transcriptOf(file: string, script: Script, rehearsal: boolean): Promise<string> {
  const run = await simulate({ script, names: ['ada', 'bob'], parameters: {}, verbs, random: seededRandom(file), idle: 5, rehearsal })
  const { feed } = run.members[0]!.client
  const { ledger } = run.results.get('ada')!
  const path = join(folder, file)
  await writeFile(path, [...writeTranscript(ledger, feed.all, (offset) => feed.headAt(offset))].join(''))
  return path
}

const shipped = readShipped('beacon')

describe('keyrite verify', () => {
  it('says that a script ships with keyrite, and by which name and version, because its hash is that one’s', async () => {
    const path = await transcriptOf('shipped', shipped, false)
    const [text, json] = await Promise.all([keyrite(['verify', path], folder), keyrite(['verify', path, '--json'], folder)])
    expect([text.code, json.code], text.stderr).to.deep.equal([0, 0])
    const { name, version } = shipped.ceremony
    expect(text.stdout).to.include(`Its script is ${name} ${version}, as it ships`).and.not.include('WARNING').and.not.include('REHEARSAL')
    expect(JSON.parse(json.stdout)).to.deep.include({ verdict: 'usable', shipped: { name, version }, rehearsal: false })
  })

  it('warns of a script that calls itself like a shipped one and is another, whatever else holds; and of a rehearsal', async () => {
    // The same ceremony, and a hash of its own.
    const { script } = loadScript(new TextEncoder().encode(`${shipped.source}# mine\n`), { file: 'beacon.yaml', library: shippedLibrary })
    const path = await transcriptOf('own', script!, true)
    const [text, json] = await Promise.all([keyrite(['verify', path], folder), keyrite(['verify', path, '--json'], folder)])
    expect([text.code, json.code], text.stderr).to.deep.equal([0, 0])
    expect(text.stdout).to.match(/^WARNING: its script calls itself beacon .*none that ships/m).and.include(script!.hash)
    expect(text.stdout).to.match(/^Ceremony number: .*\(a REHEARSAL\)$/m).and.match(/^It was a REHEARSAL/m)
    expect(JSON.parse(json.stdout)).to.deep.include({ verdict: 'usable', shipped: null, rehearsal: true })
  })

  it('says nothing of a script where the file is no transcript', async () => {
    const path = join(folder, 'none')
    await writeFile(path, 'no transcript\n')
    const [text, json] = await Promise.all([keyrite(['verify', path], folder), keyrite(['verify', path, '--json'], folder)])
    expect([text.code, json.code]).to.deep.equal([5, 5])
    expect(text.stdout).to.include('not valid').and.not.include('ships')
    expect(JSON.parse(json.stdout)).to.deep.include({ verdict: 'invalid', shipped: null })
  })
})
