import { resolve } from 'node:path'
import { Args, Flags } from '@oclif/core'
import { withheldWords } from '../../../engine/run/following.ts'
import type { Opened } from '../../../engine/wire/lobby.ts'
import { writeTranscript } from '../../../engine/run/transcript.ts'
import { writeDurable } from '../../../engine/base/files.ts'
import { KeyriteCommand, prose } from '../../base.ts'
import { cliError } from '../../errors.ts'
import { readClient } from '../../roles/client-home.ts'
import { readBoard } from '../../roles/board-reader.ts'
import { chosen, readableCeremonies } from '../../roles/client-session.ts'
import type { Ledgers } from '../../roles/client-session.ts'

export class ClientExport extends KeyriteCommand {
  static override summary = 'Write a ceremony’s transcript, which anyone can verify offline.'
  static override description = prose`The transcript holds the script, every message of the ceremony with its place in the log, and the hashes of what
stands between them, or counts for nothing. It is public: no secret is in it. Keep it with your mnemonic: the two restore your share.`
  static override examples = ['<%= config.bin %> <%= command.id %> 7c19', '<%= config.bin %> <%= command.id %> --output dkg.transcript']
  static override args = { ceremony: Args.string({ description: 'The first digits of its id; needed where there are several.' }) }
  static override flags = { output: Flags.string({ char: 'o', helpValue: 'FILE', summary: 'Where to; NAME-ID.transcript in this folder unless told.' }) }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(ClientExport)
    const { home, identity } = await readClient()
    const session = await readBoard({ home, identity }, this.signal, (line) => this.say(line))
    try {
      const { feed, ledgers } = session
      const all = readableCeremonies(feed, identity, args.ceremony)
      const opened = chosen(args.ceremony === undefined && all.length > 1 ? await finishedOf(all, ledgers) : all, args.ceremony)
      const { id, opening } = opened
      const ledger = await ledgers.of(opened)
      if (ledger.withheld !== null) throw cliError('withheld', { why: withheldWords(ledger.withheld, ledger.asOf) })
      const file = resolve(flags.output ?? `${opening.script.name}-${id.slice(0, 12)}.transcript`)
      const text = [...writeTranscript(ledger, feed.all)].join('')
      await writeDurable(file, new TextEncoder().encode(text), { mode: 0o644 })
      if (opening.rehearsal) this.say('It is a REHEARSAL’s: nothing that it made is for use.')
      this.log(`Wrote ${file}: ${String(feed.all.length)} log entries, ${String(text.length)} bytes.`)
      this.next(`keyrite verify ${file}`)
      return { ceremony: id, path: file, entries: feed.all.length, bytes: text.length, rehearsal: opening.rehearsal }
    } finally {
      await session.close()
    }
  }
}

/** The complete ceremonies, or all if none is complete: an aborted one is seldom meant. */
async function finishedOf(all: readonly Opened[], ledgers: Ledgers): Promise<readonly Opened[]> {
  const finished: Opened[] = []
  for (const opened of all) if (await ledgers.of(opened).then((ledger) => ledger.usable, () => false)) finished.push(opened)
  return finished.length > 0 ? finished : all
}
