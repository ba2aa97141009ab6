/**
 * Takes the lock of every folder that its parent names, reports the result at once, and gives the lock back when its
 * parent says so, or never.
 */
import { lockFolder } from '../../../base/lock.ts'
import type { Lock } from '../../../base/lock.ts'
import { codeOf } from '../../vault/home.ts'

let lock: Lock | undefined

process.on('message', (folder: string | null) => {
  void (async () => {
    let said = 'released'
    if (folder === null) await lock?.release()
    else said = await codeOf(lockFolder(folder).then((taken) => (lock = taken)))
    process.send?.(said)
  })()
})
process.send?.('ready')
