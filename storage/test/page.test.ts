import { createHash } from 'node:crypto'
import { request } from 'node:http'
import { gunzipSync } from 'node:zlib'
import { expect } from 'chai'
import { KeyriteError } from '../../engine/base/errors.ts'
import { readPageFile } from '../pages.ts'
import { cleanUp, start } from './support.ts'

const hashOf = (text: string | undefined): string => `'sha256-${createHash('sha256').update(text ?? '').digest('base64')}'`
const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'

/** The body's bytes as they came, packed or not. */
function raw(url: string, headers: Readonly<Record<string, string>>): Promise<{ readonly encoding: string | undefined; readonly body: Buffer }> {
  return new Promise((resolve, reject) => {
    const asking = request(url, { headers }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => resolve({ encoding: response.headers['content-encoding'], body: Buffer.concat(chunks) }))
    })
    asking.on('error', reject)
    asking.end()
  })
}

describe('the page for people', () => {
  afterEach(cleanUp)

  for (const path of ['/', '/boards/meadow']) {
    it(`is served at ${path} with headers that let it do no more than it needs`, async () => {
      const { url } = await start()
      const response = await fetch(url + path)
      expect(response.status).to.equal(200)
      expect(Object.fromEntries(response.headers)).to.include({
        'content-type': 'text/html; charset=utf-8',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
        'cache-control': 'no-cache',
      })
      expect(response.headers.get('set-cookie')).to.equal(null)
    })

    it(`answers HEAD at ${path} with the same headers and no body`, async () => {
      const { url } = await start()
      const [get, head] = [await fetch(url + path), await fetch(url + path, { method: 'HEAD' })]
      expect(head.status).to.equal(200)
      expect(await head.text()).to.equal('')
      for (const name of ['content-type', 'content-length', 'content-security-policy', 'etag']) expect(head.headers.get(name), name).to.equal(get.headers.get(name))
    })
  }

  it('has a policy, in the header as in the file, that names exactly the script and style that are served', async () => {
    const { url } = await start()
    const response = await fetch(url)
    const html = await response.text()
    const policy = response.headers.get('content-security-policy') ?? ''
    const [scripts, styles] = ['script', 'style'].map((tag) => [...html.matchAll(new RegExp(`<${tag}>([^]*?)</${tag}>`, 'g'))].map(([, text]) => hashOf(text)))
    expect(scripts).to.have.length(1)
    expect(styles).to.have.length(1)
    expect(policy.split('; ')).to.include.members([
      "default-src 'none'", `script-src ${String(scripts)}`, `style-src ${String(styles)}`, "connect-src 'self'", 'worker-src blob:', "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
    ])
    expect(policy).to.not.match(/unsafe|\*|https?:/)
    expect(/http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(html)?.[1]).to.equal(policy.replace("; frame-ancestors 'none'", ''))
  })

  it('needs no other file: nothing in it is fetched from elsewhere', async () => {
    const { url } = await start()
    const html = await (await fetch(url)).text()
    const markup = html.replace(/<script>[^]*?<\/script>|<style>[^]*?<\/style>/g, '')
    expect([...markup.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, target]) => target)).to.deep.equal(['data:,'])
    expect(html).to.not.match(/@import|url\(/)
  })

  it('is packed for those who take gzip, and plain for those who do not', async () => {
    const { url } = await start()
    const [packed, plain] = [await raw(url, { 'accept-encoding': 'gzip' }), await raw(url, { 'accept-encoding': 'identity' })]
    expect([packed.encoding, plain.encoding]).to.deep.equal(['gzip', undefined])
    expect(gunzipSync(packed.body).equals(plain.body)).to.equal(true)
    expect(packed.body.length).to.be.lessThan(120_000)
  })

  it('comes once: who has it is told so', async () => {
    const { url } = await start()
    const etag = (await fetch(url)).headers.get('etag') ?? ''
    const again = await fetch(`${url}/boards/meadow`, { headers: { 'if-none-match': etag } })
    expect(again.status).to.equal(304)
    expect(await again.text()).to.equal('')
    expect((await fetch(url, { headers: { 'if-none-match': '"other"' } })).status).to.equal(200)
  })

  it('is not there for a board that is not served: a problem document for programs, a page in words for browsers', async () => {
    const { url } = await start()
    const program = await fetch(`${url}/boards/none`)
    expect(program.status).to.equal(404)
    expect(program.headers.get('content-type')).to.match(/^application\/problem\+json/)
    expect(await program.json()).to.include({ type: 'urn:problem-type:keyrite:no-board' })
    const browser = await fetch(`${url}/boards/none`, { headers: { accept: BROWSER } })
    expect(browser.status).to.equal(404)
    expect(Object.fromEntries(browser.headers)).to.include({ 'content-type': 'text/html; charset=utf-8', 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' })
    expect(browser.headers.get('vary')).to.match(/Accept/)
    const html = await browser.text()
    expect(html).to.include('This storage serves no board named none.')
    expect(browser.headers.get('content-security-policy')).to.include(`style-src ${hashOf(/<style>([^]*?)<\/style>/.exec(html)?.[1])}`)
    expect(html).to.not.include('<script')
  })

  it('quotes a path in a problem as text', async () => {
    const { url } = await start()
    const html = await (await fetch(`${url}/boards/${encodeURIComponent('"><img src=x onerror=alert(1)>')}`, { headers: { accept: BROWSER } })).text()
    expect(html).to.include('&lt;img src=x onerror=alert(1)&gt;')
    expect(html).to.not.include('<img')
  })

  it('gives whoever posts a problem document, whatever they accept', async () => {
    const { url } = await start()
    const response = await fetch(`${url}/boards/none/messages`, { method: 'POST', headers: { accept: BROWSER }, body: '{}' })
    expect(response.headers.get('content-type')).to.match(/^application\/problem\+json/)
  })

  it('keeps a storage from starting where it was not built, and says where it should be', () => {
    expect(() => readPageFile(['/nowhere/board.html', '/nowhere/dist/board.html'])).to.throw(KeyriteError, '/nowhere/dist/board.html').with.property('code', 'storage.no-page')
  })
})
