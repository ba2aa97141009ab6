/**
 * A kind of carrier, the way by which the two machines of a participant see each other. Each kind is one file in this
 * folder and one row in `table.ts`; help, errors and hints follow from that. A kind loads its code when it is opened,
 * since the user chooses only one.
 */
import type { Role } from '../../engine/base/names.ts'
import type { Carrier, CarrierOptions } from '../../engine/channel/carrier.ts'
import type { Live } from '../output.ts'
import type { Hand } from '../screen/owner.ts'
import type { Page } from '../web/page.ts'

export interface CarrierKind {
  /** Its name for `--channel`, such as `web`. */
  readonly name: string
  /** The value after the name and a colon: its name in help, and its meaning. */
  readonly value?: { readonly name: string; readonly is: string }
  /** The words after the name, in help. */
  readonly does: string
  /** True where this machine's keyboard types what the other machine shows. */
  readonly isTyped?: true
  /** Tells an airgap's owner how to get the client's codes into this machine. */
  readonly hint: (value: string) => string
  /** Whether it may be the default on this machine. The first of the table that may is taken. */
  readonly suits?: () => Promise<boolean>
  /** Throws where this machine cannot have it, before anybody types a passphrase. */
  readonly check?: () => Promise<void>
  /** Opens this machine's side. */
  readonly open: (value: string, use: SideUse) => Promise<Side>
}

export interface SideUse {
  readonly role: Role
  readonly terminal: Live
  /** The machine's owner; empty while there is no name. */
  readonly owner: string
  /** The command as it is typed, such as `keyrite client run`. */
  readonly command: string
}

/** One machine's side of the channel, as its kind opens it: the screen of its command, and the carrier. */
export interface Side {
  /** The terminal, and the page where there is one. */
  readonly screen: Live
  /** The page, where the channel is one. */
  readonly page?: Page
  readonly open: (options: OpenOptions) => Promise<OpenCarrier>
}

export interface OpenOptions extends CarrierOptions {
  /** The part that is shown, in words for the row below a code; empty for a transfer in one piece. */
  readonly part: () => string
}

export interface OpenCarrier extends Carrier {
  /** The owner, where the channel has a screen of its own for questions. */
  readonly hand?: (signal: AbortSignal) => Hand
  /** Asks a question, with the window and the keyboard to itself. */
  readonly lend: <T>(ask: () => Promise<T>) => Promise<T>
  /**
   * During a question: resolves once the other side shows something other than what was received last, or nothing;
   * undefined when the signal aborts. It cannot be known where the other side is read through the keyboard, which the
   * question has.
   */
  readonly untilChanged: (signal: AbortSignal) => Promise<'other' | 'nothing' | undefined>
  /** After the last `show`: resolves once this program need not show it any more. */
  readonly untilTaken: (signal: AbortSignal) => Promise<void>
}

/** Lends the window to a question by ceasing to show codes. */
export const lentBy = (carrier: Carrier): OpenCarrier['lend'] => async (ask) => {
  await carrier.stopShowing()
  return await ask()
}
