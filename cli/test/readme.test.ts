import { readdirSync, readFileSync } from 'node:fs'
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

  it('tell every command', () => {
    const [, commands = ''] = /## Commands (.*?) `SCRIPT` is a file/.exec(page('cli/README.md')) ?? []
    // A row may have several commands of one topic: `ceremony new`, `validate`, …
    const told = [...commands.matchAll(/\| `([^|]+?)` \|/g)].flatMap(([, cell = '']) => {
      const names = cell.split('`, `').map((one) => /^[a-z]+(?: [a-z]+)*/.exec(one)?.[0] ?? '')
      const [topic = ''] = names[0]?.split(' ') ?? []
      return names.map((name, i) => (i === 0 || name.includes(' ') ? name : `${topic} ${name}`))
    })
    const files = readdirSync(join(import.meta.dirname, '..', 'commands'), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
    const missing = files.map((file) => file.replace(/\.ts$/, '').replaceAll(/[\\/]/g, ' ')).filter((command) => !told.some((one) => one === command || one.startsWith(`${command} `)))
    expect(missing).to.deep.equal([])
  })

  it('tell every kind of store', () => {
    const named = new Set([...page('storage/README.md').matchAll(/`--store ([a-z0-9-]+)`/g)].map(([, name]) => name))
    expect([...named]).to.have.members([...storeNames])
  })
})
