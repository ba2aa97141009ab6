/** The showing side of a shared folder: each transfer is a numbered directory of PNG frames that appears whole. */
import { randomBytes } from 'node:crypto'
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sha256Hex } from '../crypto/bytes.ts'
import { utf8 } from '../wire/canonical.ts'
import { channelError } from './errors.ts'
import { renderPng } from './png.ts'
import { makeSending } from './transfer.ts'

const TRANSFER = /^([0-9]{6,12})-([0-9a-f]{16})$/
const UNFINISHED = /^\.writing-[0-9a-f]{16}$/

/** A transfer's directory, `NNNNNN-DIGEST`: the highest number is the newest. */
export interface TransferName {
  readonly name: string
  readonly number: number
  /** The first 16 hex digits of the text's SHA-256; a hint, not a proof. */
  readonly digest: string
}

/** What a directory's name says, or undefined for a foreign one. */
export function readTransferName(name: string): TransferName | undefined {
  const match = TRANSFER.exec(name)
  return match?.[1] === undefined || match[2] === undefined ? undefined : { name, number: Number(match[1]), digest: match[2] }
}

export const digestHint = (text: string): string => sha256Hex(utf8(text)).slice(0, 16)

const nameOf = (number: number, digest: string): string => `${String(number).padStart(6, '0')}-${digest}`

export interface WriteOptions {
  readonly fragment: number
  /** Pixels a module. */
  readonly scale: number
  readonly onFrame?: (written: number, frames: number, bytes: number) => void
  /** Asked before every frame; once true, nothing more is written. */
  readonly isOutdated?: () => boolean
}

/**
 * Writes all frames of a text, one after another, in a hidden directory, renames it, then removes what this side showed
 * before. A reader sees whole sets only, and never none.
 *
 * @param folder this side's own folder
 * @returns false when it became outdated on the way, and nothing was shown
 * @throws channel.cannot-send, channel.bad-setting, channel.bad-folder
 */
export async function writeTransfer(folder: string, text: string, options: WriteOptions): Promise<boolean> {
  const sending = makeSending(text, options)
  const hidden = join(folder, `.writing-${randomBytes(8).toString('hex')}`)
  try {
    await mkdir(hidden, { recursive: true })
    let written = 0
    for (const frame of sending.round()) {
      if (options.isOutdated?.() === true) {
        await rm(hidden, { recursive: true, force: true })
        return false
      }
      written += 1
      await writeFile(join(hidden, `${String(written).padStart(4, '0')}.png`), renderPng(frame, { scale: options.scale }))
      options.onFrame?.(written, sending.partCount, sending.bytes)
    }
    const name = await reveal(folder, hidden, digestHint(text))
    await removeTransfers(folder, name)
    return true
  } catch (cause) {
    await rm(hidden, { recursive: true, force: true }).catch(() => undefined)
    throw folderError(folder, cause)
  }
}

/** Gives the hidden directory the next number. */
async function reveal(folder: string, hidden: string, digest: string): Promise<string> {
  const numbers = (await readdir(folder)).map((name) => readTransferName(name)?.number ?? 0)
  const name = nameOf(Math.max(0, ...numbers) + 1, digest)
  await rename(hidden, join(folder, name))
  return name
}

/** Removes what this side showed, but what is kept. @throws what the file system says */
export async function removeTransfers(folder: string, kept?: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const ours = readTransferName(name) !== undefined || UNFINISHED.test(name)
    if (ours && name !== kept) await rm(join(folder, name), { recursive: true, force: true })
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'this user may not write to it',
  EPERM: 'this user may not write to it',
  EROFS: 'it cannot be written to',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk is full',
  ENOTDIR: 'it is not a folder',
  EEXIST: 'it is not a folder',
  ENOENT: 'there is no such folder, and none can be made there',
  ENOTEMPTY: 'another keyrite shows into it at the same time',
}

/** A file system's error as one that tells what to do; others are left as they are. */
export function folderError(folder: string, error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return error
  if ('facts' in error) return error
  return channelError('bad-folder', { folder, why: REASONS[error.code] ?? `the system says ${error.code}` }, error)
}
