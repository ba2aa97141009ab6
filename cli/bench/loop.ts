/** One crossing through the real camera loop: two pages in two browsers, of which one films the other, and two web carriers here. */
import { randomBytes } from 'node:crypto'
import type { Page } from 'playwright-core'
import type { Incoming, Role } from '../../engine/channel/carrier.ts'
import { sealEnvelope } from '../../engine/channel/envelope.ts'
import { packedSize } from '../../engine/channel/payload.ts'
import { makeCamera } from '../test/browser/camera.ts'
import { openBrowser } from '../test/browser/chromium.ts'
import type { CameraChoice } from '../test/browser/chromium.ts'
import { closeAll, closing } from '../test/browser/closing.ts'
import { film } from '../test/browser/film.ts'
import { makeWebCarrier } from '../web/carrier.ts'
import type { WebCarrier } from '../web/carrier.ts'
import { readPage } from '../web/page-file.ts'
import type { PageState } from '../web/protocol.ts'
import { servePage } from '../web/server.ts'

export interface Setting {
  /** Bytes a frame. */
  readonly fragment: number
  /** Frames a second. */
  readonly speed: number
  readonly camera: '640×480' | '1280×720'
  /** Share of pictures, 0 … 1. */
  readonly dropped: number
}

export interface Crossing {
  /** As they crossed: deflated. */
  readonly bytes: number
  /** Undefined where it was not over within `LIMIT`. */
  readonly seconds: number | undefined
  /** Frames that suffice. */
  readonly needed: number
  /** Frames that were read until it was over, useful or not. */
  readonly read: number
  /** Pictures a second that the camera got. */
  readonly shots: number
}

/** Milliseconds for one crossing; the short one before it has as many of its own. */
export const LIMIT = 120_000

const CAMERAS = { '640×480': { width: 640, height: 480 }, '1280×720': { width: 1280, height: 720 } } as const
const VIEWPORT = { width: 1280, height: 720 }
/** Parts of the short transfer that comes first. */
const FIRST_PARTS = 4

/** Carries so many bytes, and leaves nothing open. */
export async function cross(setting: Setting, size: number): Promise<Crossing> {
  try {
    return await crossOnce(setting, size)
  } finally {
    await closeAll()
  }
}

async function crossOnce({ fragment, speed, dropped, ...setting }: Setting, size: number): Promise<Crossing> {
  // More than twice what is shown, so that no code falls between two pictures.
  const camera = await makeCamera({ ...CAMERAS[setting.camera], dropped, rate: Math.max(15, Math.ceil(2.5 * speed)) })
  const from = await openMachine('client', 'none')
  const to = await openMachine('airgap', camera)
  const filming = film(from.page, camera, { of: 'canvas.code', rate: 2 * speed })

  // A short transfer first. While it is shown the pace is set by the page's own controls; after it the camera is on, the reader
  // knows where the code is and is compiled. What is measured is then one crossing among others, as in a ceremony.
  const first = to.receive()
  await from.carrier.show(textOf(FIRST_PARTS * fragment))
  await setPace(from.page, fragment, speed)
  const isReady = (await first) !== undefined

  const text = textOf(size)
  const before = filming.counts()
  const began = performance.now()
  const last = isReady ? to.receive() : undefined
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

interface Machine {
  readonly page: Page
  readonly carrier: WebCarrier
  /** The next transfer; undefined if it is not there within `LIMIT`. */
  readonly receive: () => Promise<Incoming | undefined>
  /** Of the transfer that is being read. */
  readonly framesRead: () => number
}

/** A command's end of the web carrier, its server, and its page in a browser. */
async function openMachine(role: Role, camera: CameraChoice): Promise<Machine> {
  let frames = 0
  let state: PageState = {
    role, owner: 'bench', command: `keyrite ${role} run`, isRehearsal: true, ceremony: null, doing: 'Measuring.', isWaitingForOwner: false, record: [],
    table: null, showing: null, isReading: false, read: null, progress: null, question: null, end: null,
  }
  const carrier = makeWebCarrier({ role, onProgress: (progress) => (frames = progress.frames) }, (now) => {
    state = { ...state, ...now }
    server.tell()
  })
  const server = await servePage({
    page: readPage(), state: () => state,
    message: carrier.message, onFrames: carrier.onFrames, onTaken: carrier.onTaken,
    onAnswer: () => false, onPage: () => undefined, onStale: () => undefined,
  })
  closing(server.close)
  const { page } = await openBrowser({ camera, viewport: VIEWPORT })
  await page.goto(server.address())
  return {
    page, carrier, framesRead: () => frames,
    receive: async () => {
      frames = 0
      const signal = AbortSignal.timeout(LIMIT)
      return await carrier.receive(signal).catch((error: unknown) => {
        if (signal.aborted) return undefined
        throw error
      })
    },
  }
}

/** By hand, which ends the page's own choosing. */
async function setPace(page: Page, fragment: number, speed: number): Promise<void> {
  await page.locator(`input[name=density][value="${String(fragment)}"]`).check({ force: true })
  await page.locator('#speed').fill(String(speed))
  await page.getByText(`${String(speed)} a second`, { exact: true }).waitFor()
  if (await page.getByLabel('Choose both automatically').isChecked()) throw new Error('the page still chooses its pace')
}

/** An envelope that nobody can deflate below so many bytes, give or take a few: random, as keys and signatures are. */
function textOf(size: number): string {
  const make = (bytes: number): string => sealEnvelope({ kind: 'bench', ceremony: null, step: null, body: randomBytes(bytes).toString('base64') })
  const excess = packedSize(make(size)) - size
  return make(Math.max(1, size - excess))
}
