/**
 * The questions to an owner, on a page. Nothing that the camera reads comes here: an answer is what its owner typed or
 * pressed on the one page that has the session's key.
 */
import { randomBytes } from 'node:crypto'
import type { Block } from '../roles/blocks.ts'
import { QuestionLeft } from '../screen/owner.ts'
import type { Hand, LineQuestion } from '../screen/owner.ts'
import type { PageQuestion } from './protocol.ts'

export interface Questions {
  /** A question's answer from the page. @returns false where that question is not asked (any more) */
  readonly onAnswer: (id: string, answer: string) => boolean
  /** One owner, asked once with all that is shown before. */
  readonly hand: (signal: AbortSignal) => Hand
}

/** @param ask shows a question on the page, or takes it away */
export function makeQuestions(ask: (question: PageQuestion | null) => void): Questions {
  let waiting: { readonly id: string; readonly take: (answer: string) => void } | undefined

  /** One answer. @throws the signal's reason */
  async function answered(question: PageQuestion, signal: AbortSignal): Promise<string> {
    signal.throwIfAborted()
    let onAbort = (): void => undefined
    try {
      return await new Promise<string>((resolve, reject) => {
        waiting = { id: question.id, take: resolve }
        onAbort = () => reject(signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason)))
        signal.addEventListener('abort', onAbort)
        ask(question)
      })
    } finally {
      waiting = undefined
      signal.removeEventListener('abort', onAbort)
    }
  }

  function hand(signal: AbortSignal): Hand {
    let blocks: readonly Block[] = []
    let looked: readonly Block[] | null = null

    async function line({ prompt, wanted, mayLook = false, isNoAskedAgain = false, refuse }: LineQuestion): Promise<string> {
      let trouble: string | null = null
      try {
        for (;;) {
          // A new one each time, so that a click that comes late answers nothing else.
          const id = randomBytes(12).toString('hex')
          const typed = (await answered({ id, blocks, prompt, answer: wanted, mayLook, isNoAskedAgain, looked, mayLeave: true, trouble }, signal)).trim()
          if (typed === 'later') throw new QuestionLeft('later')
          const refused = refuse(typed)
          if (refused === undefined) return typed
          trouble = refused
        }
      } finally {
        ask(null)
      }
    }

    return {
      isScanned: false,
      mayLeave: true,
      show: (shown, { mayStop = false, isAnew = false } = {}) => {
        if (mayStop) looked = shown
        else blocks = isAnew ? shown : [...blocks, ...shown]
        if (isAnew) looked = null
        return Promise.resolve()
      },
      line,
      code: () => Promise.reject(new TypeError('no scanner types on a page')),
    }
  }

  return {
    onAnswer: (id, answer) => {
      if (waiting?.id !== id) return false
      waiting.take(answer)
      waiting = undefined
      return true
    },
    hand,
  }
}
