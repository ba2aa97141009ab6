/** A machine whose command has a page: the built program, a real browser at the address that it prints, and a camera. */
import type { Page } from 'playwright-core'
import { makeCamera } from '../browser/camera.ts'
import type { Camera, CameraOptions } from '../browser/camera.ts'
import { openBrowser } from '../browser/chromium.ts'
import type { RigBrowser } from '../browser/chromium.ts'
import { film } from '../browser/film.ts'
import type { Film, FilmOptions } from '../browser/film.ts'
import type { Person, Running } from '../e2e/world.ts'
import { ADDRESS, addressIn } from './address.ts'

/** A laptop: one browser with one camera, for the command that runs on it. */
export interface Laptop {
  readonly browser: RigBrowser
  readonly camera: Camera
  /** The tab of the last command. */
  readonly page: Page
  /** The origins of its pages, the first one first: a browser asks about the camera once for each. */
  readonly origins: readonly string[]
  /** Starts a command with `--channel web` and opens its address in a new tab; the tab of the command before is closed. */
  readonly start: (person: Person, command: string, args?: readonly string[]) => Promise<Running>
  readonly close: () => Promise<void>
}

export async function openLaptop(options: CameraOptions = {}, viewport = { width: 1280, height: 720 }): Promise<Laptop> {
  const camera = await makeCamera(options)
  const browser = await openBrowser({ camera, viewport })
  // Six browsers on two cores are slow. A test's own time limit ends what hangs.
  browser.context.setDefaultTimeout(300_000)
  let { page } = browser
  const origins: string[] = []
  return {
    browser, camera, origins,
    get page() {
      return page
    },
    start: async (person, command, args = []) => {
      const running = person.start(command, ['--channel', 'web', ...args])
      await running.said(ADDRESS)
      const last = page
      page = await browser.context.newPage()
      const address = addressIn(running)
      origins.push(new URL(address).origin)
      await page.goto(address)
      await last.close()
      return running
    },
    close: async () => {
      await browser.close()
      await camera.close()
    },
  }
}

/** Puts two laptops face to face: each camera sees the other's code. */
export function face(one: Pick<Laptop, 'page' | 'camera'>, other: Pick<Laptop, 'page' | 'camera'>, options: FilmOptions = {}): { readonly films: readonly Film[]; readonly stop: () => Promise<void> } {
  const films = [film(one.page, other.camera, { of: 'canvas.code', ...options }), film(other.page, one.camera, { of: 'canvas.code', ...options })]
  return {
    films,
    stop: async () => {
      for (const one of films) await one.stop()
    },
  }
}
