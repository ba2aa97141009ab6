/** Processes that take locks when they are told to, and can be killed with them. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export const HELD = 'nothing was refused'

export interface Holding {
  readonly pid: number
  /** Takes a folder's lock: `HELD`, or the error's code. */
  readonly take: (folder: string) => Promise<string>
  readonly release: () => Promise<string>
  readonly kill: () => Promise<void>
}

/** Starts such a process. */
export async function holding(): Promise<Holding> {
  const child = fork(fileURLToPath(new URL('child/hold.ts', import.meta.url)), { execArgv: ['--import', 'tsx'] })
  const answer = (): Promise<string> => new Promise((resolve, reject) => {
    const ended = (): void => reject(new Error('the holder ended'))
    child.once('close', ended)
    child.once('message', (said: string) => {
      child.off('close', ended)
      resolve(said)
    })
  })
  await answer()
  const tell = (message: string | null): Promise<string> => {
    const said = answer()
    child.send(message as string)
    return said
  }
  return {
    pid: child.pid ?? 0,
    take: tell,
    release: () => tell(null),
    kill: async () => {
      const closed = once(child, 'close')
      child.kill('SIGKILL')
      await closed
    },
  }
}
