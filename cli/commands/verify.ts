import { Args } from '@oclif/core'
import { KeyriteCommand, prose } from '../base.ts'

export class Verify extends KeyriteCommand {
  static override summary = 'Check a transcript: anyone, offline, without any key.'
  static override description = prose`Checks every head, signature, digest, proof and view, the sums, the success certificate and the outputs, and says
line by line what holds, and whether the script is one that ships with keyrite. The participants' names and keys stand
in the transcript itself: compare the ceremony number with one of them to know that it is theirs. Exit code 0 means:
complete and usable; 5: it is not.`
  static override examples = ['<%= config.bin %> <%= command.id %> dkg.transcript', '<%= config.bin %> <%= command.id %> dkg.transcript --json']
  static override args = { transcript: Args.string({ required: true, description: 'The file that `keyrite client export` wrote.' }) }

  async run(): Promise<unknown> {
    const { args } = await this.parse(Verify)
    const { randomBytes } = await import('node:crypto')
    const { readTranscriptFile } = await import('../roles/transcript-file.ts')
    const { verifyTranscript } = await import('../../engine/run/verify.ts')
    const { shippedLibrary } = await import('../../engine/script/shipped.ts')
    const { verbs } = await import('../../engine/verbs/implementations.ts')
    const { isKeyriteError } = await import('../../engine/wire/error.ts')
    const { EXIT } = await import('../errors.ts')
    const { verdictLines, withShipped } = await import('../roles/verdict.ts')
    const { runError } = await import('../../engine/run/errors.ts')

    const text = await readTranscriptFile(args.transcript).catch((error: unknown) => {
      if (!isKeyriteError(error, runError('transcript', { line: 1, why: '' }).code)) throw error
      return error
    })
    const random = (length: number) => Uint8Array.from(randomBytes(length))
    const found = withShipped(typeof text === 'string'
      ? verifyTranscript(text, { library: shippedLibrary, verbs, random })
      : { verdict: 'invalid' as const, findings: [{ check: 'transcript', holds: false, detail: text.message }] })
    for (const line of verdictLines(found)) this.log(line)
    if (found.verdict !== 'usable') process.exitCode = EXIT.unverified
    return found
  }
}
