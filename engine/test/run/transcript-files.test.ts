import { gzipSync } from 'node:zlib'
import { expect } from 'chai'
import { isKeyriteError } from '../../base/errors.ts'
import { verifyTranscript as verifyAsLibrary } from '../../index.ts'
import { emptyMemory, EPOCH } from '../../run/memory.ts'
import type { AirgapMemory } from '../../run/memory.ts'
import { recover } from '../../run/recover.ts'
import type { TranscriptSource } from '../../run/transcript.ts'
import { verifyTranscript } from '../../run/verify.ts'
import { shippedLibrary } from '../../script/load.ts'
import { memoryStore, seededRandom } from '../../simulate/simulate.ts'
import { verbs } from '../../verbs/implementations.ts'
import { dkg, recordDkg, transcriptOf } from './harness.ts'
import type { Recorded } from './harness.ts'

/** A file's bytes as a reader gets them. */
function* inPieces(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

const BOM = '\ufeff'
const crlf = (text: string): string => text.replaceAll('\n', '\r\n')

describe('a transcript that went through other programs', function () {
  this.timeout(120_000)
  let run: Recorded
  let text = ''
  before(async () => {
    run = await recordDkg(2, 2, 'carried')
    text = transcriptOf(run)
  })

  const verified = (source: TranscriptSource) => verifyTranscript(source, { library: shippedLibrary, verbs, random: seededRandom('verify') })

  /** The verdict, and what recovery says: the names of what it got, or the code of its refusal. */
  async function readBoth(source: () => TranscriptSource): Promise<{ readonly verdict: string; readonly says: string; readonly recovery: string; readonly refusal: string }> {
    const { seed, client } = run.crossing('ben', 'SendPublicKeys').before
    const memory: AirgapMemory = { ...emptyMemory(seed, new Uint8Array(EPOCH).fill(9)), client }
    const { verdict, findings } = verified(source())
    try {
      const { names } = await recover(source(), {
        memory: memoryStore(memory), script: (hash) => (hash === dkg.hash ? dkg : undefined), verbs, random: seededRandom('recover'), now: () => new Date(0),
      })
      return { verdict, says: findings.at(-1)?.detail ?? '', recovery: names.join(), refusal: '' }
    } catch (error) {
      if (!isKeyriteError(error)) throw error
      return { verdict, says: findings.at(-1)?.detail ?? '', recovery: error.code, refusal: `${error.message} ${error.todo}` }
    }
  }

  const read: readonly (readonly [what: string, change: (text: string) => string])[] = [
    ['as it was', (one) => one],
    ['with CR LF', crlf],
    ['with a byte order mark', (one) => `${BOM}${one}`],
    ['without its last line end', (one) => one.slice(0, -1)],
    ['with CR LF, a byte order mark and without its last line end', (one) => `${BOM}${crlf(one).slice(0, -2)}`],
    ['with blank lines at its end', (one) => `${crlf(one)}\r\n\n`],
  ]
  for (const [what, change] of read) {
    it(`is read ${what}, by verify, recover and the library alike, as text and in pieces of any size`, async () => {
      const changed = change(text)
      const bytes = Buffer.from(changed)
      for (const source of [() => changed, () => inPieces(bytes, 4096), () => inPieces(bytes, bytes.length)]) {
        expect(await readBoth(source)).to.deep.include({ verdict: 'usable', recovery: 'share' })
      }
      expect(verified(inPieces(bytes.subarray(), 1)).verdict).to.equal('usable')
      expect(verifyAsLibrary(changed).verdict).to.equal('usable')
    })
  }

  const refused: readonly (readonly [what: string, bytes: (text: string) => Uint8Array, code: string, says: RegExp])[] = [
    ['UTF-16', (one) => Buffer.from(`${BOM}${one}`, 'utf16le'), 'container.not-text', /UTF-16 text, as `>` of Windows PowerShell.*iconv/],
    ['gzip', (one) => gzipSync(one), 'container.not-text', /gzip.*gunzip/],
    ['a web page', () => Buffer.from('<!doctype html><p>Sign in'), 'container.not-text', /web page.*Download/],
    ['empty', () => new Uint8Array(), 'container.not-text', /empty.*Get it again/],
    ['of other letters', (one) => Buffer.concat([Buffer.from(one.slice(0, one.indexOf('\n') + 1)), Buffer.from([0xff, 0x0a])]), 'container.encoding', /line 2 it is not UTF-8/],
    ['cut in a line', (one) => Buffer.from(one.slice(0, -30)), 'run.transcript', /cut off.*Export it again/],
    ['cut in a line, which an editor ended', (one) => Buffer.from(`${one.slice(0, -300)}\r\n`), 'run.transcript', /cut off/],
    ['cut at a line’s end', (one) => Buffer.from(one.slice(0, one.lastIndexOf('\n', one.length - 2) + 1)), 'run.transcript', /cut off/],
    ['cut in its first line', (one) => Buffer.from(one.slice(0, 100)), 'run.transcript', /line 1: it is cut off/],
    ['cut in a character', (one) => Buffer.concat([Buffer.from(one.slice(0, 100)), Buffer.from([0xe2, 0x80])]), 'run.transcript', /cut off/],
    ['damaged in the middle', (one) => Buffer.from(one.replace('"offset":1', '"offset":')), 'run.transcript', /^(?!.*cut off).*damaged at line 3/],
    ['another file', () => Buffer.from('Dear Bob\n'), 'run.transcript', /^(?!.*cut off).*line 1/],
  ]
  for (const [what, bytes, code, says] of refused) {
    it(`is refused where it is ${what}, by both, with the cause and the mend`, async () => {
      const found = await readBoth(() => inPieces(bytes(text), 1000))
      expect(found).to.deep.include({ verdict: 'invalid', recovery: code })
      expect(found.says).to.match(says)
      expect(found.refusal).to.match(says)
    })
  }

  it('may not have another one behind it, and no blank line in it', () => {
    expect(verified(`${text}{}\n`).verdict).to.equal('invalid')
    expect(verified(text.replace('\n', '\n\n')).verdict).to.equal('invalid')
  })
})
