/**
 * `npm run screenshots`: takes the pictures in README.md, of the real programs. Five people make a key. Alice's two
 * machines have pages and cameras; the others' machines speak by folders.
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { closeAll } from '../browser/closing.ts'
import { openBrowser } from '../browser/chromium.ts'
import { enter, freshWorld, killAll, personIn } from '../e2e/world.ts'
import type { World } from '../e2e/world.ts'
import { face, openLaptop } from './machine.ts'

const OUT = join(import.meta.dirname, '..', '..', 'page', 'screenshots')
const SIZE = { width: 1280, height: 720 }

/**
 * Takes a screenshot. The page must not be filmed meanwhile: the screen would be painted in two sizes at once, and the
 * picture would come out wrong.
 */
async function shoot(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(OUT, `${name}.png`) })
  console.log(`${name}.png`)
}

async function takeAll(world: World): Promise<void> {
  await mkdir(OUT, { recursive: true })
  await world.serve()
  const people = ['alice', 'bob', 'carol', 'dave', 'erin'].map((name) => personIn(world.folder, name))
  for (const person of people) await enter(world, person)
  const [alice, ...others] = people
  if (alice === undefined) throw new TypeError('nobody is there')
  const { number } = JSON.parse((await alice.run('client open', 'dkg', '--set', 'threshold=3', '--json')).stdout) as { number: string }

  const [client, airgap] = [await openLaptop({}, SIZE), await openLaptop({}, SIZE)]
  await client.start(alice, 'client run')
  await airgap.start(alice, 'airgap run')
  let faced = face(client, airgap)
  await airgap.page.locator('#answer').waitFor()
  await faced.stop()
  // A question's buttons rest at first.
  await airgap.page.locator('button.main:enabled').waitFor()
  await shoot(airgap.page, 'airgap-consent')

  faced = face(client, airgap)
  for (const person of others) {
    person.start('client run')
    person.start('airgap run', ['--accept', number])
  }
  await airgap.page.locator('#answer').fill(number.replaceAll(' ', '').slice(0, 10))
  await airgap.page.getByRole('button', { name: 'Confirm' }).click()
  await client.page.getByText('SendDeals, step 3 of 5').first().waitFor()
  await client.page.locator('canvas.code').waitFor()
  await faced.stop()
  await shoot(client.page, 'client')
  await airgap.page.emulateMedia({ colorScheme: 'dark' })
  await shoot(airgap.page, 'airgap-dark')
  faced = face(client, airgap)

  const visitor = await openBrowser({ viewport: SIZE })
  await visitor.page.goto(world.board)
  await visitor.page.getByText('alice').first().waitFor()
  await visitor.page.waitForTimeout(3000)
  await shoot(visitor.page, 'board')
  await client.page.getByText('The ceremony is complete.').first().waitFor()
  await faced.stop()
  await shoot(client.page, 'client-complete')
}

describe('the pictures in README.md', () => {
  let world: World
  before(async () => (world = await freshWorld()))
  after(async () => {
    await closeAll()
    await killAll()
    await world.remove()
  })
  it('are taken', async () => await takeAll(world))
})
