/** Faults of a storage, which shows one participant another log than there is, or loses what it was given. All participants are honest. */
import { boardError } from '../../wire/board.ts'
import type { Entry } from '../../wire/log.ts'
import type { Board } from '../../wire/board.ts'
import { canonical } from '../../base/canonical.ts'
import { Chain, EMPTY_LOG } from '../../wire/log.ts'
import { parseMessage } from '../../wire/message.ts'
import type { FaultKind, FaultPlace } from '../meddling.ts'
import { attachingSteps, inStep, swallowed } from '../meddling.ts'
import type { MemoryBoard, Tampering } from '../simulate.ts'
import { untilLate } from './log.ts'

/** Is it a message of this step by somebody else? */
const isOthers = ({ target, participant }: FaultPlace, text: string): boolean => {
  const { step, from, type } = parseMessage(text).statement
  return step === target && from !== participant && type !== 'Abort'
}

/** A log that differs from the board's as `change` says, with heads of its own. `held` keeps what comes later. */
function showing(change: (entry: Entry, held: readonly Entry[]) => { readonly show: readonly Entry[]; readonly held: readonly Entry[] }): Tampering {
  return { board: (board): Board => ({ ...board, follow: (pin, signal) => shown(board, change, pin.offset, signal) }) }
}

async function* shown(board: MemoryBoard, change: Parameters<typeof showing>[0], after: number, signal: AbortSignal): AsyncIterable<Entry> {
  const chain = new Chain()
  let held: readonly Entry[] = []
  for await (const entry of board.follow(EMPTY_LOG, signal)) {
    const next = change(entry, held)
    held = next.held
    for (const { text } of next.show) {
      const shown = chain.append(text)
      if (shown.offset > after) yield shown
    }
  }
}

const as = (entry: Entry, held: readonly Entry[] = []) => ({ show: [entry], held })

export const storageFaults: readonly FaultKind[] = [
  {
    name: 'storage-drops', who: 'storage', target: 'step', proves: [],
    doc: 'The storage says that it took a participant’s message, and did not.',
    make: ({ target }) => inStep(target, swallowed),
  },
  {
    name: 'late', who: 'storage', target: 'step', proves: [],
    doc: 'The storage takes a participant’s message, and puts it into the log after the step’s deadline.',
    make: (place) => inStep(place.target, (one) => {
      void untilLate(place, one).then(() => one.board.post(one.text)).catch(() => undefined)
      return swallowed()
    }),
  },
  {
    name: 'storage-doubles', who: 'storage', target: 'step', proves: [],
    doc: 'The storage puts a participant’s message into the log twice.',
    make: ({ target }) => inStep(target, async ({ board, text }) => {
      const pin = await board.post(text)
      board.force(text)
      return pin
    }),
  },
  {
    name: 'storage-hides', who: 'storage', target: 'step', proves: [],
    doc: 'The storage shows a participant a log without what the others posted in this step.',
    make: (place) => showing((entry) => (isOthers(place, entry.text) ? { show: [], held: [] } : as(entry))),
  },
  {
    name: 'storage-hides-aborts', who: 'storage', target: 'none', proves: [],
    doc: 'The storage shows a participant a log without Aborts.',
    make: () => showing((entry) => (parseMessage(entry.text).statement.type === 'Abort' ? { show: [], held: [] } : as(entry))),
  },
  {
    name: 'storage-reorders', who: 'storage', target: 'step', proves: [],
    doc: 'The storage shows a participant the first message of this step behind the one that comes after it.',
    make: (place) => {
      let done = false
      return showing((entry, held) => {
        if (held.length > 0) return { show: [entry, ...held], held: [] }
        if (done || !isOthers(place, entry.text)) return as(entry)
        done = true
        return { show: [], held: [entry] }
      })
    },
  },
  {
    name: 'storage-truncates', who: 'storage', target: 'step', proves: [],
    doc: 'The storage shows a participant nothing any more from this step’s first message on.',
    make: (place) => {
      let over = false
      return showing((entry) => {
        over ||= isOthers(place, entry.text)
        return over ? { show: [], held: [] } : as(entry)
      })
    },
  },
  {
    name: 'storage-rewrites', who: 'storage', target: 'step', proves: [],
    doc: 'The storage shows a participant others’ messages of this step with another payload.',
    make: (place) => showing((entry) => {
      if (!isOthers(place, entry.text)) return as(entry)
      const message = parseMessage(entry.text)
      return as({ ...entry, text: canonical({ ...message, statement: { ...message.statement, payload: { ...message.statement.payload, more: 1 } } }) })
    }),
  },
  {
    name: 'storage-withholds', who: 'storage', target: 'step', steps: attachingSteps, proves: [],
    doc: 'The storage does not give a participant what the others attached in this step.',
    make: (place) => ({
      board: (board): Board => ({
        ...board,
        getAttachment: (hash) => (board.entries.some(({ text }) => isOthers(place, text) && parseMessage(text).attachment === hash)
          ? Promise.reject(boardError('missing', { hash })) : board.getAttachment(hash)),
      }),
    }),
  },
]
