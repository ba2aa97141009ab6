/**
 * The client's own copy of its board's log, `log.jsonl`: a message a line, heads computed again when it is read. It is
 * written as it comes in and synced before anything that builds on it goes out, so that no message of this client ever
 * names as `seen` what a power cut could take from its disk. A last line that a crash cut off is dropped; the storage
 * has it.
 */
import { appendFile, open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { LogStore } from '../../engine/run/feed.ts'
import { systemCode, writeDurable, writeFailure } from '../../engine/vault/files.ts'
import type { Board, Entry } from '../../engine/wire/board.ts'
import { EMPTY_HEAD, headAfter, parseMessage, textHash } from '../../engine/wire/message.ts'

export interface ClientLog extends LogStore {
  /** Resolves when all that was appended before is on disk. @throws vault.write-failed, … and always after that */
  readonly sync: () => Promise<void>
}

/** What a log needs of a disk. */
export interface LogFile {
  /** The whole file's text, or undefined where there is none. */
  readonly read: () => Promise<string | undefined>
  /** Makes it, or makes it anew; resolves when that is durable. */
  readonly replace: (text: string) => Promise<void>
  readonly append: (text: string) => Promise<void>
  /** Resolves when all that was appended is durable. */
  readonly sync: () => Promise<void>
}

/**
 * The log in a client's home.
 *
 * @param keep false to read without writing, beside a running client
 */
export function clientLog(home: string, keep = true, file: LogFile = logFile(join(home, 'log.jsonl'))): ClientLog {
  // What an earlier run appended may have been left to the system's care.
  let isSynced = !keep
  let last = Promise.resolve()
  const syncNow = async (): Promise<void> => {
    if (isSynced) return
    // Before the sync: what is appended while it runs waits for the next one.
    isSynced = true
    await file.sync()
  }
  return {
    load: async () => {
      const text = await file.read()
      const whole = text?.slice(0, text.lastIndexOf('\n') + 1) ?? ''
      if (keep && whole !== text) await file.replace(whole)
      let head = EMPTY_HEAD
      return whole.split('\n').slice(0, -1).map((line, offset): Entry => {
        head = headAfter(head, parseMessage(line), textHash(line))
        return { offset, head, text: line }
      })
    },
    append: async (entries) => {
      if (!keep) return
      await file.append(entries.map((entry) => `${entry.text}\n`).join(''))
      isSynced = false
    },
    // After one that failed, all fail: a second try would succeed and prove nothing, for the system drops what it could
    // not write.
    sync: () => (last = last.then(syncNow)),
  }
}

/** The same board, but what the client read of it is on disk before anything is posted. */
export function keptFirst(board: Board, log: Pick<ClientLog, 'sync'>): Board {
  return {
    ...board,
    post: async (text) => {
      await log.sync()
      return await board.post(text)
    },
  }
}

function logFile(path: string): LogFile {
  const telling = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      throw writeFailure(error, path)
    }
  }
  return {
    read: async () => {
      try {
        return await readFile(path, 'utf8')
      } catch (error) {
        if (systemCode(error) === 'ENOENT') return undefined
        throw error
      }
    },
    replace: (text) => writeDurable(path, new TextEncoder().encode(text)),
    append: (text) => telling(() => appendFile(path, text, { mode: 0o600 })),
    sync: () => telling(async () => {
      // A sync is of the file, whatever handle it is asked through.
      const handle = await open(path, 'r+')
      try {
        await handle.datasync()
      } finally {
        await handle.close()
      }
    }),
  }
}
