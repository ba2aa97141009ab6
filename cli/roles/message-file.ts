/** A file of messages to be signed: JSON, a list of objects with a `kind`. */
import { dirname, resolve } from 'node:path'
import { isKeyriteError, KeyriteError } from '../../engine/base/errors.ts'
import { compactMessages, expandMessages, MAX_MESSAGES } from '../../engine/messages/batch.ts'
import { messageError } from '../../engine/messages/errors.ts'
import type { Message } from '../../engine/messages/kind.ts'
import { placesOf } from '../../engine/script/lines.ts'
import { readBounded } from '../../engine/vault/files.ts'
import type { Json } from '../../engine/wire/canonical.ts'
import { whyUnreadable } from '../scripts.ts'
import { jsonPlaces } from './json-places.ts'
import { fileMessage } from './message-digest.ts'

/** Enough for as many messages as a format may carry some day. */
const MOST_BYTES = 16 << 20

export interface MessagesFile {
  /** All messages, checked, written out. */
  readonly messages: readonly Message[]
  /** The same as a parameter of type `[message]`, in its shortest form. */
  readonly items: readonly Json[]
}

/**
 * Reads and checks a file of messages. A file to be signed, `{kind: "file", path}`, is read too (its path is relative to
 * the file of messages), and becomes `{kind, name, size, sha256}`.
 *
 * @throws message.unreadable, message.not-json, and as `expandMessages`, each with file, line and column
 */
export async function readMessagesFile(path: string): Promise<MessagesFile> {
  const text = await readText(path)
  const places = jsonPlaces(text)
  const placeOf = placesOf(text)
  if ('problem' in places) throw messageError('not-json', { file: path, ...placeOf(places.problem.offset), why: places.problem.why })
  const located = (pointer: string, error: KeyriteError): KeyriteError => locate(error, path, placeOf(places.offsetOf(pointer)))

  const value = JSON.parse(text) as Json
  if (!Array.isArray(value)) throw located('', messageError('malformed', { where: '', why: 'the file should be a list of messages, [ … ]' }))
  const written = value as readonly Json[]
  if (written.length > MAX_MESSAGES) throw located('', messageError('too-many', { count: written.length, most: MAX_MESSAGES }))

  const items: Json[] = []
  for (const [i, item] of written.entries()) {
    try {
      items.push(await withDigest(item, i + 1, dirname(path)))
    } catch (error) {
      throw isKeyriteError(error) ? located(`/${i}/path`, error) : error
    }
  }
  try {
    const messages = expandMessages(items)
    return { messages, items: compactMessages(messages) }
  } catch (error) {
    throw isKeyriteError(error) ? located(pointerOf(error, items), error) : error
  }
}

async function readText(path: string): Promise<string> {
  let bytes: Uint8Array
  try {
    bytes = await readBounded(path, MOST_BYTES)
  } catch (error) {
    throw messageError('unreadable', { path, why: whyUnreadable(error) }, error)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    const good = new TextDecoder('utf-8').decode(bytes)
    throw messageError('not-json', { file: path, ...placesOf(good)(good.indexOf('\u{fffd}')), why: 'it is not UTF-8' }, error)
  }
}

/** A message of the kind `file` with its path replaced by what crosses; any other as it is. */
async function withDigest(item: Json, number: number, folder: string): Promise<Json> {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) return item
  const { kind, path, ...rest } = item as Readonly<Record<string, Json>>
  if (kind !== 'file' || path === undefined) return item
  const wrong = (why: string) => messageError('malformed', { where: '/path', why, item: number })
  if (typeof path !== 'string' || path === '' || path.includes('\u0000')) throw wrong('it should be the path of a file')
  if (Object.keys(rest).length > 0) throw wrong('where there is a path, there is nothing else: name, size and digest come from the file')
  return await fileMessage(resolve(folder, path))
}

/** Where the fault stands in the file of messages. */
function pointerOf({ facts }: KeyriteError, items: readonly Json[]): string {
  const { item, value, where } = facts
  if (typeof item !== 'number') return ''
  const top = `/${item - 1}`
  const field = typeof where === 'string' ? where : ''
  if (typeof value !== 'number') return `${top}${field}`
  const template = items[item - 1]
  const each = typeof template === 'object' && template !== null && !Array.isArray(template) ? (template as Readonly<Record<string, Json>>)['each'] : undefined
  const name = typeof each === 'object' && each !== null ? Object.keys(each)[0] : undefined
  return field === '' || field === `/${name ?? ''}` ? `${top}/each/${name ?? ''}/${value - 1}` : `${top}${field}`
}

function locate(error: KeyriteError, file: string, { line, column }: { readonly line: number; readonly column: number }): KeyriteError {
  const what = `${file}:${line}:${column}: ${error.message}`
  return new KeyriteError(error.code, { ...error.facts, file, line, column }, { what, todo: error.todo }, error)
}
