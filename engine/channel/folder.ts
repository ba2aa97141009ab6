/**
 * The folder carrier, `folder:DIR`: QR images as PNG files in a folder that both sides see (one machine, a stick, a shared disk).
 *
 *     DIR/from-client/000007-3f0c1b…/0001.png …      a transfer that the client shows
 *     DIR/from-airgap/000007-9a41d2…/0001.png …      a transfer that the airgap shows
 *
 * Each side writes its own folder and only reads the other's. The highest number is the newest transfer. It appears whole, with
 * a fifth more frames than needed, so that some files may be damaged. Both sides may restart at any time: a client shows its
 * request again, and an airgap's answer stays until the next.
 */
import { randomBytes } from 'node:crypto'
import { constants, watch } from 'node:fs'
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isKeyriteError } from '../base/errors.ts'
import type { KeyriteError } from '../base/errors.ts'
import { following, happening } from '../base/signals.ts'
import { sha256Hex } from '../crypto/hash.ts'
import { makeFolders, readUpTo, systemCode, whyNot, withOrdinary } from '../base/files.ts'
import { hexPattern, utf8 } from '../base/bytes.ts'
import { MAX_IMAGE_BYTES, MAX_TRANSFER, MAX_PARTS } from './carrier.ts'
import type { Role } from '../base/names.ts'
import type { Carrier, CarrierOptions, CarrierProgress, Incoming } from './carrier.ts'
import { openEnvelope } from './envelope.ts'
import { channelError } from './errors.ts'
import { readPng, renderPng } from './png.ts'
import { FRAGMENT_SIZES, makeReceiver, makeSending } from './transfer.ts'
import type { Receiver } from './transfer.ts'

// The showing side of a shared folder: each transfer is a numbered directory of PNG frames that appears whole.

const TRANSFER = new RegExp(`^([0-9]{6,12})-(${hexPattern(8)})$`)
const UNFINISHED = new RegExp(`^\\.writing-${hexPattern(8)}$`)

/** The name of a transfer's directory, `NNNNNN-DIGEST`: the highest number is the newest. */
interface TransferName {
  readonly name: string
  readonly number: number
  /** The first 16 hex digits of the text's SHA-256. They are a hint, not a proof. */
  readonly digest: string
}

/** Reads a directory's name; gives undefined for a foreign one. */
function readTransferName(name: string): TransferName | undefined {
  const match = TRANSFER.exec(name)
  return match?.[1] === undefined || match[2] === undefined ? undefined : { name, number: Number(match[1]), digest: match[2] }
}

const digestHint = (text: string): string => sha256Hex(utf8(text)).slice(0, 16)

const nameOf = (number: number, digest: string): string => `${String(number).padStart(6, '0')}-${digest}`

export interface FrameOptions {
  readonly fragment: number
  /** Pixels for each module. */
  readonly scale: number
  readonly onFrame?: (written: number, frames: number, bytes: number) => void
  /** Is asked before every frame; once true, nothing more is written. */
  readonly isOutdated?: () => boolean
}

/**
 * Writes all frames of a text, one after another, in a hidden directory, renames it, then removes this side's earlier
 * transfers. So a reader always sees a whole set.
 *
 * @param folder this side's own folder
 * @returns false when it became outdated on the way, so that nothing was shown
 * @throws channel.cannot-send, channel.bad-setting, channel.bad-folder
 */
async function writeTransfer(folder: string, text: string, options: FrameOptions): Promise<boolean> {
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

/** Renames the hidden directory to the next number, which shows it. */
async function reveal(folder: string, hidden: string, digest: string): Promise<string> {
  const numbers = (await readdir(folder)).map((name) => readTransferName(name)?.number ?? 0)
  const name = nameOf(Math.max(0, ...numbers) + 1, digest)
  await rename(hidden, join(folder, name))
  return name
}

/** Removes this side's transfers, all but the one named `kept`. @throws what the file system says */
async function removeTransfers(folder: string, kept?: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const ours = readTransferName(name) !== undefined || UNFINISHED.test(name)
    if (ours && name !== kept) await rm(join(folder, name), { recursive: true, force: true })
  }
}

/** An error of the file system as one that says what to do; any other error is left as it is. */
function folderError(folder: string, error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return error
  if ('facts' in error) return error
  const why = error.code === 'ENOTEMPTY' ? 'another keyrite shows into it at the same time' : whyNot('make', error)
  return channelError('bad-folder', { folder, why }, error)
}

// The looking side of a shared folder: it reads the newest transfer, frame by frame, from all files that are readable.

const FRAME_FILE = /^[0-9]{1,6}\.png$/
const MAX_FILES = 2 * MAX_PARTS

export interface FolderReaderOptions {
  /** The name of a transfer that stood there before the carrier was opened. */
  readonly old?: string | undefined
  /** Milliseconds without a change after which a transfer counts as incomplete. */
  readonly settleAfter: number
  readonly onProgress: (progress: CarrierProgress) => void
  readonly onProblem: (problem: KeyriteError) => void
}

export interface FolderReader {
  /**
   * Reads the new files of the newest transfer.
   *
   * @returns a transfer as soon as it is complete, if its text is not the last one returned
   */
  scan(signal: AbortSignal): Promise<Incoming | undefined>
  /**
   * Looks, without reading, whether the other side still shows the transfer that was returned last. Where it does not, the next one
   * is read anew, even if it is the same text.
   */
  shows(): Promise<'same' | 'other' | 'nothing'>
}

/** The transfer that a side shows now: the one with the highest number. @throws what the file system says */
async function newestTransfer(folder: string): Promise<TransferName | undefined> {
  const names = (await readdir(folder)).map(readTransferName).filter((name) => name !== undefined)
  return names.sort((a, b) => b.number - a.number)[0]
}

/** The transfer that is being read. */
interface Current {
  readonly name: string
  readonly receiver: Receiver
  /** The files that were read. */
  readonly good: Set<string>
  /** The look (size and time) of each file that gave nothing. A file is read again when its look changes. */
  readonly damaged: Map<string, string>
  /** Those of them that hold a code of something else. */
  readonly foreign: Set<string>
  seen: number
  needed: number
  bytes: number
  changedAt: number
  isReported: boolean
  isDone: boolean
}

function makeFolderReader(folder: string, options: FolderReaderOptions): FolderReader {
  let current: Current | undefined
  let lastText: string | undefined
  let { old } = options
  let isGone = false

  async function newest(): Promise<string | undefined> {
    const first = await newestTransfer(folder)
    if (old !== undefined && first?.name !== old) {
      // The transfer from before this carrier was taken away: if the same text comes again, it is shown to this reader.
      old = undefined
      lastText = undefined
    }
    if (first === undefined) {
      // The other side took it away. It means its next transfer to be read, even if that is the same text.
      lastText = undefined
      return undefined
    }
    // The same text under a new number: the other side restarted and shows it again.
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
      if (!isKeyriteError(problem)) throw problem
      // This is no reason to give up: a stick that was pulled out comes back, and a transfer may be replaced while it is read.
      if (!isGone && isKeyriteError(problem, 'channel.bad-folder')) options.onProblem(problem)
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
    const content = await readImage(join(path, file), before)
    if (content === undefined) return undefined
    transfer.changedAt = Date.now()
    transfer.isReported = false
    const frame = content.bytes === undefined ? null : frameIn(content.bytes)
    const received = frame === null ? undefined : transfer.receiver.receive(frame)
    if (received?.state === 'ignored' && isKeyriteError(received.why, 'channel.foreign', 'channel.wrong-type')) transfer.foreign.add(file)
    else transfer.foreign.delete(file)
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
      if (!isKeyriteError(problem)) throw problem
      options.onProblem(problem)
      return undefined
    }
  }

  async function shows(): Promise<'same' | 'other' | 'nothing'> {
    let first
    try {
      first = await newestTransfer(folder)
    } catch (cause) {
      // A stick that was pulled out may come back, so nothing has changed yet.
      if (isKeyriteError(folderError(folder, cause))) return 'same'
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
  foreign: new Set(),
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
    damaged: transfer.damaged.size - transfer.foreign.size,
    foreign: transfer.foreign.size,
    seen: transfer.seen,
    needed: transfer.needed,
  })

/** The frame in an image file, or null where none can be read. */
function frameIn(bytes: Uint8Array): string | null {
  try {
    return readPng(bytes)
  } catch (error) {
    if (isKeyriteError(error)) return null
    throw error
  }
}

/** The files of a directory; none once it is replaced by a newer one. */
async function entriesOf(path: string): Promise<string[]> {
  try {
    return await readdir(path)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return []
    throw error
  }
}

/**
 * Reads an ordinary file of at most `MAX_IMAGE_BYTES`; no link, pipe or device is followed.
 *
 * @param before its look when it gave nothing
 * @returns undefined when it is gone or looks as before; no bytes when it is not an ordinary file or too large
 */
async function readImage(path: string, before: string | undefined): Promise<{ look: string; bytes: Uint8Array | undefined } | undefined> {
  try {
    return await withOrdinary(path, async (file, { size, mtimeMs }) => {
      const look = `${size} ${mtimeMs}`
      if (look === before) return undefined
      return { look, bytes: size > MAX_IMAGE_BYTES ? undefined : await readUpTo(file, MAX_IMAGE_BYTES, path) }
    }, constants.O_NOFOLLOW)
  } catch (error) {
    if (isKeyriteError(error, 'file.missing')) return undefined
    if (!isKeyriteError(error)) throw error
    const look = 'unreadable'
    return before === look ? undefined : { look, bytes: undefined }
  }
}

export interface FolderCarrierOptions extends CarrierOptions {
  readonly folder: string
  /** Pixels for each module, by default 2: no camera looks at them, and they are read twice as fast as 3. */
  readonly scale?: number
  /** Milliseconds between looks, by default 150. Where the file system sends events, they cause further looks. */
  readonly pollEvery?: number
  /** Milliseconds without a change after which a transfer is reported as incomplete, by default 2000. */
  readonly settleAfter?: number
}

export interface FolderCarrier extends Carrier {
  /**
   * Resolves once the other side shows another transfer than was received last, or nothing; with undefined when the signal aborts.
   * Do not call it while a `receive` is pending.
   */
  readonly untilChanged: (signal: AbortSignal) => Promise<'other' | 'nothing' | undefined>
}

const sideOf = (folder: string, role: Role): string => join(folder, `from-${role}`)

/**
 * Opens the carrier, and makes both folders.
 *
 * @throws channel.bad-folder
 */
export async function openFolderCarrier(options: FolderCarrierOptions): Promise<FolderCarrier> {
  const own = sideOf(options.folder, options.role)
  const peer = sideOf(options.folder, options.role === 'client' ? 'airgap' : 'client')
  let old: string | undefined
  try {
    await makeFolders(own)
    await makeFolders(peer)
    old = (await newestTransfer(peer))?.name
  } catch (cause) {
    throw folderError(options.folder, cause)
  }
  const closing = new AbortController()
  const reader = makeFolderReader(peer, {
    old,
    settleAfter: options.settleAfter ?? 2000,
    onProgress: (progress) => options.onProgress?.(progress),
    onProblem: (problem) => options.onProblem?.(problem),
  })
  const pollEvery = options.pollEvery ?? 150
  const fragment = options.fragment ?? FRAGMENT_SIZES.dense
  let shows = 0
  let writing: Promise<unknown> = Promise.resolve()
  let isReceiving = false

  function checkOpen(): void {
    if (closing.signal.aborted) throw channelError('closed', { carrier: 'folder' })
  }

  async function show(text: string): Promise<void> {
    checkOpen()
    const mine = ++shows
    const written = writing.then(() =>
      writeTransfer(own, text, {
        fragment,
        scale: options.scale ?? 2,
        isOutdated: () => mine !== shows || closing.signal.aborted,
        onFrame: (frames, needed, bytes) => options.onProgress?.({ direction: 'out', frames, needed, bytes }),
      }),
    )
    writing = written.catch(() => undefined)
    await written
    checkOpen()
  }

  async function receive(signal: AbortSignal): Promise<Incoming> {
    checkOpen()
    if (isReceiving) throw channelError('busy', { what: 'receiving' })
    isReceiving = true
    const either = following(signal, closing.signal)
    const bell = makeBell(peer, either.signal)
    try {
      for (;;) {
        checkOpen()
        signal.throwIfAborted()
        const incoming = await reader.scan(either.signal)
        if (incoming !== undefined) return incoming
        await bell.ring(pollEvery)
      }
    } finally {
      isReceiving = false
      bell.close()
      either.release()
    }
  }

  async function untilChanged(signal: AbortSignal): Promise<'other' | 'nothing' | undefined> {
    const either = following(signal, closing.signal)
    const bell = makeBell(peer, either.signal)
    try {
      while (!either.signal.aborted) {
        const shown = await reader.shows()
        if (shown !== 'same') return shown
        await bell.ring(pollEvery)
      }
      return undefined
    } finally {
      bell.close()
      either.release()
    }
  }

  /**
   * Takes a client's request away: once nobody waits for its answer, an airgap that starts later must not find it. An
   * airgap's answer stays, so that a client that restarts reads it.
   */
  async function stopShowing(): Promise<void> {
    if (options.role !== 'client') return
    shows += 1
    await writing
    await removeTransfers(own).catch(() => undefined)
  }

  return {
    // Somebody may carry a stick for each part, so there are as few parts as possible.
    inPartsAbove: options.inPartsAbove ?? Math.min(MAX_TRANSFER, MAX_PARTS * fragment),
    show,
    stopShowing,
    receive,
    untilChanged,
    close: async () => {
      closing.abort()
      await writing
    },
  }
}

/** Makes a bell, which rings when the folder changes, when the time is over, and when the signal aborts. */
function makeBell(folder: string, signal: AbortSignal) {
  let wake = (): void => undefined
  let hasRung = false
  const watcher = watchOrNot(folder, () => {
    hasRung = true
    wake()
  })
  return {
    ring: async (ms: number): Promise<void> => {
      await happening((done) => {
        wake = done
        return undefined
      }, { ms: hasRung ? 0 : ms, signal })
      hasRung = false
    },
    close: (): void => watcher?.close(),
  }
}

/** Watches a folder where that is possible. Some file systems cannot be watched; then polling must do. */
function watchOrNot(folder: string, onChange: () => void) {
  try {
    const watcher = watch(folder, { persistent: false }, onChange)
    watcher.on('error', () => watcher.close())
    return watcher
  } catch {
    return undefined
  }
}
