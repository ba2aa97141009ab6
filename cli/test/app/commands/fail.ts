import { Args } from '@oclif/core'
import { wireError } from '../../../../engine/base/canonical.ts'
import { KeyriteCommand } from '../../../base.ts'
import { fileError } from '../../../../engine/base/files.ts'

/** Fails in the way that its argument names. */
export class Fail extends KeyriteCommand {
  static override summary = 'Fail.'
  static override args = { how: Args.string({ required: true, options: ['refused', 'full', 'bug', 'interrupted', 'exit'] }) }

  async run(): Promise<void> {
    const { args } = await this.parse(Fail)
    if (args.how === 'refused') throw wireError('malformed', { what: 'The thing', where: '/a', why: 'it is' })
    if (args.how === 'full') throw fileError('disk-full', { path: '/there', why: 'ENOSPC' })
    if (args.how === 'bug') throw new TypeError('x is not a function')
    if (args.how === 'interrupted') throw new DOMException('gone', 'AbortError')
    this.exit(5)
  }
}
