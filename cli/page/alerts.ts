/**
 * Calls the owner at their turn: by a sound and a notification, where the browser lets a page do that. Keeps the screen
 * lit.
 */

export interface Alerts {
  /** Rings once. */
  readonly ring: (text: string) => void
  /** Keeps the screen lit, or lets it rest. */
  readonly keepLit: (isWanted: boolean) => void
  /** Whether the browser may still be asked for notifications. */
  readonly mayAsk: () => boolean
  readonly ask: () => Promise<void>
}

export function makeAlerts(isSoundOn: () => boolean): Alerts {
  let audio: AudioContext | undefined
  let lock: WakeLockSentinel | undefined
  let isLit = false
  let isAsking = false

  // Browsers let a page sound only after somebody has touched it.
  const allow = (): void => {
    try {
      audio ??= new AudioContext()
      void audio.resume().catch(() => undefined)
    } catch {
      // This machine has no sound.
    }
  }
  addEventListener('pointerdown', allow, { once: true })
  addEventListener('keydown', allow, { once: true })

  function sound(): void {
    if (audio?.state !== 'running' || !isSoundOn()) return
    for (const [frequency, start] of [[660, 0], [880, 0.16]] as const) {
      const tone = audio.createOscillator()
      const volume = audio.createGain()
      const at = audio.currentTime + start
      tone.frequency.value = frequency
      volume.gain.setValueAtTime(0, at)
      volume.gain.linearRampToValueAtTime(0.18, at + 0.02)
      volume.gain.exponentialRampToValueAtTime(0.001, at + 0.3)
      tone.connect(volume).connect(audio.destination)
      tone.start(at)
      tone.stop(at + 0.32)
    }
  }

  function ring(text: string): void {
    sound()
    if (!('Notification' in globalThis) || Notification.permission !== 'granted' || document.hasFocus()) return
    try {
      const note = new Notification('keyrite', { body: text, tag: 'keyrite' })
      note.addEventListener('click', () => {
        globalThis.focus()
        note.close()
      })
    } catch {
      // Some browsers have notifications for other pages only.
    }
  }

  async function light(): Promise<void> {
    if (!isLit || isAsking || lock?.released === false || document.visibilityState !== 'visible' || !('wakeLock' in navigator)) return
    isAsking = true
    try {
      lock = await navigator.wakeLock.request('screen')
    } catch {
      // The machine saves power, or the browser cannot do it: the screen goes dark as usual.
    } finally {
      isAsking = false
    }
    rest()
  }

  /** Releases the lock if it became unwanted while it was asked for. */
  function rest(): void {
    if (!isLit) void lock?.release().catch(() => undefined)
  }
  // The browser takes the lock away whenever the page is out of sight.
  document.addEventListener('visibilitychange', () => void light())

  function keepLit(isWanted: boolean): void {
    if (isLit === isWanted) return
    isLit = isWanted
    if (isWanted) void light()
    else rest()
  }

  return {
    ring,
    keepLit,
    mayAsk: () => 'Notification' in globalThis && Notification.permission === 'default',
    ask: async () => {
      await Notification.requestPermission().catch(() => undefined)
    },
  }
}
