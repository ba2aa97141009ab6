/** The machine's own browser: is there one that this program can open, and open it. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

interface Opener {
  readonly command: string
  readonly args: readonly string[]
}

/** What opens an address here, or undefined where nothing can: on a server, in a container, over ssh. */
export function browserOpener(platform: NodeJS.Platform = process.platform, env: NodeJS.ProcessEnv = process.env): Opener | undefined {
  if (platform === 'darwin') return env['SSH_CONNECTION'] === undefined ? { command: 'open', args: [] } : undefined
  if (platform === 'win32') return { command: 'rundll32', args: ['url.dll,FileProtocolHandler'] }
  const hasScreen = (env['DISPLAY'] ?? '') !== '' || (env['WAYLAND_DISPLAY'] ?? '') !== ''
  return hasScreen && isOnPath('xdg-open', env) ? { command: 'xdg-open', args: [] } : undefined
}

const isOnPath = (name: string, env: NodeJS.ProcessEnv): boolean =>
  (env['PATH'] ?? '').split(delimiter).some((folder) => folder !== '' && existsSync(join(folder, name)))

/**
 * Opens an address and does not wait. The address is seen by whoever lists this machine's processes, so it must be one
 * that is good once and at once.
 */
export function openBrowser(address: string, opener: Opener): void {
  const child = spawn(opener.command, [...opener.args, address], { stdio: 'ignore', detached: true })
  // The address is printed too.
  child.on('error', () => undefined)
  child.unref()
}
