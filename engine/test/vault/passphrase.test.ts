import { expect } from 'chai'
import { checkNewPassphrase, passphraseOfFile } from '../../vault/passphrase.ts'

const bytes = (text: string): Uint8Array => Buffer.from(text)

describe('passphrase rules', () => {
  it('strip one line end from a passphrase file, whatever editor wrote it, and nothing else', () => {
    expect(passphraseOfFile(bytes('one two three\n'))).to.equal('one two three')
    expect(passphraseOfFile(bytes('one two three\r\n'))).to.equal('one two three')
    expect(passphraseOfFile(bytes(' one two three '))).to.equal(' one two three ')
    expect(() => passphraseOfFile(bytes('one\n\n'))).to.throw('more than one line')
    expect(() => passphraseOfFile(bytes('\n'))).to.throw('empty')
    expect(() => passphraseOfFile(Buffer.from([0xff, 0xfe]))).to.throw('UTF-8')
  })

  it('count characters, not bytes', () => {
    expect(() => checkNewPassphrase('пароль')).to.throw('shorter than 8')
    expect(() => checkNewPassphrase('парольдва')).to.not.throw()
  })
})
