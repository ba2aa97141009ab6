import { Args, Flags } from '@oclif/core'
import { isHex } from '../../engine/base/bytes.ts'
import { verifySignatures } from '../../engine/run/signatures.ts'
import { verifyTranscript } from '../../engine/run/verify.ts'
import { shippedLibrary } from '../../engine/script/load.ts'
import { verbs } from '../../engine/verbs/implementations.ts'
import { KeyriteCommand, prose } from '../base.ts'
import { EXIT } from '../errors.ts'
import { random } from '../random.ts'
import { isSignatureFile, readTranscriptFile } from '../roles/transcript-file.ts'
import { exitOfVerified, isTrusted, signatureLines, verdictLines, withShipped } from '../screen/ceremony.ts'

export class Verify extends KeyriteCommand {
  static override summary = 'Check a transcript, or signatures: anyone, offline, without any key.'
  static override description = prose`Of a transcript it checks every head, signature, digest, proof and view, the sums, the success certificate and the outputs, and says
line by line what holds, and whether the script is one that ships with keyrite. The participants' names and keys stand
in the transcript itself: compare the ceremony number with one of them to know that it is theirs. Exit code 0 means:
complete and usable; 4: it ended otherwise, or has not ended; 5: it is not right. By a script that does not ship with keyrite it
is right only if you give that script’s hash, on which the participants agreed: its own rules may ask for fewer checks. The
transcript of a signing holds that of its key, which is checked first.

Of a file of signatures it checks that each is that of its message under the group key. Whose key that is the file alone
cannot prove: add --transcript with that of the signing, which holds the key's as well.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> dkg.transcript',
    '<%= config.bin %> <%= command.id %> dkg.transcript --json',
    '<%= config.bin %> <%= command.id %> signatures.json --transcript sign.transcript',
  ]
  static override args = { file: Args.string({ required: true, description: 'The file that `keyrite client export` or `keyrite client signatures` wrote.' }) }
  static override flags = {
    transcript: Flags.string({ helpValue: 'FILE', summary: 'For signatures: the signing’s transcript, which proves whose key it is.' }),
    'script-hash': Flags.string({ helpValue: 'HASH', multiple: true, default: [], summary: 'The SHA-256 of a script that does not ship with keyrite, and that the participants agreed on.' }),
  }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Verify)
    const hashes = flags['script-hash'].map((hash) => hash.toLowerCase())
    if (!hashes.every((hash) => isHex(hash, 32))) this.error('--script-hash takes a SHA-256: 64 hex digits, as `keyrite ceremony hash` prints it.', { exit: 2 })
    const verified = (path: string) => withShipped(verifyTranscript(readTranscriptFile(path), { library: shippedLibrary, verbs, random }), hashes)
    const file = await isSignatureFile(args.file)
    if (file !== undefined) {
      const transcript = flags.transcript === undefined ? undefined : verified(flags.transcript)
      const signatures = verifySignatures(file, random, transcript === undefined ? undefined : { ...transcript, isTrusted: isTrusted(transcript) })
      for (const line of signatureLines(signatures, transcript)) this.log(line)
      if (signatures.verdict !== 'signed') process.exitCode = EXIT.unverified
      return signatures
    }
    if (flags.transcript !== undefined) this.error('--transcript goes with a file of signatures, as `keyrite client signatures` writes it.', { exit: 2 })
    const found = verified(args.file)
    for (const line of verdictLines(found)) this.log(line)
    const exit = exitOfVerified(found)
    if (exit !== EXIT.ok) process.exitCode = exit
    return found
  }
}
