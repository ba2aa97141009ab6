/** A file to be signed, as it crosses: name, size and digest, never its content. */
import { createHash } from 'node:crypto'
import { open, stat } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { basename } from 'node:path'
import { isKeyriteError } from '../../engine/base/errors.ts'
import { messageError } from '../../engine/messages/errors.ts'
import type { Message } from '../../engine/messages/kind.ts'
import { systemCode } from '../../engine/vault/files.ts'

/**
 * Reads a file of any size, piece by piece.
 *
 * @throws message.unreadable
 */
export async function fileMessage(path: string): Promise<Message> {
  let file: FileHandle | undefined
  try {
    // A pipe or a device may have no end, or keep whoever opens it waiting.
    if (!(await stat(path)).isFile()) throw messageError('unreadable', { path, why: 'it is not a file' })
    file = await open(path, 'r')
    const hash = createHash('sha256')
    const piece = new Uint8Array(1 << 20)
    let size = 0
    for (;;) {
      const { bytesRead } = await file.read(piece)
      if (bytesRead === 0) break
      hash.update(piece.subarray(0, bytesRead))
      size += bytesRead
    }
    return { kind: 'file', name: basename(path), size, sha256: hash.digest('hex') }
  } catch (error) {
    if (isKeyriteError(error)) throw error
    const code = systemCode(error)
    throw messageError('unreadable', { path, why: code === 'ENOENT' ? 'there is no such file' : code }, error)
  } finally {
    await file?.close()
  }
}
