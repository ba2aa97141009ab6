/**
 * `npm run bundle`: writes one archive with the built program and its production dependencies, for a machine that has
 * Node and no registry, and its SHA-256 beside it. Not part of the program.
 *
 * The same tree gives the same bytes: sorted names, one time stamp, no owners. So everybody can build it and compare.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { gzipSync } from 'node:zlib'
import { writeDurable } from '../engine/base/files.ts'
import { cliError, failureOf, failureText } from './errors.ts'

interface Entry {
  readonly name: string
  readonly contents: Uint8Array
  readonly executable: boolean
}

const LAUNCHER = `#!/bin/sh
exec node "$(dirname -- "$(readlink -f -- "$0")")/dist/cli/bin.js" "$@"
`

/** Files that a package does not need to run. Licences stay. */
const LEFT_OUT = /\.(d\.[cm]?ts|map|flow)$|\/(readme|changelog|history)(\.[a-z]+)?$/i
/**
 * Folders at the top of a package that it does not need to run. Packages within packages have lock entries of their
 * own.
 */
const LEFT_OUT_FOLDERS = ['node_modules', 'test', 'tests', '__tests__', 'example', 'examples', '.github']

/**
 * Makes the archive of a built checkout.
 *
 * @param root the checkout, built, with its dependencies installed
 * @param out the folder for `keyrite-VERSION-node.tar.gz` and its `.sha256`
 * @returns the archive's path and its SHA-256
 * @throws cli.bundle, and what `writeDurable` throws
 */
export async function makeBundle(root: string, out: string): Promise<{ path: string; sha256: string; size: number }> {
  const version = field(JSON.parse(await readFile(join(root, 'package.json'), 'utf8')), 'version')
  if (typeof version !== 'string') throw cliError('bundle', { why: 'package.json has no version' })
  const names = [...publishedFiles(root), ...(await dependencyFiles(root))]
  for (const built of ['dist/cli/bin.js', 'oclif.manifest.json']) if (!names.includes(built)) throw cliError('bundle', { why: `the program is not built: ${built} is missing` })

  const entries: Entry[] = [{ name: 'keyrite', contents: Buffer.from(LAUNCHER), executable: true }]
  for (const name of names) {
    const path = join(root, name)
    entries.push({ name, contents: await readFile(path), executable: ((await stat(path)).mode & 0o100) !== 0 })
  }
  entries.sort((a, b) => (a.name < b.name ? -1 : 1))

  const top = `keyrite-${version}`
  const archive = gzipSync(tar(entries.map((entry) => ({ ...entry, name: `${top}/${entry.name}` }))), { level: 9 })
  const sha256 = createHash('sha256').update(archive).digest('hex')
  const path = join(out, `${top}-node.tar.gz`)
  await mkdir(out, { recursive: true })
  await writeDurable(path, archive, { mode: 0o644 })
  await writeDurable(`${path}.sha256`, Buffer.from(`${sha256}  ${basename(path)}\n`), { mode: 0o644 })
  return { path, sha256, size: archive.length }
}

/** The files that `npm publish` would publish. */
function publishedFiles(root: string): string[] {
  const json = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  const [pack] = list(JSON.parse(json))
  return list(field(pack, 'files')).map((file) => String(field(file, 'path'))).filter((name) => !/\.(d\.ts|tsbuildinfo)$/.test(name))
}

/** The installed packages that the lock file does not mark as for development only. */
async function dependencyFiles(root: string): Promise<string[]> {
  const packages = field(JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')), 'packages')
  const files: string[] = []
  for (const [folder, entry] of Object.entries(isObject(packages) ? packages : {})) {
    if (folder === '' || field(entry, 'dev') === true) continue
    const isThere = await stat(join(root, folder)).then(() => true, () => false)
    if (isThere) files.push(...(await filesBelow(root, folder, LEFT_OUT_FOLDERS)))
    else if (field(entry, 'optional') !== true && field(entry, 'devOptional') !== true) throw cliError('bundle', { why: `${folder} is not installed` })
  }
  return files
}

async function filesBelow(root: string, folder: string, leftOut: readonly string[]): Promise<string[]> {
  const files: string[] = []
  for (const item of await readdir(join(root, folder), { withFileTypes: true })) {
    const name = `${folder}/${item.name}`
    if (item.isDirectory() && !leftOut.includes(item.name)) files.push(...(await filesBelow(root, name, [])))
    else if (item.isFile() && !LEFT_OUT.test(name)) files.push(name)
  }
  return files
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null
const field = (value: unknown, name: string): unknown => (isObject(value) ? value[name] : undefined)
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as readonly unknown[]) : [])

const BLOCK = 512
/** The time stamp of all files: 1980-01-01, the earliest that no tool complains about. */
const TIME = 315_532_800

/** A tar archive in the ustar format (POSIX.1-1988), which every tar reads. */
function tar(entries: readonly Entry[]): Uint8Array {
  const blocks = entries.flatMap(({ name, contents, executable }) => {
    const padding = new Uint8Array((BLOCK - (contents.length % BLOCK)) % BLOCK)
    return [header(name, contents.length, executable ? 0o755 : 0o644), contents, padding]
  })
  return Buffer.concat([...blocks, new Uint8Array(2 * BLOCK)])
}

function header(name: string, size: number, mode: number): Uint8Array {
  const [prefix, rest] = splitName(name)
  const block = Buffer.alloc(BLOCK)
  const octal = (value: number, width: number): string => value.toString(8).padStart(width - 1, '0')
  block.write(rest, 0)
  block.write(octal(mode, 8), 100)
  block.write(octal(0, 8), 108)
  block.write(octal(0, 8), 116)
  block.write(octal(size, 12), 124)
  block.write(octal(TIME, 12), 136)
  block.write('        0', 148)
  block.write('ustar\u000000', 257)
  block.write(prefix, 345)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${octal(sum, 7)}\0 `, 148)
  return block
}

/** Splits a name of more than 100 bytes at a slash. */
function splitName(name: string): readonly [prefix: string, rest: string] {
  if (Buffer.byteLength(name) <= 100) return ['', name]
  for (let at = name.indexOf('/'); at !== -1; at = name.indexOf('/', at + 1)) {
    const [prefix, rest] = [name.slice(0, at), name.slice(at + 1)]
    if (Buffer.byteLength(prefix) <= 155 && Buffer.byteLength(rest) <= 100) return [prefix, rest]
  }
  throw cliError('bundle', { why: `the name ${name} is too long for an archive` })
}

if (import.meta.filename === resolve(process.argv[1] ?? '')) {
  try {
    const { values } = parseArgs({ options: { out: { type: 'string', default: 'out' } } })
    const { path, sha256, size } = await makeBundle(resolve(import.meta.dirname, '..'), resolve(values.out))
    console.log(`${path}\n${sha256}  (${(size / 1e6).toFixed(1)} MB)\n\nNext, on the machine without a network:`)
    console.log(`  sha256sum -c ${basename(path)}.sha256 && tar xzf ${basename(path)} && ${basename(path).replace('-node.tar.gz', '')}/keyrite --help`)
  } catch (error) {
    process.stderr.write(`${failureText(failureOf(error, 'npm run bundle'))}\n`)
    process.exitCode = 1
  }
}
