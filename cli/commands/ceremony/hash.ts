import { Args, Flags } from '@oclif/core'
import { KeyriteCommand, prose } from '../../base.ts'
import { libraryFlag, scriptArg } from '../../script-flags.ts'
import { fileOf, readScript } from '../../scripts.ts'

export class CeremonyHash extends KeyriteCommand {
  static override summary = 'Print the hash by which participants know a script.'
  static override description = prose`The SHA-256 of the file's bytes, as sha256sum prints it, below a comment with the ceremony's name and version;
\`sha256sum -c\` takes the whole output. It is what every airgap shows, and what an opening pins: compare it with the
other participants before you are ready for a script that did not come with keyrite.

A script with a mistake is refused: nobody can run it, so its hash is worth nothing.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> dkg',
    '<%= config.bin %> <%= command.id %> lottery.yaml > lottery.sha256',
  ]
  static override args = { file: Args.string({ ...scriptArg, required: true }) }
  static override flags = { library: Flags.string(libraryFlag) }

  async run(): Promise<{ hash: string; file: string; name: string; version: string; title: string }> {
    const { args, flags } = await this.parse(CeremonyHash)
    const { ceremony, hash } = await readScript(args.file, flags)
    const { name, version, title } = ceremony
    const file = fileOf(args.file)
    this.log(`# ${name} ${version}: ${title}`)
    this.log(sumLine(hash, file))
    return { hash, file, name, version, title }
  }
}

/** The line as sha256sum writes it, which escapes file names with line breaks or backslashes. */
function sumLine(hash: string, file: string): string {
  const escaped = file.replace(/\\/g, '\\\\').replace(/\n/g, '\\n').replace(/\r/g, '\\r')
  return `${escaped === file ? '' : '\\'}${hash}  ${escaped}`
}
