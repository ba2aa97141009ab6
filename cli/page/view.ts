/** The page's knowledge, and what it shows for it: one function from events to a view, one from a view to a scene. */
import type { FramesResult, PageState } from '../web/protocol.ts'
import type { FailureName } from './failures.ts'
import type { ReadingStatus } from './shower.ts'

/** The state of the link between this page and its command. */
export type CommandLink = 'opening' | 'live' | 'silent' | 'taken' | 'refused' | 'no-token'

export type CameraState =
  | { readonly kind: 'off' }
  | { readonly kind: 'asking' }
  | { readonly kind: 'on'; readonly id: string; readonly cameras: readonly { readonly id: string; readonly name: string }[] }
  | { readonly kind: 'failed'; readonly failure: FailureName }

export interface PageTrouble {
  readonly message: string
  readonly todo: string
}

export interface View {
  readonly link: CommandLink
  readonly state: PageState | null
  readonly camera: CameraState
  /** The progress of the transfer that is being read, by the newest report of camera or command. */
  readonly read: { readonly seen: number; readonly needed: number } | null
  /** The trouble with the codes that the camera reads. */
  readonly trouble: PageTrouble | null
  /** The other page's last report of its reading. */
  readonly heard: ReadingStatus | null
}

export type PageEvent =
  | { readonly kind: 'link'; readonly link: CommandLink }
  | { readonly kind: 'state'; readonly state: PageState }
  | { readonly kind: 'camera'; readonly camera: CameraState }
  | { readonly kind: 'frames'; readonly result: FramesResult }
  | { readonly kind: 'trouble'; readonly trouble: PageTrouble | null }
  | { readonly kind: 'heard'; readonly status: ReadingStatus }

export const FIRST_VIEW: View = { link: 'opening', state: null, camera: { kind: 'off' }, read: null, trouble: null, heard: null }

export function reduce(view: View, event: PageEvent): View {
  switch (event.kind) {
    case 'link': return view.link === event.link ? view : { ...view, link: event.link }
    case 'camera': return { ...view, camera: event.camera }
    case 'trouble': return { ...view, trouble: event.trouble }
    case 'heard': return { ...view, heard: event.status }
    case 'state': return withState(view, event.state)
    case 'frames': return withFrames(view, event.result)
  }
}

function withState(view: View, state: PageState): View {
  const isAnother = state.showing?.id !== view.state?.showing?.id
  return {
    ...view, state, link: 'live',
    read: state.read,
    trouble: state.isReading ? view.trouble : null,
    heard: isAnother ? null : view.heard,
  }
}

function withFrames(view: View, { seen, needed, trouble }: FramesResult): View {
  // The answer was on its way when the command stopped reading.
  if (view.state?.isReading !== true) return view
  return { ...view, read: needed > 0 ? { seen, needed } : view.read, trouble: trouble ?? null }
}

/** The kind of content that fills the page. */
export type Scene = 'statement' | 'opening' | 'end' | 'question' | 'show' | 'read' | 'wait'

export function sceneOf({ link, state }: View): Scene {
  // After its end a command is rightly gone.
  if (state !== null && state.end !== null && link !== 'taken') return 'end'
  if (link === 'silent' || link === 'taken' || link === 'refused' || link === 'no-token') return 'statement'
  if (state === null) return 'opening'
  if (state.question !== null) return 'question'
  if (state.showing !== null) return 'show'
  return state.isReading ? 'read' : 'wait'
}

/** Whether the camera is needed: for a transfer, or for the other machine's reports of its reading. */
export const wantsCamera = ({ link, state }: View): boolean =>
  link === 'live' && state !== null && state.end === null && (state.isReading || state.showing !== null)

/** The owner and role of the machine, as in the page's title. */
export function whoOf(state: PageState): string {
  return state.owner === '' ? state.role : `${state.role} of ${state.owner}`
}

export function titleOf(view: View): string {
  const { state, link } = view
  if (state === null) return 'keyrite'
  const who = whoOf(state)
  const rehearsal = state.isRehearsal ? ' (rehearsal)' : ''
  if (state.end !== null) return `${state.end.isGood ? 'Done' : 'Ended'} — ${who}${rehearsal}`
  if (link !== 'live') return `Stopped — ${who}${rehearsal}`
  return `${state.isWaitingForOwner ? '● Your turn — ' : ''}${who}${rehearsal}`
}
