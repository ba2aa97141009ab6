/** Messages of which nobody can see what they are: an airgap signs them only where its owner allows it. */
import type { Script } from '../machines/ceremony.ts'
import { isBlind } from '../messages/kinds.ts'
import type { Opening } from '../wire/card.ts'
import { runError } from './errors.ts'
import { allMessagesIn } from './messages.ts'

/** @throws run.blind where there is a message that is signed blind; nothing is used up */
export function refuseBlind(id: string, script: Script, opening: Opening): void {
  const count = allMessagesIn(script, opening).filter(isBlind).length
  if (count > 0) throw runError('blind', { ceremony: id, count })
}
