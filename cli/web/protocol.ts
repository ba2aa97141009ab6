/**
 * The requests and answers between a command and its page, on loopback. The command tells its page what to show, whole
 * each time. The page sends what its camera read and what its owner answered, and decides nothing.
 *
 *     GET  /            the page, the same for everyone
 *     POST /session     {token} → {key}: the one-time token of the address, for a key that only this page has
 *     GET  /events      PageState, one JSON a line, on and on; an empty line now and then tells that the command lives.
 *                       A stream is one page's: the newest ends the one before, whose last line is {"code": PAGE_TAKEN}
 *     GET  /message     the bytes of the transfer to show, as `showing.id` names it: ?id=
 *     POST /frames      {frames} → FramesResult: what the camera read, decoded, as texts
 *     POST /answer      {question, answer} → {}: what the owner typed or pressed
 *     POST /taken       {id} → {}: the other machine has read the transfer with this id
 *
 * All but the first two take the key in the Authorization header, `Bearer KEY`. Errors are {code, message, todo}.
 */
import { MAX_FRAME } from '../../engine/channel/carrier.ts'
import type { Role } from '../../engine/base/names.ts'
import type { Mark } from '../../engine/run/standing.ts'
import type { Block } from '../screen/blocks.ts'
import type { Wanted } from '../screen/owner.ts'

/** The most texts in one POST /frames, and the most characters of one text: a pasted line may hold a whole transfer. */
export const MOST_FRAMES = 16
export const MOST_FRAME_CHARACTERS = MAX_FRAME

/** The most milliseconds between two signs of life. */
export const HEARTBEAT = 2000

/**
 * The code of a page's last line, when another page begins to read the events. A page does not take them back by
 * itself; its owner may.
 */
export const PAGE_TAKEN = 'page.taken'

export interface PageState {
  readonly role: Role
  /** The machine's owner; empty while there is no name. */
  readonly owner: string
  /** The command as it is typed, such as `keyrite client run`. */
  readonly command: string
  readonly isRehearsal: boolean
  /** The ceremony under way, once it is known. */
  readonly ceremony: PageCeremony | null
  /** The present work, in one sentence. */
  readonly doing: string
  /** Whether it is the owner's turn. */
  readonly isWaitingForOwner: boolean
  /** The record, the newest line last; at most 50 lines. */
  readonly record: readonly string[]
  /** A client's table of who has done what. */
  readonly table: PageTable | null
  /** The transfer for the other machine's camera. Each has a new `id`. */
  readonly showing: { readonly id: string; readonly bytes: number } | null
  /** Whether this machine waits for what the other one shows. */
  readonly isReading: boolean
  /** The progress of the transfer that is being read. `needed` is 0 while it is unknown. */
  readonly read: { readonly seen: number; readonly needed: number } | null
  /** The progress of a transfer in parts, or of long work. */
  readonly progress: { readonly what: string; readonly done: number; readonly total: number; readonly secondsLeft: number | null } | null
  readonly question: PageQuestion | null
  /** The end of the command, with the next steps. */
  readonly end: { readonly isGood: boolean; readonly lines: readonly string[]; readonly next: readonly string[] } | null
}

export interface PageCeremony {
  /** The ceremony's id, in hex. */
  readonly id: string
  /** The ceremony's number, 40 digits in eight groups. */
  readonly number: string
  /** The script's name, version and title, such as `dkg 1.0.0: A threshold …`. */
  readonly title: string
  readonly step: string | null
  /** The step's place, from 1, and the number of steps. */
  readonly at: number
  readonly of: number
}

export interface PageTable {
  readonly steps: readonly string[]
  readonly rows: readonly { readonly name: string; readonly isMe: boolean; readonly cells: readonly Mark[] }[]
  /** Lines such as `waiting for bob, carol`, and the deadline. */
  readonly waiting: readonly string[]
}

export interface PageQuestion {
  readonly id: string
  /** Everything that is consented to. */
  readonly blocks: readonly Block[]
  /** The question, in sentences. */
  readonly prompt: readonly string[]
  readonly answer: Wanted
  /** Whether a list of messages can be searched. The page then sends `list N`, `show N` and `find TEXT` as answers. */
  readonly mayLook: boolean
  /** Whether a no is asked again by a question of its own. If not, the page asks again before it sends one. */
  readonly isNoAskedAgain: boolean
  /** The result of the last look; null for none. */
  readonly looked: readonly Block[] | null
  /** Whether it may be left open with `later`. */
  readonly mayLeave: boolean
  /** The reason why the last answer was refused; null for none. */
  readonly trouble: string | null
}

/** The result of the newest frames. */
export interface FramesResult {
  readonly state: 'progress' | 'complete' | 'ignored' | 'other-transfer' | 'failed'
  readonly seen: number
  readonly needed: number
  /** The trouble with them, and what to do. */
  readonly trouble?: { readonly code: string; readonly message: string; readonly todo: string }
}

export interface PageError {
  readonly code: string
  readonly message: string
  readonly todo: string
}
