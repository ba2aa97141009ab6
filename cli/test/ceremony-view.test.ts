import { expect } from 'chai'
import { tamperingOf } from '../../engine/run/faults.ts'
import { Ledger } from '../../engine/run/ledger.ts'
import { seededRandom, simulate } from '../../engine/run/simulate.ts'
import type { Simulated } from '../../engine/run/simulate.ts'
import { readShipped } from '../../engine/script/shipped.ts'
import { verbs } from '../../engine/verbs/implementations.ts'
import { EMPTY_HEAD, parseMessage } from '../../engine/wire/message.ts'
import { stateOf } from '../roles/ceremony-view.ts'

const script = readShipped('dkg')
const names = ['ada', 'bob', 'cem']

async function runWith(fault: string): Promise<Simulated> {
  const random = seededRandom(fault)
  const tamper = tamperingOf([fault], { script, verbs, random, names })
  return await simulate({ script, names, parameters: { threshold: 2 }, verbs, random, idle: 20, tamper })
}

/** The board's log as a reader folds it, up to where something holds. */
function ledgerUntil({ board, opening }: Simulated, holds: (ledger: Ledger) => boolean): Ledger {
  const headAt = (offset: number) => (offset === -1 ? EMPTY_HEAD : board.entries[offset]?.head)
  const ledger = new Ledger({ script, opening, verbs, random: seededRandom('reader'), headAt })
  for (const { offset, text } of board.entries) {
    if (holds(ledger)) return ledger
    const message = parseMessage(text)
    const attachment = message.attachment === undefined ? undefined : board.attachments.get(message.attachment)
    ledger.accept({ offset, message, ...(attachment === undefined ? {} : { attachment }) })
  }
  return ledger
}

describe('where a ceremony stands', () => {
  it('is aborted, and not doubtful, for who stated a part of a certificate that a complaint made impossible', async () => {
    const ledger = ledgerUntil(await runWith('wrong-share:ada:bob'), () => false)
    expect(ledger.aborts).not.to.have.length(0)
    expect(ledger.hasStated('ProcessDeals', 'cem'), 'the guess that this guards against').to.equal(true)
    expect(names.map((name) => stateOf(ledger, 0, name))).to.deep.equal(['aborted', 'aborted', 'aborted'])
  })

  it('is doubtful, at an Abort, for who stated a part that may still be completed, and aborted for all others', async () => {
    const ledger = ledgerUntil(await runWith('silent:bob:ProcessDeals'), ({ aborts }) => aborts.length > 0)
    expect([ledger.aborts.length, ledger.certifiable]).to.deep.equal([1, true])
    const states = ['ada', 'bob', 'cem', undefined].map((name) => stateOf(ledger, 0, name))
    expect(states).to.deep.equal(['doubtful', 'aborted', 'doubtful', 'aborted'])
  })
})
