/** The channel between a client and its airgap: one machine's side of it, and what crosses on it. */
import type { Carrier, CarrierProgress } from '../../engine/channel/carrier.ts'
import { openEnvelope } from '../../engine/channel/envelope.ts'
import { taggedHash } from '../../engine/crypto/hash.ts'
import { answerIn } from '../../engine/run/parts.ts'
import { canonicalBytes } from '../../engine/base/canonical.ts'
import type { Card } from '../../engine/wire/card.ts'
import type { OpenCarrier, Side, SideUse } from '../carriers/kind.ts'
import type { Picked } from '../carriers/table.ts'
import type { Exchange } from '../../engine/wire/exchange.ts'

/** One machine's side of the channel: where its command shows what happens, and what carries. */
export interface Channel extends Pick<Side, 'screen' | 'page'> {
  /** Is what the other machine shows typed on this machine's keyboard? */
  readonly isTyped: boolean
  /** How an airgap's owner gets what the client shows into this machine. */
  readonly hint: string
  /** Takes keyboard, camera or folder, until the carrier is closed. @throws channel.bad-folder */
  readonly open: (use?: CarrierUse) => Promise<OpenCarrier>
}

export interface CarrierUse {
  readonly onProgress?: (progress: CarrierProgress) => void
  /** Packed bytes above which a transfer crosses in parts, instead of the carrier's own. */
  readonly inPartsAbove?: number | undefined
  /** Which part is shown, for the row below a code; empty where there is one. */
  readonly part?: () => string
}

export interface ChannelUse extends SideUse {
  readonly fragment?: number | undefined
}

/** Opens this machine's side, of the kind that was picked. @throws cli.no-page */
export async function openChannel({ kind, value }: Picked, { fragment, ...use }: ChannelUse): Promise<Channel> {
  const { screen, page, open } = await kind.open(value, use)
  return {
    screen, isTyped: kind.isTyped === true, hint: kind.hint(value), ...(page === undefined ? {} : { page }),
    open: ({ part = () => '', onProgress, inPartsAbove } = {}) => open({
      role: use.role, part,
      ...(fragment === undefined ? {} : { fragment }),
      ...(onProgress === undefined ? {} : { onProgress }),
      ...(inPartsAbove === undefined ? {} : { inPartsAbove }),
      onProblem: (problem) => screen.log(`${problem.message} ${problem.todo}`),
    }),
  }
}

/**
 * Shows a request until its answer comes. Answers to other requests, left over from before, are passed over.
 */
export function exchanger(carrier: Carrier): Exchange {
  return async (request, signal) => {
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

/**
 * Asks the airgap, on a carrier that is closed when it is done.
 *
 * @param onOldRefusal hears that it refused in an earlier run, and is asked again
 */
export async function askAirgap<T>(channel: Channel, onOldRefusal: (line: string) => void, ask: (exchange: Exchange) => Promise<T>): Promise<T> {
  const carrier = await channel.open()
  try {
    return await ask(exchanger(withoutOldRefusals(carrier, onOldRefusal)))
  } finally {
    await carrier.close()
  }
}

/** Ten digits that both screens show after pairing: a card altered on the way would show others (protocol §3). */
export function pairingCode(card: Card): string {
  const digits = (BigInt(`0x${taggedHash('pairing', canonicalBytes(card))}`) % 10n ** 10n).toString().padStart(10, '0')
  return `${digits.slice(0, 5)} ${digits.slice(5)}`
}
