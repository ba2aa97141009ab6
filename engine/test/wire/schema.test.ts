import { Ajv } from 'ajv'
import { expect } from 'chai'
import { LEGIBLE_FORMATS } from '../../base/text.ts'
import { memorySchema } from '../../run/memory.ts'
import { ceremonySchema } from '../../script/schema.ts'
import { schemaOfType, valueTypes } from '../../verbs/types.ts'
import { cardSchema, compileCheck, openingSchema } from '../../wire/schema.ts'

describe('schemas', () => {
  it('are good ones by the schema of schemas, which the program itself leaves out', () => {
    const ajv = new Ajv({ strict: true, formats: LEGIBLE_FORMATS })
    const all = {
      card: cardSchema, opening: openingSchema, memory: memorySchema, open: ceremonySchema('open'), closed: ceremonySchema('closed'),
      ...Object.fromEntries(Object.keys(valueTypes).flatMap((type) => [[type, schemaOfType(type)], [`${type} list`, schemaOfType(`[${type}]`)]])),
    }
    for (const [name, schema] of Object.entries(all)) expect([name, ajv.validateSchema(schema), ajv.errorsText()]).to.deep.equal([name, true, 'No errors'])
  })

  it('check what comes first as well as what comes later, though they are compiled late', () => {
    const check = compileCheck<string>({ type: 'string', maxLength: 3 })
    for (let i = 0; i < 2; i++) {
      expect(() => check('long text', 'It')).to.throw('It')
      expect(check('abc', 'It')).to.equal('abc')
    }
  })
})
