import { join } from 'node:path'
import { expect } from 'chai'
import { closeAll } from '../browser/closing.ts'
import { enter, freshWorld, killAll, logOf, personIn } from '../e2e/world.ts'
import type { Person, Running, World } from '../e2e/world.ts'
import { face, openLaptop } from './machine.ts'
import type { Laptop } from './machine.ts'

interface Desk {
  readonly person: Person
  readonly client: Laptop
  readonly airgap: Laptop
}

/** The number of an owner's actions by hand. Everything else goes by itself. */
let actions = 0

describe('three people at six machines', () => {
  let world: World
  let desks: readonly Desk[]
  before(async () => (world = await freshWorld()))
  after(async () => {
    await closeAll()
    await killAll()
    await world.remove()
  })

  /** Opens a person's two laptops, whose cameras take few pictures a second: six browsers share this machine. */
  const sit = async (person: Person): Promise<Desk> => ({ person, client: await openLaptop({ rate: 10 }), airgap: await openLaptop({ rate: 10 }) })
  const turned = ({ client, airgap }: Desk): (() => Promise<void>) => face(client, airgap, { rate: 6 }).stop

  it('pair, make a key of which two can sign, and each consents once: by pages and cameras alone', async () => {
    const storage = await world.serve()
    desks = await Promise.all(['ada', 'bob', 'cem'].map(async (name) => await sit(personIn(world.folder, name))))
    for (const { person } of desks) await enter(world, person, undefined, async () => await pairByPage(desks.find((desk) => desk.person === person) ?? expect.fail()))

    const [{ person: ada }] = desks as [Desk, ...Desk[]]
    const opened = JSON.parse((await ada.run('client open', 'dkg', '--set', 'threshold=2', '--json')).stdout) as { ceremony: string; number: string }
    const clients = await Promise.all(desks.map(async ({ client, person }) => await client.start(person, 'client run')))
    const airgaps = await Promise.all(desks.map(async ({ airgap, person }) => await airgap.start(person, 'airgap run')))
    for (const { client, airgap } of desks) for (const { page, origins } of [client, airgap]) expect(new URL(page.url()).origin, 'where the camera was allowed').to.equal(origins[0])
    const stops = desks.map(turned)
    await Promise.all(desks.map(async (desk) => await consent(desk, opened.number)))

    // The rest takes no hand.
    const ended = await Promise.all(clients.map(async (client) => await client.ended))
    for (const { code, stdout } of ended) expect(code, stdout).to.equal(0)
    for (const stop of stops) await stop()
    for (const { client } of desks) await client.page.getByText('The ceremony is complete.').first().waitFor()
    for (const airgap of airgaps) expect(airgap.text()).to.match(/part is done\. It keeps the share/)
    expect(actions).to.equal(3)
    await verified(ada, opened.ceremony)
    expect((await logOf(world)).filter(({ statement }) => statement.type === 'Abort')).to.deep.equal([])
    for (const airgap of airgaps) await airgap.kill('SIGINT')
    await storage.kill('SIGTERM')
  })

  async function pairByPage(desk: Desk): Promise<void> {
    const { person, client, airgap } = desk
    const pairing = await client.start(person, 'client pair')
    const card = await airgap.start(person, 'airgap card')
    const stop = turned(desk)
    await airgap.page.getByRole('button', { name: 'Yes' }).click()
    const both: readonly Running[] = [pairing, card]
    const [one, other] = await Promise.all(both.map(async (running) => {
      const { code, stdout, stderr } = await running.ended
      expect(code, stdout + stderr).to.equal(0)
      return /Pairing code: (\d{5} \d{5})/.exec(stdout)?.[1]
    }))
    await stop()
    expect(one).to.match(/\d/).and.equal(other)
  }

  async function consent({ person, airgap: { page } }: Desk, number: string): Promise<void> {
    await page.locator('#answer').waitFor()
    expect(await page.title()).to.match(/Your turn/)
    const shown = await page.locator('.asked-about, .answer').allInnerTexts()
    const text = shown.join('\n')
    for (const name of ['ada', 'bob', 'cem']) expect(text).to.include(name)
    expect(text).to.match(/threshold\s+2 of 3/).and.include('A threshold BLS12-381 key')
    expect(text.replace(/\D/g, ''), person.name).to.include(number.replaceAll(' ', ''))
    await page.locator('#answer').fill(number.replaceAll(' ', '').slice(0, 10))
    await page.getByRole('button', { name: 'Confirm' }).click()
    actions += 1
  }

  /** Verifies a ceremony by its transcript, offline. */
  async function verified(person: Person, ceremony: string): Promise<void> {
    const file = join(world.folder, 'dkg.transcript')
    await person.run('client export', ceremony.slice(0, 8), '-o', file)
    const { code, stdout } = await person.run('verify', file, '--json')
    expect(code, stdout).to.equal(0)
  }
})
