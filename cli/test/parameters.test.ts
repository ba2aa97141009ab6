import { expect } from 'chai'
import { isKeyriteError } from '../../engine/base/errors.ts'
import { parseParameters } from '../parameters.ts'

const FIELDS = { threshold: 'quorum', purpose: 'text', salt: 'hash', first: 'participant', size: 'count', messages: '[message]' }
const HASH = 'ab'.repeat(32)
const GOOD = [
  'threshold=3', 'purpose=a = b, "quoted"', `salt=${HASH}`, 'first=bob', 'size=0', 'messages=[{"kind":"text","text":"hello"}]',
]
const NAMES = ['ada', 'bob', 'carol']

function problems(sets: readonly string[], fields: Readonly<Record<string, string>> = FIELDS, names?: readonly string[]): readonly string[] {
  try {
    parseParameters(fields, sets, names)
  } catch (error) {
    if (isKeyriteError(error, 'cli.parameters')) return error.facts.problems
    throw error
  }
  return []
}

describe('parameters on the command line', () => {
  it('are read by the type that the script declares', () => {
    expect(parseParameters(FIELDS, GOOD, NAMES)).to.deep.equal({
      threshold: 3, purpose: 'a = b, "quoted"', salt: HASH, first: 'bob', size: 0, messages: [{ kind: 'text', text: 'hello' }],
    })
    expect(parseParameters({}, [])).to.deep.equal({})
  })

  it('are all refused at once: unknown, misspelt, missing, twice, no assignment', () => {
    const found = problems(['treshold=3', 'weather=fine', 'purpose=x', 'purpose=y', 'size', '=3'], { threshold: 'quorum', purpose: 'text' })
    expect(found).to.deep.equal([
      'there is no parameter "treshold"; did you mean threshold?',
      'there is no parameter "weather"; there is threshold, purpose',
      'purpose is given twice',
      '"size" is not NAME=VALUE',
      'there is no parameter ""; there is threshold, purpose',
      'threshold is missing. It wants a quorum: How many participants are enough: from 2 to all of the roster',
    ])
    expect(problems(['a=1'], {})).to.deep.equal(['there is no parameter "a"; the script has none'])
  })

  const wrong: readonly [type: string, value: string, says: RegExp][] = [
    ['quorum', 'three', /not a whole number/],
    ['quorum', '3.0', /not a whole number/],
    ['quorum', '-3', /not a whole number/],
    ['quorum', '', /not a whole number/],
    ['quorum', '1', /must be >= 2/],
    ['quorum', '4', /there are only 3 participants/],
    ['count', '2147483648', /must be <= 2147483647/],
    ['hash', HASH.toUpperCase(), /not the right form/],
    ['hash', HASH.slice(2), /not the right form/],
    ['text', '', /fewer than 1/],
    ['text', 'a\u202eb', /U\+202E as its character 2/],
    ['participant', 'mallory', /nobody of the roster/],
    ['g1', '00'.repeat(48), /./],
    ['[hash]', HASH, /not JSON/],
    ['[hash]', `"${HASH}"`, /must be array/],
    ['[hash]', `["${HASH}",1]`, /its 1 must be string/],
    ['message', '{}', /kind/],
  ]
  for (const [type, value, says] of wrong) {
    it(`refuse ${JSON.stringify(value.slice(0, 20))} for ${type}, and say what is wanted`, () => {
      const [problem, ...more] = problems([`x=${value}`], { x: type }, NAMES)
      expect(problem).to.match(says).and.match(/It wants a /)
      expect(more).to.deep.equal([])
    })
  }

  it('take names that every object has for what they are', () => {
    expect(problems(['constructor=1', '__proto__=2'], {})).to.have.length(2)
  })
})
