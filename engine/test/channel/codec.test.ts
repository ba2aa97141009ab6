import { expect } from 'chai'
import { decodeBytes, decodePart, encodeBytes, encodePart } from '../../channel/cbor.ts'
import { crc32, makeChooser, makeFountain } from '../../channel/fountain.ts'
import { fromWords, readFrame, toWords, writePart, writeWhole } from '../../channel/ur.ts'
import { codeOf, oracleEncoder, randomBytes, seeded, utf8 } from './helpers.ts'

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))

describe('channel codec, held to the published vectors', () => {
  it('CRC-32 gives the standard check values', () => {
    expect(crc32(utf8('123456789'))).equal(0xcbf43926)
    expect(crc32(utf8('Wolf'))).equal(0x598c84dc)
    expect(crc32(utf8('Hello, world!'))).equal(0xebe6c6e6)
    expect(crc32(new Uint8Array(0))).equal(0)
  })

  it('bytewords are those of BCR-2020-012, minimal style', () => {
    expect(toWords(hex('00010280ff'))).equal('aeadaolazmjendeoti')
    expect(fromWords('aeadaolazmjendeoti', 5)).deep.equal(hex('00010280ff'))
    expect(fromWords('AEADAOLAZMJENDEOTI', 5)).deep.equal(hex('00010280ff'))
    const long = Uint8Array.from({ length: 256 }, (_, byte) => byte)
    expect(fromWords(toWords(long), 256)).deep.equal(long)
  })

  it('a wrong letter, a wrong checksum, an odd or too short body and one above the limit are each refused', () => {
    expect(codeOf(() => fromWords('aeadaolazmjendeowf', 5))).equal('channel.frame-checksum')
    expect(codeOf(() => fromWords('aeadaolazzjendeoti', 5))).equal('channel.bad-word')
    expect(codeOf(() => fromWords('aeada\u0000lazmjendeoti', 5))).equal('channel.bad-word')
    expect(codeOf(() => fromWords('aeadaolazmjendeot', 5))).equal('channel.not-a-frame')
    expect(codeOf(() => fromWords('aeadaola', 5))).equal('channel.not-a-frame')
    expect(codeOf(() => fromWords('aeadaolazmjendeoti', 4))).equal('channel.too-long')
  })

  it('xoshiro256** seeded with "Wolf" gives the numbers of BCR-2024-001', () => {
    const random = seeded('Wolf')
    const numbers = Array.from({ length: 20 }, () => {
      const [high, low] = random.next()
      return Number(((BigInt(high) << 32n) | BigInt(low)) % 100n)
    })
    expect(numbers).deep.equal([42, 81, 85, 8, 82, 84, 76, 73, 70, 88, 2, 74, 40, 48, 77, 54, 88, 7, 5, 88])
  })

  it('the single-part vector is written and read', () => {
    const message = encodeBytes(randomBytes(50, 'Wolf'))
    const frame =
      'ur:bytes/hdeymejtswhhylkepmykhhtsytsnoyoyaxaedsuttydmmhhpktpmsrjtgwdpfnsboxgwlbaawzuefywkdplrsrjynbvygabwjldapfcsdwkbrkch'
    expect(writeWhole(message, 'bytes')).equal(frame.toUpperCase())
    expect(readFrame(frame, 'bytes')).deep.equal({ kind: 'whole', message })
  })

  it('the twenty parts of the fountain vector are made, eleven of them mixes', () => {
    const fountain = makeFountain(randomBytes(256, 'Wolf'), 30)
    const parts = Array.from({ length: 20 }, (_, i) => Buffer.from(encodePart(fountain.part(i + 1))).toString('hex'))
    expect(parts).deep.equal(FOUNTAIN_PARTS)
  })

  it('the frames of the UR vector are made', () => {
    const fountain = makeFountain(encodeBytes(randomBytes(256, 'Wolf')), 30)
    for (const [sequence, frame] of UR_FRAMES) expect(writePart(fountain.part(sequence), 'bytes')).equal(frame.toUpperCase())
  })
})

describe('channel codec, held to the usual UR library frame by frame', () => {
  const cases: readonly (readonly [length: number, fragment: number, frames: number])[] = [
    [1, 10, 2],
    [9, 10, 2],
    [10, 10, 2],
    [11, 10, 30],
    [57, 10, 60],
    [100, 33, 40],
    [255, 100, 40],
    [256, 100, 40],
    [257, 50, 60],
    [1000, 100, 60],
    [1000, 1000, 3],
    [1001, 1000, 30],
    [5000, 200, 90],
    [5003, 61, 140],
    [20000, 400, 90],
    [70000, 2000, 60],
  ]
  for (const [length, fragment, frames] of cases) {
    it(`${length} bytes in fragments of at most ${fragment}: the first ${frames} frames are equal`, () => {
      const message = encodeBytes(randomBytes(length, `oracle ${length}`))
      const oracle = oracleEncoder(message, fragment)
      const fountain = makeFountain(message, fragment)
      expect(fountain.parts).equal(oracle.fragmentsLength)
      for (let sequence = 1; sequence <= frames; sequence++) {
        const ours = fountain.parts === 1 ? writeWhole(message) : writePart(fountain.part(sequence))
        expect(ours).equal(oracle.nextPart().toUpperCase())
      }
    })
  }

  it('frames far above the part count are equal, up to the last sequence number', () => {
    const message = randomBytes(3000, 'far')
    const fountain = makeFountain(message, 100)
    for (const after of [65_530, 1_000_000, 2_147_483_640, 4_294_967_280]) {
      const oracle = oracleEncoder(message, 100, 'keyrite', after)
      for (let sequence = after + 1; sequence <= after + 12; sequence++) {
        expect(writePart(fountain.part(sequence))).equal(oracle.nextPart().toUpperCase())
      }
    }
  })

  it('mixes of 4096 parts, the most there are, are equal', () => {
    const message = randomBytes(40_960, 'most')
    const fountain = makeFountain(message, 10)
    expect(fountain.parts).equal(4096)
    const oracle = oracleEncoder(message, 10, 'keyrite', 5000)
    for (let sequence = 5001; sequence <= 5008; sequence++) {
      expect(writePart(fountain.part(sequence))).equal(oracle.nextPart().toUpperCase())
    }
  }).timeout(20_000)

  it('a part mixes each fragment at most once', () => {
    const choose = makeChooser(50, 12345)
    for (let sequence = 1; sequence < 500; sequence++) {
      const chosen = choose(sequence)
      expect(new Set(chosen).size).equal(chosen.length)
      expect(chosen.every((index) => index >= 0 && index < 50)).equal(true)
    }
  })
})

describe('channel CBOR is strict', () => {
  const part = { sequence: 70_000, parts: 300, messageLength: 30_000, checksum: 0xfffffffe, data: randomBytes(100, 'cbor') }

  it('what is written is read again, at every width of a number', () => {
    for (const sequence of [1, 23, 24, 255, 256, 65_535, 65_536, 0xffffffff]) {
      expect(decodePart(encodePart({ ...part, sequence }))).deep.equal({ ...part, sequence })
    }
    for (const length of [0, 23, 24, 255, 256, 65_535, 65_536]) {
      const data = randomBytes(length, 'width')
      expect(decodeBytes(encodeBytes(data))).deep.equal(data)
    }
  })

  const refused: Readonly<Record<string, string>> = {
    'a number in a longer form than it needs': '85180109190100 1a0167aa0741ff',
    'a 16-bit form of a small number': '85190001 09 190100 1a0167aa07 41ff',
    'a number of 64 bits': '851b0000000100000000 09 190100 1a0167aa07 41ff',
    'an array of indefinite length': '9f0109190100 1a0167aa07 41ff ff',
    'a byte string of indefinite length': '850109190100 1a0167aa07 5f41ffff',
    'an array of four': '840109190100 1a0167aa07',
    'an array of six': '860109190100 1a0167aa07 41ff 00',
    'a negative number': '852009190100 1a0167aa07 41ff',
    'text in place of bytes': '850109190100 1a0167aa07 6161',
    'bytes after the end': '850109190100 1a0167aa07 41ff00',
    'a byte string that claims more than is there': '850109190100 1a0167aa07 5affffffff00',
    'an end within a number': '8501091901',
    nothing: '',
  }
  for (const [name, bytes] of Object.entries(refused)) {
    it(`refuses ${name}`, () => {
      expect(codeOf(() => decodePart(hex(bytes.replaceAll(' ', ''))))).equal('channel.bad-cbor')
    })
  }
})

const FOUNTAIN_PARTS = [
  '8501091901001a0167aa07581d916ec65cf77cadf55cd7f9cda1a1030026ddd42e905b77adc36e4f2d3c',
  '8502091901001a0167aa07581dcba44f7f04f2de44f42d84c374a0e149136f25b01852545961d55f7f7a',
  '8503091901001a0167aa07581d8cde6d0e2ec43f3b2dcb644a2209e8c9e34af5c4747984a5e873c9cf5f',
  '8504091901001a0167aa07581d965e25ee29039fdf8ca74f1c769fc07eb7ebaec46e0695aea6cbd60b3e',
  '8505091901001a0167aa07581dc4bbff1b9ffe8a9e7240129377b9d3711ed38d412fbb4442256f1e6f59',
  '8506091901001a0167aa07581d5e0fc57fed451fb0a0101fb76b1fb1e1b88cfdfdaa946294a47de8fff1',
  '8507091901001a0167aa07581d73f021c0e6f65b05c0a494e50791270a0050a73ae69b6725505a2ec8a5',
  '8508091901001a0167aa07581d791457c9876dd34aadd192a53aa0dc66b556c0c215c7ceb8248b717c22',
  '8509091901001a0167aa07581d951e65305b56a3706e3e86eb01c803bbf915d80edcd64d4d0000000000',
  '850a091901001a0167aa07581d330f0f33a05eead4f331df229871bee733b50de71afd2e5a79f196de09',
  '850b091901001a0167aa07581d3b205ce5e52d8c24a52cffa34c564fa1af3fdffcd349dc4258ee4ee828',
  '850c091901001a0167aa07581ddd7bf725ea6c16d531b5f03254783803048ca08b87148daacd1cd7a006',
  '850d091901001a0167aa07581d760be7ad1c6187902bbc04f539b9ee5eb8ea6833222edea36031306c01',
  '850e091901001a0167aa07581d5bf4031217d2c3254b088fa7553778b5003632f46e21db129416f65b55',
  '850f091901001a0167aa07581d73f021c0e6f65b05c0a494e50791270a0050a73ae69b6725505a2ec8a5',
  '8510091901001a0167aa07581db8546ebfe2048541348910267331c643133f828afec9337c318f71b7df',
  '8511091901001a0167aa07581d23dedeea74e3a0fb052befabefa13e2f80e4315c9dceed4c8630612e64',
  '8512091901001a0167aa07581dd01a8daee769ce34b6b35d3ca0005302724abddae405bdb419c0a6b208',
  '8513091901001a0167aa07581d3171c5dc365766eff25ae47c6f10e7de48cfb8474e050e5fe997a6dc24',
  '8514091901001a0167aa07581de055c2433562184fa71b4be94f262e200f01c6f74c284b0dc6fae6673f',
]

const UR_FRAMES: readonly (readonly [sequence: number, frame: string])[] = [
  [1, 'ur:bytes/1-9/lpadascfadaxcywenbpljkhdcahkadaemejtswhhylkepmykhhtsytsnoyoyaxaedsuttydmmhhpktpmsrjtdkgslpgh'],
  [2, 'ur:bytes/2-9/lpaoascfadaxcywenbpljkhdcagwdpfnsboxgwlbaawzuefywkdplrsrjynbvygabwjldapfcsgmghhkhstlrdcxaefz'],
  [9, 'ur:bytes/9-9/lpasascfadaxcywenbpljkhdcajskecpmdckihdyhphfotjojtfmlnwmadspaxrkytbztpbauotbgtgtaeaevtgavtny'],
  [10, 'ur:bytes/10-9/lpbkascfadaxcywenbpljkhdcahkadaemejtswhhylkepmykhhtsytsnoyoyaxaedsuttydmmhhpktpmsrjtwdkiplzs'],
  [13, 'ur:bytes/13-9/lpbtascfadaxcywenbpljkhdcamtkgtpknghchchyketwsvwgwfdhpgmgtylctotzopdrpayoschcmhplffziachrfgd'],
  [20, 'ur:bytes/20-9/lpbbascfadaxcywenbpljkhdcayapmrleeleaxpasfrtrdkncffwjyjzgyetdmlewtkpktgllepfrltataztksmhkbot'],
]
