/** The camera: which one is used, what goes wrong with it, and how it comes back by itself. */
import { MOST_FRAME_CHARACTERS, MOST_FRAMES } from '../web/protocol.ts'
import type { FramesResult } from '../web/protocol.ts'
import type { FailureName } from './failures.ts'
import { framesIn } from './paste.ts'
import { whyNotSent } from './connection.ts'
import type { PageMemory } from './connection.ts'
import type { CameraState } from './view.ts'

export interface Camera {
  /** Starts the camera with this id, or the one that was used last. */
  readonly start: (id?: string) => void
  readonly stop: () => void
}

export interface CameraOptions {
  readonly video: HTMLVideoElement
  readonly kept: PageMemory
  readonly onChange: (state: CameraState) => void
}

const CHOSEN = 'camera'
/**
 * The name is remembered too: a browser that does not remember permissions gives the same camera another id after a
 * reload.
 */
const CHOSEN_NAME = 'camera-name'

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
    if (id !== undefined) choose(id)
    run += 1
    release()
    tell({ kind: 'asking' })
    void open(run).catch((error: unknown) => fail(failureFor(error)))
  }

  function choose(id: string): void {
    kept.set(CHOSEN, id)
    if (state.kind === 'on') kept.set(CHOSEN_NAME, state.cameras.find((camera) => camera.id === id)?.name)
  }

  async function open(mine: number): Promise<void> {
    const given = await chosen(kept.get(CHOSEN), kept.get(CHOSEN_NAME))
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

  /** Hears that a camera came or went. */
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

  // A browser pauses a video that leaves the page, such as for a question. It would then show one picture for ever.
  video.addEventListener('pause', () => {
    if (stream !== undefined) void video.play().catch(() => undefined)
  })
  if (isPossible()) navigator.mediaDevices.addEventListener('devicechange', () => void changed())
  return { start, stop }
}

/** The types say that `mediaDevices` is always there. At an address that is not secure it is not. */
function isPossible(): boolean {
  const { mediaDevices } = navigator as { readonly mediaDevices?: MediaDevices }
  return mediaDevices !== undefined && 'getUserMedia' in mediaDevices
}

class Insecure extends Error {}

/** The camera with this id, else the one with this name, else the browser's choice. */
async function chosen(id: string | undefined, name: string | undefined): Promise<MediaStream> {
  if (!isPossible()) throw new Insecure()
  const exact = id === undefined ? undefined : await picturesOf(id)
  if (exact !== undefined) return exact
  const any = await pictures({})
  // The browser tells names only to a page that has a camera.
  const named = name === undefined ? undefined : (await navigator.mediaDevices.enumerateDevices()).find(({ kind, label }) => kind === 'videoinput' && label === name)
  if (named === undefined || any.getVideoTracks()[0]?.label === name) return any
  for (const track of any.getTracks()) track.stop()
  return (await picturesOf(named.deviceId)) ?? (await pictures({}))
}

/** The pictures of the camera with this id; undefined where none has it today. */
async function picturesOf(id: string): Promise<MediaStream | undefined> {
  try {
    return await pictures({ deviceId: { exact: id } })
  } catch (error) {
    if (isNamed(error, 'OverconstrainedError', 'NotFoundError')) return undefined
    throw error
  }
}

const pictures = (which: MediaTrackConstraints): Promise<MediaStream> =>
  navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1280 }, height: { ideal: 720 }, ...which }, audio: false })

const isNamed = (error: unknown, ...names: readonly string[]): boolean => error instanceof Error && names.includes(error.name)

export function failureFor(error: unknown): FailureName {
  if (error instanceof Insecure || isNamed(error, 'SecurityError')) return 'insecure'
  if (isNamed(error, 'NotFoundError', 'OverconstrainedError', 'DevicesNotFoundError')) return 'no-camera'
  if (isNamed(error, 'NotAllowedError', 'PermissionDeniedError')) return 'denied'
  if (isNamed(error, 'NotReadableError', 'TrackStartError', 'AbortError')) return 'busy'
  return 'broken'
}

// A text that was pasted in place of a camera's codes goes to the command.

/** @returns the reason why it is refused, or undefined */
export async function sendPasted(
  text: string, post: (frames: readonly string[]) => Promise<FramesResult>, onResult: (result: FramesResult, frames: readonly string[]) => void,
): Promise<string | undefined> {
  const found = framesIn(text, MOST_FRAME_CHARACTERS)
  if (found.kind === 'nothing') return found.why
  try {
    for (let at = 0; at < found.frames.length; at += MOST_FRAMES) {
      const frames = found.frames.slice(at, at + MOST_FRAMES)
      const result = await post(frames)
      onResult(result, frames)
      if (result.trouble !== undefined) return `${result.trouble.message} ${result.trouble.todo}`
    }
    return undefined
  } catch (error) {
    return whyNotSent(error)
  }
}
