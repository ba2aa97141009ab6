import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { BIG_NAME, BOARD_PATH, CEREMONY_NUMBER, IDENTIFIER, INSTANT, instantOf, isName, isToken, SMALL_NAME, whole, wholeNumber } from '../../base/names.ts'
import { ceremonyNumber } from '../../crypto/number.ts'
import { loadScript, newScript, shippedLibrary } from '../../script/load.ts'
import { utf8 } from '../../base/bytes.ts'
import { nameSchema, identifierSchema, openingSchema } from '../../wire/schema.ts'

const ROOT = join(import.meta.dirname, '..', '..', '..')
const fits = (pattern: string, text: string): boolean => new RegExp(whole(pattern)).test(text)

describe('how names, numbers and times are written', () => {
  it('takes names of 1 to 32 small letters, digits and hyphens', () => {
    for (const name of ['a', 'anna-2', '7', '-', 'x'.repeat(32)]) expect(isName(name), name).to.equal(true)
    for (const name of ['', 'Anna', 'a b', 'a_b', 'a\n', 'ä', 'x'.repeat(33), '../a']) expect(isName(name), name).to.equal(false)
  })

  it('takes what a script calls things', () => {
    expect(['SendCommits', 'A'].map((name) => fits(BIG_NAME, name))).to.deep.equal([true, true])
    expect(['sendCommits', '', 'A-B', 'A'.repeat(33)].map((name) => fits(BIG_NAME, name))).to.deep.equal([false, false, false, false])
    expect(['groupKey', 'GroupKey', 'group.key', 'a'.repeat(33)].map((name) => fits(SMALL_NAME, name))).to.deep.equal([true, false, false, false])
    expect(['SendCommits', 'groupKey', 'x'.repeat(64)].map((name) => fits(IDENTIFIER, name))).to.deep.equal([true, true, true])
    expect(['1a', 'a-b', 'x'.repeat(65)].map((name) => fits(IDENTIFIER, name))).to.deep.equal([false, false, false])
  })

  it('says one form to schemas, scripts and paths', () => {
    expect(nameSchema).to.deep.equal({ type: 'string', pattern: '^[a-z0-9-]{1,32}$' })
    expect(identifierSchema).to.deep.equal({ type: 'string', pattern: '^[A-Za-z][A-Za-z0-9]{0,63}$' })
    expect(new RegExp(whole(BOARD_PATH)).exec('/boards/ours/')?.[1]).to.equal('ours')
    expect(fits(BOARD_PATH, '/boards/Ours')).to.equal(false)
    const named = (name: string) => loadScript(utf8(newScript(name, 'Ours', 'x.json')), { file: 'x.yaml', library: shippedLibrary }).diagnostics?.map(({ code }) => code)
    expect(named('our-own')).to.equal(undefined)
    expect(named('Our own')).to.deep.equal(['bad-name'])
  })

  it('takes a ceremony’s number as it is made', () => {
    expect(fits(CEREMONY_NUMBER, ceremonyNumber('ab'.repeat(32)))).to.equal(true)
    expect(fits(CEREMONY_NUMBER, '12345 12345')).to.equal(false)
  })

  it('writes times as openings have them', () => {
    const written = instantOf(Date.UTC(2026, 0, 2, 3, 4, 5, 678))
    expect(written).to.equal('2026-01-02T03:04:05Z')
    expect([written, instantOf(new Date(0)), '2026-01-02 03:04:05Z', '2026-01-02T03:04:05.678Z'].map((text) => fits(INSTANT, text))).to.deep.equal([true, true, false, false])
    expect(openingSchema['properties']).to.deep.include({ opensAt: { type: 'string', pattern: whole(INSTANT) } })
  })

  it('reads a whole number in one spelling', () => {
    expect(['0', '7', '9007199254740991'].map((text) => wholeNumber(text, 16))).to.deep.equal([0, 7, 9_007_199_254_740_991])
    for (const text of ['', '-1', '+1', '007', '1.0', '1e3', ' 1', '1\n', '0x10', '٣', '123']) expect(wholeNumber(text, 2), text).to.equal(undefined)
  })

  it('takes a token that a header can carry', () => {
    expect(['x'.repeat(16), '!~'.repeat(128)].map(isToken)).to.deep.equal([true, true])
    expect(['x'.repeat(15), 'x'.repeat(257), `${'x'.repeat(16)} y`, 'ä'.repeat(16), `${'x'.repeat(16)}\n`].map(isToken)).to.deep.equal([false, false, false, false, false])
  })

  it('is said here alone: no other source has such a pattern of its own', () => {
    const sources = ['engine', 'storage', 'cli'].flatMap((folder) =>
      readdirSync(join(ROOT, folder), { withFileTypes: true, recursive: true })
        .filter((item) => item.isFile() && item.name.endsWith('.ts'))
        .map((item) => join(item.parentPath, item.name).slice(ROOT.length + 1))
        .filter((file) => !/\/(test|node_modules)\//.test(file)))
    const own = /\[0-9a-f\]\{[0-9$]+\}|\[a-z0-9-\]\{1,32\}|\[0-9\]\{5\}|\\x21-\\x7e\]\{/
    const allowed = ['engine/base/bytes.ts', 'engine/base/names.ts']
    expect(sources.filter((file) => own.test(readFileSync(join(ROOT, file), 'utf8')) && !allowed.includes(file))).to.deep.equal([])
  })
})
