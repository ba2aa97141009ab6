import { Args } from '@oclif/core'
import { KeyriteCommand, prose } from '../../base.ts'
import { readClient } from '../../roles/client-home.ts'
import { readBoard } from '../../roles/board-reader.ts'
import { chosen, readableCeremonies, statusOf } from '../../roles/client-session.ts'
import type { Status } from '../../roles/client-session.ts'

export class ClientStatus extends KeyriteCommand {
  static override summary = 'Show your ceremonies: who is awaited, since when, until when.'
  static override description = prose`Reads the board; needs no passphrase, and disturbs nothing that runs. With a ceremony's id (its first digits
will do) it shows that one alone.`
  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> 7c19 --json']
  static override args = { ceremony: Args.string({ description: 'The first digits of a ceremony’s id.' }) }

  async run(): Promise<unknown> {
    const { args } = await this.parse(ClientStatus)
    const { home, identity } = await readClient()
    const session = await readBoard({ home, identity }, this.signal, (line) => this.say(line))
    try {
      const all = readableCeremonies(session.feed, identity, args.ceremony)
      const wanted = args.ceremony === undefined ? all : [chosen(all, args.ceremony)]
      const { ledgers } = session
      const found = []
      for (const opened of wanted) found.push(await statusOf(home, identity, ledgers, opened))
      const { offset, head } = session.feed.pin
      this.log(`Board ${identity.board}: ${String(offset + 1)} messages, head ${head}${session.isCurrent ? '' : '   (as this client had it last)'}`)
      for (const one of found) this.log(`\n${one.lines.join('\n')}`)
      if (found.length === 0) this.log('\nNo ceremony with you in its roster yet.')
      this.next(...nextSteps(found))
      return { board: identity.board, offset, head, isCurrent: session.isCurrent, ceremonies: found.map((one) => one.json) }
    } finally {
      await session.close()
    }
  }
}

function nextSteps(found: readonly Status[]): string[] {
  if (found.length === 0) return ['keyrite client ready dkg']
  const doubtful = found.find(({ standing }) => standing?.state === 'doubtful')
  if (doubtful !== undefined) return ['keyrite client run', `keyrite client abandon ${doubtful.id.slice(0, 12)}    once all deadlines are over: ends the doubt, for everybody and for good`]
  if (found.some(({ standing }) => standing === null || !standing.isOver || standing.duty !== null)) return ['keyrite client run']
  const usable = found.find(({ standing }) => standing?.state === 'usable')
  return usable === undefined
    ? ['When the cause is clear: keyrite client open --again ID']
    : [`keyrite client export ${usable.id.slice(0, 12)}`, 'keyrite client keys']
}
