/** Looking at many messages, one or some at a time: what is sent is `list`, `show` and `find`, as it is typed in a terminal. */
import { button, el } from './dom.ts'

export function makeLook(send: (command: string) => void): HTMLElement {
  const number = el('input', { id: 'look-number', type: 'text', inputmode: 'numeric', autocomplete: 'off', maxlength: 6, placeholder: '1' })
  const text = el('input', { id: 'look-text', type: 'text', autocomplete: 'off', spellcheck: 'false', maxlength: 120, placeholder: 'an index, an address, any text' })
  const at = (): string => number.value.replace(/\D/g, '') || '1'
  const find = el(
    'form', {
      class: 'look-find', novalidate: true, onsubmit: (event) => {
        event.preventDefault()
        if (text.value.trim() === '') text.focus()
        else send(`find ${text.value.trim()}`)
      },
    },
    el('label', { for: 'look-text' }, 'Find'), text, el('button', { type: 'submit', class: 'plain' }, 'Find'),
  )
  const one = el(
    'form', {
      class: 'look-one', novalidate: true, onsubmit: (event) => {
        event.preventDefault()
        send(`show ${at()}`)
      },
    },
    el('label', { for: 'look-number' }, 'Message'), number, el('button', { type: 'submit', class: 'plain' }, 'Show it'),
    button('List from there', () => send(`list ${at()}`), { class: 'plain' }),
  )
  return el('section', { class: 'look', 'aria-labelledby': 'look' }, el('h2', { id: 'look' }, 'Look at the messages'), one, find)
}
