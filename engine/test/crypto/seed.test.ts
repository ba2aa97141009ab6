import { createHmac, hkdfSync } from 'node:crypto'
import { expect } from 'chai'
import { R } from '../../crypto/bls.ts'
import { concat, fromHex, toHex } from '../../base/bytes.ts'
import { ed25519FromSeed } from '../../crypto/ed25519.ts'
import { airgapKeyPair, derive, encryptionKeyPair, newMnemonic, sessionSecrets, seedFromMnemonic } from '../../crypto/seed.ts'
import { codeOf, seededRandom } from './random.ts'

// The vectors of 24 words that Trezor published with BIP-39, with the passphrase TREZOR.
const VECTORS = [
  ['0000000000000000000000000000000000000000000000000000000000000000', 'abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon art', 'bda85446c68413707090a52022edd26a1c9462295029f2e60cd7c4f2bbd3097170af7a4d73245cafa9c3cca8d561a7c3de6f5d4a10be8ed2a5e608d68f92fcc8'],
  ['7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f', 'legal winner thank year wave sausage worth useful legal winner thank year wave sausage worth useful legal winner thank year wave sausage worth title', 'bc09fca1804f7e69da93c2f2028eb238c227f2e9dda30cd63699232578480a4021b146ad717fbb7e451ce9eb835f43620bf5c514db0f8add49f5d121449d3e87'],
  ['8080808080808080808080808080808080808080808080808080808080808080', 'letter advice cage absurd amount doctor acoustic avoid letter advice cage absurd amount doctor acoustic avoid letter advice cage absurd amount doctor acoustic bless', 'c0c519bd0e91a2ed54357d9d1ebef6f5af218a153624cf4f2da911a0ed8f7a09e2ef61af0aca007096df430022f7a2b6fb91661a9589097069720d015e4e982f'],
  ['ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff', 'zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo vote', 'dd48c104698c30cfe2b6142103248622fb7bb0ff692eebb00089b32d22484e1613912f0a5b694407be899ffd31ed3992c456cdf60f5d4564b8ba3f05a69890ad'],
  ['066dca1a2bb7e8a1db2832148ce9933eea0f3ac9548d793112d9a95c9407efad', 'all hour make first leader extend hole alien behind guard gospel lava path output census museum junior mass reopen famous sing advance salt reform', '26e975ec644423f4a4c4f4215ef09b4bd7ef924e85d1d17c4cf3f136c2863cf6df0a475045652c57eb5fb41513ca2a2d67722b77e954b4b3fc11f7590449191d'],
  ['f585c11aec520db57dd353c69554b21a89b20fb0650966fa0a9d6f74fd989d8f', 'void come effort suffer camp survey warrior heavy shoot primary clutch crush open amazing screen patrol group space point ten exist slush involve unfold', '01f5bced59dec48e362f2c45b5de68b9fd6c92c6634f44d6d40aab69056506f0e35524a518034ddc1192e1dacd32c1ed3eaa3c3b131c88ed8e7e54c49a5d0998'],
] as const
const WORDS = VECTORS[5][1].split(' ')

describe('mnemonics', () => {
  for (const [entropy, mnemonic, seed] of VECTORS) {
    it(`give the seed of the BIP-39 vector ${entropy.slice(0, 8)}…`, () => {
      expect(newMnemonic(() => fromHex(entropy))).to.equal(mnemonic)
      expect(toHex(seedFromMnemonic(mnemonic, 'TREZOR'))).to.equal(seed)
    })
  }

  it('are drawn from 32 random bytes and read as 24 words', () => {
    const random = seededRandom('mnemonic')
    const [one, two] = [newMnemonic(random), newMnemonic(random)]
    expect(one.split(' ')).to.have.length(24)
    expect(one).not.to.equal(two)
    expect(seedFromMnemonic(one, '')).to.have.length(64)
    expect(seedFromMnemonic(one, '')).not.to.deep.equal(seedFromMnemonic(one, ' '))
  })

  it('may have capitals and spaces as a hurried person types them, and a passphrase in any Unicode form', () => {
    const [, mnemonic, seed] = VECTORS[5]
    expect(toHex(seedFromMnemonic(`  ${mnemonic.toUpperCase().replaceAll(' ', ' \n ')} `, 'TREZOR'))).to.equal(seed)
    expect(seedFromMnemonic(mnemonic, 'Ame\u0301lie')).to.deep.equal(seedFromMnemonic(mnemonic, 'Am\u00e9lie'))
  })

  it('are refused with the number of words, the place of an unknown one, or a wrong checksum, and never quoted', () => {
    const replaced = (place: number, word: string) => WORDS.map((old, i) => (i === place - 1 ? word : old)).join(' ')
    const wrong: [text: string, code: string, says: string][] = [
      [WORDS.slice(0, 23).join(' '), 'crypto.word-count', 'has 23 words'],
      [VECTORS[0][1].split(' ').slice(0, 12).join(' '), 'crypto.word-count', 'has 12 words'],
      ['', 'crypto.word-count', 'has 0 words'],
      [replaced(17, 'perfekt'), 'crypto.unknown-word', 'Word 17'],
      [replaced(24, 'unfol'), 'crypto.unknown-word', 'Word 24'],
      [replaced(1, 'tomato'), 'crypto.wrong-checksum', 'checksum is wrong'],
      [[...WORDS.slice(1), WORDS[0]].join(' '), 'crypto.wrong-checksum', 'checksum is wrong'],
    ]
    for (const [text, code, says] of wrong) {
      expect(codeOf(() => seedFromMnemonic(text, '')), says).to.equal(code)
      try {
        seedFromMnemonic(text, '')
      } catch (error) {
        const all = JSON.stringify([String(error), error, (error as Error).cause ?? null]).toLowerCase()
        expect(all).to.include(says.toLowerCase())
        for (const word of ['perfekt', 'unfol', 'tomato', 'warrior', 'slush']) expect(all).not.to.include(word)
      }
    }
  })
})

describe('what is derived from a seed', () => {
  const seed = fromHex('fdd3a53afaaf299cb3c5c1f9a2bb69627a03da65106deca4301859cda102d34eece0ad49558f145fb8986cf39b4ce88aad96c21ae9be2894da97a6379659ad25')
  const id = 'ab'.repeat(32)
  const salt = new Uint8Array(32).fill(7)
  const hkdf = (key: Uint8Array, salted: Uint8Array, info: string) => toHex(new Uint8Array(hkdfSync('sha256', key, salted, info, 32)))
  const expandOnly = (prk: Uint8Array, info: string) => createHmac('sha256', prk).update(info).update(Uint8Array.of(1)).digest('hex')

  it('is HKDF-SHA-256 with "keyrite/2/" before the label (held to Node\'s HKDF)', () => {
    expect(toHex(derive(seed, 'airgap', new Uint8Array()))).to.equal(hkdf(seed, new Uint8Array(), 'keyrite/2/airgap'))
    expect(airgapKeyPair(seed)).to.deep.equal(ed25519FromSeed(derive(seed, 'airgap', new Uint8Array())))
    expect(toHex(derive(seed, 'session', salt))).to.equal(hkdf(seed, salt, 'keyrite/2/session'))
    expect(codeOf(() => derive(seed.subarray(1), 'airgap', salt))).to.equal('crypto.bad-length')
  })

  it('follows, for a ceremony, from the seed and the id alone, through the salt that both give (held to Node\'s HKDF)', () => {
    const ceremony = fromHex(id)
    for (const [rehearsal, label] of [[false, 'session'], [true, 'rehearsal']] as const) {
      const sessionSalt = fromHex(hkdf(seed, ceremony, 'keyrite/2/salt'))
      const sessionSeed = fromHex(hkdf(seed, concat(ceremony, sessionSalt), `keyrite/2/${label}`))
      expect(toHex(sessionSecrets(seed, id, rehearsal).expand('encryption', 32))).to.equal(expandOnly(sessionSeed, 'keyrite/2/encryption'))
      expect(sessionSecrets(seed, id, rehearsal).expand('encryption', 32)).to.deep.equal(sessionSecrets(Uint8Array.from(seed), id, rehearsal).expand('encryption', 32))
    }
  })

  it('is another in every ceremony, of every seed, under every label, and in a rehearsal', () => {
    const sessions = [
      sessionSecrets(seed, id, false), sessionSecrets(seed, id, true), sessionSecrets(seed, 'ac'.repeat(32), false),
      sessionSecrets(Uint8Array.from(seed).fill(0), id, false), sessionSecrets(Uint8Array.from(seed, (byte, i) => (i === 63 ? byte ^ 1 : byte)), id, false),
    ]
    const values = sessions.flatMap((session) => ['encryption', 'coefficient/0', 'coefficient/1'].map((label) => toHex(session.expand(label, 32))))
    expect(new Set(values).size).to.equal(values.length)
    expect(sessionSecrets(seed, id, false).scalar('coefficient/0')).to.equal(sessions[0]!.scalar('coefficient/0'))
  })

  it('never changes: bytes pinned, since a mnemonic must restore a share years later', () => {
    const session = sessionSecrets(seed, id, false)
    const pinned = [
      toHex(airgapKeyPair(seed).publicKey), toHex(encryptionKeyPair(session).publicKey), session.scalar('coefficient/0').toString(16),
      toHex(sessionSecrets(seed, id, true).expand('encryption', 8)),
    ]
    expect(pinned).to.deep.equal(PINNED)
  })

  it('gives scalars by reducing 48 bytes, big endian, modulo r', () => {
    const session = sessionSecrets(seed, id, false)
    expect(session.scalar('coefficient/3')).to.equal(BigInt(`0x${toHex(session.expand('coefficient/3', 48))}`) % R)
  })

  it('wants a ceremony id of 32 bytes and a seed of 64', () => {
    expect(codeOf(() => sessionSecrets(seed, id.slice(2), false))).to.equal('bytes.not-hex')
    expect(codeOf(() => sessionSecrets(seed, id.toUpperCase(), false))).to.equal('bytes.not-hex')
    expect(codeOf(() => sessionSecrets(concat(seed, seed), id, false))).to.equal('crypto.bad-length')
  })
})

// Made with Python's hmac, and X25519 and Ed25519 written out from their RFCs.
const PINNED = [
  'f43ffb351c44eb5c10e8b37350ecc0c881adade9d90a7b199ccdeb60aa439b49',
  '87a2147eac3619030435c0096da0b6f17521826bcf4e7498c88e8db784074d27',
  '68da03e50cc7c6615b8fb8f68391161e45beeac05e2a7cdeec0f60ee586c1bd2',
  '661f1f16b44382f3',
]
