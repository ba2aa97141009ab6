/** Looks for a code in one picture after another, apart from the page, which stays quick meanwhile. */
import { findQr, READ_ATTEMPTS } from '../../engine/channel/qr.ts'
import type { Image } from '../../engine/channel/qr.ts'
import type { ReaderAnswer, ReaderWork } from './reader.ts'

// Which filter and which part of a picture the next look takes. What helps one picture hurts another, so the filters take turns
// until one finds something, which goes on with the next picture; and where a code was, it still is, so the next look
// is at that place, a tenth of the work, until that fails with every filter.

interface Area {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

export interface Box {
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

export interface Turns {
  /** What to look at in a picture of this size. */
  readonly next: (width: number, height: number) => { readonly attempt: number; readonly area: Area }
  /** What the look at `area` found: the box around the code, in pixels of that area. */
  readonly tell: (area: Area, found: Box | null) => void
}

/** Of the code's own size, on each side: hands move, and the next code may be larger. */
const MARGIN = 0.3

export function makeTurns(): Turns {
  let attempt = 0
  let misses = 0
  let place: Box | null = null

  function next(width: number, height: number): { attempt: number; area: Area } {
    const whole = { left: 0, top: 0, width, height }
    return { attempt, area: place === null || misses >= READ_ATTEMPTS ? whole : around(place, width, height) }
  }

  function tell(area: Area, found: Box | null): void {
    if (found === null) {
      misses += 1
      attempt = (attempt + 1) % READ_ATTEMPTS
      return
    }
    misses = 0
    place = { left: area.left + found.left, top: area.top + found.top, right: area.left + found.right, bottom: area.top + found.bottom }
  }

  return { next, tell }
}

function around({ left, top, right, bottom }: Box, width: number, height: number): Area {
  const margin = MARGIN * Math.max(right - left, bottom - top)
  const from = { x: Math.max(0, Math.floor(left - margin)), y: Math.max(0, Math.floor(top - margin)) }
  const to = { x: Math.min(width, Math.ceil(right + margin)), y: Math.min(height, Math.ceil(bottom + margin)) }
  return { left: from.x, top: from.y, width: Math.max(1, to.x - from.x), height: Math.max(1, to.y - from.y) }
}

/** Pixels a side that a picture is brought down to. A camera that gives more only takes longer. */
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


function ofBitmap(bitmap: ImageBitmap): { readonly width: number; readonly height: number; readonly look: (area: Area) => Image } {
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
function lookAt({ pixels, width }: Extract<ReaderWork, { readonly kind: 'pixels' }>): (area: Area) => Image {
  return (area) => {
    const data = new Uint8ClampedArray(4 * area.width * area.height)
    for (let y = 0; y < area.height; y++) {
      const from = 4 * ((area.top + y) * width + area.left)
      data.set(pixels.subarray(from, from + 4 * area.width), 4 * y * area.width)
    }
    return { data, width: area.width, height: area.height }
  }
}
