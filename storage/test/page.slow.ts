/** The page in a real browser, over a real storage with real ceremonies. With `SHOTS=folder` it takes pictures of every state. */
import { mkdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Page } from 'playwright-core'
import { ceremonyNumber } from '../../engine/crypto/number.ts'
import { ceremonyId } from '../../engine/wire/card.ts'
import { openBrowser } from '../../cli/test/browser/chromium.ts'
import { closeAll } from '../../cli/test/browser/closing.ts'
import { foreignOpening, say, stageDkg } from './ceremonies.ts'
import { BOARD, cleanUp, folder, person, start, enter } from './support.ts'

const AXE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const NAMES = ['anna', 'ben', 'cleo', 'dan', 'eva']
const SIZES = { 'laptop': { width: 1280, height: 720 }, 'wide': { width: 1920, height: 1080 }, 'phone': { width: 390, height: 844 } } as const

interface Opened {
  readonly page: Page
  /** Errors in the page, and requests that its policy refused. */
  readonly troubles: string[]
}

async function visit(url: string): Promise<Opened> {
  const { page } = await openBrowser({ viewport: SIZES.laptop })
  const troubles: string[] = []
  page.on('pageerror', (error) => troubles.push(String(error)))
  page.on('console', (message) => {
    if (message.type() === 'error' && !/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|status of 404|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET/.test(message.text())) troubles.push(message.text())
  })
  await page.goto(url)
  return { page, troubles }
}

const seen = (page: Page, text: string | RegExp, timeout = 60_000): Promise<unknown> => page.getByText(text).first().waitFor({ timeout })

/** The violations that axe-core finds, in light and in dark. */
async function violations(page: Page): Promise<string[]> {
  const found: string[] = []
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    // The page's own policy lets no script in; the debugger bypasses it.
    await page.evaluate(AXE)
    const results = await page.evaluate(() => (globalThis as unknown as { readonly axe: { run: (options: object) => Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }> } }).axe.run({ resultTypes: ['violations'] }))
    found.push(...results.violations.map(({ id, nodes }) => `${colorScheme} ${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join(' | ')}`))
  }
  await page.emulateMedia({ colorScheme: 'light' })
  return found
}

async function shoot(page: Page, name: string): Promise<void> {
  const to = process.env['SHOTS']
  if (to === undefined) return
  await mkdir(to, { recursive: true })
  for (const [size, viewport] of Object.entries(SIZES)) {
    await page.setViewportSize(viewport)
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      await page.screenshot({ path: join(to, `${name}-${size}-${colorScheme}.png`), fullPage: true })
    }
  }
  await page.setViewportSize(SIZES.laptop)
  await page.emulateMedia({ colorScheme: 'light' })
}

/** Whether everything fits the screen of a phone. */
async function fitsPhone(page: Page): Promise<boolean> {
  await page.setViewportSize(SIZES.phone)
  const fits = await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)
  await page.setViewportSize(SIZES.laptop)
  return fits
}

describe('the page of a board, in a browser', () => {
  let ending = new AbortController()
  beforeEach(() => (ending = new AbortController()))
  afterEach(async () => {
    ending.abort()
    await closeAll()
    await cleanUp()
  })

  it('says what to do first, then shows who is ready and a whole ceremony as it comes in, verified here', async () => {
    const { url } = await start()
    const { page, troubles } = await visit(`${url}/boards/${BOARD}`)
    await seen(page, 'No ceremony was opened here yet')
    await seen(page, `keyrite client init --name NAME --board ${url}/boards/${BOARD} --join-token-file FILE`)
    expect(await violations(page)).to.deep.equal([])
    await shoot(page, '1-empty')

    const staged = await stageDkg(url, { names: NAMES, threshold: 3 })
    await staged.ready()
    await seen(page, 'Ready: 5 participants')
    await shoot(page, '2-ready')
    await staged.open()
    await seen(page, 'A threshold BLS12-381 key that nobody ever holds whole')
    const number = ceremonyNumber(ceremonyId(staged.opening))
    await page.waitForFunction((wanted) => document.querySelector('.digits')?.textContent.trim() === wanted, number)

    // Two are missing: the page names those for whom everybody waits.
    const some = staged.run(ending.signal, ['anna', 'ben', 'cleo'])
    await seen(page, 'SendPublicKeys (1 of 5): waiting for dan, eva.')
    expect(await page.locator('td.awaited').count()).to.equal(2)
    expect(await page.locator('td.done').count()).to.equal(3)
    expect(await page.locator('.standing .until').textContent()).to.match(/^until \d{4}-\d\d-\d\d \d\d:\d\d UTC \((23 h 5\d min|1 d) left\)$/)
    expect(await violations(page)).to.deep.equal([])
    expect(await fitsPhone(page)).to.equal(true)
    await shoot(page, '3-waiting')

    await Promise.all([some, staged.run(ending.signal, ['dan', 'eva'])])
    await seen(page, 'Every step is done and checked; its result is usable.')
    expect(await page.locator('td.done').count()).to.equal(25)
    const key = [...new Set(await page.locator('.results .mono').allTextContents())]
    expect(key[0]).to.match(/^[0-9a-f]{96}$/)
    const link = await page.locator('td.done a').first().getAttribute('href')
    const message = (await (await fetch(url + String(link))).json()) as { readonly messages: readonly { readonly text: string }[] }
    expect(message.messages).to.have.length(1)
    expect(JSON.parse(message.messages[0]!.text)).to.have.nested.property('statement.type', 'PublicKey')
    await page.locator('.attachments summary').click()
    const attachment = await page.locator('.attachments a').first().getAttribute('href')
    expect((await fetch(url + String(attachment))).status).to.equal(200)
    await page.locator('section summary').click()
    expect(await violations(page)).to.deep.equal([])
    await shoot(page, '4-complete')
    expect(troubles).to.deep.equal([])
  })

  it('shows what can never be usable and whom the log proves guilty, and a rehearsal as one', async () => {
    const { url } = await start()
    const { page, troubles } = await visit(`${url}/boards/${BOARD}`)
    const staged = await stageDkg(url, { names: NAMES, threshold: 3, faults: ['garbage-deal:ben:dan'], rehearsal: true })
    await staged.ready()
    await staged.open()
    await staged.run(ending.signal)
    await seen(page, /It can never be usable: dan complains of ben, .*The log proves guilty: ben\./)
    await seen(page, 'REHEARSAL')
    await seen(page, /dan complains of ben in ProcessDeals/)
    expect(await page.locator('td.disputed').count()).to.equal(1)
    expect(await violations(page)).to.deep.equal([])
    await shoot(page, '5-dead')
    expect(troubles).to.deep.equal([])
  })

  it('takes hostile texts for texts: nothing runs, nothing hides, nothing grows out of the page', async () => {
    const { url } = await start()
    const staged = await stageDkg(url, { names: NAMES, threshold: 3 })
    await staged.ready()
    const [anna] = staged.members
    const markup = '<img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script>'
    const bidi = 'pay \u202e001\u2066 to\u2069 ben \u200f\u0007\u001b[31m'
    const parameters = { [markup]: markup, purpose: bidi, long: 'x'.repeat(200_000), list: Array.from({ length: 5000 }, (_, i) => i), combining: 'a\u0301'.repeat(3000), 'javascript:alert(1)': { deep: [[markup]] } }
    await say(anna!, 'Opening', foreignOpening(staged, parameters, 'harvest', markup.slice(0, 32)))
    await staged.open()
    await say(anna!, 'Abort', { reason: 'operator', step: markup.slice(0, 64), accused: 'ben', evidence: { why: `${bidi} ${markup}`, offsets: [] } }, ceremonyId(staged.opening))
    const { page, troubles } = await visit(`${url}/boards/${BOARD}`)
    await seen(page, /anna aborted it/)
    await page.locator('.ceremony summary').last().click()
    await seen(page, 'This page did not ship with this script')
    expect(await page.title()).to.equal(`${BOARD} · keyrite board`)
    expect(await page.locator('main img, main script, main iframe').count()).to.equal(0)
    const text = await page.locator('main').innerText()
    expect(text).to.include('<img src=x')
    expect(text).to.not.match(/[\u202a-\u202e\u2066-\u2069\u200e\u200f\u0007\u001b]/)
    expect(text.length).to.be.lessThan(20_000)
    expect(await fitsPhone(page)).to.equal(true)
    expect(await violations(page)).to.deep.equal([])
    await shoot(page, '6-hostile')
    expect(troubles).to.deep.equal([])
  })

  it('says when the storage is gone, goes on by itself when it is back, and stops where it comes back with another log', async () => {
    const data = await folder()
    const first = await start({ data })
    const port = Number(new URL(first.url).port)
    await enter(first.board, person('anna'))
    const { page, troubles } = await visit(first.board)
    await seen(page, 'Ready: 1 participant')
    await first.close()
    await seen(page, 'Connection lost')
    expect(await violations(page)).to.deep.equal([])
    await shoot(page, '7-lost')
    const second = await start({ data, port })
    await enter(second.board, person('ben'))
    await seen(page, 'Ready: 2 participants')
    await seen(page, 'what comes in is shown at once')
    await second.close()
    await seen(page, 'Connection lost')
    const other = await start({ port })
    await enter(other.board, person('cleo'))
    await seen(page, /This storage’s log is not the one that it showed before/)
    expect(await page.getByText('cleo').count()).to.equal(0)
    await shoot(page, '8-tampered')
    expect(troubles).to.deep.equal([])
  })

  it('lists the boards, leads to each by keyboard, and says where a board is not', async () => {
    const { url } = await start()
    const { page, troubles } = await visit(url)
    await seen(page, BOARD)
    expect(await violations(page)).to.deep.equal([])
    await shoot(page, '9-list')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await seen(page, 'No ceremony was opened here yet')
    expect(new URL(page.url()).pathname).to.equal(`/boards/${BOARD}`)
    await page.goto(`${url}/boards/none`)
    await seen(page, 'This storage serves no board named none.')
    expect(await violations(page)).to.deep.equal([])
    await shoot(page, '10-no-board')
    expect(troubles).to.deep.equal([])
  })
})
