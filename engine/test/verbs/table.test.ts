import { expect } from 'chai'
import { readFileSync, readdirSync } from 'node:fs'
import { verbs } from '../../verbs/implementations.ts'
import { signatures } from '../../verbs/table.ts'
import { questionTypes } from '../../verbs/types.ts'

const FOLDER = new URL('../../verbs/', import.meta.url)

/** The source of each implementation file, without its imports. */
const sources = readdirSync(FOLDER)
  .filter((file) => /^(dkg|random|bls)/.test(file))
  .map((file) => ({ file, text: readFileSync(new URL(file, FOLDER), 'utf8') }))

/** A file's top-level declarations by name. */
function declarations(text: string): Map<string, string> {
  const starts = [...text.matchAll(/^(?:export )?(?:const|function) (\w+)/gm)]
  return new Map(starts.map((start, i) => [start[1] ?? '', text.slice(start.index, starts[i + 1]?.index)]))
}

/** The source of one exported verb, and of everything in its file that it uses. */
function sourceOf(exported: string): string {
  for (const { text } of sources) {
    const all = declarations(text)
    if (!all.has(exported)) continue
    const used = new Set([exported])
    for (const name of used) {
      for (const [word] of (all.get(name) ?? '').matchAll(/\w+/g)) if (all.has(word)) used.add(word)
    }
    return [...used].map((name) => all.get(name)).join('\n')
  }
  throw new Error(`${exported} is nowhere`)
}

const exportedNameOf = (verb: string): string => {
  const [area = '', name = ''] = verb.split('.')
  return `${area}${name.slice(0, 1).toUpperCase()}${name.slice(1)}`
}

const REASON = /(?:fault\(|reason: |bad\()'([a-z]+\.[a-z-]+)'/g

describe('the table of verbs', () => {
  it('has an implementation of the right kind for each verb, and none for what it does not list', () => {
    const wanted = signatures.map(({ name, use }) => `${use} ${name}`)
    const there = Object.entries(verbs).flatMap(([use, table]) => Object.keys(table as object).map((name) => `${use} ${name}`))
    expect(there.sort()).to.deep.equal(wanted.sort())
  })

  it('declares every reason that an implementation gives, and no other', () => {
    const declared = new Map<string, string[]>()
    for (const { name, reasons } of signatures) for (const reason of Object.keys(reasons)) declared.set(reason, [...(declared.get(reason) ?? []), name])
    const used = new Map<string, Set<string>>()
    for (const { file, text } of sources) {
      for (const [, reason = ''] of text.matchAll(REASON)) used.set(reason, (used.get(reason) ?? new Set()).add(file))
    }
    expect([...used.keys()].filter((reason) => !declared.has(reason)), 'not declared').to.deep.equal([])
    const dormant = [...declared.keys()].filter((reason) => !used.has(reason))
    expect(dormant, 'declared, but never given').to.deep.equal([])
  })

  it('declares for each verb the reasons that stand in its own code', () => {
    for (const { name, reasons } of signatures) {
      if (name.startsWith('bls.')) continue
      const own = new Set([...sourceOf(exportedNameOf(name)).matchAll(REASON)].map(([, reason = '']) => reason))
      expect([...own].filter((reason) => !Object.hasOwn(reasons, reason)), name).to.deep.equal([])
    }
  })

  it('lets no other verb than an airgap’s emit for one recipient, keep or ask', () => {
    for (const signature of signatures) {
      if (signature.use === 'airgap') continue
      expect(signature, signature.name).not.to.have.any.keys('keeps', 'asks', 'disputes', 'answers')
      if (signature.use === 'client') expect(signature.emits.to).to.equal('everyone')
    }
  })

  it('has an assist for every question', () => {
    for (const signature of signatures) {
      if (signature.use !== 'airgap' || signature.asks === undefined) continue
      expect(Object.keys(questionTypes)).to.include(signature.asks)
      expect(signatures.some((one) => one.use === 'assist' && one.asked === signature.asks), signature.name).to.equal(true)
    }
  })
})
