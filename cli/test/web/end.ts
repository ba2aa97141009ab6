/** One end of the camera loop without a ceremony: a web carrier, its server, and its page in a real browser. */
import type { Page } from 'playwright-core'
import type { Role } from '../../../engine/base/names.ts'
import type { Incoming } from '../../../engine/channel/carrier.ts'
import { makeWebCarrier } from '../../web/carrier.ts'
import type { WebCarrier } from '../../web/carrier.ts'
import { readPage } from '../../web/page-file.ts'
import type { PageState } from '../../web/protocol.ts'
import { servePage } from '../../web/server.ts'
import { openBrowser } from '../browser/chromium.ts'
import type { CameraChoice } from '../browser/chromium.ts'
import { closing } from '../browser/closing.ts'

export interface End {
  readonly page: Page
  readonly carrier: WebCarrier
  /** Receives the next transfer; undefined if it is not there within so many milliseconds. */
  readonly receive: (limit: number) => Promise<Incoming | undefined>
  /** The frames that were read of the present transfer. */
  readonly framesRead: () => number
}

const VIEWPORT = { width: 1280, height: 720 }

/** Opens one end. `closeAll` closes it. */
export async function openEnd(role: Role, camera: CameraChoice): Promise<End> {
  let frames = 0
  let state: PageState = {
    role, owner: 'ada', command: `keyrite ${role} run`, isRehearsal: true, ceremony: null, doing: 'Measuring.', isWaitingForOwner: false, record: [],
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
    receive: async (limit) => {
      frames = 0
      const signal = AbortSignal.timeout(limit)
      return await carrier.receive(signal).catch((error: unknown) => {
        if (signal.aborted) return undefined
        throw error
      })
    },
  }
}
