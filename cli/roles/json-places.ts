/**
 * Where the parts of a JSON text stand, and where it goes wrong: what `JSON.parse` does not say. Values come from
 * `JSON.parse` alone; this finds places, and refuses names that stand twice in one object.
 */

/** How deep values may nest. */
const MAX_DEPTH = 16

export interface JsonProblem {
  /** In UTF-16 units. */
  readonly offset: number
  /** Completes «… is not JSON: ». */
  readonly why: string
}

/** The offset of the value at a JSON pointer (RFC 6901, without its escapes), `''` for the whole; the nearest around it that is there. */
export type OffsetOf = (pointer: string) => number

/** Places in a text, or the first thing in it that is no JSON. */
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
      if (names.has(name)) throw new Problem(start, `the name ${JSON.stringify(name.slice(0, 80))} stands here for the second time`)
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

  /** From the opening bracket to the closing one. */
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
