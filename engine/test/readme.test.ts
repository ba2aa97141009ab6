import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { codes } from '../script/codes.ts'
import { signatures } from '../verbs/table.ts'
import { keptTypes, valueTypes } from '../verbs/types.ts'

const text = readFileSync(join(import.meta.dirname, '..', 'README.md'), 'utf8')

/** What the first column of the tables and the lists of codes name. */
const named = new Set([...text.matchAll(/^\| `([^`]+)` \|/gm), ...text.matchAll(/`([a-z0-9-]+)`/g)].map((match) => match[1]))

describe('engine/README.md', () => {
  it('has a line for every verb, and none for one that is not there', () => {
    const listed = [...text.matchAll(/^\| `((?:dkg|random|bls)\.[A-Za-z]+)` \|(.*)$/gm)]
    const verbs = listed.filter(([, name = '']) => !Object.hasOwn(keptTypes, name)).map(([, name]) => name)
    expect(verbs).to.deep.equal(signatures.map(({ name }) => name))
    for (const { name, doc } of signatures) expect(listed.find((match) => match[1] === name)?.[2]).to.contain(doc)
  })

  it('names every type and every diagnostic', () => {
    expect([...Object.keys(valueTypes), ...Object.keys(keptTypes), ...codes].filter((name) => !named.has(name))).to.deep.equal([])
  })
})
