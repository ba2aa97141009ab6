import { relative } from 'node:path'
import { expect } from 'chai'
import { allIn, expectBirth, startDemo } from './demo.ts'
import type { Demo } from './demo.ts'
import { killAll } from './world.ts'

describe('the demo', () => {
  let demo: Demo
  afterEach(async () => {
    await demo.remove()
    await killAll()
  })

  it('makes a key that signs its own birth and then two messages, and leaves transcripts and signatures alone, and nothing running', async function () {
    this.timeout(120_000)
    demo = await startDemo(['--participants', '2', '--threshold', '2', '--json'])
    const { transcript, folder } = await expectBirth(demo, 2, 2)
    expect(folder).to.equal(null)
    const place = relative(demo.temporary, transcript)
    expect(place).to.match(/^keyrite-demo-\w+\/dkg\.transcript$/)
    const [left = ''] = place.split('/')
    expect(await allIn(demo.temporary)).to.deep.equal([left, place, `${left}/sign.transcript`, `${left}/signatures.json`])
  })

  // Ctrl-C reaches every process of a terminal; `kill` reaches one.
  const endings = [
    ['SIGINT', 'while its machines are made', /neither/, 700],
    ['SIGTERM', 'while its machines are made', /neither/, 1500],
    ['SIGTERM', 'in the middle of the ceremony', /opened the ceremony/, 1500],
  ] as const
  for (const [signal, when, said, later] of endings) {
    it(`leaves no process and no file after ${signal} ${when}`, async () => {
      demo = await startDemo(['--participants', '2', '--json'])
      await demo.running.said(said)
      await new Promise((resolve) => setTimeout(resolve, later))
      const processes = await demo.processes()
      expect(processes).to.have.length.above(1)
      if (signal === 'SIGINT') processes.forEach((id) => process.kill(id, signal))
      else demo.running.child.kill(signal)
      const { code, stdout } = await demo.running.ended
      expect([code, (JSON.parse(stdout) as { error: { code: string } }).error.code]).to.deep.equal([130, 'cli.interrupted'])
      expect(await demo.processes()).to.deep.equal([])
      expect(await allIn(demo.temporary)).to.deep.equal([])
    })
  }
})
