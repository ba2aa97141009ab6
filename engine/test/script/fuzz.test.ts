import { expect } from 'chai'
import type { Call, Ceremony } from '../../machines/ceremony.ts'
import { deadEnds, machineOf, mermaid } from '../../machines/graph.ts'
import { fits, takesSealed } from '../../script/calls.ts'
import { formatDiagnostic, loadScript, readShipped, shippedLibrary, shippedNames } from '../../script/load.ts'
import { sideOf, signatureOf } from '../../verbs/table.ts'

/** mulberry32: small, seeded, good enough to choose faults by. */
function generator(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

const load = (text: string | Uint8Array) => loadScript(text, { file: 'fuzz.yaml', library: shippedLibrary })

/** Checks that a verdict is whole: a good ceremony, or at least one diagnostic that points into the text. */
function checkVerdict(text: string | Uint8Array): boolean {
  const { script, diagnostics, source } = load(text)
  if (script !== undefined) {
    checkCeremony(script.ceremony)
    return true
  }
  expect(diagnostics.length).to.be.greaterThan(0)
  for (const diagnostic of diagnostics) {
    expect(diagnostic.start).to.be.within(0, source.length)
    expect(diagnostic.end).to.be.at.least(diagnostic.start)
    const [, excerpt = '', carets = ''] = formatDiagnostic(diagnostic, source).split('\n')
    expect(carets).to.match(/^ {5,} \| +\^+$/)
    expect(Array.from(excerpt).length).to.be.lessThan(140)
    expect(formatDiagnostic(diagnostic, source)).to.not.match(/[^\P{C}\n]/u)
  }
  return false
}

/** An oracle that shares only the tables and `fits` with the checker: a script that it lets pass keeps the promises. */
function checkCeremony(ceremony: Ceremony): void {
  const collected = new Set<string>()
  const check = (call: Call | undefined, own: readonly string[] = []) => {
    if (call === undefined) return
    const signature = signatureOf(call.verb)!
    expect(call.args.length).to.equal(signature.takes.length)
    for (const [position, ref] of call.args.entries()) {
      const want = signature.takes[position]!
      expect(fits(want, ref.type)).to.equal(true)
      if (ref.from === 'message' || ref.from === 'column') {
        expect([...collected]).to.include(ref.message)
        expect(own).to.not.include(ref.message)
        const isPrivate = ceremony.messages[ref.message]!.to === 'others'
        if (isPrivate && sideOf(signature) === 'client') expect(takesSealed(want)).to.equal(true)
      }
      if (ref.from === 'kept') expect(sideOf(signature)).to.equal('airgap')
    }
  }
  for (const step of ceremony.steps) {
    for (const call of Object.values(step.prepare)) check(call, [step.sends])
    for (const call of [step.airgap, step.client, step.assist, step.check]) check(call, [step.sends])
    const made = signatureOf((step.airgap ?? step.client)!.verb)!
    const message = ceremony.messages[step.sends]!
    if (made.use !== 'airgap' && made.use !== 'client') throw new Error(made.name)
    expect(made.emits.to).to.equal(message.to)
    expect(made.emits.payload).to.deep.equal(message.payload)
    expect(step.within).to.be.within(60_000, 90 * 86_400_000)
    collected.add(step.sends)
  }
  for (const output of Object.values(ceremony.outputs)) if (output.kind === 'call') check(output.call)
  for (const { airgap, judge } of Object.values(ceremony.disputes)) [airgap, judge].forEach((call) => check(call))
  expect(ceremony.steps.map(({ name }) => name)).to.include(ceremony.certificate)
  for (const role of ['client', 'airgap'] as const) {
    expect(deadEnds(machineOf(ceremony, role)).map(({ id }) => id)).to.deep.equal([])
    mermaid(ceremony, role)
  }
}

const scripts = shippedNames().map((name) => readShipped(name).source.replace(/^ *#.*\n/gm, ''))
/** Names, punctuation and words that mean something in some script, so that many mutants are nearly right. */
const words = [...new Set(scripts.join('\n').split(/(?<=\W)|(?=\W)/))].filter((word) => word.trim() !== '')
const odd = ['\u202e', '\t', '&a ', '*a', '!x ', '<<: ', '---\n', '"', "'", '{', '[', '\\', '\0', '\u{1f600}', '__proto__', 'constructor', '? ', '| ', '> ', '%', '~', 'null', '1e9', '\r']

describe('loading whatever somebody writes', () => {
  it('never throws on shipped scripts with words exchanged, and what it accepts keeps every promise', () => {
    const next = generator(1)
    let accepted = 0
    for (let round = 0; round < 800; round++) {
      const parts = scripts[next(scripts.length)]!.split(/(?<=\W)|(?=\W)/)
      for (let changes = 1 + next(3); changes > 0; changes--) parts[next(parts.length)] = words[next(words.length)]!
      if (checkVerdict(parts.join(''))) accepted++
    }
    // Mutants of a comment, a title or an equal word are good scripts; if there were none, the oracle would see nothing.
    expect(accepted).to.be.greaterThan(10)
  })

  it('never throws on shipped scripts with lines moved, doubled, indented or lost', () => {
    const next = generator(2)
    for (let round = 0; round < 700; round++) {
      const lines = scripts[next(scripts.length)]!.split('\n')
      for (let changes = 1 + next(3); changes > 0; changes--) {
        const at = next(lines.length)
        const line = lines[at]!
        const other = next(lines.length)
        if (changes % 4 === 0) lines.splice(at, 1)
        else if (next(3) === 0) lines.splice(other, 0, line)
        else if (next(2) === 0) lines[at] = line.slice(0, next(line.length + 1))
        else lines[at] = ' '.repeat(next(4)) + line.trimStart()
      }
      checkVerdict(lines.join('\n'))
    }
  })

  it('never throws on characters and bytes thrown in', () => {
    const next = generator(3)
    for (let round = 0; round < 500; round++) {
      let text = scripts[next(scripts.length)]!
      for (let changes = 1 + next(4); changes > 0; changes--) {
        const at = next(text.length)
        text = text.slice(0, at) + odd[next(odd.length)]! + text.slice(at + next(3))
      }
      checkVerdict(text)
      const bytes = new TextEncoder().encode(text)
      for (let changes = next(4); changes > 0; changes--) bytes[next(bytes.length)] = next(256)
      checkVerdict(bytes)
    }
  })

  for (const [what, text] of hostile()) {
    it(`comes to an end with ${what}`, () => {
      expect(checkVerdict(text)).to.equal(false)
    })
  }
})

/** Scripts as large as one may be, made to cost as much as possible. */
function hostile(): (readonly [string, string])[] {
  const size = 250_000
  return [
    ['brackets without end', '['.repeat(size)],
    ['braces without end', '{a: '.repeat(size / 4)],
    ['lists in lists by hyphens', '- '.repeat(size / 2)],
    ['ever deeper maps', Array.from({ length: 700 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
    ['the same key again and again', 'a: 1\n'.repeat(size / 5)],
    ['tens of thousands of steps', `steps:\n${Array.from({ length: 20_000 }, (_, k) => `  S${k}: {}\n`).join('')}`],
    ['thousands of unknown names', `ceremony: a\nversion: "1.0.0"\ntitle: a\nmessages: {}\nsteps: {}\ncertificate: A\nparameters:\n${Array.from({ length: 12_000 }, (_, k) => `  p${k}: nosuch\n`).join('')}`],
    ['a quote of its whole length', `a: "${'x'.repeat(size)}`],
    ['escapes of its whole length', `a: "${'\\\\'.repeat(size / 2)}`],
    ['a comment of its whole length', `#${' '.repeat(size)}`],
    ['complex keys in complex keys', '? '.repeat(size / 2)],
    ['a list of nothing but commas', `[${','.repeat(size)}`],
    ['a map of nothing but commas', `{${','.repeat(size)}`],
    ['a line of unclosed quotes', '"a\\" '.repeat(size / 6)],
    ['unclosed quotes, one a line', 'a: "\n'.repeat(size / 5)],
    ['wrong escapes of its whole length', `a: "${'\\y'.repeat(size / 2)}"`],
    ['two colons in every line', 'a: b: c\n'.repeat(size / 8)],
    ['anchors without end', '&a '.repeat(size / 3)],
    ['tags without end', '!a '.repeat(size / 3)],
    ['hidden characters of its whole length', '\u{200b}'.repeat(size / 3)],
    ['closing brackets, one a line', ']\n'.repeat(size / 2)],
    ['keys without a colon', 'a\n b\n'.repeat(size / 5)],
    ['documents without end', '---\na\n'.repeat(size / 6)],
  ]
}
