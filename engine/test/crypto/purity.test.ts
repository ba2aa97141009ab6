import { readFileSync, readdirSync } from 'node:fs'
import { expect } from 'chai'
import { primitives as fast } from '../../crypto/fast.ts'
import { primitives as portable } from '../../crypto/portable.ts'

const folder = new URL('../../crypto/', import.meta.url)
const files = readdirSync(folder).filter((name) => name.endsWith('.ts'))
const text = (name: string): string => readFileSync(new URL(name, folder), 'utf8')

describe('the crypto folder', () => {
  it('needs Node in one file only, and that file has a portable twin', () => {
    expect(files).to.include.members(['fast.ts', 'portable.ts'])
    expect(files.filter((name) => /from 'node:|\bBuffer\b|\bprocess\./.test(text(name)))).to.deep.equal(['fast.ts'])
    expect(Object.keys(fast).sort()).to.deep.equal(Object.keys(portable).sort())
  })

  it('draws no randomness, reads no clock and touches no network of its own', () => {
    const impure = /\b(Math\.random|Date|performance|setTimeout|getRandomValues|randomBytes|randomSecretKey|keygen|fetch|WebSocket)\b/
    expect(files.filter((name) => impure.test(text(name)))).to.deep.equal([])
  })
})
