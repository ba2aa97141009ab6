import { Args, Flags } from '@oclif/core'
import { KeyriteCommand, prose } from '../base.ts'

export class Verify extends KeyriteCommand {
  static override summary = 'Check a transcript, or signatures: anyone, offline, without any key.'
  static override description = prose`Of a transcript it checks every head, signature, digest, proof and view, the sums, the success certificate and the outputs, and says
line by line what holds, and whether the script is one that ships with keyrite. The participants' names and keys stand
in the transcript itself: compare the ceremony number with one of them to know that it is theirs. Exit code 0 means:
complete and usable; 5: it is not. The transcript of a signing holds that of its key, which is checked first.

Of a file of signatures it checks that each is that of its message under the group key. Whose key that is the file alone
cannot prove: add --transcript with that of the signing, which holds the key's as well.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> dkg.transcript',
    '<%= config.bin %> <%= command.id %> dkg.transcript --json',
    '<%= config.bin %> <%= command.id %> signatures.json --transcript sign.transcript',
  ]
  static override args = { file: Args.string({ required: true, description: 'The file that `keyrite client export` or `keyrite client signatures` wrote.' }) }
  static override flags = { transcript: Flags.string({ helpValue: 'FILE', summary: 'For signatures: the signing’s transcript, which proves whose key it is.' }) }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Verify)
    const { randomBytes } = await import('node:crypto')
    const { readTranscriptFile } = await import('../roles/transcript-file.ts')
    const { verifyTranscript } = await import('../../engine/run/verify.ts')
    const { isSignatureExport, verifySignatures } = await import('../../engine/run/signatures.ts')
    const { shippedLibrary } = await import('../../engine/script/shipped.ts')
    const { verbs } = await import('../../engine/verbs/implementations.ts')
    const { isKeyriteError } = await import('../../engine/wire/error.ts')
    const { EXIT } = await import('../errors.ts')
    const { signatureLines, verdictLines, withShipped } = await import('../roles/verdict.ts')
    const { runError } = await import('../../engine/run/errors.ts')

    const random = (length: number) => Uint8Array.from(randomBytes(length))
    const read = (path: string) => readTranscriptFile(path).catch((error: unknown) => {
      if (!isKeyriteError(error, runError('transcript', { line: 1, why: '' }).code)) throw error
      return error
    })
    const verified = (text: Awaited<ReturnType<typeof read>>) => (typeof text === 'string'
      ? verifyTranscript(text, { library: shippedLibrary, verbs, random })
      : { verdict: 'invalid' as const, findings: [{ check: 'transcript', holds: false, detail: text.message }] })
    const text = await read(args.file)
    if (typeof text === 'string' && isSignatureExport(text)) {
      const transcript = flags.transcript === undefined ? undefined : withShipped(verified(await read(flags.transcript)))
      const signatures = verifySignatures(text, random, transcript)
      for (const line of signatureLines(signatures, transcript)) this.log(line)
      if (signatures.verdict !== 'signed') process.exitCode = EXIT.unverified
      return signatures
    }
    if (flags.transcript !== undefined) this.error('--transcript goes with a file of signatures, as `keyrite client signatures` writes it.', { exit: 2 })
    const found = withShipped(verified(text))
    for (const line of verdictLines(found)) this.log(line)
    if (found.verdict !== 'usable') process.exitCode = EXIT.unverified
    return found
  }
}
