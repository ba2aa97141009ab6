/**
 * The page's uses of the browser besides pictures: sound, notifications, a lit screen, a full one, a choice of cameras,
 * a secure place.
 */
import { expect } from 'chai'
import type { Page } from 'playwright-core'
import { lineOf } from '../../page/paste.ts'
import type { PageState } from '../../web/protocol.ts'
import { openBrowser, OTHER_HOST } from '../browser/chromium.ts'
import type { BrowserOptions } from '../browser/chromium.ts'
import { closeAll } from '../browser/closing.ts'
import { fakeServer } from './fake-server.ts'
import type { FakeServer } from './fake-server.ts'
import { STATES } from './states.ts'
import { until } from '../../../engine/test/until.ts'

/** The record of what the page used. */
interface Senses {
  tones: number
  readonly notes: string[]
  /** The number of wake locks that are held. */
  lit: number
  isFocused: boolean
}

/**
 * Records what the page asks for. Sound is the browser's own. A browser without a screen refuses notifications and wake
 * locks whatever its owner allows, so a stand-in gives those of a browser with a screen. Runs in the page.
 */
function notice(mayNotify: boolean): void {
  const senses: Senses = { tones: 0, notes: [], lit: 0, isFocused: true }
  Object.assign(globalThis, { senses })
  globalThis.AudioContext = class extends AudioContext {
    override createOscillator(): OscillatorNode {
      senses.tones += 1
      return super.createOscillator()
    }
  }
  // The driver keeps every page focused, so the focus is faked.
  document.hasFocus = () => senses.isFocused
  if (!mayNotify) return
  class Note extends EventTarget {
    static permission = 'default'
    static requestPermission(): Promise<string> {
      Note.permission = 'granted'
      return Promise.resolve(Note.permission)
    }
    constructor(_title: string, { body = '' }: NotificationOptions = {}) {
      super()
      senses.notes.push(body)
    }
  }
  Object.assign(globalThis, { Notification: Note })
  navigator.wakeLock.request = () => {
    senses.lit += 1
    const lock = Object.assign(new EventTarget(), {
      released: false,
      release: () => {
        if (!lock.released) senses.lit -= 1
        lock.released = true
        return Promise.resolve()
      },
    })
    return Promise.resolve(lock as unknown as WakeLockSentinel)
  }
}

const sensesOf = (page: Page): Promise<Senses> => page.evaluate(() => (globalThis as unknown as { senses: Senses }).senses)

const lookAway = (page: Page): Promise<void> => page.evaluate(() => {
  ;(globalThis as unknown as { senses: Senses }).senses.isFocused = false
})

describe('the channel’s page, and its browser', function () {
  this.timeout(60_000)
  let page: Page
  afterEach(closeAll)

  async function open(state: PageState, options: BrowserOptions & { readonly mayNotify?: boolean } = {}): Promise<FakeServer> {
    ;({ page } = await openBrowser(options))
    await page.addInitScript(notice, options.mayNotify ?? true)
    const server = await fakeServer(state)
    await page.goto(server.address)
    return server
  }

  const button = (name: string) => page.getByRole('button', { name, exact: true })

  describe('when it is its owner’s turn', () => {
    it('sounds once for each turn, after somebody has touched the page, until that is switched off', async () => {
      const { tell } = await open(STATES['airgap-reading'])
      await page.getByText('Reading the request').waitFor()
      tell(STATES['consent-join'])
      await page.getByText('Type its first ten digits').waitFor()
      expect(await page.title()).match(/^● Your turn — airgap of alice/)
      expect((await sensesOf(page)).tones).equal(0)

      tell(STATES['airgap-reading'])
      await page.getByText('Reading the request').waitFor()
      await page.getByRole('banner').click()
      tell(STATES['consent-join'])
      await until('two tones', async () => (await sensesOf(page)).tones === 2)
      tell({ ...STATES['consent-join'], record: ['14:12  something else'] })
      tell(STATES['airgap-reading'])
      await page.getByText('Reading the request').waitFor()
      await button('Sound on').click()
      tell(STATES['consent-join'])
      await page.getByText('Type its first ten digits').waitFor()
      expect((await sensesOf(page)).tones).equal(2)
      await page.reload()
      await button('Sound off').waitFor()
    })

    it('notifies once, after its owner has allowed that, and only somebody who looks elsewhere', async () => {
      const { tell } = await open(STATES['airgap-reading'])
      await button('Notify me').click()
      await until('it is not offered again', async () => !(await button('Notify me').isVisible()))
      tell(STATES['consent-join'])
      await page.getByText('Type its first ten digits').waitFor()
      expect((await sensesOf(page)).notes).deep.equal([])
      tell(STATES['airgap-reading'])
      await page.getByText('Reading the request').waitFor()
      await lookAway(page)
      tell(STATES['consent-join'])
      await until('a notification', async () => (await sensesOf(page)).notes.length > 0)
      expect((await sensesOf(page)).notes).deep.equal(['It is your turn: airgap of alice'])
    })

    it('goes on in a browser that forbids notifications and wake locks', async () => {
      const { tell } = await open(STATES['airgap-reading'], { mayNotify: false })
      await page.getByText('Reading the request').waitFor()
      expect(await page.evaluate(() => Notification.permission)).equal('denied')
      const refused = await page.evaluate(() => navigator.wakeLock.request('screen').then(() => false, () => true))
      expect(refused).equal(true)
      expect(await button('Notify me').isVisible()).equal(false)
      await lookAway(page)
      tell(STATES['consent-join'])
      await page.getByText('Type its first ten digits').waitFor()
      expect(await page.title()).match(/^● Your turn — airgap of alice/)
    })
  })

  it('keeps the screen lit while a camera is wanted, and lets it rest after that', async () => {
    const { tell } = await open(STATES['airgap-computing'])
    await page.getByText('Signing 18632 messages').waitFor()
    expect((await sensesOf(page)).lit).equal(0)
    tell(STATES['airgap-reading'])
    await until('a lit screen', async () => (await sensesOf(page)).lit === 1)
    tell(STATES['consent-join'])
    tell(STATES['airgap-both'])
    await page.getByText('Showing the answer').waitFor()
    expect((await sensesOf(page)).lit).equal(1)
    tell(STATES['airgap-computing'])
    await until('a screen at rest', async () => (await sensesOf(page)).lit === 0)
  })

  it('lets its owner choose among cameras, and takes the chosen one the next time', async () => {
    const { address } = await open(STATES['airgap-reading'], { camera: 'two' })
    const used = (): Promise<string | undefined> => page.locator('video').evaluate((video: HTMLVideoElement) =>
      video.srcObject instanceof MediaStream ? video.srcObject.getVideoTracks()[0]?.label : undefined)
    const picker = page.getByLabel('Camera', { exact: true })
    await picker.waitFor()
    const [first, second] = await picker.locator('option').allTextContents()
    expect(await used()).equal(first)
    await picker.selectOption({ label: second! })
    await until('the other camera', async () => (await used()) === second)
    await until('its picture', () => page.locator('video').evaluate((video: HTMLVideoElement) => video.videoWidth > 0 && !video.paused))
    // This browser gives its cameras other ids after a reload.
    await page.reload()
    await picker.waitFor()
    await until('the camera of last time', async () => (await used()) === second)
    expect(await picker.locator('option:checked').textContent()).equal(second)
    // This is the page of the next command, at the same address.
    const next = await page.context().newPage()
    await next.goto(address)
    await until('the camera of last time', () => next.locator('video').evaluate((video: HTMLVideoElement, label) =>
      video.srcObject instanceof MediaStream && video.srcObject.getVideoTracks()[0]?.label === label, second))
  })

  it('shows no choice where there is one camera', async () => {
    await open(STATES['airgap-reading'], { camera: 'denied' })
    await page.getByRole('heading', { name: 'The camera is not allowed' }).waitFor()
    expect(await page.getByLabel('Camera', { exact: true }).isVisible()).equal(false)
  })

  for (const [camera, heading] of [['none', 'This machine has no camera'], ['denied', 'The camera is not allowed'], ['busy', 'Another program has the camera']] as const) {
    it(`says ${JSON.stringify(heading)}, and takes a pasted text instead`, async () => {
      const { sent } = await open(STATES['airgap-first'], { camera })
      await page.getByRole('alert').getByRole('heading', { name: heading }).waitFor()
      await page.getByLabel(/Paste what the other page copied/).fill(lineOf(new Uint8Array(300).fill(9)))
      await button('Read this text').click()
      await until('what was pasted', () => Promise.resolve(sent.some(({ path }) => path === '/frames')))
      await button('Try again').click()
      await page.getByRole('alert').getByRole('heading', { name: heading }).waitFor()
    })
  }

  it('fills the screen with the code and leaves it, by a key', async () => {
    await open(STATES['client-showing'])
    const canvas = page.locator('canvas.code')
    const width = (): Promise<number> => canvas.evaluate((node) => node.getBoundingClientRect().width)
    await until('a code', async () => (await width()) > 100)
    const before = await width()
    await page.keyboard.press('f')
    await until('a full screen', () => page.evaluate(() => document.fullscreenElement !== null))
    await until('a code at least as large', async () => (await width()) >= before)
    await page.keyboard.press('f')
    await until('the page', () => page.evaluate(() => document.fullscreenElement === null))
  })

  it('says what else to do where the browser refuses a full screen', async () => {
    const server = await open(STATES['client-showing'])
    await page.route(new URL('/', server.address).href, async (route) => {
      const response = await route.fetch()
      await route.fulfill({ response, headers: { ...response.headers(), 'permissions-policy': 'fullscreen=()' } })
    })
    await page.reload()
    await button('Full screen').click()
    await page.getByText('No full screen. The browser did not let the code fill the screen. Press F11').waitFor()
    expect(await page.evaluate(() => document.fullscreenElement)).equal(null)
  })

  it('says why it has no camera where the place is not secure', async () => {
    // The command refuses every host but 127.0.0.1, so this stands for a command of another make, or a proxy in front
    // of one.
    const { address } = await open(STATES['airgap-reading'], { camera: 'two' })
    await page.goto(address.replace('127.0.0.1', OTHER_HOST))
    expect(await page.evaluate(() => isSecureContext)).equal(false)
    const alert = page.getByRole('alert').filter({ hasText: 'No camera at this address' })
    await alert.getByText('Open the address that the command printed, which begins with http://127.0.0.1').waitFor()
    expect(await page.getByLabel(/Paste what the other page copied/).isVisible()).equal(true)
  })
})
