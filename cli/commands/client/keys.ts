import { KeyriteCommand, prose } from '../../base.ts'
import { cardOf, readClient } from '../../roles/client-home.ts'
import { clientKeyLines, keysOn } from '../../roles/client-keys.ts'
import { readBoard } from '../../roles/board-reader.ts'

export class ClientKeys extends KeyriteCommand {
  static override summary = 'List the keys of this board that you have a part in.'
  static override description = prose`For each key: the group key, the ceremony that made it and its number, threshold and members, whether it is a
rehearsal's, whether it may be used yet, what was signed with it, and the withdrawal credentials that belong to it on
Ethereum (0x00…). Reads the board; needs no passphrase, and disturbs nothing that runs.`
  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> --json']

  async run(): Promise<unknown> {
    await this.parse(ClientKeys)
    const { home, identity } = await readClient()
    const { airgapKey } = cardOf(identity)
    const session = await readBoard({ home, identity }, this.signal, (line) => this.say(line))
    try {
      const keys = await keysOn(session.feed, session.ledgers, airgapKey)
      for (const [i, key] of keys.entries()) this.log([...(i === 0 ? [] : ['']), ...clientKeyLines(key)].join('\n'))
      if (keys.length === 0) this.log('No key generation with you in it has succeeded on this board yet.')
      const key = keys.find(({ state }) => state === 'usable')
      this.next(...(key === undefined
        ? ['keyrite client status']
        : [
            `keyrite client open sign --set key=${key.ceremony.slice(0, 12)} --messages FILE --purpose TEXT${key.rehearsal ? ' --rehearsal' : ''}    signs something`,
            ...(keys.some(({ signed }) => signed.length > 0) ? ['keyrite client signatures CEREMONY    writes what was signed'] : []),
          ]))
      return { keys }
    } finally {
      await session.close()
    }
  }
}
