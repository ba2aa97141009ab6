import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Code, KeyriteError } from '../../engine/base/errors.ts'
import { messageError } from '../../engine/messages/kind.ts'
import { jsonPlaces, readMessagesFile } from '../roles/message-file.ts'
import { errorOf, keyrite } from './keyrite/run.ts'
import { messageKinds } from '../../engine/messages/kinds.ts'

const CHANGE = {
  kind: 'eth/bls-to-execution-change', network: 'mainnet', validatorIndex: 96193,
  fromBlsPubkey: '0xb67aca71f04b673037b54009b760f1961f3836e5714141c892afdb75ec0834dce6784d9c72ed8ad7db328cff8fe9f13e',
  toExecutionAddress: '0xb9d7934878b5fb9610b3fe8a5e441e8fad7e293f',
}
/** The signing root under which a signature of CHANGE's owner is valid on mainnet (engine/test/messages/vectors.ts). */
const ROOT = '8ec03b5ea7732a836c8f6fbd191cf2c06f626fd93cc9ff904fd134bfe94edee0'

let folder: string
before(async () => (folder = await mkdtemp(join(tmpdir(), 'keyrite-message-'))))
after(() => rm(folder, { recursive: true }))

describe('places in JSON', () => {
  it('are found where JSON.parse finds JSON, and a problem where it does not, however the text was mangled', () => {
    const source = '[ {"a": [1, -2.5e+3, true, null], "b\\u0041\\n": "x\\"y"}, {}, [], "", 0 ]'
    const pieces = ['[', ']', '{', '}', '"', ',', ':', '\\', ' ', '\n', '-', '0', 'e', '.', 't', 'true', '"q"', '']
    let state = 7
    const next = (most: number): number => (state = (state * 48271) % 2147483647) % most
    let good = 0
    for (let i = 0; i < 20_000; i++) {
      let text = source
      for (let n = next(3); n >= 0; n--) {
        const at = next(text.length + 1)
        text = text.slice(0, at) + pieces[next(pieces.length)]! + text.slice(at + next(3))
      }
      let isJson = true
      try {
        JSON.parse(text)
        good++
      } catch {
        isJson = false
      }
      const found = jsonPlaces(text)
      if ('problem' in found && isJson) expect(found.problem.why, text).to.include('second time')
      else expect('problem' in found, text).to.equal(!isJson)
    }
    expect(good).to.be.greaterThan(500)
  })

  it('are those of values, by their pointers, or of what is around them', () => {
    const text = '[{"kind": "text",\n "each": {"text": ["a", "b"]}}]'
    const found = jsonPlaces(text)
    if ('problem' in found) return expect.fail(found.problem.why)
    expect(text.slice(found.offsetOf('/0/each/text/1')).startsWith('"b"')).to.equal(true)
    expect(found.offsetOf('/0/missing/deep')).to.equal(1)
    expect([found.offsetOf(''), found.offsetOf('/7')]).to.deep.equal([0, 0])
  })

  it('are not looked for in what nests without end', () => {
    expect(jsonPlaces('['.repeat(1_000_000))).to.have.nested.property('problem.why', 'it nests too deeply')
  })
})

describe('a file of messages', () => {
  let count = 0
  async function write(content: string | Uint8Array): Promise<string> {
    const path = join(folder, `messages-${count++}.json`)
    await writeFile(path, content)
    return path
  }
  async function faultOf(content: string | Uint8Array): Promise<KeyriteError<Code<'message'>>> {
    const path = await write(content)
    try {
      await readMessagesFile(path)
    } catch (error) {
      if (!messageError.made(error)) throw error
      if ('line' in error.facts) expect(error.message).to.include(`${path}:${String(error.facts.line)}:${String(error.facts['column'])}: `)
      return error
    }
    return expect.fail('it is accepted')
  }

  const broken: readonly [title: string, content: string | Uint8Array, code: Code, line: number, column: number][] = [
    ['nothing but blanks', '  ', 'message.not-json', 1, 3],
    ['a trailing comma', '[\n  {"kind": "text", "text": "a"},\n]', 'message.not-json', 3, 1],
    ['a missing comma', '[\n  {"kind": "text"\n   "text": "a"}]', 'message.not-json', 3, 4],
    ['a comment', '// mine\n[]', 'message.not-json', 1, 1],
    ['single quotes', "[{'kind': 'text'}]", 'message.not-json', 1, 3],
    ['quotes that do not end', '[{"kind": "text}]', 'message.not-json', 1, 11],
    ['two values', '[]\n[]', 'message.not-json', 2, 1],
    ['YAML', '- kind: text\n  text: a', 'message.not-json', 1, 1],
    ['a name that stands twice', '[{"kind": "text",\n "text": "a",\n "text": "b"}]', 'message.not-json', 3, 2],
    ['other bytes than UTF-8', Uint8Array.from([0x5b, 0x0a, 0x22, 0xff]), 'message.not-json', 2, 2],
    ['no list', '{"kind": "text", "text": "a"}', 'message.malformed', 1, 1],
    ['an empty list', '\n  []', 'message.empty', 2, 3],
    ['an unknown kind', '[{"kind": "text", "text": "a"},\n {"kind": "eth/transfer"}]', 'message.unknown-kind', 2, 2],
    ['a missing field', '[\n\n {"kind": "text"}]', 'message.malformed', 3, 2],
    ['an unknown field', '[{"kind": "text", "text": "a",\n  "memo": "b"}]', 'message.malformed', 2, 11],
    ['a duplicate', '[{"kind": "text", "text": "a"},\n {"text": "a", "kind": "text"}]', 'message.duplicate', 2, 2],
    ['a duplicate in a list', '[{"kind": "text",\n "each": {"text": ["a",\n "a"]}}]', 'message.duplicate', 3, 2],
    ['a wrong checksum', JSON.stringify([{ ...CHANGE, toExecutionAddress: '0xB9d7934878b5fb9610b3fe8a5e441e8fad7e293f' }], null, 1), 'message.malformed', 7, 25],
    ['a number out of range', `[${JSON.stringify({ ...CHANGE, validatorIndex: -1 }, null, 1)}]`, 'message.malformed', 4, 20],
    ['a wrong value in a list', '[{"kind": "bytes", "each": {"hex": ["00",\n\n "0"]}}]', 'message.malformed', 3, 2],
    ['text that turns around', '[{"kind": "text", "text": "a\\u202eb"}]', 'message.malformed', 1, 27],
    ['too many messages', `[${Array.from({ length: 1001 }, (_, i) => `{"kind":"text","text":"${i}"}`).join()}]`, 'message.too-many', 1, 1],
    ['a file that is missing', '[{"kind": "file", "path": "nowhere"}]', 'message.unreadable', 1, 27],
    ['a path with more', '[{"kind": "file", "path": "nowhere", "size": 1}]', 'message.malformed', 1, 27],
    ['a path that is no text', '[{"kind": "file", "path": ["a"]}]', 'message.malformed', 1, 27],
    ['a folder to be signed', '[{"kind": "file", "path": "."}]', 'message.unreadable', 1, 27],
  ]
  for (const [title, content, code, line, column] of broken) {
    it(`with ${title} is refused, with line and column`, async () => {
      const fault = await faultOf(content)
      expect(fault.code, fault.message).to.equal(code)
      expect(fault.facts, fault.message).to.include({ line, column })
    })
  }

  it('that is missing, a folder, or too large is refused', async () => {
    for (const path of [join(folder, 'none'), folder]) {
      expect(await readMessagesFile(path).catch((error: unknown) => (error as KeyriteError).code)).to.equal('message.unreadable')
    }
    expect((await faultOf(' '.repeat((16 << 20) + 1))).code).to.equal('message.unreadable')
  })

  it('gives all messages, and the short form in which they cross', async () => {
    const messages = [1, 2, 3].map((validatorIndex) => ({ ...CHANGE, validatorIndex }))
    const { kind, network, fromBlsPubkey, toExecutionAddress } = CHANGE
    const items = [{ kind, network, fromBlsPubkey, toExecutionAddress, each: { validatorIndex: [1, 2, 3] } }]
    for (const content of [messages, items]) {
      const read = await readMessagesFile(await write(JSON.stringify(content)))
      expect(read).to.deep.equal({ messages, items })
    }
  })

  it('has files to be signed beside it: only name, size and digest are taken', async () => {
    const content = Buffer.alloc(3_000_001, 'keyrite ')
    await mkdir(join(folder, 'sub'), { recursive: true })
    await writeFile(join(folder, 'sub', 'release.tar'), content)
    const { messages } = await readMessagesFile(await write('[{"kind": "file", "path": "sub/release.tar"}]'))
    expect(messages).to.deep.equal([{ kind: 'file', name: 'release.tar', size: 3_000_001, sha256: createHash('sha256').update(content).digest('hex') }])
  })

  it('may not name files that would show as something else, or never end', async () => {
    await writeFile(join(folder, 'a\u202egpj.exe'), 'x')
    expect((await faultOf('[{"kind": "file", "path": "a\\u202egpj.exe"}]')).code).to.equal('message.malformed')
    execFileSync('mkfifo', [join(folder, 'pipe')])
    for (const path of ['pipe', '/dev/zero']) expect((await faultOf(JSON.stringify([{ kind: 'file', path }]))).code).to.equal('message.unreadable')
  })
})

describe('keyrite message', () => {
  it('show prints what an airgap shows and the exact bytes to be signed, and with --json the same for programs', async () => {
    await writeFile(join(folder, 'show.json'), JSON.stringify([CHANGE, { kind: 'text', text: 'hello\n1. raw' }, { kind: 'raw', root: '5a'.repeat(32) }]))
    const [people, programs, bound] = await Promise.all([[], ['--json'], ['--json', '--ceremony', 'ab'.repeat(32)]].map((more) => keyrite(['message', 'show', 'show.json', ...more], folder)))
    if (people === undefined || programs === undefined || bound === undefined) return expect.fail()
    expect(people.stderr + programs.stderr).to.equal('')
    for (const shown of ['3 messages to be signed', '0xB9D7934878B5FB9610B3fE8A5e441e8fad7E293f', 'mainnet', 'WARNING', '--allow-blind', 'The bytes to be signed', '--ceremony ID']) expect(people.stdout).to.include(shown)
    // Text from outside never begins a line.
    expect(people.stdout.match(/^\s*1\. raw/m)).to.equal(null)
    expect(people.stdout.replace(/\n +│ /g, '')).to.include(ROOT)
    const [list, whole] = [programs, bound].map(({ stdout }) => JSON.parse(stdout) as { kind: string; display: { label: string; value: string }[]; signedBytes: string | null }[])
    expect(list?.map(({ kind, signedBytes }) => [kind, signedBytes])).to.deep.equal([['eth/bls-to-execution-change', ROOT], ['text', null], ['raw', '5a'.repeat(32)]])
    const text = Buffer.concat([Buffer.from('keyrite/2/message/text\n'), Buffer.alloc(32, 0xab), Buffer.from('hello\n1. raw')])
    expect(whole?.map(({ signedBytes }) => signedBytes)).to.deep.equal([ROOT, text.toString('hex'), '5a'.repeat(32)])
    expect(list?.[0]!.display).to.deep.include({ label: 'Validator index', value: '96193' })
  })

  it('show tells the one message that is not like the others', async () => {
    const exit = { kind: 'eth/voluntary-exit', network: 'hoodi', epoch: 1 }
    await writeFile(join(folder, 'drill.json'), JSON.stringify([{ ...exit, each: { validatorIndex: [500, 501, 502] } }, { ...exit, network: 'mainnet', validatorIndex: 503 }, { ...exit, each: { validatorIndex: [504, 505] } }]))
    const { stdout } = await keyrite(['message', 'show', 'drill.json'], folder)
    expect(stdout).to.match(/Group 1 of 2: 1 message, number 4 of the list\n[^]*NETWORK, ODD +│ mainnet[^]*Group 2 of 2: 5 messages/)
  })

  it('show refuses with exit code 2 what is no ceremony’s id', async () => {
    await writeFile(join(folder, 'one.json'), '[{"kind": "text", "text": "a"}]')
    const outcome = await keyrite(['message', 'show', 'one.json', '--ceremony', '52b0', '--json'], folder)
    expect([outcome.code, errorOf(outcome).code]).to.deep.equal([2, 'cli.whole-id'])
  })

  it('show refuses with exit code 3', async () => {
    await writeFile(join(folder, 'bad.json'), '[{"kind": "text", "text": "a"},\n {"kind": "nonsense"}]')
    const outcome = await keyrite(['message', 'show', 'bad.json', '--json'], folder)
    expect(outcome.code).to.equal(3)
    expect(errorOf(outcome).code).to.equal('message.unknown-kind')
    expect(errorOf(outcome).facts).to.include({ file: 'bad.json', line: 2, column: 2 })
  })

  it('kinds lists every kind with its fields and an example', async () => {
    const [people, programs] = await Promise.all([keyrite(['message', 'kinds'], folder), keyrite(['message', 'kinds', '--json'], folder)])
    const list = JSON.parse(programs.stdout) as { kind: string; fields: { name: string }[]; example: unknown }[]
    expect(list.map(({ kind }) => kind)).to.deep.equal(messageKinds.map(({ name }) => name))
    for (const { kind, fields, example } of list) {
      for (const word of [kind, ...fields.map(({ name }) => name), JSON.stringify(example)]) expect(people.stdout).to.include(word)
    }
  })
})
