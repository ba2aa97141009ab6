/** A file of messages to be signed: JSON, a list of objects with a `kind`. */
import { createHash } from 'node:crypto'
import { basename, dirname, resolve } from 'node:path'
import { isKeyriteError, KeyriteError } from '../../engine/base/errors.ts'
import type { Code, FactsOf } from '../../engine/base/errors.ts'
import { compactMessages, expandMessages, MAX_MESSAGES } from '../../engine/messages/batch.ts'
import { messageError } from '../../engine/messages/kind.ts'
import type { Signable } from '../../engine/messages/kind.ts'
import { placesOf } from '../../engine/script/diagnostic.ts'
import { endsEarly, refuseContainer } from '../../engine/base/container.ts'
import { readBounded, whyNot, withOrdinary } from '../../engine/base/files.ts'
import type { Json } from '../../engine/base/canonical.ts'
import { quoted } from '../../engine/base/text.ts'

/**
 * The places of the parts of a JSON text, and of its first error, which `JSON.parse` does not tell. Values come from
 * `JSON.parse` alone. This finds places, and refuses names that stand twice in one object.
 */

/** The deepest nesting of values. */
const MAX_DEPTH = 16

export interface JsonProblem {
  /** The offset in UTF-16 units. */
  readonly offset: number
  /** The words that complete «… is not JSON: ». */
  readonly why: string
}

/**
 * The offset of the value at a JSON pointer (RFC 6901, without its escapes), `''` for the whole. Where there is none,
 * it is that of the nearest value around it.
 */
export type OffsetOf = (pointer: string) => number

/** The places in a text, or its first error. */
export function jsonPlaces(text: string): { readonly offsetOf: OffsetOf } | { readonly problem: JsonProblem } {
  const scanner = new Scanner(text)
  try {
    scanner.all()
  } catch (error) {
    if (error instanceof Problem) return { problem: { offset: error.offset, why: error.message } }
    throw error
  }
  const { offsets } = scanner
  return {
    offsetOf: (pointer) => {
      for (let at = pointer; at !== ''; at = at.slice(0, at.lastIndexOf('/'))) {
        const offset = offsets.get(at)
        if (offset !== undefined) return offset
      }
      return offsets.get('') ?? 0
    },
  }
}

class Problem extends Error {
  readonly offset: number

  constructor(offset: number, why: string) {
    super(why)
    this.offset = offset
  }
}

const SPACE = /[ \t\n\r]*/y
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y
const WORD = /true|false|null/y
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y

class Scanner {
  readonly offsets = new Map<string, number>()
  private readonly text: string
  private at = 0

  constructor(text: string) {
    this.text = text
  }

  all(): void {
    this.value('', 0)
    if (this.at < this.text.length) this.fail('something stands after its end')
  }

  private value(pointer: string, depth: number): void {
    this.take(SPACE)
    if (depth > MAX_DEPTH) this.fail('it nests too deeply')
    this.offsets.set(pointer, this.at)
    const next = this.text[this.at]
    if (next === '{') this.object(pointer, depth)
    else if (next === '[') this.list(pointer, depth)
    else if (next === '"') this.string()
    else if (!this.take(NUMBER) && !this.take(WORD)) this.fail(next === undefined ? 'it ends too early' : this.instead(next))
    this.take(SPACE)
  }

  private object(pointer: string, depth: number): void {
    const names = new Set<string>()
    this.members('}', 'a name in double quotes', () => {
      const start = this.at
      if (this.text[start] !== '"') this.fail('a name in double quotes should stand here')
      const name = this.string()
      if (names.has(name)) throw new Problem(start, `the name ${quoted(name, 80)} stands here for the second time`)
      names.add(name)
      this.take(SPACE)
      if (this.text[this.at] !== ':') this.fail('a colon should stand here')
      this.at++
      this.value(`${pointer}/${name}`, depth + 1)
    })
  }

  private list(pointer: string, depth: number): void {
    let index = 0
    this.members(']', 'a value', () => this.value(`${pointer}/${index++}`, depth + 1))
  }

  /** Reads the members between an opening and a closing bracket. */
  private members(close: string, what: string, member: () => void): void {
    this.at++
    this.take(SPACE)
    if (this.text[this.at] !== close) {
      for (;;) {
        member()
        const next = this.text[this.at]
        if (next === close) break
        if (next !== ',') this.fail(next === undefined ? `it ends before a ${close}` : `a comma or ${close} should stand here`)
        this.at++
        this.take(SPACE)
        if (this.text[this.at] === close) this.fail(`after a comma there should be ${what}`)
      }
    }
    this.at++
  }

  private string(): string {
    const start = this.at++
    for (;;) {
      const next = this.text[this.at]
      if (next === undefined || next === '\n') throw new Problem(start, 'these quotes do not end')
      if (next < ' ') this.fail('a control character stands in quotes; write it as an escape')
      if (next === '\\') {
        if (!this.take(ESCAPE)) this.fail('this is no escape of JSON')
      } else {
        this.at++
        if (next === '"') return String(JSON.parse(this.text.slice(start, this.at)))
      }
    }
  }

  private take(pattern: RegExp): boolean {
    pattern.lastIndex = this.at
    if (!pattern.test(this.text)) return false
    this.at = pattern.lastIndex
    return true
  }

  private instead(next: string): string {
    if (next === "'") return 'JSON has double quotes'
    if (next === '/' || next === '#') return 'JSON has no comments'
    return 'a value should stand here: text in double quotes, a number, true, false, null, { or ['
  }

  private fail(why: string): never {
    throw new Problem(this.at, why)
  }
}

// A file to be signed crosses as name, size and digest, never as its content.

/**
 * Reads a file of any size, piece by piece.
 *
 * @throws message.unreadable
 */
async function fileMessage(path: string): Promise<Signable> {
  try {
    return await withOrdinary(path, async (file) => {
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
    })
  } catch (error) {
    throw messageError('unreadable', { path, why: whyNot('read', error) }, error)
  }
}

/** The most bytes of such a file: enough for every format of messages. */
const MOST_BYTES = 16 << 20

export interface MessagesFile {
  /** All messages, checked, in their full form. */
  readonly messages: readonly Signable[]
  /** The same messages as a parameter of type `[message]`, in its shortest form. */
  readonly items: readonly Json[]
}

/**
 * Reads and checks a file of messages. A file to be signed, `{kind: "file", path}`, is read too (its path is relative to
 * the file of messages), and becomes `{kind, name, size, sha256}`.
 *
 * @throws message.unreadable, message.not-json, container.not-text, and as `expandMessages`, each with file, line and column
 */
export async function readMessagesFile(path: string): Promise<MessagesFile> {
  const text = await readText(path)
  const places = jsonPlaces(text)
  const placeOf = placesOf(text)
  if ('problem' in places) {
    const { offset, why } = places.problem
    throw messageError('not-json', { file: path, ...placeOf(offset), why: endsEarly(text) ? `${why}; the file is cut off, or a bracket or quote is not closed` : why })
  }
  const located = (pointer: string, error: MessageError) => locate(error, path, placeOf(places.offsetOf(pointer)))

  const value = JSON.parse(text) as Json
  if (!Array.isArray(value)) throw located('', messageError('malformed', { where: '', why: 'the file should be a list of messages, [ … ]' }))
  const written = value as readonly Json[]
  if (written.length > MAX_MESSAGES) throw located('', messageError('too-many', { count: written.length, most: MAX_MESSAGES }))

  const items: Json[] = []
  for (const [i, item] of written.entries()) {
    try {
      items.push(await withDigest(item, i + 1, dirname(path)))
    } catch (error) {
      throw messageError.made(error) ? located(`/${i}/path`, error) : error
    }
  }
  try {
    const messages = expandMessages(items)
    return { messages, items: compactMessages(messages) }
  } catch (error) {
    throw messageError.made(error) ? located(pointerOf(error, items), error) : error
  }
}

async function readText(path: string): Promise<string> {
  let bytes: Uint8Array
  try {
    bytes = await readBounded(path, MOST_BYTES)
  } catch (error) {
    throw messageError('unreadable', { path, why: whyNot('read', error) }, error)
  }
  refuseContainer(bytes, path)
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

type MessageError = KeyriteError<Code<'message'>>

/** The JSON pointer to the fault in the file of messages. */
function pointerOf(error: MessageError, items: readonly Json[]): string {
  if (!isKeyriteError(error, 'message.unknown-kind', 'message.malformed', 'message.duplicate')) return ''
  const { item, value } = error.facts
  if (item === undefined) return ''
  const top = `/${item - 1}`
  const field = isKeyriteError(error, 'message.malformed') ? error.facts.where : ''
  if (value === undefined) return `${top}${field}`
  const template = items[item - 1]
  const each = typeof template === 'object' && template !== null && !Array.isArray(template) ? (template as Readonly<Record<string, Json>>)['each'] : undefined
  const name = typeof each === 'object' && each !== null ? Object.keys(each)[0] : undefined
  return field === '' || field === `/${name ?? ''}` ? `${top}/each/${name ?? ''}/${value - 1}` : `${top}${field}`
}

interface Spot {
  readonly line: number
  readonly column: number
}

/** The same error with its place in the file, in words and as facts. */
function locate(error: MessageError, file: string, { line, column }: Spot): KeyriteError<Code<'message'>, FactsOf<Code<'message'>> & Spot & { readonly file: string }> {
  const what = `${file}:${line}:${column}: ${error.message}`
  return new KeyriteError(error.code, { ...error.facts, file, line, column }, { what, todo: error.todo }, error)
}
