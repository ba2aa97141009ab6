import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import * as keyrite from '../index.ts'
import type { Json, Simulated } from '../index.ts'
import { transcriptOf } from './run/harness.ts'

const root = join(import.meta.dirname, '..', '..')
const names = ['alice', 'bob', 'carol']

/** The outputs of a ceremony as each participant's client has them. */
const outputsOf = ({ results }: Simulated): Json[] => names.map((name) => results.get(name)?.ledger.outputs ?? null)

describe('the package', () => {
  it('exports no more than its door names, so that what is inside can change', () => {
    expect(Object.keys(keyrite).sort()).to.deep.equal([
      'KeyriteError', 'ceremonyId', 'ceremonyNumber', 'formatDiagnostic', 'isKeyriteError', 'loadScript', 'mermaid',
      'readShipped', 'simulate', 'verifyTranscript',
    ])
  })

  it('checks a ceremony that follows a shipped one, without being told where that is', () => {
    const bytes = readFileSync(join(root, 'ceremonies/sign.yaml'))
    const { script } = keyrite.loadScript(bytes, { file: 'sign.yaml' })
    expect(script?.ceremony.follows).to.deep.equal({ key: 'dkg' })
    expect(script?.hash).to.equal(createHash('sha256').update(bytes).digest('hex'))
  })

  it('says what is wrong with a script, and where', () => {
    const text = keyrite.readShipped('beacon').source.replace('random.mix', 'random.mox')
    const { diagnostics = [], source = '' } = keyrite.loadScript(text, { file: 'beacon.yaml' })
    const [diagnostic] = diagnostics
    expect(diagnostics).to.have.length(1)
    expect(diagnostic === undefined ? '' : keyrite.formatDiagnostic(diagnostic, source))
      .to.match(/^beacon\.yaml:\d+:\d+ unknown-verb: /).and.to.include('did you mean random.mix?')
  })

  it('simulates a ceremony, the same again from the same seed, and verifies its transcript', async () => {
    const script = keyrite.readShipped('beacon')
    const options = { script, names, parameters: {}, opensAt: 0 }
    const run = await keyrite.simulate({ ...options, seed: 'one' })
    const again = await keyrite.simulate({ ...options, seed: 'one' })
    const other = await keyrite.simulate({ ...options, seed: 'two' })
    const [outputs] = outputsOf(run)
    expect(outputs).to.have.property('number').that.matches(/^[0-9a-f]{64}$/)
    expect(outputsOf(run)).to.deep.equal([outputs, outputs, outputs])
    expect(outputsOf(again)).to.deep.equal(outputsOf(run))
    expect(outputsOf(other)).not.to.deep.equal(outputsOf(run))

    const transcript = transcriptOf(run, script)
    const { verdict, ceremony, number, outputs: verified } = keyrite.verifyTranscript(transcript)
    expect({ verdict, ceremony, verified }).to.deep.equal({ verdict: 'usable', ceremony: keyrite.ceremonyId(run.opening), verified: outputs })
    expect(number).to.equal(keyrite.ceremonyNumber(run.ceremony))
    expect(keyrite.verifyTranscript(transcript.replace('"rehearsal":false', '"rehearsal":true')).verdict).to.equal('invalid')
  })

  it('refuses to simulate what follows a ceremony that there was not, with an error that has a code', async () => {
    const script = keyrite.readShipped('sign')
    const parameters = { purpose: 'x', messages: [{ kind: 'text', text: 'x' }] }
    const error: unknown = await keyrite.simulate({ script, names, parameters }).then(() => null, (thrown: unknown) => thrown)
    expect(keyrite.isKeyriteError(error, 'run.opening')).to.equal(true)
  })

  it('draws both machines of a ceremony', () => {
    const { ceremony } = keyrite.readShipped('dkg')
    for (const role of ['client', 'airgap'] as const) expect(keyrite.mermaid(ceremony, role)).to.match(/^stateDiagram-v2\n/)
  })
})
