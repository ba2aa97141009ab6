/**
 * One crossing through the real camera loop: two pages in two browsers, of which one films the other, and two web
 * carriers here.
 */
import { randomBytes } from 'node:crypto'
import type { Page } from 'playwright-core'
import { sealEnvelope } from '../../engine/channel/envelope.ts'
import { packedSize } from '../../engine/channel/payload.ts'
import { makeCamera } from '../test/browser/camera.ts'
import { closeAll } from '../test/browser/closing.ts'
import { film } from '../test/browser/film.ts'
import { openEnd } from '../test/web/end.ts'

export interface Setting {
  /** Bytes a frame. */
  readonly fragment: number
  /** Frames a second. */
  readonly speed: number
  readonly camera: '640×480' | '1280×720'
  /** The share of pictures that are lost, 0 … 1. */
  readonly dropped: number
}

export interface Crossing {
  /** The transfer's size as it crosses, deflated. */
  readonly bytes: number
  /** Undefined where it took longer than `LIMIT`. */
  readonly seconds: number | undefined
  /** The frames that suffice. */
  readonly needed: number
  /** The frames that were read until it was over, useful or not. */
  readonly read: number
  /** Pictures a second that the camera got. */
  readonly shots: number
}

/** Milliseconds for one crossing. The short one before it has as many of its own. */
export const LIMIT = 120_000

const CAMERAS = { '640×480': { width: 640, height: 480 }, '1280×720': { width: 1280, height: 720 } } as const
/** The parts of the short transfer that comes first. */
const FIRST_PARTS = 4

/** Carries so many bytes once, and closes everything. */
export async function cross(setting: Setting, size: number): Promise<Crossing> {
  try {
    return await crossOnce(setting, size)
  } finally {
    await closeAll()
  }
}

async function crossOnce({ fragment, speed, dropped, ...setting }: Setting, size: number): Promise<Crossing> {
  // More than twice the rate of what is shown, so that no code falls between two pictures.
  const camera = await makeCamera({ ...CAMERAS[setting.camera], dropped, rate: Math.max(15, Math.ceil(2.5 * speed)) })
  const from = await openEnd('client', 'none')
  const to = await openEnd('airgap', camera)
  const filming = film(from.page, camera, { of: 'canvas.code', rate: 2 * speed })

  // A short transfer comes first. Meanwhile the pace is set with the page's own controls; after it the camera is on,
  // and the reader is compiled and knows where the code is. So the measured crossing is one among others, as in a
  // ceremony.
  const first = to.receive(LIMIT)
  await from.carrier.show(textOf(FIRST_PARTS * fragment))
  await setPace(from.page, fragment, speed)
  const isReady = (await first) !== undefined

  const text = textOf(size)
  const before = filming.counts()
  const began = performance.now()
  const last = isReady ? to.receive(LIMIT) : undefined
  if (isReady) await from.carrier.show(text)
  const incoming = await last
  const seconds = (performance.now() - began) / 1000
  const after = await filming.stop()
  if (incoming !== undefined && incoming.text !== text) throw new Error('what arrived is not what was shown')
  const bytes = packedSize(text)
  const since = isReady ? before : { shots: 0, seconds: 0 }
  return {
    bytes, seconds: incoming === undefined ? undefined : seconds, needed: Math.ceil(bytes / fragment),
    read: incoming?.frames ?? to.framesRead(), shots: (after.shots - since.shots) / (after.seconds - since.seconds),
  }
}

/** Sets the pace by hand, which ends the page's own choosing. */
async function setPace(page: Page, fragment: number, speed: number): Promise<void> {
  await page.locator(`input[name=density][value="${String(fragment)}"]`).check({ force: true })
  await page.locator('#speed').fill(String(speed))
  await page.getByText(`${String(speed)} a second`, { exact: true }).waitFor()
  if (await page.getByLabel('Choose both automatically').isChecked()) throw new Error('the page still chooses its pace')
}

/** An envelope that deflates to about so many bytes and no fewer: its body is random, as keys and signatures are. */
function textOf(size: number): string {
  const make = (bytes: number): string => sealEnvelope({ kind: 'bench', ceremony: null, step: null, body: randomBytes(bytes).toString('base64') })
  const excess = packedSize(make(size)) - size
  return make(Math.max(1, size - excess))
}
