import { Args, Flags } from '@oclif/core'
import { sha256Hex } from '../../engine/crypto/hash.ts'
import { writeDurable } from '../../engine/base/files.ts'
import { KeyriteCommand, prose } from '../base.ts'
import { shellWord } from '../output.ts'
import { notWritten } from '../user-files.ts'
import { readPage } from '../web/page-file.ts'

export class PageCommand extends KeyriteCommand {
  static override summary = 'Write the camera page as one file, for machines that cannot run this program.'
  static override description = prose`Writes the page that \`--channel web\` serves, whole in one HTML file. Opened from a disk or a stick, without a network and
without this program, it shows a transfer as QR codes or reads one with a camera: text in, text out. That text is the line
\`UR:KEYRITE/…\` that the other page copies, and that \`--channel terminal\` takes when it is pasted.

Compare the SHA-256 that it prints with the others' before you trust such a file.`
  static override examples = ['<%= config.bin %> <%= command.id %> keyrite.html']
  static override args = { file: Args.string({ required: true, description: 'Where to write it.' }) }
  static override flags = { force: Flags.boolean({ default: false, summary: 'Replace a file that is there.' }) }

  async run(): Promise<{ file: string; sha256: string; bytes: number }> {
    const { args, flags } = await this.parse(PageCommand)
    const bytes = new TextEncoder().encode(readPage().html)
    await writeDurable(args.file, bytes, { mode: 0o644, exclusive: !flags.force }).catch((error: unknown) => {
      throw notWritten(error, args.file)
    })
    const sha256 = sha256Hex(bytes)
    this.log(`Wrote ${args.file}, ${String(Math.round(bytes.length / 1024))} KiB.`)
    this.log(`SHA-256: ${sha256}`)
    this.next(`Open ${shellWord(args.file)} in a browser. It needs no network, and asks for the camera only when you scan.`)
    return { file: args.file, sha256, bytes: bytes.length }
  }
}
