import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { enter, errorIn, killAll, logOf, openDkg, personIn, readyWorld } from './world.ts'
import type { Ended, Opened, Person, Running, World } from './world.ts'

/** The program of an airgap that seals a wrong share to bob. */
const CHEATING = [
  process.execPath, '--import', fileURLToPath(import.meta.resolve('tsx')), fileURLToPath(new URL('cheating.ts', import.meta.url)), 'wrong-share:ada:bob', 'dkg', 'ada,bob,cyd',
]

interface Judged {
  readonly outcome: string
  readonly outputs: object | null
  readonly aborts: readonly { readonly from: string; readonly reason: string; readonly accused: string | null; readonly evidence: { readonly why: string } }[]
  readonly convicted: readonly { readonly name: string; readonly reason: string }[]
}

const judgedBy = ({ stdout }: Ended): Judged => JSON.parse(stdout) as Judged

/** A client's sentences about its end, without the line with its command's next steps. */
const sentences = (text: string): readonly string[] => text.split('\n').filter((line) => /aborted in|can never be usable|proves/.test(line)).sort()

describe('a wrong share, over QR images and a storage', function () {
  this.timeout(300_000)
  let world: World
  let people: readonly Person[]
  let opened: Opened
  let airgaps: readonly Running[]
  let ends: readonly Ended[]

  before(async () => {
    world = await readyWorld()
    await world.serve()
    const cyd = personIn(world.folder, 'cyd')
    await enter(world, cyd)
    people = [world.ada, world.bob, cyd]
    opened = await openDkg(world)
    airgaps = people.map((person, i) => person.start('airgap run', ['--accept', opened.number], i === 0 ? { program: CHEATING } : {}))
    ends = await Promise.all(people.map((person) => person.start('client run', ['--ceremony', opened.ceremony, '--json']).ended))
  })
  after(async () => {
    await killAll()
    await world.remove()
  })

  it('is complained of by who got it, answered by who made it, and in the log', async () => {
    const own = (await logOf(world)).filter(({ statement }) => statement.ceremony === opened.ceremony)
    const types = own.map(({ statement: { type, from } }) => `${from} ${type}`)
    expect(types).to.include('bob Complaint').and.include('ada Justification')
    expect(types.filter((one) => / (Complaint|Justification)$/.test(one))).to.have.length(2)
    expect(types.some((one) => one.endsWith(' GroupKey'))).to.equal(false)
  })

  it('ends the ceremony for all with the same verdict in the same words, and no key', () => {
    for (const ended of ends) {
      expect(ended.code, ended.stdout + ended.stderr).to.equal(4)
      const { outcome, outputs, convicted } = judgedBy(ended)
      expect({ outcome, outputs, convicted }).to.deep.equal({ outcome: 'dead', outputs: null, convicted: [{ name: 'ada', reason: 'dkg.bad-deal' }] })
    }
    const aborts = ends.map((ended) => judgedBy(ended).aborts.map(({ reason, accused, evidence: { why } }) => JSON.stringify([reason, accused, why])))
    expect([...new Set(aborts.flat())]).to.deep.equal([JSON.stringify(['dkg.bad-deal', 'ada', 'ada is guilty: what it sealed does not fit its own commitments'])])
  })

  it('is told by each client’s status alike', async () => {
    const told = await Promise.all(people.map((person) => person.run('client status', opened.ceremony.slice(0, 12))))
    for (const { code, stdout, stderr } of told) {
      expect(code, stderr).to.equal(0)
      expect(stdout).to.include('it can never be usable').and.include('The log proves ada guilty (dkg.bad-deal)')
      expect(sentences(stdout)).to.deep.equal(sentences(told[0]!.stdout))
    }
  })

  it('needs not be given up: each client knows that it is over', async () => {
    const { exit, code, message } = errorIn(await world.bob.run('client abandon', opened.ceremony, '--json'))
    expect([exit, code]).to.deep.equal([3, 'run.closed'])
    expect(message).to.include('it can never be usable anyway: bob complains of ada')
  })

  it('leaves no session in any airgap, each of which says that it is over', async () => {
    const [ada, ...others] = airgaps
    await ada!.said(/Answered the complaint of bob/)
    for (const airgap of airgaps) await airgap.said(/its session is erased here/)
    for (const airgap of others) expect(airgap.text()).to.not.include('Answered the complaint')
    for (const airgap of airgaps) expect((await airgap.kill('SIGTERM')).code).to.equal(130)
  })

  it('is proved by the transcript of each, which is the same: who is guilty, and that there is no key', async () => {
    const texts: string[] = []
    for (const person of people) {
      const path = join(world.folder, `${person.name}.transcript`)
      expect((await person.run('client export', opened.ceremony, '--output', path)).code).to.equal(0)
      texts.push(await readFile(path, 'utf8'))
      const [json, text] = await Promise.all([person.run('verify', path, '--json'), person.run('verify', path)])
      expect([json.code, text.code], text.stdout).to.deep.equal([4, 4])
      expect(text.stdout).to.match(/^Proven guilty: ada \(dkg\.bad-deal\)$/m).and.match(/^The ceremony can never be usable/m)
      const found = JSON.parse(json.stdout) as { verdict: string; convicted: object; unanswered: object; outputs?: object }
      expect([found.verdict, found.convicted, found.unanswered, found.outputs]).to.deep.equal(['dead', [{ name: 'ada', reason: 'dkg.bad-deal' }], [], undefined])
    }
    expect(new Set(texts).size).to.equal(1)
  })
})
