/** The page in a real browser, with a camera, and with a stand-in for its command. */
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { expect } from 'chai'
import type { Page } from 'playwright-core'
import { crc32 } from '../../../engine/channel/fountain.ts'
import { sendMessage } from '../../../engine/channel/frames.ts'
import { qrMatrix } from '../../../engine/channel/qr.ts'
import { paint } from '../../../engine/test/channel/images.ts'
import { lineOf } from '../../page/paste.ts'
import { writeStatus } from '../../page/shower.ts'
import type { PageState } from '../../web/protocol.ts'
import { makeCamera } from '../browser/camera.ts'
import type { Camera } from '../browser/camera.ts'
import { openBrowser } from '../browser/chromium.ts'
import type { RigBrowser } from '../browser/chromium.ts'
import { closeAll } from '../browser/closing.ts'
import { fakeServer, pageFile } from './fake-server.ts'
import type { FakeServer } from './fake-server.ts'
import { STATES } from './states.ts'
import { until } from '../../../engine/test/until.ts'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** The violations that an accessibility checker finds. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(AXE)
  return await page.evaluate(`axe.run().then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => id + ' ' + target.join(' '))))`)
}

describe('the channel’s page', function () {
  this.timeout(120_000)
  let camera: Camera
  let browser: RigBrowser
  let page: Page
  let server: FakeServer | undefined
  const wrong: string[] = []

  before(async () => {
    if (!existsSync(pageFile())) throw new Error('build first: npm run build')
    camera = await makeCamera()
    browser = await openBrowser({ camera, viewport: { width: 1280, height: 720 } })
    page = browser.page
    page.on('pageerror', ({ message }) => wrong.push(message))
    page.on('console', (message) => {
      if (/Content Security Policy/.test(message.text())) wrong.push(message.text())
    })
    page.on('request', (request) => {
      if (!/^(http:\/\/127\.0\.0\.1:|file:|blob:|data:)/.test(request.url())) wrong.push(request.url())
    })
  })

  afterEach(async () => {
    camera.lookAway()
    await server?.close()
    expect(wrong.splice(0)).deep.equal([])
  })

  after(closeAll)

  async function serve(state: PageState): Promise<FakeServer> {
    await server?.close()
    server = await fakeServer(state)
    await page.goto(server.address)
    return server
  }

  const sentTo = (path: string): unknown[] => server?.sent.filter((one) => one.path === path).map(({ body }) => body) ?? []
  const button = (name: string) => page.getByRole('button', { name, exact: true })

  it('takes the token out of the address, and stays after a reload', async () => {
    await serve(STATES['airgap-reading'])
    await page.getByText('Reading the request').waitFor()
    expect(sentTo('/session')).deep.equal([{ token: 'the-token' }])
    expect(page.url()).not.contain('token')
    await page.reload()
    await page.getByText('Reading the request').waitFor()
    expect(sentTo('/session')).have.length(1)
  })

  it('reads codes with its camera, sends their texts alone, and says how far it is', async () => {
    const { sent } = await serve(STATES['airgap-first'])
    const frames = sendMessage(new Uint8Array(700).fill(7), { fragment: 100 }).frames()
    const [first, second] = [frames.next().value, frames.next().value]
    server!.result = { state: 'progress', seen: 2, needed: 7 }
    for (const frame of [first, second]) {
      camera.show(paint(qrMatrix(frame), 6))
      await until(`sent ${frame.slice(0, 16)}`, () => sentTo('/frames').some((body) => JSON.stringify(body).includes(frame)))
    }
    await page.getByText('2 of 7 read').waitFor()
    expect(sent.flatMap(({ path, body }) => (path === '/frames' ? (body as { frames: string[] }).frames : [])).every((text) => text === first || text === second)).equal(true)
    // The page tells the other machine so.
    await page.getByRole('heading', { name: 'How well this machine reads' }).waitFor()
  })

  it('says so when it sees a code of something else, and sends nothing of it', async () => {
    await serve(STATES['airgap-first'])
    camera.show(paint(qrMatrix('HTTPS://EXAMPLE.ORG/'), 8))
    await page.getByText('That code is none of keyrite’s').waitFor()
    expect(sentTo('/frames')).deep.equal([])
  })

  it('hears how the other machine reads, tells its command once when all is read, and sends none of that text', async () => {
    const { message } = await serve(STATES['client-showing'])
    const checksum = crc32(message)
    camera.show(paint(qrMatrix(writeStatus({ checksum, seen: 30, needed: 83, rate: 4 })), 8))
    await page.getByText('The other machine has read 30 of 83.').waitFor()
    camera.show(paint(qrMatrix(writeStatus({ checksum: checksum ^ 1, seen: 83, needed: 83, rate: 4 })), 8))
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(sentTo('/taken')).have.length(0)
    camera.show(paint(qrMatrix(writeStatus({ checksum, seen: 83, needed: 83, rate: 4 })), 8))
    await page.getByText('The other machine has all of it.').waitFor()
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(sentTo('/taken')).deep.equal([{ id: 'request-1' }])
    expect(sentTo('/frames')).deep.equal([])
  })

  it('asks about a share that is unconfirmed in red, before anything else that is asked', async () => {
    await serve(STATES['consent-unconfirmed'])
    await page.getByText(/^UNCONFIRMED: your share of key/).waitFor()
    const looks = await page.evaluate(() => {
      const [warning] = document.querySelectorAll('.warning')
      const [heading] = document.querySelectorAll('.block-heading')
      if (warning === undefined || heading === undefined) return null
      const isBefore = (warning.compareDocumentPosition(heading) & Node.DOCUMENT_POSITION_FOLLOWING) !== 0
      return { text: warning.textContent, colour: getComputedStyle(warning).color, isBefore }
    })
    expect(looks).to.deep.include({ isBefore: true })
    expect(looks?.text).to.match(/^UNCONFIRMED/)
    const [red = 0, green = 0, blue = 0] = (looks?.colour.match(/\d+/g) ?? []).map(Number)
    expect([red > 2 * green, red > 2 * blue], looks?.colour).to.deep.equal([true, true])
  })

  it('changes density and speed by keys, remembers both, and paints whole pixels', async () => {
    await serve(STATES['client-showing'])
    const size = (): Promise<{ width: number; css: number }> => page.locator('canvas').evaluate((canvas: HTMLCanvasElement) => ({ width: canvas.width, css: canvas.getBoundingClientRect().width }))
    await until('a code', async () => (await size()).width % 69 === 0)
    expect((await size()).width).equal((await size()).css)
    expect((await size()).width / 69).at.least(6)
    await page.keyboard.press('+')
    await until('a denser code', async () => (await size()).width % 93 === 0)
    await page.keyboard.press('>')
    await page.getByText('6 a second').waitFor()
    expect(await page.getByLabel('Choose both automatically').isChecked()).equal(false)
    await page.reload()
    await page.getByText('6 a second').waitFor()
    expect(await page.getByRole('radio', { name: /Fine/ }).isChecked()).equal(true)
    await page.keyboard.press('-')
    await page.keyboard.press('<')
    await page.getByLabel('Choose both automatically').check()
  })

  it('sends the digits that its owner types, keeps them beside what is wrong with them, and never declines by Escape', async () => {
    const { tell } = await serve(STATES['consent-join'])
    const input = page.getByLabel('Type its first ten digits to join.')
    await page.keyboard.press('Escape')
    await input.fill('48213 90771')
    await page.keyboard.press('Escape')
    await until('it takes an answer', () => button('Confirm').isEnabled())
    await page.keyboard.press('Enter')
    await until('an answer', () => sentTo('/answer').length === 1)
    expect(sentTo('/answer')).deep.equal([{ question: 'q1', answer: '48213 90771' }])
    tell({ ...STATES['consent-join'], question: { ...STATES['consent-join-trouble'].question!, id: 'q1b' } })
    await page.getByRole('alert').getByText('digit 14 differs').waitFor()
    expect(await input.inputValue()).equal('48213 90771')
    expect(await input.getAttribute('aria-invalid')).equal('true')
    await until('the field has the focus', () => input.evaluate((node) => node === document.activeElement))
    expect(await page.title()).contain('● Your turn')
  })

  it('takes no click for a moment when another question has come into its place', async () => {
    const { tell } = await serve(STATES.pairing)
    const yes = button('Yes')
    await yes.waitFor()
    await until('a button', () => yes.isEnabled())
    const card = STATES.pairing.question!
    tell({ ...STATES.pairing, question: { ...card, id: 'q9', blocks: [...card.blocks, { kind: 'text', text: 'Another card.' }] } })
    await page.getByText('Another card.').waitFor()
    expect(await yes.isDisabled()).equal(true)
    await yes.click({ force: true })
    expect(sentTo('/answer')).deep.equal([])
    await yes.click()
    await until('an answer', () => sentTo('/answer').length === 1)
    expect(sentTo('/answer')).deep.equal([{ question: 'q9', answer: 'yes' }])
  })

  it('writes out what nobody can see in a text from outside', async () => {
    const { tell } = await serve(STATES['consent-sign'])
    const hidden = 'pay\u200b bob\u3164\u2800\u{e0041}\u00ad.\nsecond e\u0301\u0301'
    tell({ ...STATES['consent-sign'], question: { ...STATES['consent-sign'].question!, id: 'q8', blocks: [{ kind: 'facts', facts: [{ label: 'purpose', value: hidden, from: 'outside' }] }] } })
    const outside = page.locator('.outside', { hasText: 'second' })
    await outside.waitFor()
    expect(await outside.innerText()).contain('pay<U+200B> bob<U+3164><U+2800><U+E0041><U+00AD>.\nsecond e\u0301<U+0301>')
  })

  it('asks once more before a no that counts at once, and not before it leaves a question open', async () => {
    await serve(STATES.pairing)
    await button('No').click()
    expect(sentTo('/answer')).deep.equal([])
    await button('Back to the question').click()
    await button('Later').click()
    await until('an answer', () => sentTo('/answer').length === 1)
    expect(sentTo('/answer')).deep.equal([{ question: 'q3', answer: 'later' }])
    await page.reload()
    await button('No').click()
    await button('Yes, answer no').click()
    await until('another', () => sentTo('/answer').length === 2)
    expect(sentTo('/answer')[1]).deep.equal({ question: 'q3', answer: 'no' })
  })

  it('is asked whether to decline for good, and sends the reason behind the no; Enter alone declines nothing', async () => {
    const { tell } = await serve(STATES['consent-join'])
    await button('Decline').click()
    await until('an answer', () => sentTo('/answer').length === 1)
    expect(sentTo('/answer')).deep.equal([{ question: 'q1', answer: 'no' }])
    tell(STATES['consent-decline'])
    const why = page.getByLabel('Why?')
    await until('the field has the focus', () => why.evaluate((node) => node === document.activeElement))
    expect(await violations(page)).deep.equal([])
    await why.fill('  Not our address ')
    await until('it takes an answer', () => button('Decline for good').isEnabled())
    await page.keyboard.press('Enter')
    await button('Decline for good').click()
    await until('another', () => sentTo('/answer').length === 2)
    expect(sentTo('/answer')[1]).deep.equal({ question: 'q5', answer: 'no Not our address' })
    tell({ ...STATES['consent-decline'], question: { ...STATES['consent-decline'].question!, id: 'q6', trouble: 'That will not do.' } })
    await page.getByRole('alert').getByText('That will not do.').waitFor()
    expect(await why.inputValue()).equal('  Not our address ')
    await button('Back to the question').click()
    await until('the last', () => sentTo('/answer').length === 3)
    expect(sentTo('/answer')[2]).deep.equal({ question: 'q6', answer: 'back' })
  })

  it('looks at messages as one does in a terminal', async () => {
    const { tell } = await serve(STATES['consent-sign'])
    await page.getByLabel('Message', { exact: true }).fill('500')
    await button('List from there').click()
    await until('an answer', () => sentTo('/answer').length === 1)
    tell({ ...STATES['consent-looked'], question: { ...STATES['consent-looked'].question!, id: 'next' } })
    await page.getByRole('heading', { name: 'What you looked at' }).waitFor()
    await page.getByLabel('Find', { exact: true }).fill('96193')
    await button('Find').click()
    await until('another', () => sentTo('/answer').length === 2)
    expect(sentTo('/answer')).deep.equal([{ question: 'q2', answer: 'list 500' }, { question: 'next', answer: 'find 96193' }])
  })

  it('shows a text from outside as a text, isolated, and nothing in it as its own', async () => {
    await serve(STATES['consent-sign'])
    const outside = page.locator('.outside', { hasText: 'Exit validator' })
    await outside.waitFor()
    expect(await outside.innerText()).contain('</div><button>Yes</button>').not.contain('\u202e')
    expect(await outside.evaluate((node) => [getComputedStyle(node).unicodeBidi, node.querySelectorAll('button').length])).deep.equal(['isolate', 0])
    expect(await page.getByRole('button', { name: 'Yes' }).count()).equal(0)
  })

  it('steps back for another page, and takes over again when its owner wants', async () => {
    const { address } = await serve(STATES['airgap-reading'])
    await page.getByText('Reading the request').waitFor()
    const other = await browser.context.newPage()
    await other.goto(address)
    await page.getByRole('heading', { name: 'Another page has taken over' }).waitFor()
    await button('Use this page').click()
    await page.getByText('Reading the request').waitFor()
    await other.getByRole('heading', { name: 'Another page has taken over' }).waitFor()
    await other.close()
  })

  it('says that the command is gone, once it has not been heard for some seconds', async () => {
    const { hang } = await serve(STATES['airgap-reading'])
    await page.getByText('Reading the request').waitFor()
    hang()
    await page.getByRole('heading', { name: 'The command has ended, or was restarted' }).waitFor({ timeout: 20_000 })
  })

  it('says that it is of an earlier address, and that an address is not complete', async () => {
    const { address, forget } = await serve(STATES['airgap-reading'])
    await page.getByText('Reading the request').waitFor()
    forget()
    await page.reload()
    await page.getByRole('heading', { name: 'This page is of an earlier address' }).waitFor()
    await page.evaluate(() => sessionStorage.clear())
    await page.goto(address.replace(/#.*/, ''))
    await page.getByRole('heading', { name: 'This address is not complete' }).waitFor()
  })

  it('tells where the camera went, and goes on by itself once it is back', async () => {
    await serve(STATES['airgap-first'])
    await until('a picture', () => page.locator('video').evaluate((video: HTMLVideoElement) => video.videoWidth > 0))
    camera.fail('unplugged')
    await page.getByRole('alert').filter({ hasText: 'camera' }).waitFor({ timeout: 20_000 })
    camera.fail('not at all')
    await page.getByRole('button', { name: 'Try again' }).click()
    await until('a picture again', () => page.locator('video').evaluate((video: HTMLVideoElement) => video.videoWidth > 0))
  })

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`has nothing that an accessibility checker finds, in ${colorScheme} colours`, async () => {
      await page.emulateMedia({ colorScheme })
      let { tell } = await serve(STATES['airgap-reading'])
      for (const [name, state] of Object.entries(STATES)) {
        // A page that was told an end hears nothing more.
        if (state.end !== null) ({ tell } = await serve(state))
        else tell(state)
        await new Promise((resolve) => setTimeout(resolve, 400))
        expect(await violations(page), name).deep.equal([])
        expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), `${name} is too wide`).at.most(0)
      }
    })
  }

  it('shows and scans by itself, as a file', async () => {
    const message = Uint8Array.from({ length: 600 }, (_, i) => (i * 29) & 0xff)
    await page.goto(`file://${pageFile()}`)
    await page.getByLabel(/Paste the line/).fill(lineOf(message))
    await page.getByRole('heading', { name: 'For the other machine’s camera' }).waitFor()
    expect(await violations(page)).deep.equal([])
    await page.getByRole('tab', { name: 'Scan' }).click()
    const frames = sendMessage(message, { fragment: 100 }).frames()
    const line = page.getByLabel('All read.')
    await until('all read', async () => {
      camera.show(paint(qrMatrix(frames.next().value), 6))
      await new Promise((resolve) => setTimeout(resolve, 250))
      return await line.isVisible()
    })
    expect(await line.inputValue()).equal(lineOf(message))
    expect(await violations(page)).deep.equal([])
  })
})
