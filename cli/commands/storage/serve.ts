import { Flags } from '@oclif/core'
import { DEFAULT_STORE, storeNames, stores } from '../../../storage/stores/table.ts'
import { KeyriteCommand, prose } from '../../base.ts'
import { runStorage } from '../../storage-run.ts'
import type { StorageReady } from '../../storage-run.ts'

export class StorageServe extends KeyriteCommand {
  static override summary = 'Serve boards: the log in between the participants.'
  static override description = prose`Runs until Ctrl-C or SIGTERM; then it takes no more requests, finishes and syncs what it is writing, and ends. A
second one ends it at once; what was acknowledged is safe even then.

A board is one append-only log, in whose messages nothing is secret. Anyone who reaches it may read; whoever has the
join token may register a name, once. Give the token to the participants by another way than the board. One storage
may serve several boards, one per ceremony group, with one token.

The token is the first line of a file, 16 to 256 characters. With --new-join-token a file that is not there is made, with
a fresh token, for its owner's eyes only; without it, a missing file is an error.

With --json, one line {"url", "boards": [{"name", "url"}], "port"} goes to standard output as soon as it takes
requests, and nothing after it. What an operator should know goes to standard error.

Exits with 0 after a graceful stop, with 1 if the port is in use or the data folder cannot be used, with 2 for a wrong
option, with 3 for a token file that will not do.`
  static override examples = [
    {
      description: 'For a try on this machine, with a fresh token:',
      command: '<%= config.bin %> <%= command.id %> --board meadow --data ./board-data --join-token-file ./join-token --new-join-token',
    },
    {
      description: 'For people elsewhere:',
      command: '<%= config.bin %> <%= command.id %> --listen 0.0.0.0:443 --board meadow --data /var/lib/keyrite --join-token-file /etc/keyrite/token --tls-cert chain.pem --tls-key key.pem',
    },
  ]
  static override flags = {
    listen: Flags.string({ helpValue: 'HOST:PORT', default: '127.0.0.1:8080', summary: 'Where to listen. Port 0 takes a free one.' }),
    board: Flags.string({ helpValue: 'NAME', multiple: true, multipleNonGreedy: true, required: true, summary: 'A board to serve; may be given several times.' }),
    data: Flags.string({ helpValue: 'DIR', summary: `The folder in which the boards are kept; made if it is not there. Needed for --store ${storeNames.filter((name) => stores[name].isKept).join(', ')}.` }),
    'join-token-file': Flags.string({ helpValue: 'FILE', required: true, summary: 'The file whose first line is the join token.' }),
    'new-join-token': Flags.boolean({ default: false, summary: 'Make the token file, if it is not there.' }),
    store: Flags.option({ options: storeNames })({
      default: DEFAULT_STORE,
      summary: `${storeNames.map((name) => `${name} ${stores[name].does}`).join('; ')}.`,
    }),
    'tls-cert': Flags.string({ helpValue: 'FILE', dependsOn: ['tls-key'], summary: 'Certificate chain (PEM): serves https.' }),
    'tls-key': Flags.string({ helpValue: 'FILE', dependsOn: ['tls-cert'], summary: 'Its private key (PEM).' }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(StorageServe)
    const { signal } = this
    await runStorage(flags, signal, {
      say: (line) => {
        process.stderr.write(`${line}\n`)
      },
      ready: async (ready) => {
        if (this.jsonEnabled()) await printed(jsonLine(ready))
        else this.tell(ready)
      },
    })
    if (!this.jsonEnabled()) this.logToStderr(stores[flags.store].isKept ? 'Stopped; all that was acknowledged is kept.' : 'Stopped.')
  }

  private tell({ url, boards, data, tokenFile, warnings }: StorageReady): void {
    this.log(`Serving at ${url}`)
    for (const board of boards) this.log(`  board ${board.name}: ${board.urls.join('  ')}`)
    this.log('  Opened in a browser, a board’s address is a page that shows its ceremonies live.')
    this.log(data === null ? 'Kept in memory only: all is gone at the end.' : `Kept in ${data}`)
    this.log(`Join token in ${tokenFile}`)
    for (const warning of warnings) this.log(`Mind: ${warning}`)
    const [first] = boards
    this.next(
      'Leave this running until the ceremony is over; Ctrl-C stops it.',
      'Give the join token to the participants, by another way than this board.',
      'Each of them runs:',
      '',
      `keyrite client init --name NAME --join-token-file FILE \\`,
      `  --board ${first?.urls[1] ?? first?.urls[0] ?? url}`,
    )
  }
}

const jsonLine = ({ url, boards, port }: StorageReady): string =>
  `${JSON.stringify({ url, boards: boards.map(({ name, urls }) => ({ name, url: urls[0] })), port })}\n`

/** Resolves when the text has left the process, so that a program which waits for it can go on. */
const printed = (text: string): Promise<void> => new Promise((resolve) => process.stdout.write(text, () => resolve()))
