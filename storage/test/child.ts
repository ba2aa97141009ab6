/** A storage in a process of its own, to be killed. */
import { serve } from '../serve.ts'
import { BOARD, TOKEN } from './support.ts'

const serving = await serve({ host: '127.0.0.1', port: 0, store: 'nedb', data: process.argv[2] ?? '', boards: [{ name: BOARD, joinToken: TOKEN }] })
process.stdout.write(`${serving.url}\n`)
