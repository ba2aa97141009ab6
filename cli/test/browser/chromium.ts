/** Real browsers, each with a camera of its own or with a camera's failure. */
import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import type { BrowserContext, Page } from 'playwright-core'
import type { Camera } from './camera.ts'
import { closing } from './closing.ts'
import type { Close } from './closing.ts'
import { makeFolder } from './folder.ts'
import { unpackChromium } from './unpack.ts'
import { y4mHeader } from './y4m.ts'

/**
 * A camera that works, or the error with which `getUserMedia` fails, the browser's own: `none` NotFoundError, `denied`
 * NotAllowedError, `busy` (as when another program has it) NotReadableError. A camera can also go missing or become
 * busy later, and be mended: see `Camera.fail`. `two` are the browser's own cameras, with a test picture.
 */
export type CameraChoice = Pick<Camera, 'file'> | 'none' | 'denied' | 'busy' | 'two'

/** A name that leads to this machine, as an attacker's site or a machine in a local network would have one. */
export const OTHER_HOST = 'other.test'

export interface BrowserOptions {
  /** The camera; `none` by default. */
  readonly camera?: CameraChoice
  /** CSS pixels, which are the screen's; 1280×800 by default. */
  readonly viewport?: { readonly width: number; readonly height: number }
  /**
   * A folder for a browser's profile that outlives it, for one browser at a time. By default a new one, removed with
   * it.
   */
  readonly profile?: string
}

export interface RigBrowser {
  readonly context: BrowserContext
  /** The page that is open from the start. */
  readonly page: Page
  /** Ends its processes in any case. */
  readonly close: Close
}

const FLAGS = [
  // To paint through an emulated graphics card takes seconds a frame.
  '--disable-gpu',
  '--in-process-gpu',
  // These make fewer processes. A process of root can have no sandbox.
  '--no-sandbox',
  '--no-zygote',
  '--disable-domain-reliability',
  '--no-pings',
  '--no-proxy-server',
  // Pages of a ceremony ask for nothing elsewhere, and a test must not need a network.
  `--host-resolver-rules=MAP ${OTHER_HOST} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost`,
  '--font-render-hinting=none',
]

/** Opens a browser with one page. `closeAll` closes it if nobody does. */
export async function openBrowser(options: BrowserOptions = {}): Promise<RigBrowser> {
  const { executable, env } = await unpackChromium()
  const own = await makeFolder()
  const profile = options.profile ?? join(own.path, 'profile')
  let context: BrowserContext | undefined
  const close = closing(async () => {
    // A browser that hangs does not say that it has closed.
    await Promise.race([context?.close(), later(5000)])
    await endProcesses(profile)
    await own.remove()
  })
  try {
    context = await chromium.launchPersistentContext(profile, {
      executablePath: executable,
      args: [...FLAGS, ...(await cameraFlags(options.camera ?? 'none', own.path))],
      // NSS writes to the home folder, which need not be writable.
      env: { ...process.env, ...env, HOME: own.path },
      viewport: options.viewport ?? { width: 1280, height: 800 },
    })
    // The tests' compiler wraps named functions in this, also those inside functions that are sent to a page.
    await context.addInitScript('globalThis.__name ??= (named) => named')
    if (options.camera === 'busy') await context.addInitScript(askAgain)
    const page = context.pages()[0] ?? (await context.newPage())
    return { context, page, close }
  } catch (error) {
    await close()
    throw error
  }
}

/**
 * A flag answers the prompt, since a page without a window cannot show one. A missing device, one whose picture cannot
 * be read, and a refusal are the browser's own failures, so the page meets the errors that it would meet elsewhere.
 */
async function cameraFlags(camera: CameraChoice, folder: string): Promise<string[]> {
  const device = '--use-fake-device-for-media-stream'
  const yes = '--use-fake-ui-for-media-stream'
  const film = '--use-file-for-fake-video-capture'
  if (camera === 'two') return [yes, `${device}=device-count=2`]
  if (camera === 'none') return [yes, `${device}=device-count=0`]
  if (camera === 'denied') return [`${yes}=deny`, device]
  if (camera !== 'busy') return [yes, device, `${film}=${camera.file}`]
  const file = join(folder, 'busy.y4m')
  await writeFile(file, y4mHeader({ width: 640, height: 480, rate: 10 }))
  return [yes, device, `${film}=${file}`]
}

/**
 * One time in ten the browser gives a camera before it notices that it cannot read it, and ends it at once. Then it is
 * asked again until it names the error. Runs in the page.
 */
function askAgain(): void {
  const devices = navigator.mediaDevices
  const ask = devices.getUserMedia.bind(devices)
  devices.getUserMedia = async (constraints) => {
    for (;;) {
      const [track] = (await ask(constraints)).getTracks()
      if (track?.readyState === 'live') await new Promise((resolve) => (track.onended = resolve))
    }
  }
}

/** Ends the processes of one profile, which no other browser has. */
async function endProcesses(profile: string): Promise<void> {
  for (const pid of await processesOf(profile)) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It has ended by itself meanwhile.
    }
  }
}

/** The ids of browser processes whose profile's path begins so. */
export async function processesOf(profile: string): Promise<number[]> {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const lines = await Promise.all(ids.map((id) => readFile(join('/proc', id, 'cmdline'), 'utf8').catch(() => '')))
  return ids.filter((_, i) => lines[i]?.includes(`--user-data-dir=${profile}`)).map(Number)
}

const later = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds).unref())
