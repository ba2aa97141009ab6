/**
 * A kind of carrier, by which the two machines of a participant see each other. Each kind is one file in this folder that exports
 * one of these, and one row in `table.ts`; what help, errors and hints say of it follows from that. What it needs to carry it
 * loads when it is opened: which one that is, the user chooses.
 */
import type { Role } from '../../engine/base/names.ts'
import type { Carrier, CarrierOptions } from '../../engine/channel/carrier.ts'
import type { Live } from '../output.ts'
import type { Hand } from '../screen/owner.ts'
import type { Page } from '../web/page.ts'

export interface CarrierKind {
  /** `web`, as `--channel` names it. */
  readonly name: string
  /** What stands behind the name and a colon: its name in help, and what it is. */
  readonly value?: { readonly name: string; readonly is: string }
  /** Goes on after the name, in help. */
  readonly does: string
  /** Is what the other machine shows typed on this machine's keyboard? */
  readonly isTyped?: true
  /** How an airgap's owner gets what the client shows into this machine. */
  readonly hint: (value: string) => string
  /** Is it taken on this machine where none is named? The table's first for which it is. */
  readonly suits?: () => Promise<boolean>
  /** Before anybody types a passphrase: throws where this machine cannot have it. */
  readonly check?: () => Promise<void>
  /** Opens this machine's side. */
  readonly open: (value: string, use: SideUse) => Promise<Side>
}

export interface SideUse {
  readonly role: Role
  readonly terminal: Live
  /** Of the machine; empty where it has no name yet. */
  readonly owner: string
  /** `keyrite client run` */
  readonly command: string
}

/** A machine's side of the channel, as its kind opens it: where its command shows what happens, and what carries. */
export interface Side {
  /** The terminal, and what is shown besides. */
  readonly screen: Live
  /** Where the channel is a page. */
  readonly page?: Page
  readonly open: (options: OpenOptions) => Promise<OpenCarrier>
}

export interface OpenOptions extends CarrierOptions {
  /** Which part is shown, for the row below a code; empty where there is one. */
  readonly part: () => string
}

export interface OpenCarrier extends Carrier {
  /** The owner where the channel has a screen of its own to ask on. */
  readonly hand?: (signal: AbortSignal) => Hand
  /** Asks a question, with the window and the keyboard to itself. */
  readonly lend: <T>(ask: () => Promise<T>) => Promise<T>
  /**
   * While a question is asked: resolves once the other side shows something else than was received last, or nothing; undefined when the
   * signal aborts. Where the other side is read through the keyboard, which is the question's, nobody can tell.
   */
  readonly untilChanged: (signal: AbortSignal) => Promise<'other' | 'nothing' | undefined>
  /** After the last `show`: resolves once this program need not show it any more. */
  readonly untilTaken: (signal: AbortSignal) => Promise<void>
}

/** A question has the window to itself where the carrier stops showing. */
export const lentBy = (carrier: Carrier): OpenCarrier['lend'] => async (ask) => {
  await carrier.stopShowing()
  return await ask()
}
