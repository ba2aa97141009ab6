/** Looks for a code in one picture after another, in a worker, so that the page stays quick. */
import { findQr } from '../../engine/channel/qr.ts'
import type { Image } from '../../engine/channel/qr.ts'
import { makeTurns } from './turns.ts'
import type { ImageArea } from './turns.ts'
import type { ReaderAnswer, ReaderWork } from './reader.ts'

/** The most pixels a side of a picture that is looked at. More would only take longer. */
const MOST_SIDE = 1280

const turns = makeTurns()
let canvas: OffscreenCanvas | undefined

addEventListener('message', ({ data }: MessageEvent<ReaderWork>) => {
  const began = performance.now()
  const image = data.kind === 'bitmap' ? ofBitmap(data.bitmap) : { width: data.width, height: data.height, look: lookAt(data) }
  const { attempt, area } = turns.next(image.width, image.height)
  const found = findQr(image.look(area), attempt)
  turns.tell(area, found)
  const answer: ReaderAnswer = { text: found?.text ?? null, milliseconds: performance.now() - began }
  postMessage(answer)
})


function ofBitmap(bitmap: ImageBitmap): { readonly width: number; readonly height: number; readonly look: (area: ImageArea) => Image } {
  const scale = Math.min(1, MOST_SIDE / Math.max(bitmap.width, bitmap.height))
  const width = Math.round(bitmap.width * scale)
  const height = Math.round(bitmap.height * scale)
  canvas ??= new OffscreenCanvas(width, height)
  if (canvas.width !== width) canvas.width = width
  if (canvas.height !== height) canvas.height = height
  const context = canvas.getContext('2d', { willReadFrequently: true })
  if (context === null) throw new TypeError('no canvas')
  context.drawImage(bitmap, 0, 0, width, height)
  bitmap.close()
  return { width, height, look: (area) => context.getImageData(area.left, area.top, area.width, area.height) }
}

/** Cuts an area out of pixels. */
function lookAt({ pixels, width }: Extract<ReaderWork, { readonly kind: 'pixels' }>): (area: ImageArea) => Image {
  return (area) => {
    const data = new Uint8ClampedArray(4 * area.width * area.height)
    for (let y = 0; y < area.height; y++) {
      const from = 4 * ((area.top + y) * width + area.left)
      data.set(pixels.subarray(from, from + 4 * area.width), 4 * y * area.width)
    }
    return { data, width: area.width, height: area.height }
  }
}
