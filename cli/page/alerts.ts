/** That it is the owner's turn: a sound and a notification, where the owner's browser lets a page do that, and a screen that stays lit. */

export interface Alerts {
  /** Rings once. */
  readonly ring: (text: string) => void
  /** Keeps the screen lit, or lets it rest. */
  readonly keepLit: (isWanted: boolean) => void
  /** Can notifications be asked for? */
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
      // A machine without sound.
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
      // Some browsers have them for other pages only.
    }
  }

  async function light(): Promise<void> {
    if (!isLit || isAsking || lock?.released === false || document.visibilityState !== 'visible' || !('wakeLock' in navigator)) return
    isAsking = true
    try {
      lock = await navigator.wakeLock.request('screen')
    } catch {
      // A machine that saves power, or a browser that cannot: the screen goes dark as ever.
    } finally {
      isAsking = false
    }
    rest()
  }

  /** It may have become unwanted while it was asked for. */
  function rest(): void {
    if (!isLit) void lock?.release().catch(() => undefined)
  }
  // The lock is lost whenever the page is out of sight.
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
