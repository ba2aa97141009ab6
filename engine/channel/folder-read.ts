/** The looking side of a shared folder: reads the newest transfer, frame by frame, with whatever of it is readable. */
import { constants } from 'node:fs'
import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { KeyriteError } from '../base/errors.ts'
import type { CarrierProgress, Incoming } from './carrier.ts'
import { openEnvelope } from './envelope.ts'
import { channelError } from './errors.ts'
import { digestHint, folderError, readTransferName } from './folder-write.ts'
import type { TransferName } from './folder-write.ts'
import { MAX_IMAGE_BYTES, MAX_PARTS } from './limits.ts'
import { readPng } from './png.ts'
import { makeReceiver } from './transfer.ts'
import type { Receiver } from './transfer.ts'

const FRAME_FILE = /^[0-9]{1,6}\.png$/
const MAX_FILES = 2 * MAX_PARTS

export interface FolderReaderOptions {
  /** A transfer that stood there before. */
  readonly old?: string | undefined
  /** Milliseconds without a change after which a transfer counts as incomplete. */
  readonly settleAfter: number
  readonly onProgress: (progress: CarrierProgress) => void
  readonly onProblem: (problem: KeyriteError) => void
}

export interface FolderReader {
  /**
   * Reads what is new in the newest transfer.
   *
   * @returns a transfer as soon as it is complete, if its text is not the last one returned
   */
  scan(signal: AbortSignal): Promise<Incoming | undefined>
  /**
   * Looks, without reading, whether the other side still shows what was returned last. Where it does not, whatever it shows is read
   * anew, and be it the same text.
   */
  shows(): Promise<'same' | 'other' | 'nothing'>
}

/** What a side shows now: its transfer with the highest number. @throws what the file system says */
export async function newestTransfer(folder: string): Promise<TransferName | undefined> {
  const names = (await readdir(folder)).map(readTransferName).filter((name) => name !== undefined)
  return names.sort((a, b) => b.number - a.number)[0]
}

/** The transfer that is being read. */
interface Current {
  readonly name: string
  readonly receiver: Receiver
  /** Files that were read well. */
  readonly good: Set<string>
  /** Files that gave nothing → what they looked like; they are read again when that changes. */
  readonly damaged: Map<string, string>
  seen: number
  needed: number
  bytes: number
  changedAt: number
  isReported: boolean
  isDone: boolean
}

export function makeFolderReader(folder: string, options: FolderReaderOptions): FolderReader {
  let current: Current | undefined
  let lastText: string | undefined
  let { old } = options
  let isGone = false

  async function newest(): Promise<string | undefined> {
    const first = await newestTransfer(folder)
    if (old !== undefined && first?.name !== old) {
      // What stood there before this reader is over: the same text is shown to it now.
      old = undefined
      lastText = undefined
    }
    if (first === undefined) {
      // The other side took it away: what it shows next is meant to be read, and be it the same text.
      lastText = undefined
      return undefined
    }
    // The same text again: shown anew after a restart of the other side.
    return lastText !== undefined && first.digest === digestHint(lastText) ? undefined : first.name
  }

  async function scan(signal: AbortSignal): Promise<Incoming | undefined> {
    try {
      const name = await newest()
      isGone = false
      if (name === undefined) {
        current = undefined
        return undefined
      }
      if (current?.name !== name) current = begin(name)
      return current.isDone ? undefined : await readNew(current, signal)
    } catch (cause) {
      const problem = folderError(folder, cause)
      if (!(problem instanceof KeyriteError)) throw problem
      // A stick that was pulled out comes back, and a transfer may be replaced while it is read.
      if (!isGone && problem.code === 'channel.bad-folder') options.onProblem(problem)
      isGone = true
      return undefined
    }
  }

  async function readNew(transfer: Current, signal: AbortSignal): Promise<Incoming | undefined> {
    const path = join(folder, transfer.name)
    const files = (await entriesOf(path)).filter((name) => FRAME_FILE.test(name)).sort()
    for (const file of files.slice(0, MAX_FILES)) {
      if (signal.aborted) return undefined
      if (transfer.good.has(file)) continue
      const incoming = await readOne(transfer, path, file)
      if (transfer.isDone) return incoming
    }
    const isSettled = Date.now() - transfer.changedAt >= options.settleAfter
    if (isSettled && !transfer.isReported) {
      transfer.isReported = true
      options.onProblem(incompleteError(transfer, path))
    }
    return undefined
  }

  async function readOne(transfer: Current, path: string, file: string): Promise<Incoming | undefined> {
    const before = transfer.damaged.get(file)
    const content = await readBounded(join(path, file), before)
    if (content === undefined) return undefined
    transfer.changedAt = Date.now()
    transfer.isReported = false
    const frame = content.bytes === undefined ? null : frameIn(content.bytes)
    const received = frame === null ? undefined : transfer.receiver.receive(frame)
    if (received === undefined || received.state === 'ignored' || received.state === 'other-transfer') {
      transfer.damaged.set(file, content.look)
      return undefined
    }
    transfer.damaged.delete(file)
    transfer.good.add(file)
    if (received.state === 'failed') {
      transfer.isDone = true
      options.onProblem(received.why)
      return undefined
    }
    transfer.seen = received.state === 'complete' ? received.needed : received.seen
    transfer.needed = received.needed
    transfer.bytes = received.bytes
    options.onProgress({ direction: 'in', frames: transfer.good.size, needed: received.needed, bytes: received.bytes })
    return received.state === 'complete' ? deliver(transfer, received.text) : undefined
  }

  function deliver(transfer: Current, text: string): Incoming | undefined {
    transfer.isDone = true
    if (text === lastText) return undefined
    try {
      const envelope = openEnvelope(text)
      lastText = text
      return { text, envelope, frames: transfer.good.size, isOld: transfer.name === old }
    } catch (problem) {
      if (!(problem instanceof KeyriteError)) throw problem
      options.onProblem(problem)
      return undefined
    }
  }

  async function shows(): Promise<'same' | 'other' | 'nothing'> {
    let first
    try {
      first = await newestTransfer(folder)
    } catch (cause) {
      // A stick that was pulled out comes back.
      if (folderError(folder, cause) instanceof KeyriteError) return 'same'
      throw cause
    }
    if (first !== undefined && (lastText === undefined || first.digest === digestHint(lastText))) return 'same'
    lastText = undefined
    current = undefined
    return first === undefined ? 'nothing' : 'other'
  }

  return { scan, shows }
}

const begin = (name: string): Current => ({
  name,
  receiver: makeReceiver(),
  good: new Set(),
  damaged: new Map(),
  seen: 0,
  needed: 0,
  bytes: 0,
  changedAt: Date.now(),
  isReported: false,
  isDone: false,
})

const incompleteError = (transfer: Current, where: string): KeyriteError =>
  channelError('incomplete', {
    where,
    frames: transfer.good.size + transfer.damaged.size,
    damaged: transfer.damaged.size,
    seen: transfer.seen,
    needed: transfer.needed,
  })

/** The frame in an image file, or null where there is none that can be read. */
function frameIn(bytes: Uint8Array): string | null {
  try {
    return readPng(bytes)
  } catch (error) {
    if (error instanceof KeyriteError) return null
    throw error
  }
}

/** A directory's files; none once it was replaced by a newer one. */
async function entriesOf(path: string): Promise<string[]> {
  try {
    return await readdir(path)
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

/**
 * Reads an ordinary file of at most `MAX_IMAGE_BYTES`; no link, pipe or device is followed.
 *
 * @param before how it looked when it gave nothing
 * @returns undefined when it is gone or looks as before; no bytes when it is not an ordinary file or too large
 */
async function readBounded(path: string, before: string | undefined): Promise<{ look: string; bytes: Uint8Array | undefined } | undefined> {
  let file
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    if (isMissing(error)) return undefined
    const look = 'unreadable'
    return before === look ? undefined : { look, bytes: undefined }
  }
  try {
    const stat = await file.stat()
    const look = `${stat.size} ${stat.mtimeMs}`
    if (look === before) return undefined
    if (!stat.isFile() || stat.size > MAX_IMAGE_BYTES) return { look, bytes: undefined }
    const bytes = new Uint8Array(stat.size)
    const { bytesRead } = await file.read(bytes, 0, stat.size, 0)
    return { look, bytes: bytes.subarray(0, bytesRead) }
  } finally {
    await file.close()
  }
}

const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT'
