import type { Xoshiro } from '../../channel/fountain.ts'
import type { Image, QrMatrix } from '../../channel/qr.ts'

/** A code as pixels, black on white, as an independent renderer would paint it. */
export function paint(matrix: QrMatrix, scale: number, margin = 4): Image {
  const side = (matrix.size + 2 * margin) * scale
  const data = new Uint8ClampedArray(4 * side * side).fill(255)
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const row = Math.floor(y / scale) - margin
      const column = Math.floor(x / scale) - margin
      const isInside = row >= 0 && row < matrix.size && column >= 0 && column < matrix.size
      if (isInside && matrix.modules[row * matrix.size + column] === 1) data.fill(0, 4 * (y * side + x), 4 * (y * side + x) + 3)
    }
  }
  return { data, width: side, height: side }
}

/** Adds a camera's faults: less contrast, uneven light, a box blur of this radius, noise of this many levels. */
export function spoil(image: Image, random: Xoshiro, { blur, noise }: { readonly blur: number; readonly noise: number }): Image {
  const { width, height } = image
  const data = new Uint8ClampedArray(image.data.length)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let sum = 0
      let count = 0
      for (let dy = -blur; dy <= blur; dy++) {
        for (let dx = -blur; dx <= blur; dx++) {
          const near = image.data[4 * ((y + dy) * width + x + dx)]
          if (x + dx < 0 || x + dx >= width || near === undefined) continue
          sum += near
          count += 1
        }
      }
      const light = 40 + (30 * x) / width
      const level = light + (sum / count) * 0.6 + random.nextInt(-noise, noise)
      data.set([level, level, level, 255], 4 * (y * width + x))
    }
  }
  return { data, width, height }
}
