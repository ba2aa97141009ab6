/** Reads and checks the log in a worker, so that the screen stays quick however much there is to verify. */
import { alarm, pause } from '../../engine/base/signals.ts'
import { ceremonyNumber } from '../../engine/crypto/number.ts'
import { verbs } from '../../engine/verbs/implementations.ts'
import { connectBoard } from '../client.ts'
import { BoardFold } from './fold.ts'
import { follow } from './follow.ts'
import type { FollowUse } from './follow.ts'
import { scripts } from './shipped.ts'
import type { FromWorker, Link, ToWorker } from './talk.ts'

/** Milliseconds between two views: while the log is read, and when entries come one by one. */
const PACE = { reading: 1000, live: 150 }
/** The most bytes that `getRandomValues` gives in one call. */
const MOST_RANDOM = 65_536

function random(length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length; at += MOST_RANDOM) crypto.getRandomValues(bytes.subarray(at, at + MOST_RANDOM))
  return bytes
}

const fold = new BoardFold({ scripts, verbs, random })
const numbers = new Map<string, string>()
let shown = 0
let link: Link = { kind: 'reading', done: 0, total: 0 }
let last = 0
const soon = alarm(send)

function send(): void {
  soon.clear()
  last = performance.now()
  const order = fold.newest(shown)
  const message: FromWorker = { link, board: fold.board(shown), order, ceremonies: fold.changedViews(order, (id) => numbers.get(id) ?? null) }
  postMessage(message)
}

/** Computes the ceremonies' numbers one by one, with room for the log in between: each takes a third of a second. */
async function computeNumbers(): Promise<never> {
  for (;;) {
    const id = fold.newest(shown).find((one) => !numbers.has(one))
    if (id !== undefined) {
      numbers.set(id, ceremonyNumber(id))
      fold.touch(id)
      send()
    }
    await pause(id === undefined ? 100 : 0)
  }
}

function changed(now: Link): void {
  const isNews = now.kind !== link.kind
  link = now
  const pace = link.kind === 'reading' ? PACE.reading : PACE.live
  if (isNews || performance.now() - last >= pace) send()
  else soon.begin(pace)
}

function fail(error: unknown): void {
  changed({ kind: 'failed', why: error instanceof Error ? error.message : String(error) })
}

onmessage = ({ data }: MessageEvent<ToWorker>) => {
  const isFirst = shown === 0
  shown = data.shown
  // A ceremony that comes into view has changes that no view has shown yet, so that sending is enough.
  if (!isFirst) {
    send()
    return
  }
  computeNumbers().catch(fail)
  const connect: FollowUse['connect'] = (onProgress) => connectBoard({ url: data.board, onProgress })
  follow({ connect, fold, onChange: changed, now: Date.now, pause, signal: new AbortController().signal }).catch(fail)
}
