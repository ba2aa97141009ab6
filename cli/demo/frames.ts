/** Counts the QR images that appear in the channels' folders. */
import { watch } from 'node:fs'
import type { FSWatcher } from 'node:fs'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** Where folders cannot be watched, a look now and then must do. */
const LOOK_EVERY = 500

export class FrameCounter {
  total = 0
  private readonly seen = new Set<string>()
  private readonly watchers: FSWatcher[] = []
  private readonly timers: NodeJS.Timeout[] = []

  /** Begins to count in a channel's folder, and makes it. */
  async follow(channel: string): Promise<void> {
    for (const side of ['from-client', 'from-airgap']) {
      const folder = join(channel, side)
      await mkdir(folder, { recursive: true })
      const look = () => void this.look(folder)
      try {
        this.watchers.push(watch(folder, { persistent: false }, look).on('error', () => undefined))
      } catch {
        this.timers.push(setInterval(look, LOOK_EVERY))
      }
    }
  }

  /** A transfer appears whole: its images are counted once. */
  private async look(folder: string): Promise<void> {
    const shown: readonly string[] = await readdir(folder).catch(() => [])
    for (const transfer of shown.filter((name) => !name.startsWith('.'))) {
      const path = join(folder, transfer)
      if (this.seen.has(path)) continue
      this.seen.add(path)
      const images: readonly string[] = await readdir(path).catch(() => [])
      this.total += images.length
    }
  }

  stop(): void {
    for (const watcher of this.watchers) watcher.close()
    for (const timer of this.timers) clearInterval(timer)
  }
}
