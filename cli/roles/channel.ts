/** The channel between a client and its airgap: one machine's side of it, and the exchange of requests and answers. */
import type { Carrier, CarrierProgress } from '../../engine/channel/carrier.ts'
import { openEnvelope } from '../../engine/channel/envelope.ts'
import { taggedHash } from '../../engine/crypto/hash.ts'
import { answerIn } from '../../engine/run/parts.ts'
import { canonicalBytes } from '../../engine/base/canonical.ts'
import type { Card } from '../../engine/wire/card.ts'
import type { OpenCarrier, Side, SideUse } from '../carriers/kind.ts'
import type { Picked } from '../carriers/table.ts'
import type { Exchange } from '../../engine/wire/exchange.ts'

/** One machine's side of the channel: the screen of its command, and the carrier. */
export interface Channel extends Pick<Side, 'screen' | 'page'> {
  /** True where this machine's keyboard types what the other machine shows. */
  readonly isTyped: boolean
  /** Tells an airgap's owner how to get the client's codes into this machine. */
  readonly hint: string
  /** Takes keyboard, camera or folder until the carrier is closed. @throws channel.bad-folder */
  readonly open: (use?: CarrierUse) => Promise<OpenCarrier>
}

export interface CarrierUse {
  readonly onProgress?: (progress: CarrierProgress) => void
  /** Packed bytes above which a transfer crosses in parts; the carrier's own limit by default. */
  readonly inPartsAbove?: number | undefined
  /** The part that is shown, in words for the row below a code; empty for a transfer in one piece. */
  readonly part?: () => string
}

export interface ChannelUse extends SideUse {
  readonly fragment?: number | undefined
}

/** Opens this machine's side with the kind that was picked. @throws cli.no-page */
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

/** Shows a request until its answer comes. Answers to other requests, left over from before, are skipped. */
export function exchanger(carrier: Carrier): Exchange {
  return async (request, signal) => {
    const { digest } = openEnvelope(request)
    const shown = carrier.show(request)
    // A failure to show must end the waiting for the answer, and must not become an unhandled rejection.
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
 * Skips refusals that stand in the folder from an earlier run: their cause may be mended, so the airgap is asked again.
 * An old refusal with a fault stands for good. A refusal of this run is read, even where its text is the same.
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
 * Asks the airgap on a carrier of its own, which is closed afterwards.
 *
 * @param onOldRefusal hears that the airgap refused in an earlier run and is asked again
 */
export async function askAirgap<T>(channel: Channel, onOldRefusal: (line: string) => void, ask: (exchange: Exchange) => Promise<T>): Promise<T> {
  const carrier = await channel.open()
  try {
    return await ask(exchanger(withoutOldRefusals(carrier, onOldRefusal)))
  } finally {
    await carrier.close()
  }
}

/** Ten digits that both screens show after pairing. A card that was altered on the way gives other digits (protocol §3). */
export function pairingCode(card: Card): string {
  const digits = (BigInt(`0x${taggedHash('pairing', canonicalBytes(card))}`) % 10n ** 10n).toString().padStart(10, '0')
  return `${digits.slice(0, 5)} ${digits.slice(5)}`
}
