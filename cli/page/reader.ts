/** Sends pictures of a video to the worker that looks for codes, one whenever it is idle. None of them leaves the page. */
import { source } from 'inline:./reader-worker.ts'
import { alarm } from '../../engine/base/signals.ts'

/** A picture for the worker; its memory is handed over and not copied. */
export type ReaderWork =
  | { readonly kind: 'bitmap'; readonly bitmap: ImageBitmap }
  | { readonly kind: 'pixels'; readonly pixels: Uint8ClampedArray<ArrayBuffer>; readonly width: number; readonly height: number }

/** The worker's answer. */
export interface ReaderAnswer {
  readonly text: string | null
  readonly milliseconds: number
}

export interface CameraReader {
  /** Looks for codes, or rests. A camera that is not needed may stay on; resting then costs no time. */
  readonly look: (isLooking: boolean) => void
}

export interface ReaderOptions {
  readonly video: HTMLVideoElement
  readonly onText: (text: string) => void
  /** Hears that the worker does not run here. */
  readonly onBroken: () => void
}

/** Milliseconds after which a picture is taken without an event: the video of a hidden page may send none. */
const IMPATIENCE = 150

export function makeReader({ video, onText, onBroken }: ReaderOptions): CameraReader {
  let worker: Worker | undefined
  let isLooking = false
  let isBusy = false
  let canvas: HTMLCanvasElement | undefined

  function start(): Worker | undefined {
    try {
      const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }))
      const made = new Worker(url)
      URL.revokeObjectURL(url)
      made.addEventListener('message', ({ data }: MessageEvent<ReaderAnswer>) => {
        isBusy = false
        if (data.text !== null && data.text !== '' && isLooking) onText(data.text)
        next()
      })
      made.addEventListener('error', () => {
        worker = undefined
        isLooking = false
        onBroken()
      })
      return made
    } catch {
      onBroken()
      return undefined
    }
  }

  function look(wanted: boolean): void {
    if (wanted === isLooking) return
    isLooking = wanted
    worker ??= wanted ? start() : undefined
    next()
  }

  const again = alarm(next)

  /** Takes the next picture once there is one. */
  function next(): void {
    if (!isLooking || isBusy || worker === undefined) return
    isBusy = true
    let isTaken = false
    const take = (): void => {
      if (isTaken) return
      isTaken = true
      impatient.clear()
      void grab().catch(() => false).then((isSent) => {
        if (isSent) return
        isBusy = false
        // There is no picture yet.
        again.set(IMPATIENCE)
      })
    }
    const impatient = alarm(take)
    impatient.set(IMPATIENCE)
    if ('requestVideoFrameCallback' in video) video.requestVideoFrameCallback(take)
  }

  /** Sends a picture to the worker; false where there is none. */
  async function grab(): Promise<boolean> {
    if (!isLooking || worker === undefined || video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA || video.videoWidth === 0) return false
    if ('OffscreenCanvas' in globalThis && 'createImageBitmap' in globalThis) {
      const bitmap = await createImageBitmap(video)
      worker.postMessage({ kind: 'bitmap', bitmap } satisfies ReaderWork, [bitmap])
      return true
    }
    canvas ??= document.createElement('canvas')
    canvas.width = video.videoWidth
    canvas.height = video.videoHeight
    const context = canvas.getContext('2d', { willReadFrequently: true })
    if (context === null) return false
    context.drawImage(video, 0, 0)
    const { data, width, height } = context.getImageData(0, 0, canvas.width, canvas.height)
    worker.postMessage({ kind: 'pixels', pixels: data, width, height } satisfies ReaderWork, [data.buffer])
    return true
  }

  return { look }
}
