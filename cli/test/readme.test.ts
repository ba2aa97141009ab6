import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { messageKinds } from '../../engine/messages/kinds.ts'
import { storeNames } from '../../storage/stores/table.ts'
import { carriers, written } from '../carriers/table.ts'

const page = (path: string): string => readFileSync(join(import.meta.dirname, '..', '..', path), 'utf8').replace(/\s+/g, ' ')

describe('the pages beside the program', () => {
  it('tell every kind of carrier, in the table’s order', () => {
    const [, channels = ''] = /## Channels (.*?) \*\*Long transfers/.exec(page('cli/README.md')) ?? []
    expect([...channels.matchAll(/- \*\*`([^`]+)`\*\*/g)].map(([, name]) => name)).to.deep.equal(carriers.map(written))
  })

  it('tell every kind of message, in the table’s order', () => {
    const names = messageKinds.map(({ name }) => `\`${name}\``)
    expect(page('cli/README.md')).to.include(`tells the kinds, ${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''},`)
  })

  it('tell every kind of store', () => {
    const named = new Set([...page('storage/README.md').matchAll(/`--store ([a-z]+)`/g)].map(([, name]) => name))
    expect([...named]).to.have.members([...storeNames])
  })
})
