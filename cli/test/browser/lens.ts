/**
 * A camera's view of a screen: where the picture lies in its frame, and its flaws. It has luma only, since codes have
 * no colour.
 */

/** The flaws of a picture; none by default. */
export interface Flaws {
  /** Whole pixels to each side over which a pixel is smeared, twice; 1 is a little out of focus, 3 is bad. */
  readonly blur?: number
  /** The standard deviation of each pixel's noise, in levels of 255. */
  readonly noise?: number
  /** The factor of every level: 0.4 is a dim screen, 1.5 a glaring one. */
  readonly brightness?: number
  /**
   * The share of the frame's width or height that the picture fills, as the camera is nearer or farther; 0.96 by
   * default.
   */
  readonly scale?: number
  /** The share by which the far edge is shorter than the near one, as when the camera is held askew: 0.2 is a lot. */
  readonly perspective?: number
}

export interface Luma {
  readonly data: Uint8Array
  readonly width: number
  readonly height: number
}

/** The level of the desk around the picture. */
export const DESK = 110

const NOISE_TABLE = 1 << 16

export interface Lens {
  /** Draws a picture into a frame. The frame is the lens's own, and the next picture overwrites it. */
  see(picture: Luma): Uint8Array
}

/**
 * @param random the source of noise, 0 … 1
 * @throws RangeError where the blur is not of whole pixels
 */
export function makeLens(width: number, height: number, flaws: Flaws, random: () => number): Lens {
  const frame = new Uint8Array(width * height)
  const spare = new Uint8Array(width * height)
  const noise = makeNoise(flaws.noise ?? 0, random)
  const { blur = 0, brightness = 1, scale = 0.96, perspective = 0 } = flaws
  if (!Number.isInteger(blur)) throw new RangeError(`A blur of ${blur} pixels: whole ones only.`)
  let placed: { readonly width: number; readonly height: number; readonly map: Int32Array } | undefined
  return {
    see(whole) {
      const picture = shrink(whole, scale, width, height)
      if (placed?.width !== picture.width || placed.height !== picture.height) {
        placed = { width: picture.width, height: picture.height, map: place(picture, width, height, scale, perspective) }
      }
      sample(picture, placed.map, frame)
      if (blur > 0) smear(frame, spare, width, height, blur)
      if (brightness !== 1) for (let i = 0; i < frame.length; i++) frame[i] = Math.min(255, (frame[i] ?? 0) * brightness)
      if (noise !== undefined) addNoise(frame, noise, Math.floor(random() * NOISE_TABLE))
      return frame
    },
  }
}

/** The number of the frame's pixels for one of the picture. */
const zoomOf = (picture: Luma, scale: number, width: number, height: number): number =>
  scale * Math.min(width / picture.width, height / picture.height)

/** Halves a picture that is shown at half size or less, since sampling would leave out pixels. */
function shrink(picture: Luma, scale: number, width: number, height: number): Luma {
  let small = picture
  while (zoomOf(small, scale, width, height) <= 0.5) small = halve(small)
  return small
}

function halve({ data, width, height }: Luma): Luma {
  const half = { width: width >>> 1, height: height >>> 1 }
  const small = new Uint8Array(half.width * half.height)
  for (let y = 0, to = 0; y < half.height; y++) {
    for (let x = 0, from = 2 * y * width; x < half.width; x++, from += 2) {
      small[to++] = ((data[from] ?? 0) + (data[from + 1] ?? 0) + (data[from + width] ?? 0) + (data[from + width + 1] ?? 0)) >>> 2
    }
  }
  return { data: small, ...half }
}

/**
 * The source of each pixel of the frame: the index of a pixel of the picture times 256, and 4 bits each of how far it
 * lies to the right and below; -1 for the desk.
 */
function place(picture: Luma, width: number, height: number, scale: number, perspective: number): Int32Array {
  const map = new Int32Array(width * height).fill(-1)
  const zoom = zoomOf(picture, scale, width, height)
  for (let y = 0; y < height; y++) {
    const v = (y + 0.5 - height / 2) / (zoom * picture.height)
    if (Math.abs(v) > 0.5) continue
    // Rows above the middle are farther away, with everything on them.
    const depth = 1 + perspective * v
    const fromY = ((v + perspective / 4) / depth + 0.5) * picture.height - 0.5
    for (let x = 0; x < width; x++) {
      const fromX = (x + 0.5 - width / 2) / (zoom * depth) + picture.width / 2 - 0.5
      if (fromX < 0 || fromY < 0 || fromX >= picture.width - 1 || fromY >= picture.height - 1) continue
      const left = Math.floor(fromX)
      const top = Math.floor(fromY)
      map[y * width + x] = ((top * picture.width + left) << 8) | (Math.floor((fromX - left) * 16) << 4) | Math.floor((fromY - top) * 16)
    }
  }
  return map
}

/** Gives each pixel the mean of the four around its source, weighed by nearness. */
function sample({ data, width }: Luma, map: Int32Array, frame: Uint8Array): void {
  for (let i = 0; i < map.length; i++) {
    const entry = map[i] ?? -1
    if (entry < 0) {
      frame[i] = DESK
      continue
    }
    const from = entry >> 8
    const right = (entry >> 4) & 15
    const below = entry & 15
    const upper = (data[from] ?? 0) * (16 - right) + (data[from + 1] ?? 0) * right
    const lower = (data[from + width] ?? 0) * (16 - right) + (data[from + width + 1] ?? 0) * right
    frame[i] = (upper * (16 - below) + lower * below) >> 8
  }
}

/**
 * Smears by two box blurs, each along rows and then along columns, which come near to a lens. Beyond an edge its pixels
 * repeat.
 */
function smear(frame: Uint8Array, spare: Uint8Array, width: number, height: number, radius: number): void {
  const sums = new Uint16Array(width)
  for (let pass = 0; pass < 2; pass++) {
    for (let y = 0; y < height; y++) smearRow(frame, spare, y * width, width, radius)
    // All columns at once, row by row, in the order of the memory.
    const row = (y: number): number => Math.max(0, Math.min(height - 1, y)) * width
    sums.fill(0)
    for (let y = -radius; y <= radius; y++) addRow(sums, spare, row(y))
    for (let y = 0; y < height; y++) {
      for (let x = 0, to = y * width; x < width; x++) frame[to++] = (sums[x] ?? 0) / (2 * radius + 1)
      addRow(sums, spare, row(y + radius + 1), row(y - radius))
    }
  }
}

function addRow(sums: Uint16Array, from: Uint8Array, added: number, taken?: number): void {
  for (let x = 0; x < sums.length; x++) {
    sums[x] = (sums[x] ?? 0) + (from[added + x] ?? 0) - (taken === undefined ? 0 : (from[taken + x] ?? 0))
  }
}

function smearRow(from: Uint8Array, to: Uint8Array, start: number, length: number, radius: number): void {
  const last = start + length - 1
  let sum = (radius + 1) * (from[start] ?? 0)
  for (let i = 1; i <= radius; i++) sum += from[Math.min(last, start + i)] ?? 0
  for (let i = start; i <= last; i++) {
    to[i] = sum / (2 * radius + 1)
    sum += (from[i + radius < last ? i + radius + 1 : last] ?? 0) - (from[i - radius > start ? i - radius : start] ?? 0)
  }
}

/** Normal deviates (Box and Muller); a table, since a frame needs 300 000 of them. */
function makeNoise(deviation: number, random: () => number): Int16Array | undefined {
  if (deviation <= 0) return undefined
  return Int16Array.from({ length: NOISE_TABLE }, () => deviation * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()))
}

function addNoise(frame: Uint8Array, noise: Int16Array, offset: number): void {
  for (let i = 0; i < frame.length; i++) {
    // An odd stride goes through the whole table before it repeats.
    const level = (frame[i] ?? 0) + (noise[(offset + i * 40503) & (NOISE_TABLE - 1)] ?? 0)
    frame[i] = level < 0 ? 0 : level > 255 ? 255 : level
  }
}
