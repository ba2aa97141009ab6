/**
 * One machine of a participant, run as its command runs it, except that transfers cross in parts which the command
 * would send whole:
 *
 *     role.ts client|airgap CHANNEL NUMBER PASSPHRASE-FILE ABOVE
 */
import { pickCarrier } from '../../carriers/table.ts'
import { live } from '../../output.ts'
import { unlockedAirgap } from '../../roles/airgap-home.ts'
import { airgapLog, serveAirgap } from '../../roles/airgap-serve.ts'
import { openChannel } from '../../roles/channel.ts'
import { runCeremony } from '../../roles/client-run.ts'
import { unlockedClient } from '../../roles/client-session.ts'
import { confirmCeremony } from '../../screen/consent.ts'

const [role = '', named = '', number = '', file = '', above = ''] = process.argv.slice(2)
const { signal } = new AbortController()
const screen = live()
const isAirgap = role === 'airgap'
const channel = await openChannel(await pickCarrier(named), { role: isAirgap ? 'airgap' : 'client', terminal: screen, owner: '', command: '' })
const common = { channel, inPartsAbove: Number(above), signal }

if (isAirgap) {
  const airgap = await unlockedAirgap({ file, signal })
  const log = airgapLog({ ...screen, airgap, endsItself: true })
  await serveAirgap({
    ...common, airgap,
    confirm: (question, hand) => {
      if (question.kind !== 'join' && question.kind !== 'step') throw new TypeError('nothing else is asked here')
      return confirmCeremony(question, number, hand)
    },
    onProgress: log.progress, onAnswer: log.answer, until: () => log.finished() !== undefined,
  })
  await airgap.close()
} else {
  const session = await unlockedClient({ file, signal, say: (line) => screen.log(line), isPatient: true })
  const { json, exit } = await runCeremony({ ...common, session, wanted: undefined })
  console.log(JSON.stringify(json))
  process.exitCode = exit
  await session.close()
}
