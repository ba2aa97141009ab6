/**
 * From text to a plain tree that knows its positions: maps with text keys, lists, scalars, and nothing else that YAML
 * has. Two readers of one file must not come to different ceremonies, so what YAML libraries differ in is refused.
 */
import { Composer, CST, isMap, isScalar, isSeq, Lexer, Parser } from 'yaml'
import type { CST as Cst, Pair, ParsedNode } from 'yaml'
import { utf8 } from '../base/bytes.ts'
import { containerIn } from '../base/container.ts'
import { illegibleIn, numberOf, piecesOf } from '../base/text.ts'
import { sha256Hex } from '../crypto/hash.ts'
import { MAX_DIAGNOSTICS, placesOf } from './diagnostic.ts'
import type { LineColumn, Reporter, Span } from './diagnostic.ts'

// From a file's bytes to its text: bounded, UTF-8, and nothing in it that a reader does not see. A script is signed for
// by people who read it, so it must not read otherwise than it works ("Trojan Source", CVE-2021-42574).

/** The most bytes that a script may have. */
export const MAX_SCRIPT = 256 * 1024

/** Says in half a sentence which script has this SHA-256, where that is known: «that of …». */
export type KnownHash = (hash: string) => string | undefined

/**
 * Decodes a script.
 *
 * @returns its text, byte for byte the same when encoded again; undefined if something was reported
 */
export function decode(bytes: Uint8Array, report: Reporter, known: KnownHash): string | undefined {
  const start = { start: 0, end: 0 }
  if (bytes.length > MAX_SCRIPT) {
    report('too-large', start, { bytes: bytes.length, most: MAX_SCRIPT })
    return undefined
  }
  const found = containerIn(bytes)
  if (found !== undefined && found !== 'empty') {
    report('not-text', start, { found })
    return undefined
  }
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    const good = readableText(bytes)
    const at = good.indexOf('\u{fffd}')
    report('not-utf8', { start: at, end: at + 1 }, {})
    return undefined
  }
  let hidden = false
  for (const { at, piece, isLegible } of piecesOf(text, { lines: true })) {
    if (isLegible || (piece === '\r' && text[at + 1] === '\n')) continue
    hidden = true
    report('hidden-character', { start: at, end: at + piece.length }, { character: nameOf(piece) })
  }
  const end = text.indexOf('\r\n')
  if (end !== -1) {
    const hash = sha256Hex(utf8(text.replace(/^\ufeff/, '').replaceAll('\r\n', '\n')))
    report('line-ends', { start: end, end: end + 1 }, { ended: text.split('\r\n').length - 1, lines: text.split('\n').length - 1, hash, known: known(hash) })
  }
  return hidden || end !== -1 ? undefined : text
}

/** The first character of a value that is not legible, whichever escape it was written with. A newline may stand in a value. */
function hiddenIn(value: string): string | undefined {
  const found = illegibleIn(value, { lines: true })
  return found === undefined ? undefined : nameOf(found.piece)
}

/** A script's text, to show an excerpt of it, whatever its bytes are. */
export function readableText(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(0, MAX_SCRIPT))
}

const names: Readonly<Record<string, string>> = {
  '\t': 'a tab',
  '\r': 'a carriage return',
  '\u{a0}': 'a no-break space',
  '\u{200b}': 'a zero-width space',
  '\u{200d}': 'a zero-width joiner',
  '\u{fe0f}': 'a variation selector',
  '\u{feff}': 'a byte order mark',
}

const nameOf = (character: string): string => names[character] ?? `the character ${numberOf(character)}`

export type Plain = null | boolean | number | string | Plain[] | { [key: string]: Plain }

export type Tree =
  | { readonly kind: 'scalar'; readonly span: Span; readonly value: null | boolean | number | string }
  | { readonly kind: 'list'; readonly span: Span; readonly items: readonly Tree[] }
  | { readonly kind: 'map'; readonly span: Span; readonly entries: readonly TreeEntry[] }

export interface TreeEntry {
  readonly key: string
  readonly keySpan: Span
  readonly value: Tree
}

/** The deepest nesting of a script. The deepest part of the language goes to 6. */
const MAX_DEPTH = 12
/** The parser holds at least one token for each level of nesting, and not many more. */
const MAX_STACK = 3 * MAX_DEPTH + 4

/**
 * Parses a script's YAML.
 *
 * @returns its tree; undefined if something was reported
 */
export function parseTree(source: string, report: Reporter): Tree | undefined {
  const found = { faults: 0 }
  const fault: Reporter = (code, where, facts) => {
    found.faults++
    report(code, where, facts)
  }
  const tokens = tokenize(source, fault)
  if (found.faults > 0) return undefined
  const composer = new Composer({ version: '1.2', schema: 'core', merge: false, uniqueKeys: false, strict: true })
  const documents = [...composer.compose(tokens, true, source.length)]
  const start = { start: 0, end: 0 }
  // A hostile file may have an error at every character.
  const errors = documents.flatMap((document) => [...document.errors, ...document.warnings]).slice(0, MAX_DIAGNOSTICS)
  // The parser sometimes has two errors for one place; the last in the order of `syntax` says most.
  const best = new Map<number, number>()
  for (const { code, pos: [begin] } of errors) best.set(begin, Math.max(best.get(begin) ?? -1, SYNTAX_ORDER.indexOf(code)))
  for (const { code, message, pos: [begin, end] } of errors) {
    if (SYNTAX_ORDER.indexOf(code) < (best.get(begin) ?? -1)) continue
    fault('yaml-syntax', { start: begin, end }, syntax[code] ?? { why: sentence(message), hint: LOOK })
  }
  const second = tokens.filter((token) => token.type === 'document').at(1)
  if (second !== undefined) fault('yaml-documents', { start: second.offset, end: second.offset + 3 }, {})
  const node = documents[0]?.contents ?? null
  if (found.faults === 0 && (node === null || (isScalar(node) && node.value === null))) fault('yaml-empty', start, {})
  if (found.faults > 0) return undefined
  const tree = plainTree(node, { fault, placeOf: placesOf(source) }, start, 0)
  return found.faults === 0 ? tree : undefined
}

/** The mark that the lexer puts before a scalar's own text. */
const SCALAR_FOLLOWS = '\u{1f}'

/**
 * Tokens come one by one and without recursion, so that what is refused everywhere is refused here, and nesting is
 * bounded before anything recurses over it.
 */
function tokenize(source: string, fault: Reporter): Cst.Token[] {
  const parser = new Parser()
  const tokens: Cst.Token[] = []
  let offset = 0
  let scalar = false
  for (const lexeme of new Lexer().lex(source)) {
    const kind = scalar ? 'scalar' : CST.tokenType(lexeme)
    scalar = lexeme === SCALAR_FOLLOWS
    const marker = scalar || lexeme === '\u{2}' || lexeme === '\u{18}'
    const span = { start: offset, end: offset + lexeme.length }
    if (!marker) offset += lexeme.length
    if (kind === 'anchor' || kind === 'alias') fault('yaml-alias', span, {})
    if (kind === 'tag') fault('yaml-tag', span, {})
    if ((kind === 'double-quoted-scalar' || kind === 'single-quoted-scalar') && !isClosed(lexeme)) {
      fault('yaml-syntax', { start: span.start, end: span.start + 1 }, UNCLOSED)
    }
    if (kind === 'directive-line') fault('yaml-directive', span, {})
    for (const token of parser.next(lexeme)) tokens.push(token)
    if (parser.stack.length > MAX_STACK) {
      fault('yaml-nesting', span, { most: MAX_DEPTH })
      return []
    }
  }
  for (const token of parser.end()) tokens.push(token)
  return tokens
}

/** Does a quoted scalar end with its quote? */
function isClosed(lexeme: string): boolean {
  const quote = lexeme.charAt(0)
  return lexeme.length > 1 && lexeme.endsWith(quote) && !(quote === '"' && /[^\\](\\\\)*\\"$/.test(lexeme))
}

const LOOK = 'look at the indentation, and at brackets, braces and quotes that are not closed, on this line and above it'
const UNCLOSED = { why: 'this quote is never closed', hint: 'close it with the same quote, on the same line' }

/** The parser's errors in words for somebody who writes a script; where two are at one place, the later one of these counts. */
const syntax: Readonly<Record<string, { readonly why: string; readonly hint: string }>> = {
  BLOCK_AS_IMPLICIT_KEY: { why: 'there are two colons in this line', hint: 'put the text in quotes if the colon belongs to it' },
  MULTILINE_IMPLICIT_KEY: {
    why: 'a line below this one is indented further, so that it goes on here', hint: 'line up the names that belong together',
  },
  BAD_INDENT: {
    why: 'the indentation changes here, or a { or [ above it is not closed',
    hint: 'line up the names that belong together, and close every bracket',
  },
}

const SYNTAX_ORDER: readonly string[] = Object.keys(syntax)

/** The parser's message, without its capital and full stop. */
function sentence(message: string): string {
  const line = (message.split('\n', 1)[0] ?? '').replace(/( at line \d+.*)?[.:]?$/, '')
  return line.charAt(0).toLowerCase() + line.slice(1)
}

interface Reading {
  readonly fault: Reporter
  readonly placeOf: (offset: number) => LineColumn
}

/** @param nowhere the place of a value that is not written */
function plainTree(node: ParsedNode | null, reading: Reading, nowhere: Span, depth: number): Tree {
  if (node === null) return { kind: 'scalar', span: nowhere, value: null }
  const [start, end] = node.range
  const span = start === end ? nowhere : { start, end }
  const nothing: Tree = { kind: 'scalar', span, value: null }
  if (depth > MAX_DEPTH) {
    reading.fault('yaml-nesting', { start, end: start + 1 }, { most: MAX_DEPTH })
    return nothing
  }
  if (isSeq(node)) {
    return { kind: 'list', span, items: node.items.map((item) => plainTree(item, reading, span, depth + 1)) }
  }
  if (isMap(node)) return { kind: 'map', span, entries: entriesOf(node.items, reading, span, depth) }
  if (isScalar(node)) {
    const { value } = node
    const hidden = typeof value === 'string' ? hiddenIn(value) : undefined
    if (hidden !== undefined) reading.fault('hidden-character', span, { character: hidden })
    if (value === null || typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string') {
      return { kind: 'scalar', span, value }
    }
  }
  reading.fault('yaml-tag', span, {})
  return nothing
}

function entriesOf(pairs: readonly Pair<ParsedNode, ParsedNode | null>[], reading: Reading, map: Span, depth: number): TreeEntry[] {
  const { fault, placeOf } = reading
  const offsets = new Map<string, number>()
  const entries: TreeEntry[] = []
  for (const { key, value } of pairs) {
    const [start, end] = key.range
    const keySpan = start === end ? { start: map.start, end: map.start + 1 } : { start, end }
    const name = isScalar(key) ? key.value : undefined
    const first = typeof name === 'string' ? offsets.get(name) : undefined
    if (typeof name !== 'string') fault('yaml-key', keySpan, {})
    else if (name === '<<') fault('yaml-merge', keySpan, {})
    else if (first !== undefined) fault('yaml-duplicate', keySpan, { name, line: placeOf(first).line })
    else {
      offsets.set(name, start)
      entries.push({ key: name, keySpan, value: plainTree(value, reading, keySpan, depth + 1) })
      continue
    }
    // The value of such a key is read all the same, for the faults in it.
    plainTree(value, reading, keySpan, depth + 1)
  }
  return entries
}

/** The tree as plain data. Objects have no prototype, so that no name in them means anything else. */
export function plainOf(tree: Tree): Plain {
  if (tree.kind === 'scalar') return tree.value
  if (tree.kind === 'list') return tree.items.map(plainOf)
  const object = Object.create(null) as Record<string, Plain>
  for (const { key, value } of tree.entries) object[key] = plainOf(value)
  return object
}

/** Finds places in a tree. A path that is not there gives the nearest place above it. */
export interface Locator {
  /** The place of the path's last name. */
  readonly key: (path: Path) => Span
  /** The place of the value at the path. */
  readonly value: (path: Path) => Span
}

export type Path = readonly (string | number)[]

export function locator(root: Tree): Locator {
  const indexes = new Map<readonly TreeEntry[], ReadonlyMap<string, TreeEntry>>()
  const byKey = (entries: readonly TreeEntry[]) => {
    const index = indexes.get(entries) ?? new Map(entries.map((entry) => [entry.key, entry]))
    indexes.set(entries, index)
    return index
  }
  const find = (path: Path): { key: Span; value: Span } => {
    let found = { key: headOf(root), value: headOf(root) }
    let tree = root
    for (const part of path) {
      const entry = tree.kind === 'map' ? byKey(tree.entries).get(String(part)) : undefined
      const item = tree.kind === 'list' ? tree.items[Number(part)] : undefined
      const next = entry?.value ?? item
      if (next === undefined) return found
      found = { key: entry?.keySpan ?? next.span, value: next.span }
      tree = next
    }
    return found
  }
  return { key: (path) => find(path).key, value: (path) => find(path).value }
}

/** The place to point at for a whole map or list: its first name. */
function headOf(tree: Tree): Span {
  const first = tree.kind === 'map' ? tree.entries[0]?.keySpan : undefined
  return first ?? { start: tree.span.start, end: tree.span.start + 1 }
}
