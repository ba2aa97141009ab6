import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect } from 'chai'
import { utf8 } from '../../engine/base/bytes.ts'
import { isKeyriteError } from '../../engine/base/errors.ts'
import { airgapKeyPair } from '../../engine/crypto/seed.ts'
import type { Script } from '../../engine/machines/ceremony.ts'
import { backupOf, backupSchema } from '../../engine/run/memory.ts'
import { Ledger } from '../../engine/run/ledger.ts'
import { exportSignatures } from '../../engine/run/signatures.ts'
import { crlfHash, loadScript, readShipped, shippedLibrary } from '../../engine/script/load.ts'
import { seededRandom, simulate } from '../../engine/simulate/simulate.ts'
import type { Simulated } from '../../engine/simulate/simulate.ts'
import { writeSealed } from '../../engine/vault/age.ts'
import { verbs } from '../../engine/verbs/implementations.ts'
import { signCard } from '../../engine/wire/card.ts'
import { EMPTY_LOG } from '../../engine/wire/log.ts'
import { signMessage } from '../../engine/wire/message.ts'
import { passphraseInFile, tokenInFile, wordsInFile } from '../secret-file.ts'
import { readMessagesFile } from '../roles/message-file.ts'
import { namesOf, rosterOf } from '../roles/opening.ts'
import { clientCrlfScript, keepScript } from '../roles/client-home.ts'
import { readBackup, refuseNoBackup } from '../roles/airgap-home.ts'
import { inHome } from './airgap/home.ts'
import { errorOf, keyrite } from './keyrite/run.ts'

const BOM = '\ufeff'
const PASSPHRASE = ' correct horse battery '
const utf16 = (text: string): Uint8Array => Buffer.from(`${BOM}${text}`, 'utf16le')

let folder: string
before(async () => (folder = await mkdtemp(join(tmpdir(), 'keyrite-carried-'))))
after(() => rm(folder, { recursive: true }))

async function file(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, content)
  return path
}

/** What a refusal says: its code, what happened and what to do. */
async function refusal(run: Promise<unknown>): Promise<string> {
  const error: unknown = await run.catch((reason: unknown) => reason)
  if (!isKeyriteError(error)) return expect.fail(`nothing is refused: ${String(error)}`)
  return `${error.code} ${error.message} ${error.todo}`
}

describe('a file with a secret', () => {
  const TOKEN = 'a-join-token-for-tests'
  const WORDS = 'abandon '.repeat(23) + 'art'

  it('gives a passphrase or a token from its first line, however an editor ended it and whatever follows, with a byte order mark or without', async () => {
    for (const [before, after] of [['', ''], ['', '\n'], ['', '\r\n'], ['', '\n\n'], [BOM, '\r\nnot read\r\n'], ['', '\n# the second line\n']] as const) {
      const passphrase = await file('secret', `${before}${PASSPHRASE}${after}`)
      expect(await passphraseInFile(passphrase), JSON.stringify([before, after])).to.equal(PASSPHRASE)
      expect(await tokenInFile(await file('token', `${before}${TOKEN} ${after}`))).to.equal(TOKEN)
    }
  })

  it('gives the words from all its lines', async () => {
    const path = await file('words', `${BOM}${WORDS.replaceAll(' ', '\r\n')}\r\n`)
    expect((await wordsInFile(path)).split(/\s+/).filter((word) => word !== '')).to.deep.equal(WORDS.split(' '))
  })

  it('is refused by the name of the secret that it should hold, with the cause and the mend, and shows nothing of what it holds', async () => {
    const read = [['passphrase', passphraseInFile], ['join token', tokenInFile], ['mnemonic', wordsInFile]] as const
    for (const [secret, reads] of read) {
      const others = read.map(([one]) => one).filter((one) => one !== secret)
      for (const [content, says] of [
        [utf16(TOKEN), /container\.not-text .*UTF-16.*as UTF-8/], [gzipSync(TOKEN), /gzip.*gunzip/], [`{\\rtf1 ${TOKEN}}`, /word processor.*plain text/],
        [Buffer.concat([utf8(TOKEN), Buffer.from([0xff])]), /container\.encoding .*line 1/], ['', /empty/],
      ] as const) {
        const said = await refusal(reads(await file('f', content)))
        expect(said).to.match(says).and.include(`The ${secret} file ${join(folder, 'f')}`).and.not.include(TOKEN)
        for (const other of others) expect(said).to.not.include(other)
      }
    }
    expect(await refusal(passphraseInFile(await file('f', `\n${TOKEN}`)))).to.match(/vault\.passphrase .*the first line of .* is empty/)
    expect(await refusal(passphraseInFile(await file('f', 'x'.repeat(1025))))).to.match(/vault\.passphrase .*1024 bytes/)
    expect(await refusal(tokenInFile(await file('f', `\n${TOKEN}`)))).to.match(/cli\.join-token .*first line.*host sent you/).and.not.match(/passphrase|--new-join-token/)
    expect(await refusal(tokenInFile(await file('f', 'short one'), true))).to.match(/cli\.join-token .*--new-join-token/)
  })

  it('opens with the commands what it opened as it was', async function () {
    this.timeout(120_000)
    const [plain, carried] = [join(folder, 'plain'), join(folder, 'windows')]
    await file('pass', `${PASSPHRASE}\n`)
    await file('pass-windows', `${BOM}${PASSPHRASE}\r\n\r\n`)
    await file('words-one', `${WORDS}\n`)
    await file('words-many', `${BOM}${WORDS.replaceAll(' ', '\r\n')}\r\n`)
    const init = (home: string, words: string, pass: string) =>
      inHome(home, ['airgap', 'init', '--restore', '--mnemonic-file', join(folder, words), '--passphrase-file', join(folder, pass), '--work-factor', '10', '--json'])
    const [one, two] = await Promise.all([init(plain, 'words-one', 'pass'), init(carried, 'words-many', 'pass-windows')])
    expect([one.code, two.code], one.stdout + two.stdout).to.deep.equal([0, 0])
    const keyOf = ({ stdout }: typeof one): string => (JSON.parse(stdout) as { airgapKey: string }).airgapKey
    expect(keyOf(two)).to.equal(keyOf(one))
    const crossed = await inHome(carried, ['airgap', 'keys', '--json', '--passphrase-file', join(folder, 'pass')])
    expect(crossed.code, crossed.stdout).to.equal(0)
    await file('token', utf16(TOKEN))
    const client = await inHome(carried, ['client', 'init', '--name', 'ada', '--board', 'http://127.0.0.1:9/boards/b', '--join-token-file', join(folder, 'token'), '--passphrase-file', join(folder, 'pass'), '--json'])
    expect([client.code, errorOf(client).code]).to.deep.equal([3, 'container.not-text'])
    expect(errorOf(client).message).to.match(/join token file .*UTF-16/).and.not.match(/passphrase/)
  })
})

describe('a file of messages or names', () => {
  const MESSAGES = '[\n  { "kind": "text", "text": "Pay 5 to Anna" }\n]\n'

  it('is read with a byte order mark, CR LF and without a last line end', async () => {
    for (const text of [MESSAGES, `${BOM}${MESSAGES.replaceAll('\n', '\r\n')}`, MESSAGES.trimEnd()]) {
      expect((await readMessagesFile(await file('m.json', text))).messages).to.deep.equal([{ kind: 'text', text: 'Pay 5 to Anna' }])
    }
    for (const text of ['ada\nbob\n', `${BOM}ada\r\nbob\r\n`, 'ada\nbob']) expect(await namesOf(await file('roster', text), 'ada')).to.deep.equal(['ada', 'bob'])
  })

  it('is refused with the cause and the mend where it is something else', async () => {
    for (const [content, says] of [
      [utf16(MESSAGES), /container\.not-text .*UTF-16.*iconv/], [gzipSync(MESSAGES), /gzip.*gunzip/], ['<!doctype html>', /web page.*Download/], ['', /empty.*Get it again/],
    ] as const) {
      const path = await file('other', content)
      for (const read of [readMessagesFile(path), namesOf(path, 'ada')]) expect(await refusal(read)).to.match(says).and.include(path)
    }
    const cut = await refusal(readMessagesFile(await file('m.json', MESSAGES.slice(0, -8))))
    expect(cut).to.match(/message\.not-json .*m\.json:2:\d+: .*cut off/)
    expect(await refusal(readMessagesFile(await file('m.json', MESSAGES.replace('"text":', '"text"'))))).to.match(/message\.not-json/).and.not.include('cut off')
  })
})

describe('a backup that was carried', function () {
  this.timeout(60_000)

  it('says what became of it before anybody types a passphrase, and to take another copy, not to restore from it', async () => {
    const { members } = await simulate({ script: readShipped('dkg'), names: ['ada', 'bob'], parameters: { threshold: 2 }, verbs, random: seededRandom('backup'), idle: 5 })
    const path = join(folder, 'a.backup')
    await writeSealed({ path, passphrase: PASSPHRASE, schema: backupSchema }, backupOf(members[0]?.memory.read() ?? expect.fail(), new Date()), 10)
    const whole = await readFile(path)
    await refuseNoBackup(path)
    expect((await readBackup(path, PASSPHRASE)).memory.seed).to.match(/^[0-9a-f]{128}$/)
    const text = whole.toString('latin1')
    for (const [what, content, says] of [
      ['copied as text', Buffer.from(text.replaceAll('\n', '\r\n'), 'latin1'), /vault\.altered .*as text.*Copy it again/],
      ['saved by an editor', Buffer.from(`${BOM}${whole.toString('utf8')}`), /vault\.altered .*as text/],
      ['cut in its header', whole.subarray(0, 60), /vault\.truncated .*its end is missing.*Copy it again/],
      ['empty', new Uint8Array(), /vault\.truncated .*Copy it again/],
      ['compressed', gzipSync(whole), /container\.not-text .*gunzip/],
      ['a web page', utf8('<html>'), /web page/],
      ['zeros', new Uint8Array(whole.length), /zeros/],
      ['armored', utf8(`-----BEGIN AGE ENCRYPTED FILE-----\n${whole.toString('base64')}\n-----END AGE ENCRYPTED FILE-----\n`), /vault\.armored .*base64 -d/],
    ] as const) {
      const other = await file('other.backup', content)
      const said = await refusal(refuseNoBackup(other))
      expect(said, what).to.match(says).and.include(other).and.not.include('keyrite airgap restore')
      if (what !== 'saved by an editor') expect(await refusal(readBackup(other, PASSPHRASE)), what).to.equal(said)
    }
    const cut = await file('cut.backup', whole.subarray(0, whole.length - 100))
    expect(await refusal(readBackup(cut, PASSPHRASE))).to.match(/vault\.altered .*its end is missing, or bytes of it were changed.*Copy it again/).and.not.include('keyrite airgap restore')
    // Without a terminal, a question for the passphrase would be refused as such.
    const restored = await inHome(join(folder, 'new'), ['airgap', 'restore', join(folder, 'other.backup'), '--json'])
    expect([restored.code, errorOf(restored).code]).to.deep.equal([3, 'vault.armored'])
  })
})

describe('keyrite verify, of a file that was carried', function () {
  this.timeout(120_000)
  let signatures = ''

  before(async () => {
    const [dkg, sign] = [readShipped('dkg'), readShipped('sign')]
    const common = { names: ['ada', 'bob'], verbs, idle: 5 }
    const key = await simulate({ ...common, script: dkg, parameters: { threshold: 2 }, random: seededRandom('key') })
    const signing = await simulate({ ...common, script: sign, after: key, parameters: { purpose: 'x', messages: [{ kind: 'text', text: 'Pay 5' }] }, random: seededRandom('sign') })
    const readBy = (script: Script, { opening }: Pick<Simulated, 'opening'>, followed: Readonly<Record<string, Ledger>> = {}): Ledger => {
      const ledger = new Ledger({ script, opening, followed, verbs, random: seededRandom('read'), headAt: signing.board.headAt })
      for (const { offset, message } of signing.board.entries) {
        const attachment = message.attachment === undefined ? undefined : signing.board.attachments.get(message.attachment)
        ledger.accept({ offset, message, ...(attachment === undefined ? {} : { attachment }) })
      }
      return ledger
    }
    signatures = `${JSON.stringify(exportSignatures(readBy(sign, signing, { key: readBy(dkg, key) }), 'ada'), null, 2)}\n`
  })

  it('reads signatures with a byte order mark and CR LF, and says of any other what it is, how it is mended, or that it is cut off', async () => {
    const cases: readonly (readonly [name: string, content: string | Uint8Array, code: number, says: RegExp])[] = [
      ['plain', signatures, 0, /signature is good/],
      ['windows', `${BOM}${signatures.replaceAll('\n', '\r\n')}`, 0, /signature is good/],
      ['on one line', JSON.stringify(JSON.parse(signatures)), 0, /signature is good/],
      ['powershell', utf16(signatures), 5, /BAD .*UTF-16.*iconv/],
      ['gzip', gzipSync(signatures), 5, /BAD .*gunzip/],
      ['page', '<!DOCTYPE html>', 5, /BAD .*web page.*Download/],
      ['other bytes', Buffer.concat([utf8(signatures.slice(0, 200)), Buffer.from([0xff]), utf8(signatures.slice(200))]), 5, /BAD /],
      ['binary', Buffer.from([0x7b, 0xff, 0xfe]), 5, /BAD .*line 1 it is not UTF-8/],
      ['cut', signatures.slice(0, -40), 5, /BAD .*no file of signatures: it is cut off.*keyrite client signatures -o/],
      ['damaged', signatures.replace('"rehearsal":', '"rehearsal"'), 5, /BAD .*no file of signatures: it is no JSON/],
    ]
    await Promise.all(cases.map(async ([name, content, code, says]) => {
      const verified = await keyrite(['verify', await file(`${name}.json`, content)], folder)
      expect(verified.code, name + verified.stdout + verified.stderr).to.equal(code)
      expect(verified.stdout, name).to.match(says)
    }))
  })
})

describe('a script whose line ends were changed', () => {
  const { script: mine } = loadScript(`${readShipped('beacon').source}# mine\n`, { file: 'mine.yaml', library: shippedLibrary })

  it('is refused by the commands with that alone, and the hash that it has without', async function () {
    this.timeout(60_000)
    const path = await file('dkg.yaml', readShipped('dkg').source.replaceAll('\n', '\r\n'))
    const [validated, hashed] = await Promise.all([keyrite(['ceremony', 'validate', path, '--json'], folder), keyrite(['ceremony', 'hash', path], folder)])
    expect([validated.code, hashed.code, hashed.stdout]).to.deep.equal([3, 3, ''])
    expect((JSON.parse(validated.stdout) as readonly { readonly code: string }[]).map(({ code }) => code)).to.deep.equal(['line-ends'])
    expect(hashed.stderr).to.include('line-ends').and.include(readShipped('dkg').hash)
    expect(hashed.stderr.replace(/\s+/g, ' ')).to.match(/as it ships with keyrite/)
  })

  it('is known by its hash to a client that has it with plain newlines', async () => {
    const [home, script] = [join(folder, 'client'), mine ?? expect.fail()]
    await mkdir(join(home, 'scripts'), { recursive: true })
    expect(await clientCrlfScript(home, crlfHash(script))).to.equal(undefined)
    await keepScript(home, script)
    expect((await clientCrlfScript(home, crlfHash(script)))?.hash).to.equal(script.hash)
    expect((await clientCrlfScript(home, crlfHash(readShipped('dkg'))))?.hash).to.equal(readShipped('dkg').hash)
    expect(await clientCrlfScript(home, script.hash)).to.equal(undefined)
  })

  it('is said to be what a participant is ready for', async () => {
    const script = readShipped('beacon')
    const { members } = await simulate({ script, names: ['ada', 'bob'], parameters: {}, verbs, random: seededRandom('ready'), idle: 5 })
    const readies = (bob: string) => members.map(({ card, seed, signingKey }, offset) => ({
      offset, head: '', hash: '', text: '', message: signMessage(signingKey, {
        statement: {
          ceremony: null, step: null, type: 'Ready', from: card.name, view: null,
          payload: { card, cardSignature: signCard(airgapKeyPair(seed).secretKey, card), script: { name: 'beacon', hash: card.name === 'bob' ? bob : script.hash } },
        }, seen: EMPTY_LOG,
      }),
    }))
    expect(await rosterOf(readies(script.hash), script, 'ada,bob', 'ada')).to.have.length(2)
    expect(await refusal(rosterOf(readies(crlfHash(script)), script, 'ada,bob', 'ada'))).to.match(/cli\.roster .*bob is not ready .*CR LF.*plain newlines it is this one/)
    expect(await refusal(rosterOf(readies('ab'.repeat(32)), script, 'ada,bob', 'ada'))).to.match(/cli\.roster .*bob is not ready/).and.not.include('CR LF')
  })
})
