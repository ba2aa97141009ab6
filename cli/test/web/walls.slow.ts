/**
 * The page's walls, attacked inside a real browser: from other sites, by another host name, and by markup that got into
 * the page itself.
 */
import { expect } from 'chai'
import type { Page } from 'playwright-core'
import { readPage } from '../../web/page-file.ts'
import { servePage } from '../../web/server.ts'
import type { PageServer } from '../../web/server.ts'
import { openBrowser, OTHER_HOST } from '../browser/chromium.ts'
import type { RigBrowser } from '../browser/chromium.ts'
import { closeAll, closing } from '../browser/closing.ts'
import { openSite } from '../browser/site.ts'
import { STATES } from '../page/states.ts'
import { until } from '../../../engine/test/until.ts'

interface Elsewhere {
  /** The site at 127.0.0.1 and another port, so that only the port differs. */
  readonly near: string
  /** The site by another host name. */
  readonly far: string
  /** The paths that were asked for. */
  readonly asked: string[]
}

/** Serves a site of somebody else. */
async function openElsewhere(): Promise<Elsewhere> {
  const asked: string[] = []
  const { port } = await openSite((request, response) => {
    asked.push(request.url ?? '')
    response.setHeader('content-type', 'text/html').setHeader('access-control-allow-origin', '*').end('<!doctype html><title>another site</title><p>hello')
  })
  return { near: `http://127.0.0.1:${port}/`, far: `http://${OTHER_HOST}:${port}/`, asked }
}

describe('the walls of a command’s page, in a browser', function () {
  this.timeout(60_000)
  let server: PageServer
  let heard: string[]
  let browser: RigBrowser
  let page: Page
  let site: Elsewhere
  let origin: string

  beforeEach(async () => {
    heard = []
    server = await servePage({
      page: readPage(), state: () => STATES['consent-join'], message: () => Uint8Array.of(1, 2, 3),
      onFrames: () => {
        heard.push('frames')
        return { state: 'progress', seen: 1, needed: 9 }
      },
      onAnswer: (_question, answer) => {
        heard.push(answer)
        return true
      },
      onTaken: () => heard.push('taken'), onPage: () => undefined, onStale: () => heard.push('stale'),
    })
    closing(server.close)
    ;({ origin } = new URL(server.address()))
    site = await openElsewhere()
    browser = await openBrowser()
    page = browser.page
  })
  afterEach(closeAll)

  async function openPage(): Promise<void> {
    await page.goto(server.address())
    await page.getByText('Type its first ten digits').waitFor()
  }

  it('is not opened by another name that leads here, as DNS rebinding has it', async () => {
    const { hash, port } = new URL(server.address())
    const response = await page.goto(`http://${OTHER_HOST}:${port}/${hash}`)
    expect(response?.status()).equal(421)
    expect(await page.locator('body').innerText()).contain('served at its own address only').not.contain('Type')
    const stolen = await page.evaluate(async (token) => {
      const { status } = await fetch('/session', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ token }) })
      return status
    }, hash.slice(1))
    expect(stolen).equal(421)
    expect(heard).deep.equal([])
    // The token is still good.
    await page.goto(`${origin}/${hash}`)
    await page.getByText('Type its first ten digits').waitFor()
  })

  it('hears nothing from another site’s page, whatever that sends, and is neither read nor framed by it', async () => {
    await openPage()
    const { hash } = new URL(server.address())
    for (const place of [site.near, site.far]) {
      const other = await browser.context.newPage()
      await other.goto(place)
      const results = await other.evaluate(async ({ origin, token }) => {
        const answer = JSON.stringify({ question: 'q1', answer: '48213 90771' })
        const json = { 'content-type': 'application/json' }
        const attempt = async (path: string, init: RequestInit): Promise<string> => {
          try {
            const response = await fetch(origin + path, init)
            return response.type === 'opaque' ? 'sent' : `read ${await response.text()}`
          } catch {
            return 'refused'
          }
        }
        const given = [
          await attempt('/', {}),
          await attempt('/session', { method: 'POST', headers: json, body: JSON.stringify({ token }) }),
          await attempt('/answer', { method: 'POST', headers: { ...json, authorization: 'Bearer x' }, body: answer }),
          await attempt('/answer', { method: 'POST', mode: 'no-cors', body: answer }),
          await attempt('/frames', { method: 'POST', mode: 'no-cors', body: '{"frames":["UR:KEYRITE/X"]}' }),
          await attempt('/taken', { method: 'POST', mode: 'no-cors', body: '{}' }),
          await attempt('/session', { method: 'POST', mode: 'no-cors', body: JSON.stringify({ token }) }),
        ]
        navigator.sendBeacon(`${origin}/answer`, answer)
        const form = Object.assign(document.createElement('form'), { method: 'post', action: `${origin}/answer`, enctype: 'text/plain', target: 'sink' })
        const sink = Object.assign(document.createElement('iframe'), { name: 'sink' })
        form.append(Object.assign(document.createElement('input'), { name: answer.slice(0, -1) + ',"x":"', value: '"}' }))
        const framed = Object.assign(document.createElement('iframe'), { src: `${origin}/#${token}` })
        const image = Object.assign(new Image(), { src: `${origin}/message?id=one` })
        const script = Object.assign(document.createElement('script'), { src: `${origin}/events` })
        document.body.append(sink, form, framed, image, script)
        form.submit()
        await new Promise((resolve) => setTimeout(resolve, 1000))
        const opened = window.open(`${origin}/`)
        await new Promise((resolve) => setTimeout(resolve, 1000))
        return { given, image: image.naturalWidth, isOpen: opened !== null && !opened.closed, frames: framed.contentDocument === null }
      }, { origin, token: hash.slice(1) })
      expect(results.given.filter((one) => one.startsWith('read')), place).deep.equal([])
      expect(results.given.slice(0, 3), place).deep.equal(['refused', 'refused', 'refused'])
      expect(results.image).equal(0)
      // The window that it opened is cut off from it.
      expect(results.isOpen).equal(false)
      for (const frame of other.frames()) expect(await frame.content().catch(() => '')).not.contain('Content-Security-Policy')
      await other.close()
    }
    expect(heard).deep.equal([])
    // The page still works.
    expect(await page.getByText('Type its first ten digits').isVisible()).equal(true)
  })

  it('runs, loads and sends nothing that markup in the page asks for', async () => {
    await openPage()
    // The policy does not apply to the code that the driver evaluates, but to what that code puts into the page.
    const { ran, violated } = await page.evaluate(async (elsewhere) => {
      const violated = new Set<string>()
      addEventListener('securitypolicyviolation', ({ effectiveDirective }) => violated.add(effectiveDirective))
      const ran: string[] = []
      Object.assign(globalThis, { ran: (what: string) => ran.push(what) })
      const box = document.createElement('div')
      document.body.append(box)
      box.innerHTML = `
        <img src="${elsewhere}img" onerror="ran('handler')"><iframe src="${elsewhere}frame"></iframe><iframe srcdoc="<script>parent.ran('srcdoc')</script>"></iframe>
        <link rel="stylesheet" href="${elsewhere}style"><style>body { background: url(${elsewhere}background) }</style><p style="background: url(${elsewhere}attribute)">x</p>
        <object data="${elsewhere}object"></object><embed src="${elsewhere}embed"><video src="${elsewhere}video"></video><svg><image href="${elsewhere}svg"></image></svg>
        <a href="javascript:ran('link')">x</a><form action="${elsewhere}form"><button>x</button></form>`
      const script = document.createElement('script')
      script.textContent = "ran('inline')"
      const loaded = Object.assign(document.createElement('script'), { src: `${elsewhere}script` })
      const module = Object.assign(document.createElement('script'), { type: 'module', textContent: `import('${elsewhere}module')` })
      box.append(script, loaded, module)
      const attempt = async (what: string, run: () => unknown): Promise<void> => {
        try {
          await run()
          ran.push(what)
        } catch {
          // It must fail.
        }
      }
      // The page may evaluate texts until the driver's call has returned.
      await new Promise((resolve) => setTimeout(resolve, 100))
      await attempt('eval', () => globalThis.eval('1'))
      await attempt('fetch', () => fetch(`${elsewhere}fetch`, { mode: 'no-cors' }))
      await attempt('source', () => new Promise((resolve, reject) => Object.assign(new EventSource(`${elsewhere}source`), { onopen: resolve, onerror: reject })))
      await attempt('socket', () => new Promise((resolve, reject) => Object.assign(new WebSocket(`${elsewhere.replace('http', 'ws')}socket`), { onopen: resolve, onerror: reject })))
      await attempt('worker', () => new Promise((resolve, reject) => Object.assign(new Worker(`data:text/javascript,postMessage(1)`), { onmessage: resolve, onerror: reject })))
      navigator.sendBeacon(`${elsewhere}beacon`, 'x')
      box.querySelector('a')?.click()
      box.querySelector('form')?.requestSubmit()
      const base = Object.assign(document.createElement('base'), { href: elsewhere })
      document.head.append(base)
      if (document.baseURI.startsWith(elsewhere)) ran.push('base')
      await new Promise((resolve) => setTimeout(resolve, 1500))
      return { ran, violated: [...violated].sort() }
    }, site.far)
    expect(ran).deep.equal([])
    expect(site.asked).deep.equal([])
    expect(violated).to.include.members(['base-uri', 'connect-src', 'form-action', 'frame-src', 'img-src', 'object-src', 'script-src-attr', 'script-src-elem', 'style-src-attr', 'style-src-elem', 'worker-src'])
    expect(heard).deep.equal([])
    expect(new URL(page.url()).origin).equal(origin)
  })

  it('does without what the browser remembers or another one knows: the address is good once, and the key for this tab', async () => {
    const address = server.address()
    await page.goto(address)
    await page.getByText('Type its first ten digits').waitFor()
    expect(await browser.context.cookies()).deep.equal([])
    expect(await page.evaluate(() => [localStorage.length, Object.keys(sessionStorage)])).deep.equal([0, ['keyrite.key']])
    expect(page.url()).equal(`${origin}/`)

    // This is somebody who saw the address, in another browser.
    const { page: thief } = await openBrowser()
    await thief.goto(address)
    await thief.getByRole('heading', { name: 'This page is of an earlier address' }).waitFor()
    await until('its owner hears of it', () => heard.includes('stale'))
    // This is somebody at this browser, in a tab of their own.
    const tab = await browser.context.newPage()
    await tab.goto(`${origin}/`)
    await tab.getByRole('heading', { name: 'This address is not complete' }).waitFor()
    expect(await page.getByText('Type its first ten digits').isVisible()).equal(true)
    expect(heard).deep.equal(['stale'])
  })

  it('lets its page use the camera, and nothing else of the machine', async () => {
    await openPage()
    const allowed = await page.evaluate(() => {
      const { featurePolicy } = document as unknown as { readonly featurePolicy: { readonly allowsFeature: (name: string) => boolean } }
      return ['camera', 'microphone', 'geolocation'].filter((name) => featurePolicy.allowsFeature(name))
    })
    expect(allowed).deep.equal(['camera'])
  })
})
