/**
 * The frame of a command that speaks to the other machine: what it opens, in which order, and how it ends, in the
 * window, on the page and towards the shell.
 */
import { Flags } from '@oclif/core'
import { KeyriteCommand } from '../base.ts'
import { channelHelp, pickCarrier } from '../carriers/table.ts'
import { EXIT } from '../errors.ts'
import type { ExitCode } from '../errors.ts'
import type { Role } from '../../engine/base/names.ts'
import { live } from '../output.ts'
import { openChannel } from './channel.ts'
import type { Channel } from './channel.ts'

/** The flags of such commands. Pass their values to `onChannel`. */
export const channelFlags = {
  channel: Flags.string(channelHelp),
  fragment: Flags.integer({
    summary: 'Bytes in one QR code, 50 to 800: fewer for poor cameras.',
    helpValue: 'BYTES',
    min: 50,
    max: 800,
  }),
}

/**
 * A participant's machine with its home: an unlocked airgap, or a client on its board. It is opened before the channel
 * and closed after it.
 */
export interface Machine {
  readonly home: string
  readonly close?: () => Promise<void>
}

export interface ChannelWork<M extends Machine> {
  readonly role: Role
  readonly flags: { readonly channel?: string | undefined; readonly fragment?: number | undefined }
  /** @param say prints in the window, while there is no channel yet */
  readonly open: (say: (line: string) => void) => Promise<M>
  /** The participant's name, for the page; empty where it is not known yet. */
  readonly owner: (machine: M) => string
  readonly work: (machine: M, channel: Channel) => Promise<End>
}

/** The end of a command. */
export interface End {
  readonly lines: readonly string[]
  /** The next steps. */
  readonly next: readonly string[]
  readonly exit?: ExitCode
  /** Whether its user wanted this end; by default, whether the exit code is 0. */
  readonly isGood?: boolean
  readonly json: unknown
}

export abstract class ChannelCommand extends KeyriteCommand {
  // oclif's manifest takes static properties from the nearest class that has some of its own, so this one is repeated.
  static override enableJsonFlag = true

  /**
   * Works on a channel and tells the end. Whatever happens, the page hears of it, and all is closed again in reverse
   * order.
   */
  protected async onChannel<M extends Machine>({ role, flags, open, owner, work }: ChannelWork<M>): Promise<unknown> {
    const picked = await pickCarrier(flags.channel)
    const terminal = live()
    const machine = await open((line) => terminal.log(line))
    let page: Channel['page']
    try {
      const channel = await openChannel(picked, { role, fragment: flags.fragment, terminal, owner: owner(machine), command: this.commandLine })
      page = channel.page
      const { lines, next, exit = EXIT.ok, isGood = exit === EXIT.ok, json } = await work(machine, channel).finally(() => terminal.end([]))
      page?.end(lines, next, isGood)
      for (const line of lines) this.log(line)
      this.next(...next)
      if (exit !== EXIT.ok) process.exitCode = exit
      return json
    } catch (error) {
      page?.fail(error)
      throw error
    } finally {
      await page?.close()
      await machine.close?.()
    }
  }
}
