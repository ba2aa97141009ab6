/**
 * The folder carrier, `folder:DIR`: QR images as PNG files in a folder that both sides see (one machine, a stick, a shared disk).
 *
 *     DIR/from-client/000007-3f0c1b…/0001.png …      what the client shows
 *     DIR/from-airgap/000007-9a41d2…/0001.png …      what the airgap shows
 *
 * Each side writes its own folder and only looks into the other's. The highest number is the newest transfer; it appears whole,
 * with a fifth more frames than needed, so damaged files do not matter. Both sides may restart at any time: a client shows its
 * request again, an airgap's answer stays until the next.
 */
import { watch } from 'node:fs'
import { join } from 'node:path'
import { following } from '../base/signals.ts'
import { makeFolders } from '../wire/folders.ts'
import type { Carrier, CarrierOptions, Incoming, Role } from './carrier.ts'
import { channelError } from './errors.ts'
import { makeFolderReader, newestTransfer } from './folder-read.ts'
import { folderError, removeTransfers, writeTransfer } from './folder-write.ts'
import { MAX_MESSAGE, MAX_PARTS } from './limits.ts'
import { FRAGMENT_SIZES } from './transfer.ts'

export interface FolderCarrierOptions extends CarrierOptions {
  readonly folder: string
  /** Pixels a module; 2 unless told, since no camera looks at them: twice as fast to read as 3. */
  readonly scale?: number
  /** Milliseconds between looks, 150 unless told. Events of the file system come on top where there are any. */
  readonly pollEvery?: number
  /** Milliseconds without a change after which a transfer is reported as incomplete, 2000 unless told. */
  readonly settleAfter?: number
}

export interface FolderCarrier extends Carrier {
  /**
   * Resolves once the other side shows something else than was received last, or nothing; undefined when the signal aborts. Not while
   * a `receive` is pending.
   */
  readonly untilChanged: (signal: AbortSignal) => Promise<'other' | 'nothing' | undefined>
}

const sideOf = (folder: string, role: Role): string => join(folder, `from-${role}`)

/**
 * Makes both folders.
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
   * A request that waits for no answer any more must not be found by an airgap that starts later. An answer stays: a
   * client that starts again reads it there.
   */
  async function stopShowing(): Promise<void> {
    if (options.role !== 'client') return
    shows += 1
    await writing
    await removeTransfers(own).catch(() => undefined)
  }

  return {
    // Somebody may carry a stick for each part, so there are no more parts than there must be.
    inPartsAbove: options.inPartsAbove ?? Math.min(MAX_MESSAGE, MAX_PARTS * fragment),
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

/** Rings when the folder changes, when the time is over, and when the signal aborts. */
function makeBell(folder: string, signal: AbortSignal) {
  let wake = (): void => undefined
  let hasRung = false
  const onRing = (): void => {
    hasRung = true
    wake()
  }
  const watcher = watchOrNot(folder, onRing)
  signal.addEventListener('abort', onRing)
  return {
    ring: (milliseconds: number): Promise<void> =>
      new Promise((resolve) => {
        const timer = setTimeout(onRing, hasRung ? 0 : milliseconds)
        wake = () => {
          clearTimeout(timer)
          hasRung = false
          resolve()
        }
        if (signal.aborted) wake()
      }),
    close: (): void => {
      signal.removeEventListener('abort', onRing)
      watcher?.close()
    },
  }
}

/** Some file systems cannot be watched; then looking now and then must do. */
function watchOrNot(folder: string, onChange: () => void) {
  try {
    const watcher = watch(folder, { persistent: false }, onChange)
    watcher.on('error', () => watcher.close())
    return watcher
  } catch {
    return undefined
  }
}
