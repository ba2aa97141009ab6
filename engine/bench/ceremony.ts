/**
 * What a DKG costs one participant's airgap and channel, step by step: CPU of the airgap, bytes and QR frames across.
 *
 *   node --import=tsx engine/bench/ceremony.ts [5/3 11/6 64/43 …]
 *
 * Every participant is simulated with the real roles; one of them is measured, with nothing decoded beforehand.
 */
import { openEnvelope } from '../channel/envelope.ts'
import { pack } from '../channel/payload.ts'
import { makeSending } from '../channel/transfer.ts'
import type { Airgap } from '../run/airgap.ts'
import { seededRandom, simulate } from '../run/simulate.ts'
import { readShipped } from '../script/shipped.ts'
import { verbs } from '../verbs/implementations.ts'
import { forgetPoints } from '../verbs/points.ts'

interface Row {
  step: string
  cpu: number
  requestBytes: number
  requestFrames: number
  answerBytes: number
  answerFrames: number
}

const FRAGMENT = 400

const framesOf = (text: string): { readonly bytes: number; readonly frames: number } => ({
  bytes: pack(text).length,
  frames: makeSending(text, { fragment: FRAGMENT }).partCount,
})

async function measure(n: number, threshold: number): Promise<{ rows: Row[]; seconds: number; outcome: string }> {
  const rows: Row[] = []
  let last: Promise<unknown> = Promise.resolve()
  const measured = (airgap: Airgap) => (request: string): Promise<string> => {
    const answer = last.then(async () => {
      forgetPoints()
      const before = process.cpuUsage()
      const text = await airgap.handle(request)
      const { user, system } = process.cpuUsage(before)
      const [asked, given] = [framesOf(request), framesOf(text)]
      rows.push({
        step: openEnvelope(request).step ?? '', cpu: (user + system) / 1000,
        requestBytes: asked.bytes, requestFrames: asked.frames, answerBytes: given.bytes, answerFrames: given.frames,
      })
      return text
    })
    last = answer.catch(() => undefined)
    return answer
  }
  // The others wait their turn too, so that nobody else's work is in the measured time.
  const inTurn = (airgap: Airgap) => (request: string): Promise<string> => {
    const answer = last.then(() => airgap.handle(request))
    last = answer.catch(() => undefined)
    return answer
  }
  const names = Array.from({ length: n }, (_, i) => `p${String(i + 1).padStart(2, '0')}`)
  const tamper = Object.fromEntries(names.map((name, i) => [name, { exchange: i === n - 1 ? measured : inTurn }]))
  const began = performance.now()
  const { results } = await simulate({
    script: readShipped('dkg'), names, parameters: { threshold }, verbs, random: seededRandom(`${n}/${threshold}`), tamper, idle: 60_000,
  })
  return { rows, seconds: (performance.now() - began) / 1000, outcome: results.get(names[0] ?? '')?.outcome ?? 'none' }
}

const sizes = process.argv.slice(2)
for (const size of sizes.length > 0 ? sizes : ['5/3', '11/6', '64/43']) {
  const [n = 5, threshold = 3] = size.split('/').map(Number)
  const { rows, seconds, outcome } = await measure(n, threshold)
  console.log(`\n${size}: ${outcome}, simulated in ${seconds.toFixed(1)} s (${n} clients and airgaps in one process)`)
  console.log('step              airgap CPU ms   request bytes  frames   answer bytes  frames')
  const total: Row = { step: 'in all', cpu: 0, requestBytes: 0, requestFrames: 0, answerBytes: 0, answerFrames: 0 }
  for (const row of rows) {
    for (const key of ['cpu', 'requestBytes', 'requestFrames', 'answerBytes', 'answerFrames'] as const) total[key] += row[key]
  }
  for (const { step, cpu, requestBytes, requestFrames, answerBytes, answerFrames } of [...rows, total]) {
    console.log(
      step.padEnd(18) + cpu.toFixed(0).padStart(13) + String(requestBytes).padStart(16) + String(requestFrames).padStart(8) +
      String(answerBytes).padStart(15) + String(answerFrames).padStart(8),
    )
  }
}
process.exit(0)
