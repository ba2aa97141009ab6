/** The simplest pages that show codes and have a camera, for the rig's own test, and the test's view of their video. */
import type { Page } from 'playwright-core'
import { makeReceiver, makeSending } from '../../../engine/channel/transfer.ts'
import { qrMatrix, readQr } from '../../../engine/channel/qr.ts'
import type { Image } from '../../../engine/channel/qr.ts'
import { openSite } from './site.ts'

const HTML = `<!doctype html><title>rig</title>
<style>body { margin: 0; background: #ddd } canvas { image-rendering: pixelated; margin: 20px } video { width: 160px }</style>
<canvas id="code"></canvas><video id="video" muted playsinline></video>`

/** Serves such a page. Only a secure origin has a camera, and loopback counts as one. */
export async function servePage(): Promise<string> {
  const { port } = await openSite((_request, response) => response.setHeader('content-type', 'text/html; charset=utf-8').end(HTML))
  return `http://127.0.0.1:${port}/`
}

/** Shows the frames of a transfer for as long as the page lives. */
export async function showTransfer(page: Page, text: string, options: { readonly fragment: number; readonly rate: number }): Promise<void> {
  const sending = makeSending(text, options)
  const frames = sending.frames()
  const codes = Array.from({ length: 4 * sending.partCount + 20 }, () => {
    const { size, modules } = qrMatrix(frames.next().value)
    return { size, modules: modules.join('') }
  })
  await page.evaluate(
    ({ codes, rate }) => {
      const canvas = document.querySelector<HTMLCanvasElement>('#code')
      const context = canvas?.getContext('2d')
      if (!canvas || !context) throw new Error('no canvas')
      let turn = 0
      const draw = (): void => {
        const code = codes[turn++ % codes.length]
        if (code === undefined) return
        const side = code.size + 8
        canvas.width = side
        canvas.height = side
        canvas.style.width = `${6 * side}px`
        context.fillStyle = '#fff'
        context.fillRect(0, 0, side, side)
        context.fillStyle = '#000'
        for (let i = 0; i < code.modules.length; i++) {
          if (code.modules[i] === '1') context.fillRect(4 + (i % code.size), 4 + Math.floor(i / code.size), 1, 1)
        }
      }
      draw()
      setInterval(draw, 1000 / rate)
    },
    { codes, rate: options.rate },
  )
}

/** Starts the camera in the page. Gives the name of the error that the page meets, or undefined. */
export const startCamera = (page: Page): Promise<string | undefined> =>
  page.evaluate(async () => {
    const video = document.querySelector('video')
    if (video === null) throw new Error('no video')
    try {
      video.srcObject = await navigator.mediaDevices.getUserMedia({ video: true })
      await video.play()
      return undefined
    } catch (error) {
      return (error as DOMException).name
    }
  })

/** Whether the page's video has a camera that is running. */
export const hasCamera = (page: Page): Promise<boolean> =>
  page.evaluate(() => {
    const stream = document.querySelector('video')?.srcObject
    return stream instanceof MediaStream && stream.getVideoTracks().some((track) => track.readyState === 'live')
  })

/** The picture that the page's video shows now. */
export async function grab(page: Page): Promise<Image> {
  const { pixels, width, height } = await page.evaluate(() => {
    const video = document.querySelector('video')
    if (video === null) throw new Error('no video')
    const { videoWidth: width, videoHeight: height } = video
    const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })
    if (context === null) throw new Error('no canvas')
    context.drawImage(video, 0, 0)
    const { data } = context.getImageData(0, 0, width, height)
    const greens: string[] = []
    for (let y = 0; y < height; y++) {
      greens.push(String.fromCharCode(...data.subarray(4 * y * width, 4 * (y + 1) * width).filter((_, i) => i % 4 === 1)))
    }
    return { pixels: btoa(greens.join('')), width, height }
  })
  const data = new Uint8ClampedArray(4 * width * height).fill(255)
  Buffer.from(pixels, 'base64').forEach((level, i) => data.fill(level, 4 * i, 4 * i + 3))
  return { data, width, height }
}

export interface Crossing {
  readonly text: string
  readonly seconds: number
  /** The number of pictures looked at, and of those in which a code was read. */
  readonly grabbed: number
  readonly read: number
}

/**
 * Reads codes off the page's video until a transfer is complete.
 *
 * @throws Error after `patience` seconds
 */
export async function receiveTransfer(page: Page, patience: number): Promise<Crossing> {
  const receiver = makeReceiver()
  const started = performance.now()
  let read = 0
  for (let grabbed = 1; ; grabbed++) {
    const seconds = (performance.now() - started) / 1000
    if (seconds > patience) throw new Error(`After ${patience} s, ${read} of ${grabbed} pictures were read.`)
    const text = readQr(await grab(page), grabbed)
    if (text === null) continue
    read += 1
    const received = receiver.receive(text)
    if (received.state === 'complete') return { text: received.text, seconds, grabbed, read }
  }
}
