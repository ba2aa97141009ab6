/** The body of a request from a page, bounded before it is kept. */
import type { IncomingMessage } from 'node:http'
import { MOST_FRAME_CHARACTERS } from './protocol.ts'

/** Why a page's request is refused. */
export class WebRefusal extends Error {
  readonly status: number
  readonly code: string
  readonly todo: string
  constructor(status: number, code: string, message: string, todo = 'Open the address that the terminal prints.') {
    super(message)
    this.name = 'WebRefusal'
    this.status = status
    this.code = code
    this.todo = todo
  }
}

const MOST_BYTES = MOST_FRAME_CHARACTERS + 4096

/** @throws WebRefusal */
export async function readBody(request: IncomingMessage): Promise<string> {
  if (request.headers['content-type'] !== 'application/json') throw new WebRefusal(415, 'type', 'Only JSON is taken.')
  const pieces: Buffer[] = []
  let size = 0
  for await (const piece of request as AsyncIterable<Buffer>) {
    size += piece.length
    if (size > MOST_BYTES) throw new WebRefusal(413, 'size', `That is longer than ${String(MOST_BYTES)} bytes.`, 'Paste one line at a time.')
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString('utf8')
}
