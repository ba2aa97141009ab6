import { deflateRawSync, gzipSync } from 'node:zlib'
import { expect } from 'chai'
import { containerIn, endsEarly, refuseContainer, textIn } from '../../base/container.ts'
import { isKeyriteError } from '../../base/errors.ts'

const latin = (text: string): Uint8Array => Buffer.from(text, 'latin1')
const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le')

/** What is said of a file: what it is, and the mend. */
function told(bytes: Uint8Array): string {
  try {
    textIn(bytes, 'dkg.transcript')
    return ''
  } catch (error) {
    if (!isKeyriteError(error, 'container.not-text', 'container.encoding')) throw error
    return `${error.message} ${error.todo}`
  }
}

describe('a file that is no text of keyrite’s', () => {
  const cases: readonly (readonly [what: string, bytes: Uint8Array, says: RegExp])[] = [
    ['nothing', new Uint8Array(), /dkg\.transcript cannot be read: it is empty.*Get it again/],
    ['line ends alone', latin('\r\n\n'), /it is empty/],
    ['zeros', new Uint8Array(5000), /nothing but zeros/],
    ['what PowerShell’s > wrote', Buffer.concat([latin('\xff\xfe'), utf16('{"a":1}')]), /UTF-16 text, as `>` of Windows PowerShell.*iconv -f UTF-16/],
    ['the same without its mark', utf16('{"a":1}'), /UTF-16/],
    ['the same in the other order', Buffer.concat([latin('\xfe\xff'), utf16('[1]').swap16()]), /UTF-16/],
    ['the same in the other order without its mark', utf16('[1]').swap16(), /UTF-16/],
    ['gzip', gzipSync('{"a":1}'), /compressed with gzip.*gunzip/],
    ['a zip', Buffer.concat([latin('PK\x03\x04'), deflateRawSync('{}')]), /a zip archive/],
    ['rich text', latin('{\\rtf1\\ansi alice}'), /word processor.*plain text/],
    ['a web page', latin('\n<!DOCTYPE html><title>Sign in</title>'), /a web page.*Download the file itself/],
    ['a web server’s refusal', latin('\xef\xbb\xbf<?xml version="1.0"?><Error/>'), /a web page/],
    ['other bytes', Buffer.concat([latin('{\n\n"a":"\xff\xff"}')]), /in line 3 it is not UTF-8/],
  ]
  for (const [what, bytes, says] of cases) it(`is told: ${what}`, () => expect(told(bytes)).to.match(says))

  it('is not taken for one where it is text', () => {
    for (const text of ['{"a":1}', '[]', 'alice\nbob', '# a script', 'a', '{rtf}', 'PK', '<<: 1', '\ufeff{}', '\n\nx', 'é']) expect(containerIn(Buffer.from(text)), text).to.equal(undefined)
    expect(() => refuseContainer(Buffer.from('{}'), 'it')).to.not.throw()
  })

  it('has a byte order mark that is dropped, and nothing else', () => {
    expect(textIn(Buffer.from('\ufeffa\r\n\ufeffb '), 'it')).to.equal('a\r\n\ufeffb ')
  })
})

describe('JSON that is cut off', () => {
  it('ends before what it began, wherever it is cut, and at no place that is its end', () => {
    const json = '{"a":["x\\"]",{"b\\\\":1}],"c":"{["}'
    for (let length = 1; length < json.length; length++) expect(endsEarly(json.slice(0, length)), json.slice(0, length)).to.equal(true)
    for (const whole of [json, `${json}\n`, '[]', '{"a":"]"}', '[1]}']) expect(endsEarly(whole), whole).to.equal(false)
  })

  it('is no other text', () => {
    for (const text of ['', 'Dear "Bob', '5" [', 'true']) expect(endsEarly(text), text).to.equal(false)
  })
})
