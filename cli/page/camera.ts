/** The camera: which one, what goes wrong with it, and that it comes back by itself once it can. */
import type { FailureName } from './failures.ts'
import type { Kept } from './kept.ts'
import type { CameraState } from './view.ts'

export interface Camera {
  /** Starts the camera that was used last, or this one. */
  readonly start: (id?: string) => void
  readonly stop: () => void
}

export interface CameraOptions {
  readonly video: HTMLVideoElement
  readonly kept: Kept
  readonly onChange: (state: CameraState) => void
}

const CHOSEN = 'camera'

export function makeCamera({ video, kept, onChange }: CameraOptions): Camera {
  let stream: MediaStream | undefined
  let run = 0
  let isWanted = false
  let state: CameraState = { kind: 'off' }

  function tell(next: CameraState): void {
    state = next
    onChange(next)
  }

  function release(): void {
    for (const track of stream?.getTracks() ?? []) track.stop()
    stream = undefined
    video.srcObject = null
  }

  function stop(): void {
    run += 1
    isWanted = false
    release()
    tell({ kind: 'off' })
  }

  function fail(failure: FailureName): void {
    release()
    tell({ kind: 'failed', failure })
  }

  function start(id?: string): void {
    isWanted = true
    if (id !== undefined) kept.set(CHOSEN, id)
    run += 1
    release()
    tell({ kind: 'asking' })
    void open(run).catch((error: unknown) => fail(failureFor(error)))
  }

  async function open(mine: number): Promise<void> {
    const given = await pictures(kept.get(CHOSEN))
    if (mine !== run) {
      for (const track of given.getTracks()) track.stop()
      return
    }
    stream = given
    const [track] = given.getVideoTracks()
    track?.addEventListener('ended', () => {
      if (stream === given) fail('unplugged')
    })
    video.srcObject = given
    await video.play().catch(() => undefined)
    await list(mine, track?.getSettings().deviceId ?? '')
  }

  async function list(mine: number, id: string): Promise<void> {
    const devices = await navigator.mediaDevices.enumerateDevices()
    if (mine !== run || stream === undefined) return
    const cameras = devices.filter(({ kind }) => kind === 'videoinput')
    tell({ kind: 'on', id, cameras: cameras.map((camera, i) => ({ id: camera.deviceId, name: camera.label === '' ? `Camera ${i + 1}` : camera.label })) })
  }

  /** A camera came or went. */
  async function changed(): Promise<void> {
    if (!isWanted || state.kind === 'asking') return
    const mine = run
    const devices = await navigator.mediaDevices.enumerateDevices()
    if (mine !== run) return
    const cameras = devices.filter(({ kind }) => kind === 'videoinput')
    if (state.kind === 'on') {
      const { id } = state
      if (cameras.some(({ deviceId }) => deviceId === id)) await list(mine, id)
      else fail('unplugged')
    } else if (state.kind === 'failed' && state.failure !== 'denied' && cameras.length > 0) start()
  }

  // A video that is taken out of the page, for a question say, is paused by the browser, and would show one picture for ever.
  video.addEventListener('pause', () => {
    if (stream !== undefined) void video.play().catch(() => undefined)
  })
  if (isPossible()) navigator.mediaDevices.addEventListener('devicechange', () => void changed())
  return { start, stop }
}

/** Types believe that there always is one; at an address that is not secure there is none. */
function isPossible(): boolean {
  const { mediaDevices } = navigator as { readonly mediaDevices?: MediaDevices }
  return mediaDevices !== undefined && 'getUserMedia' in mediaDevices
}

class Insecure extends Error {}

async function pictures(id: string | undefined): Promise<MediaStream> {
  if (!isPossible()) throw new Insecure()
  const video = { width: { ideal: 1280 }, height: { ideal: 720 } }
  if (id !== undefined) {
    try {
      return await navigator.mediaDevices.getUserMedia({ video: { ...video, deviceId: { exact: id } }, audio: false })
    } catch (error) {
      // The camera of last time is not there today.
      if (!isNamed(error, 'OverconstrainedError', 'NotFoundError')) throw error
    }
  }
  return await navigator.mediaDevices.getUserMedia({ video, audio: false })
}

const isNamed = (error: unknown, ...names: readonly string[]): boolean => error instanceof Error && names.includes(error.name)

export function failureFor(error: unknown): FailureName {
  if (error instanceof Insecure || isNamed(error, 'SecurityError')) return 'insecure'
  if (isNamed(error, 'NotFoundError', 'OverconstrainedError', 'DevicesNotFoundError')) return 'no-camera'
  if (isNamed(error, 'NotAllowedError', 'PermissionDeniedError')) return 'denied'
  if (isNamed(error, 'NotReadableError', 'TrackStartError', 'AbortError')) return 'busy'
  return 'broken'
}
