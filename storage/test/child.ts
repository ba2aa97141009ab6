/**
 * A storage in a process of its own, to be killed. As a fork it starts one after another, on the folders that its
 * parent names.
 */
import { isKeyriteError } from '../../engine/base/errors.ts'
import { serve } from '../serve.ts'
import type { Serving } from '../serve.ts'
import { BOARD, TOKEN } from './support.ts'

const start = (data: string): Promise<Serving> => serve({ host: '127.0.0.1', port: 0, store: 'nedb', data, boards: [{ name: BOARD, joinToken: TOKEN }] })

let serving: Serving | undefined

if (process.send === undefined) process.stdout.write(`${(await start(process.argv[2] ?? '')).url}\n`)
else {
  process.on('message', (data: string | null) => {
    void (async () => {
      try {
        if (data === null) await serving?.close()
        else serving = await start(data)
        process.send?.(data === null ? 'closed' : serving?.url)
      } catch (error) {
        process.send?.(isKeyriteError(error) ? error.code : String(error))
      }
    })()
  })
  process.send('ready')
}
