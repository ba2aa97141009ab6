/** The channel between a client and its airgap, as `--channel` names it. */
import type { Carrier, CarrierProgress, Role } from '../../engine/channel/carrier.ts'
import { taggedHash } from '../../engine/crypto/hash.ts'
import { answerIn } from '../../engine/run/parts.ts'
import { canonicalBytes } from '../../engine/base/canonical.ts'
import type { Card } from '../../engine/wire/card.ts'
import { cliError } from '../errors.ts'
import { rolePath } from '../home.ts'
import type { Live } from '../output.ts'
import type { Hand } from '../screen/owner.ts'
import type { Page, PageUse } from '../web/page.ts'

export interface ChannelUse {
  readonly role: Role
  readonly channel: string
  readonly fragment?: number | undefined
  /** Is kept off the terminal while a carrier fills it. */
  readonly screen: Live
  readonly onProgress?: (progress: CarrierProgress) => void
  /** Packed bytes above which a transfer crosses in parts, instead of the carrier's own. */
  readonly inPartsAbove?: number | undefined
  /** Which part is shown, for the row below a code; empty where there is one. */
  readonly part?: () => string
  /** Where the channel is `web`. */
  readonly page?: Page | undefined
}

const FOLDER = /^folder:(.+)$/

/** The channel that was named, or the one for this machine. Before anybody types a passphrase. @throws cli.channel, cli.no-page */
export async function pickChannel(named: string | undefined): Promise<string> {
  const channel = named ?? ((await import('../web/server.ts')).browserOpener() === undefined ? 'terminal' : 'web')
  if (channel === 'web') (await import('../web/page-file.ts')).readPage()
  else if (channel !== 'terminal' && !FOLDER.test(channel)) throw cliError('channel', { value: channel })
  return channel
}

export interface Shown {
  readonly screen: Live
  readonly page: Page | undefined
}

/** Where a command shows what happens: its terminal, and its page where the channel is one. @throws cli.no-page */
export async function showOn(terminal: Live, channel: string, use: Omit<PageUse, 'say' | 'ring' | 'home'>): Promise<Shown> {
  if (channel !== 'web') return { screen: terminal, page: undefined }
  const { openPage } = await import('../web/page.ts')
  const ring = (): void => {
    if (process.stderr.isTTY) process.stderr.write('\u0007')
  }
  const page = await openPage({ ...use, home: rolePath(use.role), say: (line) => terminal.log(line), ring })
  return { screen: page.screen(terminal), page }
}

/** What the window tells below a code. */
const HINTS: Readonly<Record<Role, string>> = {
  client: 'show it to your airgap; then scan or type its answer here',
  airgap: 'show it to your client',
}

/** Is what the other machine shows typed on this machine's keyboard? */
export const isTyped = (channel: string): boolean => channel === 'terminal'

/** How an airgap's owner gets what the client shows into this machine. */
export const readingHint = (channel: string): string => channel === 'web'
  ? 'The client’s codes are read by this machine’s camera, on the page: let it see the client’s screen.'
  : isTyped(channel) ? 'The client’s codes are read by a QR scanner in keyboard mode that is plugged in here: hold it at the client’s screen. Pasted lines do as well.'
  : `The client’s requests are read from ${channel.replace(FOLDER, '$1')}.`

export interface OpenChannel extends Carrier {
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

/** Opens the carrier. @throws cli.channel, channel.bad-folder */
export async function openChannel({ role, channel, fragment, screen, onProgress, inPartsAbove, part, page }: ChannelUse): Promise<OpenChannel> {
  const options = {
    role,
    ...(fragment === undefined ? {} : { fragment }),
    ...(onProgress === undefined ? {} : { onProgress }),
    ...(inPartsAbove === undefined ? {} : { inPartsAbove }),
    onProblem: (problem: { readonly message: string; readonly todo: string }) => screen.log(`${problem.message} ${problem.todo}`),
  }
  if (page !== undefined) {
    const carrier = page.carrier(options)
    return {
      ...carrier,
      hand: page.hand,
      lend: async (ask) => {
        await carrier.stopShowing()
        return await ask()
      },
    }
  }
  if (channel === 'terminal') {
    const { makeTerminalCarrier } = await import('../../engine/channel/terminal.ts')
    const carrier = makeTerminalCarrier({ ...options, input: process.stdin, output: process.stdout, hint: () => [part?.() ?? '', HINTS[role]].filter((words) => words !== '').join(' · ') })
    return {
      ...carrier,
      show: async (text) => {
        screen.hold()
        await carrier.show(text)
      },
      stopShowing: async () => {
        await carrier.stopShowing()
        screen.release()
      },
      lend: (ask) => carrier.lend(async () => {
        screen.release()
        return await ask()
      }),
      untilChanged: () => Promise.resolve(undefined),
      close: async () => {
        // Before the keyboard is drained, which takes a moment.
        await carrier.stopShowing()
        screen.release()
        await carrier.close()
      },
    }
  }
  const { openFolderCarrier } = await import('../../engine/channel/folder.ts')
  const carrier = await openFolderCarrier({ ...options, folder: FOLDER.exec(channel)?.[1] ?? '' })
  return {
    ...carrier,
    lend: async (ask) => {
      await carrier.stopShowing()
      return await ask()
    },
    // An airgap's answer stays in the folder.
    untilTaken: () => Promise.resolve(),
  }
}

/**
 * Shows a request until its answer comes. Answers to other requests, left over from before, are passed over.
 *
 * @returns the answer's envelope text
 */
export function exchanger(carrier: Carrier): (request: string, signal: AbortSignal) => Promise<string> {
  return async (request, signal) => {
    const { openEnvelope } = await import('../../engine/channel/envelope.ts')
    const { digest } = openEnvelope(request)
    const shown = carrier.show(request)
    // A show that fails must not be lost while the answer is awaited, and must not be an unhandled rejection either.
    const failed = new Promise<never>((_, reject) => {
      shown.catch((error: unknown) => reject(error instanceof Error ? error : new Error(String(error))))
    })
    const answer = (async () => {
      for (;;) {
        const { text, envelope } = await carrier.receive(signal)
        const { body } = envelope
        if (envelope.kind === 'answer' && typeof body === 'object' && body !== null && 'request' in body && body.request === digest) return text
      }
    })()
    try {
      return await Promise.race([answer, failed])
    } finally {
      await carrier.stopShowing()
    }
  }
}

/**
 * A refusal that stands in the folder from an earlier run may be mended since: the airgap is asked again. One with a fault
 * stands for good. This run's own refusal is read, and be it the same text.
 */
export function withoutOldRefusals(carrier: Carrier, say: (line: string) => void): Carrier {
  return {
    ...carrier,
    receive: async (signal) => {
      for (;;) {
        const incoming = await carrier.receive(signal)
        const body = answerIn(incoming.envelope)
        const isRefusal = typeof body === 'object' && body !== null && 'give' in body && body.give === 'refusal'
        if (incoming.isOld !== true || !isRefusal || 'fault' in body) return incoming
        say('Your airgap refused in an earlier run; it is asked again.')
      }
    },
  }
}

/** Ten digits that both screens show after pairing: a card altered on the way would show others (protocol §3). */
export function pairingCode(card: Card): string {
  const digits = (BigInt(`0x${taggedHash('pairing', canonicalBytes(card))}`) % 10n ** 10n).toString().padStart(10, '0')
  return `${digits.slice(0, 5)} ${digits.slice(5)}`
}
