/** Request bodies: bounded before anything is read, one by one and all together. */
import type { IncomingMessage } from 'node:http'
import { storageError } from './errors.ts'

export interface Bodies {
  /**
   * Reads a whole body.
   *
   * @throws storage.length-required, too-large, bad-request, busy
   */
  read(request: IncomingMessage, limit: number): Promise<Buffer>
}

/** @param total bytes that all bodies being received may have together */
export function bodyReader(total: number): Bodies {
  let receiving = 0
  return {
    async read(request, limit) {
      const declared = request.headers['content-length']
      if (declared === undefined) throw storageError('length-required', { limit })
      const length = Number(declared)
      if (length > limit) throw storageError('too-large', { limit })
      if (receiving + length > total) throw storageError('busy', { why: 'it is receiving too much at once', seconds: 1 })
      receiving += length
      try {
        return await gather(request, length)
      } finally {
        receiving -= length
      }
    },
  }
}

/** Node's parser ends the request at its Content-Length, so no more than that can come. */
async function gather(request: IncomingMessage, length: number): Promise<Buffer> {
  const parts: Buffer[] = []
  try {
    for await (const part of request) if (Buffer.isBuffer(part)) parts.push(part)
  } catch (cause) {
    throw storageError('bad-request', { why: 'its body was cut off' }, cause)
  }
  const body = Buffer.concat(parts)
  if (body.length !== length) throw storageError('bad-request', { why: 'its body was cut off' })
  return body
}
