/** QR codes in pictures, read by jsQR. `qr-matrix.ts` writes them. */
import jsqr from 'jsqr'

export { fragmentFor, MAX_VERSION, QUIET_ZONE, qrMatrix, sizeOfVersion, UNREADABLE_VERSION, versionFor } from './qr-matrix.ts'
export type { QrMatrix } from './qr-matrix.ts'

/** Pixels as a canvas gives them: RGBA, row by row. */
export interface Image {
  readonly data: Uint8ClampedArray
  readonly width: number
  readonly height: number
}

/** The number of filters (none, blur, half size): one that helps with an image hurts with another, so a reader takes them in turns. */
export const READ_ATTEMPTS = 3

/** A code that was found, and the box around it in pixels of the image. */
export interface FoundQr {
  readonly text: string
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

/**
 * Looks for a QR code.
 *
 * @param attempt the number of the filter, modulo 3: 0 none, 1 a 3×3 box blur (against noise and moiré), 2 half size (against blur)
 */
export function findQr(image: Image, attempt = 0): FoundQr | null {
  const { width, height } = image
  if (width < 21 || height < 21 || image.data.length !== 4 * width * height) return null
  const filtered = FILTERS[attempt % READ_ATTEMPTS]?.(image) ?? image
  try {
    const code = jsqr.default(filtered.data, filtered.width, filtered.height, { inversionAttempts: 'dontInvert' })
    if (code === null) return null
    const scale = width / filtered.width
    const { topLeftCorner, topRightCorner, bottomLeftCorner, bottomRightCorner } = code.location
    const corners = [topLeftCorner, topRightCorner, bottomLeftCorner, bottomRightCorner]
    const xs = corners.map(({ x }) => x * scale)
    const ys = corners.map(({ y }) => y * scale)
    return { text: code.data, left: Math.min(...xs), top: Math.min(...ys), right: Math.max(...xs), bottom: Math.max(...ys) }
  } catch {
    // jsQR sometimes reads past an array's end, where it took something else for a finder pattern.
    return null
  }
}

/** The text of the code that `findQr` finds, or null. */
export const readQr = (image: Image, attempt = 0): string | null => findQr(image, attempt)?.text ?? null

const FILTERS: readonly ((image: Image) => Image)[] = [(image) => image, blur, halve]

/** The luma of each pixel, 0 … 255. */
function grayOf({ data }: Image): Uint8Array {
  const gray = new Uint8Array(data.length / 4)
  for (let i = 0, from = 0; i < gray.length; i++, from += 4) {
    gray[i] = ((data[from] ?? 0) * 54 + (data[from + 1] ?? 0) * 183 + (data[from + 2] ?? 0) * 19) >>> 8
  }
  return gray
}

function imageOf(gray: Uint8Array, width: number, height: number): Image {
  const data = new Uint8ClampedArray(4 * gray.length)
  for (let i = 0, to = 0; i < gray.length; i++, to += 4) {
    const level = gray[i] ?? 0
    data[to] = level
    data[to + 1] = level
    data[to + 2] = level
    data[to + 3] = 255
  }
  return { data, width, height }
}

/** Replaces each pixel by the mean of it and its eight neighbours, first along rows, then along columns; edges repeat. */
function blur(image: Image): Image {
  const { width, height } = image
  const gray = grayOf(image)
  const rows = new Uint16Array(gray.length)
  for (let y = 0; y < height; y++) {
    for (let x = 0, at = y * width; x < width; x++, at++) {
      const left = x === 0 ? at : at - 1
      const right = x === width - 1 ? at : at + 1
      rows[at] = (gray[left] ?? 0) + (gray[at] ?? 0) + (gray[right] ?? 0)
    }
  }
  for (let y = 0; y < height; y++) {
    const above = y === 0 ? 0 : -width
    const below = y === height - 1 ? 0 : width
    for (let at = y * width; at < (y + 1) * width; at++) {
      gray[at] = ((rows[at + above] ?? 0) + (rows[at] ?? 0) + (rows[at + below] ?? 0)) / 9
    }
  }
  return imageOf(gray, width, height)
}

/** Halves each side: each new pixel is the mean of four. */
function halve(image: Image): Image {
  const gray = grayOf(image)
  const width = image.width >>> 1
  const height = image.height >>> 1
  const small = new Uint8Array(width * height)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = 2 * y * image.width + 2 * x
      const below = from + image.width
      small[y * width + x] = ((gray[from] ?? 0) + (gray[from + 1] ?? 0) + (gray[below] ?? 0) + (gray[below + 1] ?? 0)) >>> 2
    }
  }
  return imageOf(small, width, height)
}
