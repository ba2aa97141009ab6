import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { writeWhole } from '../../../engine/channel/ur.ts'
import { killAll, openDkg, readyWorld } from '../e2e/world.ts'
import type { Opened, Person, Running, World } from '../e2e/world.ts'
import { addressIn, ADDRESS } from '../pages/address.ts'
import type { PageState } from '../../web/protocol.ts'

/** A page without a screen: the other page hears all its codes again and again, as a camera reads a screen. */
class Pasted {
  /** The number of transfers that it showed. */
  shown = 0
  private readonly origin: string
  private readonly key: string
  constructor(origin: string, key: string) {
    this.origin = origin
    this.key = key
  }

  static async open(running: Running): Promise<Pasted> {
    await running.said(ADDRESS)
    const { origin, hash } = new URL(addressIn(running))
    const response = await fetch(`${origin}/session`, { method: 'POST', headers: { origin, 'content-type': 'application/json' }, body: JSON.stringify({ token: hash.slice(1) }) })
    return new Pasted(origin, ((await response.json()) as { key: string }).key)
  }

  /** Shows the other page every transfer, until the command is gone. */
  async showTo(other: Pasted): Promise<void> {
    const { body } = await this.ask('/events')
    if (body === null) return
    let frame: string | undefined
    // A page that begins to listen later must read it too, such as that of another client after the first one was
    // killed.
    const again = setInterval(() => {
      if (frame !== undefined) other.hear(frame).catch(() => undefined)
    }, 200)
    let rest = ''
    let last: string | undefined
    try {
      for await (const piece of body.pipeThrough(new TextDecoderStream())) {
        const lines = (rest + piece).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines.filter((text) => text !== '')) {
          const { showing } = JSON.parse(line) as PageState
          if (showing === null || showing.id === last) continue
          last = showing.id
          const message = await this.ask(`/message?id=${showing.id}`)
          if (!message.ok) continue
          this.shown += 1
          frame = writeWhole(new Uint8Array(await message.arrayBuffer()))
          await other.hear(frame)
        }
      }
    } finally {
      clearInterval(again)
    }
  }

  private async hear(frame: string): Promise<void> {
    await this.ask('/frames', JSON.stringify({ frames: [frame] }))
  }

  private async ask(path: string, body?: string): Promise<Response> {
    return await fetch(`${this.origin}${path}`, {
      headers: { authorization: `Bearer ${this.key}`, ...(body === undefined ? {} : { origin: this.origin, 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { method: 'POST', body }),
    })
  }
}

describe('a signing that is too long to be looked at at once, by pages', () => {
  let world: World
  before(async () => (world = await readyWorld()))
  after(async () => {
    await killAll()
    await world.remove()
  })

  async function makeKey(): Promise<Opened> {
    const { ada, bob } = world
    const key = await openDkg(world)
    const airgaps = [ada, bob].map((person) => person.start('airgap run', ['--accept', key.number, '--until-finished']))
    for (const { code, stderr } of await Promise.all([ada, bob].map((person) => person.run('client run')))) expect(code, stderr).to.equal(0)
    await Promise.all(airgaps.map(({ ended }) => ended))
    return key
  }

  const startClient = (person: Person, { ceremony }: Opened): Running => person.start('client run', ['--channel', 'web', '--ceremony', ceremony, '--json'])

  it('crosses in parts of its own accord, goes on where it was when the client is killed, and is signed', async () => {
    const { ada, bob } = world
    await world.serve()
    const key = await makeKey()
    const file = join(world.folder, 'long.json')
    await writeFile(file, JSON.stringify(Array.from({ length: 200 }, () => ({ kind: 'bytes', hex: randomBytes(2000).toString('hex') }))))
    const opened = await ada.run('client open', 'sign', '--set', `key=${key.ceremony}`, '--messages', file, '--purpose', 'A long one', '--json')
    expect(opened.code, opened.stdout + opened.stderr).to.equal(0)
    const signing = JSON.parse(opened.stdout) as Opened
    const others = [bob.start('airgap run', ['--accept', signing.number]), bob.start('client run', ['--ceremony', signing.ceremony])]

    const airgap = ada.start('airgap run', ['--channel', 'web', '--accept', signing.number])
    const airgapPage = await Pasted.open(airgap)
    const first = startClient(ada, signing)
    const firstPage = await Pasted.open(first)
    const answers = airgapPage.showTo(firstPage).catch(() => undefined)
    const requests = firstPage.showTo(airgapPage).catch(() => undefined)
    await first.said(/the request crosses in \d+ parts/)
    while (firstPage.shown < 3) await new Promise((resolve) => setTimeout(resolve, 5))
    await first.kill()
    await requests

    const second = startClient(ada, signing)
    const secondPage = await Pasted.open(second)
    const rest = [airgapPage.showTo(secondPage), secondPage.showTo(airgapPage)].map((one) => one.catch(() => undefined))
    const { code, stdout, stderr } = await second.ended
    expect(code, stdout + stderr).to.equal(0)
    expect(stderr).to.match(/crosses in \d+ parts, and goes on with part [2-9]/)
    const count = Number(/crosses in (\d+) parts/.exec(first.text())?.[1])
    expect(count).to.be.greaterThan(2)
    // A part that was shown and not acknowledged is shown again, and nothing else.
    expect(firstPage.shown + secondPage.shown).to.be.most(count + 2)
    await airgap.kill('SIGINT')
    await Promise.all([answers, ...rest])
    for (const one of others) await one.kill('SIGINT')
  })
})
