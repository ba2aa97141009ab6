import { resolve } from 'node:path'
import { Args, Flags } from '@oclif/core'
import { writeDurable } from '../../../engine/base/files.ts'
import { KeyriteCommand, prose } from '../../base.ts'
import { cardOf, readClient } from '../../roles/client-home.ts'
import { readBoard } from '../../roles/board-reader.ts'
import { beaconChanges, signaturesFrom } from '../../roles/signature-file.ts'
import { counted } from '../../../engine/base/words.ts'

export class ClientSignatures extends KeyriteCommand {
  static override summary = 'Write what a signing made: messages, signatures, group key.'
  static override description = prose`JSON: ceremony, number, group key, purpose, and of each message what it says, the exact bytes that were signed and
the signature. Anyone can check the file with \`keyrite verify\`, offline.

With --beacon-api it is what a beacon node takes instead: for BLS to execution changes the list of
SignedBLSToExecutionChange, ready to POST to /eth/v1/beacon/pool/bls_to_execution_changes.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> 7c19 -o signatures.json',
    '<%= config.bin %> <%= command.id %> 7c19 --beacon-api -o changes.json',
  ]
  static override args = { ceremony: Args.string({ description: 'The first digits of the signing’s id; needed where several are finished.' }) }
  static override flags = {
    output: Flags.string({ char: 'o', helpValue: 'FILE', summary: 'Where to; stdout unless told.' }),
    'beacon-api': Flags.boolean({ default: false, summary: 'In the format of Ethereum’s beacon API.' }),
  }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(ClientSignatures)
    const { home, identity } = await readClient()
    const { airgapKey } = cardOf(identity)
    const session = await readBoard({ home, identity }, this.signal, (line) => this.say(line))
    try {
      const found = await signaturesFrom(session.feed, session.ledgers, airgapKey, args.ceremony)
      const content = flags['beacon-api'] ? beaconChanges(found) : found
      const text = `${JSON.stringify(content, null, 2)}\n`
      if (found.rehearsal) this.say('It was a REHEARSAL: these signatures are not for use.')
      if (flags.output === undefined) {
        if (!this.jsonEnabled()) process.stdout.write(text)
        return content
      }
      const file = resolve(flags.output)
      await writeDurable(file, new TextEncoder().encode(text), { mode: 0o644 })
      this.log(`Wrote ${file}: ${counted(found.messages.length, 'signature')} of the key ${found.groupKey}.`)
      this.next(...(flags['beacon-api'] ? ['POST it to a beacon node: /eth/v1/beacon/pool/bls_to_execution_changes'] : [`keyrite verify ${file}`]))
      return { ceremony: found.ceremony, path: file, count: found.messages.length, rehearsal: found.rehearsal }
    } finally {
      await session.close()
    }
  }
}
