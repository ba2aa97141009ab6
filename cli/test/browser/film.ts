/** Films one browser's page with another one's camera, shot by shot. */
import type { CDPSession, Page } from 'playwright-core'
import type { Camera } from './camera.ts'
import { closing } from './closing.ts'

export interface FilmOptions {
  /**
   * A selector of the element before the camera; the whole window by default. While it is missing, the camera sees a
   * desk.
   */
  readonly of?: string
  /** The most shots a second, 10 by default; twice as many as the page shows, so that none is missed. */
  readonly rate?: number
}

export interface FilmCounts {
  readonly shots: number
  /** Shots in which the element was not on the screen. */
  readonly empty: number
  readonly seconds: number
}

export interface Film {
  /** The counts so far. */
  counts(): FilmCounts
  /**
   * Ends it, at the latest with the shot under way. The camera keeps seeing the last shot.
   *
   * @throws the error that ended it before, unless that was the page's end
   */
  stop(): Promise<FilmCounts>
}

interface Clip {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** Films until it is stopped or the page is closed. The page may navigate meanwhile. */
export function film(page: Page, camera: Camera, options: FilmOptions = {}): Film {
  const { of, rate = 10 } = options
  const started = performance.now()
  let shots = 0
  let empty = 0
  let stopped = false
  let failure: unknown

  const counts = (): FilmCounts => ({ shots, empty, seconds: (performance.now() - started) / 1000 })

  async function shoot(session: CDPSession): Promise<void> {
    const clip = await clipOf(session, of)
    if (clip === undefined) {
      empty += 1
      camera.lookAway()
      return
    }
    // This takes a fifth of the time of the driver's screenshot: it neither waits for fonts nor hides the caret.
    const { data } = await session.send('Page.captureScreenshot', { format: 'png', optimizeForSpeed: true, clip: { ...clip, scale: 1 } })
    if (stopped) return
    camera.show(Buffer.from(data, 'base64'))
    shots += 1
  }

  async function run(): Promise<void> {
    const session = await page.context().newCDPSession(page)
    for (let next = performance.now(); !isOver(); next = Math.max(next + 1000 / rate, performance.now())) {
      await pause(next - performance.now())
      if (isOver()) break
      await shoot(session).catch((error: unknown) => {
        if (!isOver() && !isNavigation(error)) throw error
      })
    }
    if (!page.isClosed()) await session.detach()
  }
  const isOver = (): boolean => stopped || page.isClosed()

  const running = run().catch((error: unknown) => {
    if (!isOver()) failure = error
  })
  const close = closing(async () => {
    stopped = true
    await running
  })
  return {
    counts,
    async stop() {
      await close()
      if (failure !== undefined) throw failure as Error
      return counts()
    },
  }
}

/** The part of the element that is on the screen, in the document's pixels as the browser's screenshots want them. Runs in the page. */
function clipHere(selector: string | undefined): Clip | undefined {
  const { innerWidth, innerHeight, scrollX, scrollY } = window
  const box = selector === undefined ? undefined : document.querySelector(selector)?.getBoundingClientRect()
  if (selector !== undefined && box === undefined) return undefined
  const left = Math.max(0, Math.floor(box?.left ?? 0))
  const top = Math.max(0, Math.floor(box?.top ?? 0))
  const width = Math.min(innerWidth, Math.ceil(box?.right ?? innerWidth)) - left
  const height = Math.min(innerHeight, Math.ceil(box?.bottom ?? innerHeight)) - top
  return width < 1 || height < 1 ? undefined : { x: left + scrollX, y: top + scrollY, width, height }
}

async function clipOf(session: CDPSession, of: string | undefined): Promise<Clip | undefined> {
  const expression = `(${clipHere.toString()})(${of === undefined ? '' : JSON.stringify(of)})`
  const { result, exceptionDetails } = await session.send('Runtime.evaluate', { expression, returnByValue: true })
  if (exceptionDetails !== undefined) throw new Error(`"${of ?? ''}" cannot be looked for: ${exceptionDetails.text}`)
  return result.value as Clip | undefined
}

/** True for the errors while a page is being replaced, when there is none to ask. */
const isNavigation = (error: unknown): boolean =>
  error instanceof Error && /context was destroyed|navigat|Not attached|frame (was|got) detached/i.test(error.message)

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, Math.max(0, milliseconds)))
