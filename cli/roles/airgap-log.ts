/** What the airgap's screen says while it serves. */
import type { AirgapProgress } from '../../engine/run/airgap.ts'
import { checkAbort } from '../../engine/wire/abort.ts'
import type { Answer, CloseRequest, RefusalAnswer, Request } from '../../engine/wire/exchange.ts'
import { parseMessage } from '../../engine/wire/message.ts'
import { duration, paint } from '../output.ts'
import type { Live } from '../output.ts'
import { brokenLines, MARK, widthOf } from '../screen/blocks.ts'
import { pageCeremony } from '../web/ceremony-page.ts'
import type { Page } from '../web/page.ts'
import type { OpenAirgap } from './airgap-home.ts'

const WORDS: Readonly<Record<AirgapProgress['state'], string | undefined>> = {
  verifying: undefined,
  confirming: 'waiting for your consent',
  computing: undefined,
  answered: 'answered',
  asking: 'asks the client back: the sums do not fit its deals',
  refused: 'refused',
  finished: 'finished',
}

/** On a page. */
const SENTENCES: Readonly<Record<AirgapProgress['state'], string>> = {
  verifying: 'Checking the client’s request.',
  confirming: 'It is your turn: read what is asked, and decide.',
  computing: 'Computing.',
  answered: 'Showing the answer: let the client’s camera see this code.',
  asking: 'Asking the client back: the sums do not fit its deals. Let its camera see this code.',
  refused: 'The request is refused; the client is told why.',
  finished: 'Every step was answered.',
}

/** A refusal may quote what the client sent: it stands behind the mark. Lines are broken for a window, not for a file. */
export function refusalLines({ code, what, todo }: RefusalAnswer, columns: number | undefined): string[] {
  const width = columns === undefined ? Infinity : widthOf(columns) - 4
  return [
    `Refused (${code})`,
    ...brokenLines(what, width).map((line) => `  ${MARK}${line}`),
    ...brokenLines(todo, width).map((line, i) => `${i === 0 ? '  → ' : '    '}${line}`),
  ]
}

/** That a ceremony is over, and why, in the words of what the client brought, as the airgap took it. */
export function closedLines({ abort, ending }: CloseRequest, columns: number | undefined): string[] {
  if (ending !== undefined) return [`The ceremony can never succeed; its session is erased here. The airgap of ${ending.from} states ${ending.type === 'Abandoned' ? 'that it has given it up' : `a ${ending.type}`}.`]
  const { statement: { from, payload } } = parseMessage(abort ?? '')
  const { reason, evidence: { why } } = checkAbort(payload, 'An Abort')
  const width = columns === undefined ? Infinity : widthOf(columns) - 4
  return ['The ceremony was aborted; its session is erased here. An Abort says why:', ...brokenLines(`${from} (${reason}): ${why}`, width).map((line) => `  ${MARK}${line}`)]
}

/** How far work is that takes long, and how long it will take, from what it took since it began here. */
export function workLine(step: string, { done, total, began, now }: { readonly done: number; readonly total: number; readonly began: { readonly done: number; readonly at: number }; readonly now: number }): string {
  const fresh = done - began.done
  const left = fresh <= 0 ? '' : `, about ${duration(Math.ceil((total - done) * (now - began.at) / fresh / 1000) * 1000)} left`
  return `${step}: ${String(done)} of ${String(total)} done${left}`
}

export interface AirgapLogUse extends Pick<Live, 'log' | 'show'> {
  readonly airgap: OpenAirgap
  readonly page?: Page | undefined
  /** The program ends after a ceremony's last answer, unasked. */
  readonly endsItself?: boolean
}

export function airgapLog({ log: print, show, airgap, page, endsItself = false }: AirgapLogUse) {
  let began: { readonly done: number; readonly at: number } | undefined
  /** Ceremonies of which a step was answered since the start. */
  const answered = new Set<string>()
  const stateOf = (id: string): string | undefined => airgap.memory.read().ceremonies[id]?.state

  function tellDone(id: string): void {
    const values = Object.keys(airgap.memory.read().kept[id]?.values ?? {})
    const rehearsal = airgap.memory.read().ceremonies[id]?.opening.rehearsal === true ? ' It was a REHEARSAL.' : ''
    print(paint('bold', `${id.slice(0, 12)}  This airgap’s part is done. It keeps ${values.length === 0 ? 'no new share' : `the ${values.join(', ')}`}.${rehearsal}`))
    if (!endsItself) print('Once the client has read this last answer, stop this with Ctrl-C, or leave it for the next ceremony. The client says when the ceremony is complete.')
  }

  function tellPage(id: string, step: string, state: AirgapProgress['state']): void {
    const { ceremonies } = airgap.memory.read()
    const opening = ceremonies[id]?.opening
    const script = opening === undefined ? undefined : airgap.script(opening.script.hash)
    page?.tell({
      doing: SENTENCES[state], progress: null,
      ...(opening === undefined || script === undefined ? {} : { isRehearsal: opening.rehearsal, ceremony: pageCeremony(id, script, step) }),
    })
  }

  return {
    start: (): void => {
      const { client } = airgap.memory.read()
      page?.tell({ owner: client?.name ?? '', doing: 'Waiting for the client’s request: let this camera see the client’s screen.' })
      print(client === null
        ? 'This airgap is not paired yet: run `keyrite airgap card` first.'
        : `The airgap of ${paint('bold', client.name)}. Waiting for the client: run \`keyrite client run\` there.`)
    },
    progress: ({ ceremony, step, state, done, total }: AirgapProgress): void => {
      if (done !== undefined && total !== undefined) {
        const now = Date.now()
        if (began === undefined && done > 0) print(`${ceremony.slice(0, 12)}  ${step}: goes on after ${String(done)} of ${String(total)}; you have consented to it`)
        began ??= { done, at: now }
        const fresh = done - began.done
        const left = fresh <= 0 ? null : Math.ceil((total - done) * (now - began.at) / fresh / 1000)
        page?.tell({ progress: done === total ? null : { what: `${step}: computing`, done, total, secondsLeft: left } })
        show(done === total ? [] : [workLine(step, { done, total, began, now })])
        return
      }
      began = undefined
      tellPage(ceremony, step, state)
      if (state === 'answered') answered.add(ceremony)
      const words = WORDS[state]
      if (words !== undefined) print(`${ceremony.slice(0, 12)}  ${step}: ${words}`)
      if (state === 'answered' && stateOf(ceremony) === 'finished') tellDone(ceremony)
    },
    answer: (request: Request, answer: Answer): void => {
      if (request.ask === 'abandon' && answer.give === 'statement') print(paint('bold', 'Given up for good: nobody can ever use what that ceremony made. Once the client has read this answer, it tells the others.'))
      if (request.ask === 'dispute' && answer.give === 'statement') print(`Answered the complaint of ${request.dispute.from}: its one piece is opened to all, who judge by it.`)
      if (answer.give === 'refusal') print(refusalLines(answer, process.stderr.columns).join('\n'))
      if (request.ask === 'close' && answer.give === 'closed') print(closedLines(request, process.stderr.columns).join('\n'))
    },
    /** A ceremony whose last step was answered since the start. */
    finished: (): string | undefined => [...answered].find((id) => stateOf(id) === 'finished'),
    /** Is nothing left to go on with, of what was answered since the start? */
    isDone: (): boolean => {
      const states = [...answered].map(stateOf)
      return states.includes('finished') && !states.includes('live')
    },
  }
}
