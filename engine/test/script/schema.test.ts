import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import { expect } from 'chai'
import { parse } from 'yaml'
import { newScript, readShipped, shippedNames } from '../../script/load.ts'
import { ceremonySchema, mayStand } from '../../script/schema.ts'
import { signatures } from '../../verbs/table.ts'
import { valueTypes } from '../../verbs/types.ts'
import type { JSONSchema } from '../../verbs/types.ts'

const FILE = new URL('../../script/ceremony.schema.json', import.meta.url)

describe('ceremony.schema.json', () => {
  const made = `${JSON.stringify(ceremonySchema('closed'), null, 2)}\n`
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(FILE, made)

  it('is what the tables of verbs and types make of it (UPDATE_GOLDEN=1 writes it)', () => {
    expect(existsSync(FILE) && readFileSync(FILE, 'utf8') === made).to.equal(true)
  })

  it('compiles in strict mode and accepts every shipped script and the one that authors start from', () => {
    const validate = new Ajv({ strict: true, allowUnionTypes: true }).compile(ceremonySchema('closed'))
    for (const name of shippedNames()) expect(validate(parse(readShipped(name).source)), name).to.equal(true)
    expect(validate(parse(newScript('own', 'Mine', 'x.json')))).to.equal(true)
  })

  it('explains every field and gives an example of each, for the editor', () => {
    const lacking: string[] = []
    walk(ceremonySchema('closed'), '', lacking)
    expect(lacking).to.deep.equal([])
  })

  it('offers every verb at a place where it may stand, and every type', () => {
    const text = made
    for (const { name } of signatures) expect(text).to.contain(`"${name}": {`)
    for (const name of Object.keys(valueTypes)) expect(text).to.contain(`"const": "${name}"`)
    const places = ['airgap', 'client', 'prepare', 'assist', 'check', 'disputeAirgap', 'judge', 'output'] as const
    for (const signature of signatures) expect(places.some((place) => mayStand(signature, place)), signature.name).to.equal(true)
  })
})

/** Every named property needs a description and, unless it is a record whose fields have their own, an example. */
function walk(schema: JSONSchema, path: string, lacking: string[]): void {
  for (const [name, property] of Object.entries((schema['properties'] ?? {}) as Record<string, JSONSchema>)) {
    const here = `${path}.${name}`
    if (typeof property['description'] !== 'string' || property['description'].length < 8) lacking.push(`${here}: description`)
    const isVerb = name.includes('.')
    if (!isVerb && property['properties'] === undefined && property['examples'] === undefined) lacking.push(`${here}: examples`)
    walk(property, here, lacking)
  }
  const more = schema['additionalProperties']
  if (typeof more === 'object' && more !== null) walk(more as JSONSchema, `${path}.*`, lacking)
}
