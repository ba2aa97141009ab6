import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Decrypter, Encrypter } from 'age-encryption'
import { expect } from 'chai'
import { createKeyring, openKeyring, scryptIdentity, scryptRecipient } from '../../vault/age.ts'
import type { Keyring } from '../../vault/age.ts'
import { codeOf, FAST, PASSPHRASE, withHome } from './home.ts'

const vectors = new URL('vectors/', import.meta.url)
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

describe('the keyring', () => {
  it('opens what it sealed, after it was closed and opened again, and never twice the same bytes', () =>
    withHome(async (home) => {
      const keyring = await createKeyring(home, PASSPHRASE, FAST)
      const again = await openKeyring(home, PASSPHRASE)
      for (const length of [0, 1, 65535, 65536, 65537, 200_000]) {
        const plain = new Uint8Array(length).fill(length)
        const sealed = await keyring.seal(plain)
        expect(Buffer.from(await again.open(sealed, 'it')).equals(plain), String(length)).to.equal(true)
        expect(Buffer.from(await keyring.seal(plain)).equals(sealed)).to.equal(false)
      }
    }))

  it('is written for its owner alone, with age’s own work factor', () =>
    withHome(async (home) => {
      await createKeyring(home, PASSPHRASE)
      expect((await stat(join(home, 'keyring.age'))).mode & 0o777).to.equal(0o600)
      expect(await readFile(join(home, 'keyring.age'), 'latin1')).to.match(/^age-encryption.org\/v1\n-> scrypt \S+ 18\n/)
      expect(await codeOf(openKeyring(home, 'incorrect horse'))).to.equal('vault.wrong-passphrase')
    }))

  it('is never overwritten', () =>
    withHome(async (home) => {
      await createKeyring(home, PASSPHRASE, FAST)
      const before = await readFile(join(home, 'keyring.age'))
      expect(await codeOf(createKeyring(home, PASSPHRASE, FAST))).to.equal('file.exists')
      expect((await readFile(join(home, 'keyring.age'))).equals(before)).to.equal(true)
    }))

  it('is a standard age file: the library opens it by passphrase, and with what is in it the other files', () =>
    withHome(async (home) => {
      const keyring = await createKeyring(home, PASSPHRASE, FAST)
      const byPassphrase = new Decrypter()
      byPassphrase.addPassphrase(PASSPHRASE)
      const identity = await byPassphrase.decrypt(await readFile(join(home, 'keyring.age')), 'text')
      const byIdentity = new Decrypter()
      byIdentity.addIdentity(identity.trimEnd())
      expect(await byIdentity.decrypt(await keyring.seal(Buffer.from('hello')), 'text')).to.equal('hello')
    }))

  it('opens files that age 1.1.1 itself wrote', () =>
    withHome(async (home) => {
      // age-keygen | age -p > keyring.age; age -r $(age-keygen -y) > message.age
      await writeFile(join(home, 'keyring.age'), await readFile(new URL('keyring.age', vectors)))
      const keyring = await openKeyring(home, PASSPHRASE)
      const message = await readFile(new URL('message.age', vectors))
      expect(text(await keyring.open(message, 'message.age'))).to.equal('written by age 1.1.1\n')
      expect(await codeOf(keyring.open(message.subarray(0, -1), 'message.age'))).to.equal('vault.altered')
    }))

  it('wraps and unwraps the same passphrase stanza as the age library, each what the other made', async () => {
    const ours = new Encrypter()
    ours.addRecipient(scryptRecipient(PASSPHRASE, 11))
    const library = new Decrypter()
    library.addPassphrase(PASSPHRASE)
    expect(await library.decrypt(await ours.encrypt('ours'), 'text')).to.equal('ours')

    const theirs = new Encrypter()
    theirs.setPassphrase(PASSPHRASE)
    theirs.setScryptWorkFactor(11)
    const own = new Decrypter()
    own.addIdentity(scryptIdentity(PASSPHRASE, (why) => expect.fail(JSON.stringify(why))))
    expect(await own.decrypt(await theirs.encrypt('theirs'), 'text')).to.equal('theirs')
  })

  it('tells a wrong passphrase from a file that is missing, foreign, or not under a passphrase', () =>
    withHome(async (home) => {
      expect(await codeOf(openKeyring(home, PASSPHRASE))).to.equal('file.missing')
      const keyring = await createKeyring(home, PASSPHRASE, FAST)
      expect(await codeOf(openKeyring(home, `${PASSPHRASE} `))).to.equal('vault.wrong-passphrase')
      await writeFile(join(home, 'keyring.age'), await keyring.seal(Buffer.alloc(75)))
      expect(await codeOf(openKeyring(home, PASSPHRASE))).to.equal('vault.altered')
      await writeFile(join(home, 'keyring.age'), 'something else altogether')
      expect(await codeOf(openKeyring(home, PASSPHRASE))).to.equal('vault.altered')
      await writeFile(join(home, 'keyring.age'), 'PK\x03\x04 something else altogether')
      expect(await codeOf(openKeyring(home, PASSPHRASE))).to.equal('container.not-text')
      await writeFile(join(home, 'keyring.age'), Buffer.alloc(1_000_000))
      expect(await codeOf(openKeyring(home, PASSPHRASE))).to.equal('file.too-large')
    }))

  it('does not quote a broken identity in its error', () =>
    withHome(async (home) => {
      for (const contents of ['AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ\n', `${'x'.repeat(80)}\n`, '#\n'.repeat(50)]) {
        const encrypter = new Encrypter()
        encrypter.addRecipient(scryptRecipient(PASSPHRASE, 10))
        await writeFile(join(home, 'keyring.age'), await encrypter.encrypt(contents))
        expect(await codeOf(openKeyring(home, PASSPHRASE))).to.equal('vault.altered')
      }
    }))

  it('refuses a work factor that would exhaust memory, and refuses it at once', () =>
    withHome(async (home) => {
      await createKeyring(home, PASSPHRASE, FAST)
      const path = join(home, 'keyring.age')
      const original = await readFile(path, 'latin1')
      for (const [factor, code] of [['21', 'work-factor'], ['64', 'work-factor'], ['999', 'work-factor'], ['0', 'altered'], ['010', 'altered'], ['1e9', 'altered'], ['9999', 'altered']]) {
        await writeFile(path, original.replace(/ 10\n/, ` ${factor!}\n`), 'latin1')
        expect(await codeOf(openKeyring(home, PASSPHRASE)), factor).to.equal(`vault.${code!}`)
      }
    }))

  it('refuses passphrases that protect nothing or that the age tool could not take', () =>
    withHome(async (home) => {
      for (const passphrase of ['', 'short', 'two\nlines of it', 'nul\0nul nul', 'x'.repeat(1025), 'lone \ud800 surrogate']) {
        expect(await codeOf(createKeyring(home, passphrase, FAST)), JSON.stringify(passphrase)).to.equal('vault.passphrase')
      }
    }))
})

describe('a damaged keyring', () => {
  it('says so wherever it is cut', () =>
    withHome(async (home) => {
      await createKeyring(home, PASSPHRASE, FAST)
      const path = join(home, 'keyring.age')
      const whole = await readFile(path)
      for (let length = 0; length < whole.length; length++) {
        await writeFile(path, whole.subarray(0, length))
        expect(await codeOf(openKeyring(home, PASSPHRASE)), `cut at ${String(length)}`).to.equal('vault.truncated')
      }
    }))

  it('says so whichever byte is changed', () =>
    withHome(async (home) => {
      await createKeyring(home, PASSPHRASE, FAST)
      const path = join(home, 'keyring.age')
      const whole = await readFile(path)
      for (let at = 0; at < whole.length; at++) {
        await writeFile(path, flipped(whole, at))
        // A changed salt or wrapped key is indistinguishable from a wrong passphrase.
        expect(await codeOf(openKeyring(home, PASSPHRASE)), `byte ${String(at)}`).to.be.oneOf(['vault.altered', 'vault.wrong-passphrase', 'vault.truncated', 'vault.work-factor'])
      }
    }))
})

describe('a damaged sealed file', () => {
  let keyring: Keyring
  let whole: Buffer
  let payload: number

  before(() =>
    withHome(async (home) => {
      keyring = await createKeyring(home, PASSPHRASE, FAST)
      whole = Buffer.from(await keyring.seal(new Uint8Array(150_000).fill(7)))
      payload = whole.indexOf('\n--- ') + 5 + 43 + 1
    }),
  )

  it('is called truncated at every cut in its header, and at, beside and between the chunks of its payload', async () => {
    const chunk = 65536 + 16
    const beside = [0, 1, 2].flatMap((n) => [-1, 0, 1, 15, 16, 17, 5000].map((d) => payload + 16 + n * chunk + d))
    for (const length of [...Array(payload + 40).keys(), ...beside, whole.length - 17, whole.length - 1]) {
      expect(await codeOf(keyring.open(whole.subarray(0, length), 'it')), `cut at ${String(length)}`).to.equal('vault.truncated')
    }
  })

  it('is called altered at every changed byte of its header, and at samples of its payload', async () => {
    const samples = Array.from({ length: 60 }, (_, i) => payload + 16 + Math.floor((i * (whole.length - payload - 16)) / 60))
    for (const at of [...Array(payload + 32).keys(), ...samples, whole.length - 16, whole.length - 1]) {
      const code = await codeOf(keyring.open(flipped(whole, at), 'it'))
      // A changed digit of the noted length may announce more than there is.
      expect(code, `byte ${String(at)}`).to.be.oneOf(isInLength(at) ? ['vault.altered', 'vault.truncated'] : ['vault.altered'])
    }
  })

  const isInLength = (at: number): boolean => {
    const start = whole.indexOf('keyrite-length ')
    return at >= start && at < whole.indexOf('\n', start)
  }

  it('is called altered if something follows its end, or if it belongs to another keyring', async () => {
    expect(await codeOf(keyring.open(Buffer.concat([whole, Buffer.from([0])]), 'it'))).to.equal('vault.altered')
    await withHome(async (home) => {
      const other = await createKeyring(home, PASSPHRASE, FAST)
      expect(await codeOf(other.open(whole, 'it'))).to.equal('vault.altered')
    })
  })
})

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy[at]! ^= 1 << (at % 8)
  return copy
}
