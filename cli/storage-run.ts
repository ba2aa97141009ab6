/** Runs a storage for `keyrite storage serve`, from its start to its orderly end, with its address and its join token. */
import { randomBytes } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { networkInterfaces } from 'node:os'
import { resolve } from 'node:path'
import { isKeyriteError } from '../engine/base/errors.ts'
import { fileError, whyNot, writeDurable } from '../engine/base/files.ts'
import { untilAborted } from '../engine/base/signals.ts'
import { serve } from '../storage/serve.ts'
import { stores } from '../storage/stores/table.ts'
import type { StoreName } from '../storage/stores/table.ts'
import { cliError } from './errors.ts'
import { tokenInFile } from './secret-file.ts'

export interface StorageFlags {
  readonly listen: string
  readonly board: readonly string[]
  readonly data?: string | undefined
  readonly 'join-token-file': string
  readonly 'new-join-token': boolean
  readonly store: StoreName
  readonly 'tls-cert'?: string | undefined
  readonly 'tls-key'?: string | undefined
}

/** The facts that are told once requests are taken. */
export interface StorageReady {
  /** The address for this machine. */
  readonly url: string
  readonly port: number
  /** The boards, each with its addresses for others, the surest first. */
  readonly boards: readonly { readonly name: string; readonly urls: readonly string[] }[]
  /** The data folder's absolute path; null where the store forgets everything at the end. */
  readonly data: string | null
  readonly tokenFile: string
  readonly warnings: readonly string[]
}

export interface StorageScreen {
  /** Prints a line for the operator. */
  readonly say: (line: string) => void
  readonly ready: (ready: StorageReady) => Promise<void>
}

/**
 * Serves until the signal aborts, then ends in good order.
 *
 * @throws cli.listen, cli.join-token, storage.* that keep it from starting
 */
export async function runStorage(flags: StorageFlags, signal: AbortSignal, { say, ready }: StorageScreen): Promise<void> {
  const { host, port } = parseListen(flags.listen)
  const tokenFile = flags['join-token-file']
  const joinToken = await readToken(tokenFile, flags['new-join-token'], say)
  const { 'tls-cert': cert, 'tls-key': key } = flags
  const data = !stores[flags.store].isKept || flags.data === undefined ? null : resolve(flags.data)
  const serving = await serve({
    host, port, store: flags.store, say,
    boards: flags.board.map((name) => ({ name, joinToken })),
    ...(data === null ? {} : { data }),
    ...(cert === undefined || key === undefined ? {} : { tls: { cert, key } }),
  })
  try {
    const bound = new URL(serving.url)
    const bases = addressesOf(host).map((address) => `${bound.protocol}//${address}:${portOf(bound)}`)
    await ready({
      url: bases[0] ?? serving.url,
      port: portOf(bound),
      boards: flags.board.map((name) => ({ name, urls: bases.map((base) => `${base}/boards/${name}`) })),
      data, tokenFile,
      warnings: await warningsOf(tokenFile, host, cert !== undefined),
    })
    await untilAborted(signal)
    say('Stopping …')
  } finally {
    await serving.close()
  }
}

/** Reads `HOST:PORT`, `[::1]:PORT`, or `PORT` alone for loopback. @throws cli.listen */
export function parseListen(value: string): { readonly host: string; readonly port: number } {
  const [, six, plain, digits = ''] = /^(?:(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]+)):)?([0-9]{1,5})$/.exec(value) ?? []
  const port = Number(digits)
  if (digits === '' || port > 65_535) throw cliError('listen', { value })
  return { host: six ?? plain ?? '127.0.0.1', port }
}

/** The port of a URL, which leaves out the one that its scheme has anyway. */
const portOf = ({ port, protocol }: URL): number => (port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port))

/** The hosts, as URLs have them, at which a listener can be reached; this machine's own comes first. */
function addressesOf(host: string): readonly string[] {
  const isSix = host.includes(':')
  if (host !== '0.0.0.0' && host !== '::') return [isSix ? `[${host}]` : host]
  const outward = Object.values(networkInterfaces()).flatMap((all) => all ?? [])
    .filter(({ internal, family, scopeid }) => !internal && (family === 'IPv4' || (isSix && scopeid === 0)))
    .map(({ address, family }) => (family === 'IPv6' ? `[${address}]` : address))
  return ['127.0.0.1', ...outward]
}

const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || host.startsWith('127.')

async function warningsOf(tokenFile: string, host: string, hasTls: boolean): Promise<readonly string[]> {
  const mode = await stat(tokenFile).then((found) => found.mode & 0o077, () => 0)
  return [
    ...(isLoopback(host) || hasTls
      ? []
      : ['this is http on an address that others reach, and the join token crosses with every first message. Use --tls-cert and --tls-key, or a proxy with TLS.']),
    ...(mode === 0 || process.platform === 'win32' ? [] : [`other users of this machine may read the join token: chmod 600 ${tokenFile}`]),
  ]
}

/** The token in the file. Where that was asked for, a fresh one is written there. */
async function readToken(path: string, makeNew: boolean, say: (line: string) => void): Promise<string> {
  const found = await existingToken(path)
  if (found !== undefined) return found
  if (!makeNew) throw cliError('join-token', { path, why: 'there is no such file', isHost: true })
  const token = randomBytes(24).toString('hex')
  try {
    await writeDurable(path, new TextEncoder().encode(`${token}\n`), { mode: 0o600, exclusive: true })
  } catch (error) {
    throw cliError('join-token', { path, why: `it cannot be made (${isKeyriteError(error) ? error.message.replace(/\.$/, '') : String(error)})`, isHost: true }, error)
  }
  say(`Made a new join token in ${path}, which only its owner may read.`)
  return token
}

async function existingToken(path: string): Promise<string | undefined> {
  try {
    return await tokenInFile(path, true)
  } catch (error) {
    if (isKeyriteError(error, 'file.missing')) return undefined
    if (!fileError.made(error)) throw error
    throw cliError('join-token', { path, why: whyNot('read', error), isHost: true }, error)
  }
}
