/** What an owner may set about how this page calls: by a sound, by a notification. */
import { makeAlerts } from './alerts.ts'
import type { Alerts } from './alerts.ts'
import { button, setShown, setText } from './dom.ts'
import type { Kept } from './kept.ts'
import { whoOf } from './view.ts'
import type { View } from './view.ts'

export interface Tools {
  readonly nodes: readonly HTMLElement[]
  readonly alerts: Pick<Alerts, 'keepLit'>
  /** Calls the owner once for each turn. */
  readonly call: (view: View) => void
}

export function makeTools(kept: Kept): Tools {
  const isSoundOn = (): boolean => kept.get('sound') !== 'off'
  const alerts = makeAlerts(isSoundOn)
  const sound = button('', () => {
    kept.set('sound', isSoundOn() ? 'off' : undefined)
    show()
  }, { class: 'tool' })
  const notify = button('Notify me', () => void alerts.ask().then(show), { class: 'tool', title: 'A notification of your system when it is your turn' })

  function show(): void {
    setText(sound, isSoundOn() ? 'Sound on' : 'Sound off')
    setShown(notify, alerts.mayAsk())
  }

  let calledFor: string | undefined

  function call({ state, link }: View): void {
    const turn = state?.isWaitingForOwner === true && link === 'live' ? JSON.stringify(state.question?.prompt ?? state.doing) : undefined
    if (turn === calledFor) return
    calledFor = turn
    if (turn !== undefined && state !== null) alerts.ring(`It is your turn: ${whoOf(state)}`)
  }

  show()
  return { nodes: [notify, sound], alerts, call }
}
