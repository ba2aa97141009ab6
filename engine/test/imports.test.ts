import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { expect } from 'chai'
import type { Reached } from './importGraph.ts'
import { chain, loadedWith, reach, resolveFrom, scan } from './importGraph.ts'
import { roomOf, ROOMS } from './rooms.ts'

const root = join(import.meta.dirname, '..', '..')
const name = (file: string): string => relative(root, file)

/** The program's own sources in a folder, tests and benchmarks aside. */
function sources(folder: string): string[] {
  if (!existsSync(join(root, folder))) return []
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((item) => item.isFile() && item.name.endsWith('.ts') && !item.name.endsWith('.d.ts'))
    .map((item) => join(item.parentPath, item.name))
    .filter((file) => !/\/(test|bench)\//.test(name(file)))
}

/** Built-in modules that can open no socket, start no process and load no other code. */
const HARMLESS = ['assert', 'assert/strict', 'buffer', 'crypto', 'events', 'fs', 'fs/promises', 'os', 'path', 'process', 'readline', 'stream', 'stream/promises', 'string_decoder', 'timers', 'timers/promises', 'tty', 'url', 'util', 'util/types', 'zlib']

/** The uses that look like a way out and are none, each with its reason. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  // It makes a checking function of a schema; the schemas are the program's own.
  'node_modules/ajv/dist/compile/index.js': 'Function',
}

/** Every way to a socket, with the chain of imports that leads to it. */
function waysOut(reached: Reached): string[] {
  const ways: string[] = reached.missing.map((missing) => `not found: ${missing}`)
  for (const [builtin, files] of reached.builtins) {
    if (!HARMLESS.includes(builtin)) ways.push(...files.map((file) => `node:${builtin} by ${chain(reached, file)}`))
  }
  for (const [file, { suspects }] of reached.files) {
    const allowed = EXCEPTIONS[name(file)]
    ways.push(...suspects.filter((one) => allowed === undefined || !one.startsWith(allowed)).map((one) => `${one} in ${chain(reached, file)}`))
  }
  return ways.map((way) => way.replaceAll(`${root}/`, ''))
}

describe('the airgap’s code', () => {
  it('cannot open a socket, whatever it reaches, packages included', () => {
    const reached = reach([join(root, 'engine/run/airgap.ts')])
    expect(reached.files.size).to.be.greaterThan(20)
    expect(waysOut(reached)).to.deep.equal([])
  })

  it('shares that with all of engine/, so that it cannot creep in by a later import', () => {
    expect(waysOut(reach(sources('engine')))).to.deep.equal([])
  })

  it('uses every exception that is made for it', () => {
    const reached = reach(sources('engine'))
    const used = [...reached.files].filter(([, { suspects }]) => suspects.length > 0).map(([file]) => name(file))
    expect(used).to.have.members(Object.keys(EXCEPTIONS))
  })

  it('does not meet the storage’s client on the command line either', () => {
    const reached = reach(sources('cli/commands/airgap'))
    expect([...reached.files.keys()].map(name).filter((file) => file.startsWith('storage/'))).to.deep.equal([])
  })
})

describe('the search for ways out', () => {
  let folder: string
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'keyrite-imports-'))))
  afterEach(() => rmSync(folder, { recursive: true }))

  /** Writes files, and gives the ways out that are found from `entry.ts` on. */
  function found(files: Readonly<Record<string, string>>): string {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(folder, dirname(path)), { recursive: true })
      writeFileSync(join(folder, path), text)
    }
    return waysOut(reach([join(folder, 'entry.ts')])).join('\n')
  }

  it('finds a planted import of a socket in every form', () => {
    const forms = [
      `import net from 'node:net'`,
      `import * as net from 'net'`,
      `import 'node:http'`,
      `import { type Socket } from 'node:net'`,
      `export * from 'node:https'`,
      `const http2 = await import('node:http2')`,
      `await import(\`node:dgram\`)`,
      `const tls = require('tls')`,
      `import dns = require('node:dns')`,
      `await import('node:dns/promises')`,
      `import { spawn } from 'node:child_process'`,
      `import inspector from 'node:inspector'`,
      `await import(['node', 'net'].join(':'))`,
      `import { createRequire } from 'node:module'`,
      `const load = createRequire(import.meta.url)`,
      `process.binding('tcp_wrap')`,
      `process['binding']('tcp_wrap')`,
      `process.getBuiltinModule('net')`,
      `const { getBuiltinModule: get } = process`,
      `process[name]('net')`,
      `await fetch('http://there')`,
      `globalThis.fetch('http://there')`,
      `const g = globalThis; g.fetch('http://there')`,
      `globalThis['fe' + 'tch']('http://there')`,
      `const get = { fetch }`,
      `new WebSocket('ws://there')`,
      `new EventSource('http://there')`,
      `new XMLHttpRequest()`,
      `eval('something')`,
      `new Function('something')`,
      `import ws from 'not-installed'`,
    ]
    for (const form of forms) expect(found({ 'entry.ts': `${form}\n` }), form).to.not.equal('')
  })

  it('takes neither types, names of members, strings nor comments for one', () => {
    const text = `
      import type { Socket } from 'node:net'
      export type { Server } from 'node:http'
      interface Port { fetch(url: string): Promise<Socket> }
      export const port: Port = { fetch: undefined! }
      // fetch('x'); require('net')
      export const text = "import 'node:net'; fetch()"
      export type F = typeof fetch
    `
    expect(found({ 'entry.ts': text })).to.equal('')
  })

  it('follows files and packages, by exports, main, conditions and their own imports, and tells the chain', () => {
    const base = { 'entry.ts': `import './a.ts'`, 'a.ts': `import { x } from 'one/deep/thing'` }
    const one = {
      'node_modules/one/package.json': JSON.stringify({ exports: { './deep/*': { types: './no.d.ts', require: './no.js', import: { browser: './no.js', default: './lib/*.js' } } }, imports: { '#inner': './inner.js' } }),
      'node_modules/one/lib/thing.js': `import '#inner'`,
    }
    expect(found({ ...base, ...one, 'node_modules/one/inner.js': `export * from 'two'` })).to.include('not found: two')
    const two = { 'node_modules/two/package.json': '{"main":"./main"}', 'node_modules/two/main.js': `require('./more')`, 'node_modules/two/more/index.js': `module.exports = require('http')` }
    expect(found({ ...base, ...one, ...two })).to.match(/^node:http by .*entry\.ts → .*a\.ts → .*thing\.js → .*inner\.js → .*main\.js → .*more\/index\.js$/)
  })
})

/** All imports of a folder's sources that lead into the program, types included. */
const inward = (folder: string): { from: string; to: string }[] =>
  sources(folder).flatMap((file) =>
    scan(readFileSync(file, 'utf8'), file)
      .edges.filter(({ specifier }) => specifier.startsWith('.'))
      .map(({ specifier, kind }) => ({ from: name(file), to: name(resolveFrom(file, specifier, kind) ?? specifier) })),
  )

describe('imports point one way', () => {
  it('engine/ imports neither storage/ nor cli/', () => {
    expect(inward('engine').filter(({ to }) => /^(storage|cli)\//.test(to))).to.deep.equal([])
  })

  // The page for people is bundled for browsers, where it checks a log by itself. The server imports nothing of it.
  const isPage = (file: string): boolean => file.startsWith('storage/page/')

  it('storage/ imports nothing of engine/ but engine/base and engine/wire, and nothing of cli/ or of its own page', () => {
    const server = inward('storage').filter(({ from }) => !isPage(from))
    expect(server.filter(({ to }) => isPage(to) || !/^(storage|engine\/(base|wire))\//.test(to))).to.deep.equal([])
  })

  // The page uses nothing of the server but the client of its boards, which everybody uses, and the files that it needs.
  const forBrowsers = ['storage/client.ts', 'storage/errors.ts', 'storage/limits.ts']

  it('the storage’s page imports nothing but itself, engine/ and the storage’s client', () => {
    const page = inward('storage').filter(({ from, to }) => isPage(from) && !to.startsWith('inline:'))
    expect(page.filter(({ to }) => !isPage(to) && !to.startsWith('engine/') && to !== 'storage/client.ts')).to.deep.equal([])
  })

  it('the storage’s client reaches neither the server nor anything of Node’s but by engine/crypto, which has it for browsers too', () => {
    const reached = reach([join(root, 'storage/client.ts')])
    expect([...reached.files.keys()].map(name).filter((file) => file.startsWith('storage/'))).to.have.members(forBrowsers)
    const users = [...reached.builtins].flatMap(([builtin, files]) => files.map((file) => `${builtin} by ${name(file)}`))
    expect(users.filter((user) => /by (storage|engine|cli)\//.test(user) && !/ by engine\/crypto\/fast\.ts$/.test(user))).to.deep.equal([])
    // Node's globals need no import.
    const own = [...reached.files.keys()].filter((file) => /^(storage|engine)\/(?!crypto\/fast\.ts)/.test(name(file)))
    expect(own.filter((file) => /\b(Buffer|process)[.[]/.test(readFileSync(file, 'utf8'))).map(name)).to.deep.equal([])
  })

  it('the rooms import what the table of rooms says, all of it and nothing else, and in no circle', () => {
    const edges = ['engine', 'storage', 'cli'].flatMap(inward).filter(({ to }) => !to.startsWith('inline:')).map(({ from, to }) => ({ from: roomOf(from), to: roomOf(to) })).filter(({ from, to }) => from !== to)
    const found = Object.fromEntries(Object.keys(ROOMS).map((room) => [room, [...new Set(edges.filter(({ from }) => from === room).map(({ to }) => to))].sort()]))
    expect(found).to.deep.equal(Object.fromEntries(Object.entries(ROOMS).map(([room, { imports }]) => [room, [...imports].sort()])))
    expect(edges.filter(({ from }) => !Object.hasOwn(ROOMS, from))).to.deep.equal([])
    const names = Object.keys(ROOMS)
    for (const [room, { imports }] of Object.entries(ROOMS)) for (const one of imports) expect(names.indexOf(one), `${room} imports ${one}`).to.be.lessThan(names.indexOf(room))
  })
})

/** The rooms and packages that a command may load besides `cli/`'s own files and oclif. Of the curves, BLS12-381 takes long to load. */
interface May {
  readonly rooms: readonly string[]
  readonly packages: readonly string[]
}

const may = (rooms: string, packages: string): May => ({ rooms: rooms.split(' '), packages: packages.split(' ') })
const and = (one: May, rooms: string, packages = ''): May => ({ rooms: [...one.rooms, ...rooms.split(' ')], packages: [...one.packages, ...packages.split(' ').filter((name) => name !== '')] })

const BLS = '@noble/curves/bls12-381.js'

const script = may('engine/base engine/crypto engine/script engine/verbs engine/wire', 'ajv yaml @noble/hashes')
/** The rooms and packages that read messages of a ceremony and check them. */
const pairing = and(script, 'engine/machines engine/messages engine/run', `@noble/curves ${BLS} @scure/bip39`)
const ceremony = and(pairing, 'cli/screen')
const home = and(pairing, 'engine/vault cli/roles', 'age-encryption @noble/ciphers')
const airgap = and(home, 'cli/screen')
const client = and(airgap, 'storage engine/channel')

/** The rooms and packages of each command, by its file or its folder. */
const MAY: Readonly<Record<string, May>> = {
  page: may('engine/base engine/crypto cli/web', '@noble/hashes'),
  'ceremony/hash': script,
  'ceremony/new': script,
  'ceremony/validate': and(script, 'engine/machines', 'xstate'),
  'ceremony/graph': and(script, 'engine/machines', 'xstate'),
  'ceremony/simulate': and(ceremony, 'engine/channel engine/simulate cli/simulation', 'xstate'),
  'message/kinds': may('engine/base engine/crypto engine/messages engine/wire cli/screen', `ajv @noble/hashes @noble/curves ${BLS}`),
  'message/show': may('engine/base engine/crypto engine/messages engine/script engine/wire cli/screen cli/roles', `ajv @noble/hashes @noble/curves ${BLS}`),
  'storage/serve': may('engine/base engine/crypto engine/vault engine/wire storage', 'ajv koa @koa/router @noble/hashes @noble/curves'),
  verify: and(ceremony, 'cli/roles'),
  // The demo follows the board like everybody, to show the ceremony while it runs.
  demo: and(ceremony, 'storage cli/demo'),
  'airgap/run': and(airgap, 'engine/channel cli/carriers cli/web', 'xstate'),
  'airgap/card': and(airgap, 'engine/channel cli/carriers cli/web', 'xstate'),
  'airgap/recover': and(home, '', 'xstate'),
  'airgap/script/add': and(airgap, 'engine/channel'),
  airgap,
  'client/init': and(script, 'engine/vault storage cli/roles', 'age-encryption @noble/ciphers @noble/curves'),
  'client/run': and(client, 'cli/carriers cli/web', 'xstate'),
  'client/abandon': and(client, 'cli/carriers cli/web', 'xstate'),
  'client/pair': and(home, 'engine/channel cli/carriers'),
  client,
}

const packageOf = (specifier: string): string => (specifier === BLS ? BLS : specifier.split('/').slice(0, specifier.startsWith('@') ? 2 : 1).join('/'))

describe('a command’s file, which is loaded with all that it imports,', () => {
  const commands = sources('cli/commands').map((file) => {
    const id = name(file).replace(/^cli\/commands\/|\.ts$/g, '')
    const { files, packages } = loadedWith(file)
    const key = Object.hasOwn(MAY, id) ? id : (id.split('/')[0] ?? '')
    return { id, key, file, files: files.map(name), packages: new Set(packages.map(packageOf)) }
  })
  const roomsOf = (files: readonly string[]): Set<string> => new Set(files.map(roomOf).filter((room) => room !== 'cli' && !room.startsWith('cli/commands')))

  for (const { id, key, files, packages } of commands) {
    it(`${id} loads what it uses, and no more`, () => {
      const allowed = MAY[key] ?? expect.fail('say in MAY what it may load')
      expect([...roomsOf(files)].filter((room) => !allowed.rooms.includes(room)), 'rooms').to.deep.equal([])
      expect([...packages].filter((one) => one !== '@oclif/core' && !allowed.packages.includes(one)), 'packages').to.deep.equal([])
    })
  }

  it('has leave for nothing that no command with that leave loads', () => {
    const unused = Object.entries(MAY).flatMap(([key, { rooms, packages }]) => {
      const those = commands.filter((one) => one.key === key)
      const used = new Set(those.flatMap(({ files, packages: all }) => [...roomsOf(files), ...all]))
      return [...rooms, ...packages].filter((one) => one !== '' && !used.has(one)).map((one) => `${one} for ${key}`)
    })
    expect(unused).to.deep.equal([])
  })

  it('loads of the other machine’s role nothing', () => {
    const others = commands.flatMap(({ id, files }) => {
      const [role] = id.split('/')
      const other = role === 'client' ? 'airgap' : role === 'airgap' ? 'client' : undefined
      return files.filter((file) => other !== undefined && file.startsWith(`cli/roles/${other}-`)).map((file) => `${file} for ${id}`)
    })
    expect(others).to.deep.equal([])
  })

  it('loads late only what its user chooses by a flag, through a table, and what asks at a terminal', () => {
    const late = ['cli', 'storage', 'engine'].flatMap(sources).filter((file) => scan(readFileSync(file, 'utf8'), file).edges.some(({ lazy }) => lazy)).map(name)
    expect(late.filter((file) => !file.startsWith('cli/carriers/'))).to.have.members([
      // The code that runs first is one small file, which loads the rest late.
      'cli/bin.ts',
      'cli/prompt.ts',
      'storage/stores/table.ts',
    ])
  })

  it('comes, with all that is chosen, to no server’s packages on a participant’s machine, and to no code of a ceremony on a storage', () => {
    const wrong = commands.flatMap(({ id, file }) => {
      const never = /^(client|airgap)\//.test(id) ? ['koa', '@koa/router', 'nedb-promises'] : id === 'storage/serve' ? ['qrcode', 'jsqr', 'xstate', BLS] : []
      return loadedWith(file, true).packages.map(packageOf).filter((one) => never.includes(one)).map((one) => `${one} for ${id}`)
    })
    expect(wrong).to.deep.equal([])
  })
})

describe('the sources', () => {
  const all = ['engine', 'storage', 'cli'].flatMap(sources)

  it('import one another in no circle, types included', () => {
    const rest = new Map(all.map((file) => [name(file), new Set<string>()]))
    for (const { from, to } of ['engine', 'storage', 'cli'].flatMap(inward)) if (rest.has(to)) rest.get(from)?.add(to)
    // A file that imports none of the rest is in no circle.
    for (let size = -1; size !== rest.size; ) {
      size = rest.size
      for (const [file, targets] of rest) if (![...targets].some((target) => rest.has(target))) rest.delete(file)
    }
    expect([...rest.keys()]).to.deep.equal([])
  })

  it('are files of 600 lines at most', () => {
    const long = all.map((file) => ({ file: name(file), lines: readFileSync(file, 'utf8').split('\n').length - 1 })).filter(({ lines }) => lines > 600)
    expect(long).to.deep.equal([])
  })

  it('have no default exports', () => {
    expect(all.filter((file) => /^export default\b|^export \{[^}]*\bas default\b/m.test(readFileSync(file, 'utf8'))).map(name)).to.deep.equal([])
  })
})

describe('the names of what files export', () => {
  /** The names that may be exported by two files, each with its reason. */
  const TWICE: Readonly<Record<string, string>> = { primitives: 'the same interface made twice: over Node, and portable' }

  it('mean one thing each, so that a reader need not ask which', () => {
    const found = new Map<string, string[]>()
    // `engine/index.ts` is left out: it exports others' names again, some with their arguments filled in.
    for (const file of ['engine', 'storage', 'cli'].flatMap(sources).filter((one) => name(one) !== 'engine/index.ts')) {
      for (const [, exported = ''] of readFileSync(file, 'utf8').matchAll(/^export (?:declare |abstract |async )*(?:interface|class|type|const|function)\*? (\w+)/gm)) {
        found.set(exported, [...(found.get(exported) ?? []), name(file)])
      }
    }
    expect(found.size).to.be.greaterThan(1000)
    expect([...found].filter(([exported, files]) => new Set(files).size > 1 && TWICE[exported] === undefined).map(([exported, files]) => `${exported}: ${files.join(', ')}`)).to.deep.equal([])
    for (const exported of Object.keys(TWICE)) expect(found.get(exported), exported).to.have.length(2)
  })
})
