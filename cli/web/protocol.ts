/**
 * What a command and its page say to each other, on loopback. The command tells its page what to show, whole each time;
 * the page sends what its camera read and what its owner answered, and decides nothing.
 *
 *     GET  /            the page, the same for everyone
 *     POST /session     {token} → {key}: the one-time token of the address, for a key that only this page has
 *     GET  /events      PageState, one JSON a line, on and on; an empty line now and then tells that the command lives.
 *                       A stream is one page's: the newest ends the one before, whose last line is {"code": PAGE_TAKEN}
 *     GET  /message     the bytes of the transfer to show, as `showing.id` names it: ?id=
 *     POST /frames      {frames} → FramesResult: what the camera read, decoded, as texts
 *     POST /answer      {question, answer} → {}: what the owner typed or pressed
 *     POST /taken       {} → {}: the other machine has read what is shown
 *
 * All but the first take the key in the Authorization header, `Bearer KEY`. Errors are {code, message, todo}.
 */
import { MAX_FRAME } from '../../engine/channel/carrier.ts'
import type { Role } from '../../engine/base/names.ts'
import type { Mark } from '../../engine/run/standing.ts'
import type { Block } from '../screen/blocks.ts'
import type { Wanted } from '../screen/owner.ts'

/** Most texts in one POST /frames, and most characters of one text: that of a pasted line, which may hold a whole transfer. */
export const MOST_FRAMES = 16
export const MOST_FRAME_CHARACTERS = MAX_FRAME

/** Milliseconds between two signs of life, at most. */
export const HEARTBEAT = 2000

/** The code of a page's last line, once another page reads the events. It does not come back by itself; its owner may take it back. */
export const PAGE_TAKEN = 'page.taken'

export interface PageState {
  readonly role: Role
  /** Whose machine this is; empty where it has no name yet. */
  readonly owner: string
  /** `keyrite client run` */
  readonly command: string
  readonly isRehearsal: boolean
  /** The ceremony under way, once it is known. */
  readonly ceremony: PageCeremony | null
  /** What is happening, in one sentence. */
  readonly doing: string
  /** Is it the owner's turn? */
  readonly isWaitingForOwner: boolean
  /** What happened, the newest last; at most 50 lines. */
  readonly record: readonly string[]
  /** A client's table: who has done what. */
  readonly table: PageTable | null
  /** What is to be shown to the other machine's camera; `id` is new for each. */
  readonly showing: { readonly id: string; readonly bytes: number } | null
  /** Does this machine wait for what the other one shows? */
  readonly isReading: boolean
  /** Of the transfer that is being read. `needed` is 0 while that is unknown. */
  readonly read: { readonly seen: number; readonly needed: number } | null
  /** Of a transfer that crosses in parts, or of work that takes long: how far it is. */
  readonly progress: { readonly what: string; readonly done: number; readonly total: number; readonly secondsLeft: number | null } | null
  readonly question: PageQuestion | null
  /** The command has ended: how, and what to do next. */
  readonly end: { readonly isGood: boolean; readonly lines: readonly string[]; readonly next: readonly string[] } | null
}

export interface PageCeremony {
  /** In hex. */
  readonly id: string
  /** 40 digits in eight groups. */
  readonly number: string
  /** `dkg 1.0.0: A threshold …` */
  readonly title: string
  readonly step: string | null
  /** The step's place, from 1, of how many. */
  readonly at: number
  readonly of: number
}

export interface PageTable {
  readonly steps: readonly string[]
  readonly rows: readonly { readonly name: string; readonly isMe: boolean; readonly cells: readonly Mark[] }[]
  /** `waiting for bob, carol` and until when. */
  readonly waiting: readonly string[]
}

export interface PageQuestion {
  readonly id: string
  /** All that is consented to. */
  readonly blocks: readonly Block[]
  /** What is asked, in sentences. */
  readonly prompt: readonly string[]
  readonly answer: Wanted
  /** Can a list of messages be searched? The page then sends `list N`, `show N` and `find TEXT` as answers. */
  readonly mayLook: boolean
  /** Is a no asked again by a question of its own? Else the page asks again before it sends one. */
  readonly isNoAskedAgain: boolean
  /** What a look gave. */
  readonly looked: readonly Block[] | null
  /** May it be left open with `later`? */
  readonly mayLeave: boolean
  /** Why the last answer would not do. */
  readonly trouble: string | null
}

/** What became of the newest frames. */
export interface FramesResult {
  readonly state: 'progress' | 'complete' | 'ignored' | 'other-transfer' | 'failed'
  readonly seen: number
  readonly needed: number
  /** Where something is wrong: what, and what to do. */
  readonly trouble?: { readonly code: string; readonly message: string; readonly todo: string }
}

export interface PageError {
  readonly code: string
  readonly message: string
  readonly todo: string
}
