import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { expect } from 'chai'
import { readQr } from '../../../engine/channel/qr.ts'
import { makeCamera } from './camera.ts'
import type { Camera, CameraOptions } from './camera.ts'
import { openBrowser, processesOf } from './chromium.ts'
import type { CameraChoice, RigBrowser } from './chromium.ts'
import { closeAll } from './closing.ts'
import { film } from './film.ts'
import { folderPrefix } from './folder.ts'
import { hasCamera, receiveTransfer, servePage, showTransfer, startCamera } from './pages.ts'

const VIEWPORT = { width: 800, height: 640 }

/** Text that does not compress. */
const noise = (bytes: number, seed: string): string =>
  Array.from({ length: Math.ceil(bytes / 32) }, (_, i) => createHash('sha256').update(`${seed} ${i}`).digest('base64')).join('')

describe('the camera rig', () => {
  afterEach(closeAll)

  after(async () => {
    expect(await processesOf(folderPrefix(process.pid)), 'browser processes left').to.have.length(0)
  })

  async function open(url: string, camera: CameraChoice): Promise<RigBrowser> {
    const browser = await openBrowser({ camera, viewport: VIEWPORT })
    await browser.page.goto(url)
    return browser
  }

  interface Case {
    readonly name: string
    readonly flaws: CameraOptions
    readonly fragment: number
    readonly rate: number
  }

  const cases: Case[] = [
    { name: 'at no loss', flaws: {}, fragment: 200, rate: 5 },
    { name: 'at no loss, dense and fast', flaws: {}, fragment: 400, rate: 8 },
    { name: 'when a fifth of the pictures is lost', flaws: { dropped: 0.2 }, fragment: 200, rate: 5 },
    { name: 'when half of the pictures is lost', flaws: { dropped: 0.5 }, fragment: 200, rate: 5 },
    { name: 'out of focus, in bad light and askew', flaws: { blur: 1, noise: 12, brightness: 0.7, perspective: 0.1 }, fragment: 100, rate: 3 },
  ]

  for (const { name, flaws, fragment, rate } of cases) {
    it(`carries a text each way between two browsers that film each other ${name}`, async () => {
      const url = await servePage()
      const cameras: Camera[] = [await makeCamera({ ...flaws, seed: 1 }), await makeCamera({ ...flaws, seed: 2 })]
      const [left, right] = [await open(url, cameras[0]!), await open(url, cameras[1]!)]
      const texts = { left: noise(15 * fragment, 'left'), right: noise(7 * fragment, 'right') }
      expect(await startCamera(left.page)).to.equal(undefined)
      expect(await startCamera(right.page)).to.equal(undefined)
      await showTransfer(left.page, texts.left, { fragment, rate })
      await showTransfer(right.page, texts.right, { fragment, rate })
      const films = [film(right.page, cameras[0]!, { of: '#code', rate: 2 * rate }), film(left.page, cameras[1]!, { of: '#code', rate: 2 * rate })]

      const [atLeft, atRight] = await Promise.all([receiveTransfer(left.page, 240), receiveTransfer(right.page, 240)])
      expect(atLeft.text === texts.right, 'what came to the left').to.equal(true)
      expect(atRight.text === texts.left, 'what came to the right').to.equal(true)

      for (const [i, crossing] of [atLeft, atRight].entries()) {
        const { shots, seconds } = await films[i]!.stop()
        const { dropped, shown } = cameras[i]!.counts
        expect(dropped > 0).to.equal(flaws.dropped !== undefined)
        console.log(
          `      ${crossing.text.length} characters in ${crossing.seconds.toFixed(1)} s: filmed ${(shots / seconds).toFixed(1)}/s, ` +
            `lost ${dropped} of ${shown}, looked ${(crossing.grabbed / crossing.seconds).toFixed(1)}/s, read ${crossing.read} of ${crossing.grabbed}`,
        )
      }
    })
  }

  it('makes a browser meet the errors of a camera that is missing, refused or busy', async () => {
    const url = await servePage()
    for (const [camera, error] of [
      ['none', 'NotFoundError'],
      ['denied', 'NotAllowedError'],
      ['busy', 'NotReadableError'],
    ] as const) {
      const { page, close } = await open(url, camera)
      expect(await startCamera(page)).to.equal(error)
      await close()
    }
  })

  it('takes a camera away from a page that has it, and gives it back', async () => {
    const camera = await makeCamera()
    const { page } = await open(await servePage(), camera)
    for (const how of ['unplugged', 'busy'] as const) {
      expect(await startCamera(page)).to.equal(undefined)
      expect(await hasCamera(page)).to.equal(true)
      camera.fail(how)
      await new Promise((resolve) => setTimeout(resolve, 1000))
      expect(await hasCamera(page), how).to.equal(false)
      if (how === 'unplugged') expect(await startCamera(page)).to.equal('NotFoundError')
      camera.fail('not at all')
    }
    expect(await startCamera(page)).to.equal(undefined)
  })

  it('films what is on the screen, wherever the page is scrolled, and goes on when the page is loaded anew', async () => {
    const camera = await makeCamera()
    const { page } = await open(await servePage(), 'none')
    const filming = film(page, camera, { of: '#code' })
    const seen = async (): Promise<string | null> => {
      const { shown } = camera.counts
      while (camera.counts.shown < shown + 2) await new Promise((resolve) => setTimeout(resolve, 50))
      return readQr(camera.frame())
    }
    for (const text of ['first', 'second']) {
      await showTransfer(page, text, { fragment: 100, rate: 1 })
      const code = await seen()
      expect(code).to.match(/^UR:KEYRITE/)
      await page.evaluate(() => {
        document.body.style.padding = '2000px 0'
        document.querySelector('#code')?.scrollIntoView()
      })
      expect(await seen()).to.equal(code)
      await page.evaluate(() => window.scrollTo(0, 0))
      const { empty } = filming.counts()
      while (filming.counts().empty < empty + 2) await new Promise((resolve) => setTimeout(resolve, 50))
      expect(readQr(camera.frame())).to.equal(null)
      await page.reload()
    }
    await page.close()
    await filming.stop()
  })

  it('loses the given share of pictures, the same ones with the same noise for the same seed', async () => {
    const picture = { width: 64, height: 64, data: new Uint8ClampedArray(4 * 64 * 64).fill(200) }
    const seen = async (seed: number): Promise<string> => {
      const camera = await makeCamera({ width: 160, height: 120, noise: 20, dropped: 0.2, seed })
      const hash = createHash('sha256')
      for (let i = 0; i < 200; i++) {
        camera.show(picture)
        hash.update(camera.frame().data)
      }
      expect(camera.counts.dropped).to.be.within(25, 55)
      return hash.digest('hex')
    }
    expect(await seen(1)).to.equal(await seen(1))
    expect(await seen(1)).not.to.equal(await seen(2))
  })

  it('leaves no browser when its process is killed', async () => {
    const script = `import { openBrowser } from '${import.meta.dirname}/chromium.ts'
      await openBrowser()
      process.kill(process.pid, 'SIGKILL')`
    const { pid, signal } = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script], { stdio: 'ignore' })
    expect(signal).to.equal('SIGKILL')
    await new Promise((resolve) => setTimeout(resolve, 2000))
    expect(await processesOf(folderPrefix(pid))).to.have.length(0)
  })
})
