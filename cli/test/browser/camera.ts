/**
 * A camera for one browser: a file with a single frame, which the browser reads over and over at the camera's rate. The
 * file is overwritten in place, and its writer decides what the camera sees next.
 */
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Image } from '../../../engine/channel/qr.ts'
import { closing } from './closing.ts'
import type { Close } from './closing.ts'
import { makeFolder } from './folder.ts'
import { DESK, makeLens } from './lens.ts'
import type { Flaws, Luma } from './lens.ts'
import { lumaOf, readLuma } from './picture.ts'
import { greyChroma, y4mHeader } from './y4m.ts'

export interface CameraOptions extends Flaws {
  /** Pixels, both even; 640×480 by default, at which a code of version 17 has 4.7 pixels a module. */
  readonly width?: number
  readonly height?: number
  /** Frames a second, 15 by default; more than twice as many as are shown. */
  readonly rate?: number
  /**
   * The share of pictures that are lost, 0 … 1. A lost one is at random all grey, or has a new upper and an old lower
   * half.
   */
  readonly dropped?: number
  /** The same seed loses the same pictures and has the same noise. */
  readonly seed?: number
}

export interface Camera {
  /** The file for the browser. */
  readonly file: string
  /** The number of pictures so far, and of those that were lost. */
  readonly counts: { readonly shown: number; readonly dropped: number }
  /** Shows the camera a picture, a PNG or pixels, from now on. */
  show(picture: Uint8Array | Image): void
  /** Shows the camera nothing but the desk. */
  lookAway(): void
  /** The frame that it sees now, with all flaws. */
  frame(): Image
  /**
   * Fails from now on as if it had been unplugged (NotFoundError) or taken by another program (NotReadableError), or
   * works again. A page that asks for the camera meets that error; a page that has it loses it: its track ends. One
   * time in ten a page that asks for a busy camera gets a track that ends within 50 ms; the `busy` of `openBrowser`
   * always fails.
   */
  fail(how: 'unplugged' | 'busy' | 'not at all'): void
  readonly close: Close
}

export async function makeCamera(options: CameraOptions = {}): Promise<Camera> {
  const { width = 640, height = 480, rate = 15, dropped = 0, seed = 1 } = options
  const format = { width, height, rate }
  const header = y4mHeader(format)
  const random = makeRandom(seed)
  const lens = makeLens(width, height, options, random)
  const luma = new Uint8Array(width * height).fill(DESK)
  const chroma = greyChroma(format)
  const counts = { shown: 0, dropped: 0 }
  let works = true
  let closed = false

  const folder = await makeFolder()
  const file = join(folder.path, 'camera.y4m')
  const handle = openSync(file, 'w')
  const write = (): void => {
    if (works && !closed) writeSync(handle, luma, 0, luma.length, header.length)
  }
  const writeWhole = (): void => {
    writeSync(handle, header, 0, header.length, 0)
    writeSync(handle, luma, 0, luma.length, header.length)
    writeSync(handle, chroma, 0, chroma.length, header.length + luma.length)
  }
  writeWhole()

  return {
    file,
    counts,
    show(picture) {
      const seen = lens.see(picture instanceof Uint8Array ? readLuma(picture) : lumaOf(picture))
      counts.shown += 1
      // Both are always drawn, so that later losses do not depend on earlier ones.
      const lost = random() < dropped
      const grey = random() < 0.5
      if (lost) counts.dropped += 1
      if (lost && grey) luma.fill(DESK)
      else luma.set(lost ? seen.subarray(0, seen.length / 2) : seen)
      write()
    },
    lookAway() {
      luma.fill(DESK)
      write()
    },
    frame: () => imageOf({ data: luma, width, height }),
    fail(how) {
      if (closed) return
      works = how === 'not at all'
      if (works) {
        writeWhole()
        return
      }
      ftruncateSync(handle)
      if (how === 'busy') writeSync(handle, header, 0, header.length, 0)
    },
    close: closing(async () => {
      closed = true
      closeSync(handle)
      await folder.remove()
    }),
  }
}

function imageOf({ data, width, height }: Luma): Image {
  const pixels = new Uint8ClampedArray(4 * data.length).fill(255)
  data.forEach((level, i) => pixels.fill(level, 4 * i, 4 * i + 3))
  return { data: pixels, width, height }
}

/** Mulberry32: small, and good enough to lose frames by. */
function makeRandom(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
