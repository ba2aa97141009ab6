/**
 * The owner's question: all that is consented to, and the answer beside it. It fills the page and cannot be closed;
 * only its buttons answer. It sends the text that an owner would type in a terminal.
 */
import { legibleText } from '../../engine/base/text.ts'
import { alarm } from '../../engine/base/signals.ts'
import { MOST_REASON } from '../../engine/wire/message.ts'
import type { Block, Fact } from '../screen/blocks.ts'
import type { PageQuestion } from '../web/protocol.ts'
import { el, setAttribute, setText, unseen } from '../../storage/page/dom.ts'
import { button, icon, setShown, withCode } from './dom.ts'

// Blocks as elements. Text from somebody else stands in a frame of its own, which looks like nothing else on this page.

type Of<K extends Block['kind']> = Extract<Block, { readonly kind: K }>

/** @param level the level of the headings inside */
function blockNodes(blocks: readonly Block[], level: 2 | 3 = 2): HTMLElement[] {
  return blocks.map((block) => blockNode(block, level))
}

function blockNode(block: Block, level: 2 | 3): HTMLElement {
  switch (block.kind) {
    case 'heading': return el(level === 2 ? 'h2' : 'h3', { class: 'block-heading' }, block.text)
    case 'title': return el(level === 2 ? 'h3' : 'h4', { class: 'block-title' }, block.text)
    case 'warning': return el('p', { class: block.isGrave === true ? 'warning is-grave' : 'warning' }, icon(WARNING), block.text)
    case 'text': return el('p', { class: 'block-text' }, block.text.trim())
    case 'facts': return factsNode(block)
    case 'roster': return rosterNode(block)
    case 'number': return numberNode(block.number)
    case 'list': return listNode(block)
    case 'gap': return el('div', { class: 'gap' })
  }
}

export const WARNING = 'M12 2.5 1.5 21h21L12 2.5Zm-1.1 7h2.2v6h-2.2v-6Zm0 7.6h2.2v2.2h-2.2v-2.2Z'

/** Whether any text in here comes from somebody else. */
const hasOutside = (blocks: readonly Block[]): boolean =>
  blocks.some((block) => (block.kind === 'facts' && block.facts.some(({ from }) => from === 'outside')) || (block.kind === 'list' && block.items.length > 0))

/** A text from somebody else. */
function outsideNode(text: string): HTMLElement {
  return el('div', { class: 'outside' }, unseen('Text from somebody else: '), el('bdi', { class: 'outside-text' }, legibleText(text)), unseen(' End of that text.'))
}

/** Digits to compare, in groups. No spaces stand between the groups when they are copied. */
export function hexNode(hex: string, more = ''): HTMLElement {
  const [, prefix = '', digits = ''] = /^(0x)?(.*)$/s.exec(hex) ?? []
  const groups = digits.match(/.{1,4}/gs) ?? []
  return el('span', { class: 'hex' }, ...(prefix === '' ? [] : [el('span', { class: 'hex-prefix' }, prefix)]), ...groups.map((group) => el('span', {}, group)), ...(more === '' ? [] : [more]))
}

function factsNode({ facts, isWide }: Of<'facts'>): HTMLElement {
  const list = el('dl', { class: isWide === true ? 'facts wide' : 'facts' })
  let group: HTMLElement | undefined
  for (const fact of facts) {
    // A fact without a label belongs to the one above it.
    if (fact.label !== '' || group === undefined) {
      const isInner = fact.label.startsWith(' ')
      group = el('div', { class: `fact${isInner ? ' inner' : ''}${fact.isWarning === true ? ' is-warning' : ''}` })
      group.append(el('dt', {}, ...(fact.isWarning === true ? [icon(WARNING)] : []), fact.label.trim()))
      list.append(group)
    }
    group.append(el('dd', {}, valueNode(fact)))
  }
  return list
}

function valueNode({ value, from }: Fact): HTMLElement {
  if (from === 'outside') return outsideNode(value)
  return from === 'hex' ? hexNode(value) : el('span', { class: 'own' }, value)
}

function rosterNode({ people }: Of<'roster'>): HTMLElement {
  return el(
    'table', { class: 'roster' },
    el('caption', {}, `${people.length} participants`),
    el('thead', {}, el('tr', {}, ...['', 'name', 'airgap key'].map((head) => (head === '' ? el('td') : el('th', { scope: 'col' }, head))))),
    el('tbody', {}, ...people.map(({ name, isMe, airgapKey }, i) => el(
      'tr', { class: isMe ? 'is-me' : undefined },
      el('td', { class: 'at' }, String(i + 1)),
      el('th', { scope: 'row' }, el('bdi', {}, name), ...(isMe ? [' ', el('span', { class: 'you' }, 'you')] : [])),
      el('td', {}, airgapKey.length > 16 ? hexNode(airgapKey.slice(0, 16), '…') : hexNode(airgapKey)),
    ))),
  )
}

/** Forty digits in eight groups, as people read them to one another. */
export function numberNode(number: string): HTMLElement {
  const groups = number.trim().split(/\s+/)
  return el('p', { class: 'number' }, ...groups.flatMap((group, i) => [...(i === 0 ? [] : [' ']), el('span', {}, group)]))
}

function listNode({ items }: Of<'list'>): HTMLElement {
  const hasWhat = items.some(({ what }) => what !== '')
  return el(
    'table', { class: 'list' },
    el('thead', {}, el('tr', {}, ...['number', ...(hasWhat ? ['kind'] : []), 'what it says'].map((head) => el('th', { scope: 'col' }, head)))),
    el('tbody', {}, ...items.map(({ number, what, text, note }) => el(
      'tr', {},
      el('td', { class: 'at' }, String(number)),
      ...(hasWhat ? [el('td', {}, what)] : []),
      el('td', {}, outsideNode(text), ...(note === '' ? [] : [el('strong', { class: 'note' }, note)])),
    ))),
  )
}

// Looks at many messages, one or some at a time. It sends `list`, `show` and `find`, as typed in a terminal.

function makeLook(send: (command: string) => void): HTMLElement {
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

/**
 * Milliseconds for which a new question's buttons rest, so that a click meant for what stood there before answers
 * nothing.
 */
const REST = 700

export interface QuestionView {
  readonly node: HTMLElement
  /** Shows the question, or none for null. `owner` is the name of its owner. */
  readonly update: (question: PageQuestion | null, owner: string) => void
  /** Says that the answer did not arrive. */
  readonly failed: (why: string) => void
}

export function makeQuestionView(onAnswer: (question: string, answer: string) => void): QuestionView {
  const node = el('section', { class: 'question', 'aria-labelledby': 'asked' })
  let shown: Shown | undefined

  function update(question: PageQuestion | null, owner: string): void {
    if (question === null) {
      shown?.leave()
      shown = undefined
      node.replaceChildren()
      return
    }
    const key = JSON.stringify([question.blocks, question.prompt, question.answer])
    if (shown?.key !== key) {
      shown?.leave()
      shown = build(key, question, owner)
      node.replaceChildren(...shown.nodes)
      ;(shown.first ?? shown.heading).focus()
      shown.rest()
    }
    shown.update(question)
  }

  /** Builds a question. One that is asked again, after a refused answer or a look, keeps its elements. */
  function build(key: string, first: PageQuestion, owner: string): Shown {
    let { id } = first
    const send = (answer: string): void => {
      setBusy(true)
      onAnswer(id, answer)
    }
    const heading = el('h1', { id: 'asked', class: 'asked', tabindex: -1 }, owner === '' ? 'It is your turn' : `Your turn, ${owner}`)
    const { node: declining, open } = noBox(send)
    const decline = first.isNoAskedAgain ? () => send('no') : open
    const form = answerForm(first, send, decline)
    const look = first.mayLook ? makeLook(send) : undefined
    const looked = el('div', { class: 'looked', role: 'region', 'aria-label': 'What you looked at', tabindex: -1 })
    const numbers = first.blocks.flatMap((block) => (block.kind === 'number' ? [block.number] : []))
    const about = first.blocks.filter(({ kind }) => kind !== 'number')
    const legend = hasOutside(about) ? [el('p', { class: 'legend' }, 'In a frame like this: ', outsideNode('text from somebody else'), ' Nobody has checked it.')] : []
    const trouble = el('p', { class: 'trouble', role: 'alert', id: 'answer-trouble' })
    const below = button('More below ↓', () => scrollBy({ top: innerHeight * 0.8, behavior: 'smooth' }), { class: 'below', tabindex: -1, 'aria-hidden': 'true' })
    const watch = (): void => setShown(below, document.documentElement.scrollHeight - innerHeight - scrollY > 40)
    addEventListener('scroll', watch, { passive: true })
    const sizes = new ResizeObserver(watch)
    sizes.observe(node)
    let lookedAt = ''
    let isResting = true
    const resting = alarm(() => {
      isResting = false
      setBusy(false)
    })
    resting.set(REST)

    function setBusy(isBusy: boolean): void {
      for (const control of node.querySelectorAll<HTMLButtonElement | HTMLInputElement>('button:not(.below), input')) {
        control.disabled = isBusy || (isResting && control instanceof HTMLButtonElement)
      }
    }

    function tell(text: string | null): void {
      setText(trouble, text ?? '')
      setShown(trouble, text !== null)
      setAttribute(form.input ?? trouble, 'aria-invalid', text === null ? undefined : 'true')
    }

    return {
      key, heading, first: first.answer.kind === 'decline' ? form.input : undefined, rest: () => setBusy(false),
      nodes: [
        el('div', { class: 'asked-about' }, heading, ...legend, ...blockNodes(about), looked),
        el(
          'div', { class: 'answer', role: 'group', 'aria-label': 'Your answer' },
          ...numbers.flatMap((number) => [el('h2', { class: 'number-title' }, 'The ceremony’s number'), numberNode(number)]),
          ...form.nodes, declining, trouble, ...(look === undefined ? [] : [look]),
        ),
        below,
      ],
      update: (question) => {
        const isNew = question.id !== id
        id = question.id
        if (isNew) setBusy(false)
        tell(question.trouble)
        const now = JSON.stringify(question.looked)
        setShown(looked, question.looked !== null)
        if (now !== lookedAt && question.looked !== null) {
          looked.replaceChildren(el('h2', { class: 'block-heading' }, 'What you looked at'), ...blockNodes(question.looked, 3))
          looked.focus({ preventScroll: true })
          looked.scrollIntoView({ block: 'start' })
        } else if (isNew && question.trouble !== null) form.input?.focus()
        lookedAt = now
        watch()
      },
      failed: (why) => {
        setBusy(false)
        tell(why)
      },
      leave: () => {
        resting.clear()
        removeEventListener('scroll', watch)
        sizes.disconnect()
      },
    }
  }

  return { node, update, failed: (why) => shown?.failed(why) }
}

interface Shown {
  readonly key: string
  readonly heading: HTMLElement
  /** The element that has the focus first; undefined for the heading. */
  readonly first: HTMLElement | undefined
  /** Disables its buttons for a moment. */
  readonly rest: () => void
  readonly nodes: readonly HTMLElement[]
  readonly update: (question: PageQuestion) => void
  readonly failed: (why: string) => void
  readonly leave: () => void
}

interface AnswerForm {
  readonly nodes: readonly HTMLElement[]
  readonly input: HTMLInputElement | undefined
}

/** The question's words and the controls that answer it. */
function answerForm({ prompt, answer, mayLeave, isNoAskedAgain }: PageQuestion, send: (answer: string) => void, decline: (from: HTMLElement) => void): AnswerForm {
  if (answer.kind === 'decline') return declineForm(prompt, send)
  const sentences = prompt.slice(0, -1).map((text) => el('p', { class: 'prompt' }, ...withCode(text)))
  const last = withCode(prompt.at(-1) ?? '')
  const no = button(isNoAskedAgain ? 'Decline' : 'No', () => decline(no), { class: 'decline' })
  const leave = [...(mayLeave ? [button('Later', () => send('later'), { class: 'plain', title: 'Refuses nothing: you are asked again' })] : []), no]
  if (answer.kind === 'yes') {
    return { nodes: [...sentences, el('p', { class: 'prompt asks' }, ...last), el('p', { class: 'buttons' }, button('Yes', () => send('yes'), { class: 'main' }), ...leave)], input: undefined }
  }
  const isDigits = answer.kind === 'digits'
  const input = el('input', {
    id: 'answer', class: isDigits ? 'digits' : '', type: 'text', inputmode: isDigits ? 'numeric' : 'text', autocomplete: 'off', autocapitalize: 'off',
    spellcheck: 'false', maxlength: isDigits ? 60 : 120, 'aria-describedby': 'answer-trouble',
  })
  const form = el(
    'form', {
      class: 'answer-form', novalidate: true, onsubmit: (event) => {
        event.preventDefault()
        const typed = input.value.trim()
        if (typed === '') input.focus()
        else send(isDigits ? digitsTyped(typed) : sentenceTyped(typed))
      },
    },
    el('label', { for: 'answer', class: 'prompt asks' }, ...last),
    ...(answer.kind === 'sentence' ? [el('p', { class: 'sentence' }, answer.sentence)] : []),
    input, el('p', { class: 'buttons' }, el('button', { type: 'submit', class: 'main' }, isDigits ? 'Confirm' : 'Sign all the same'), ...leave),
  )
  return { nodes: [...sentences, form], input }
}

// The field sends only digits, or a sentence: words with another meaning, such as no or later, have buttons.
const digitsTyped = (typed: string): string => typed.replace(/[^0-9 ]/g, '').trim() || '0'
const sentenceTyped = (typed: string): string => (/^(no?|later)$/i.test(typed) ? `“${typed}”` : typed)

/** The form that asks whether to decline for good, and why. */
function declineForm(prompt: readonly string[], send: (answer: string) => void): AnswerForm {
  const input = el('input', { id: 'answer', type: 'text', autocomplete: 'off', maxlength: MOST_REASON, 'aria-describedby': 'answer-trouble' })
  // Enter alone declines nothing.
  const form = el(
    'form', { class: 'answer-form', novalidate: true, onsubmit: (event) => event.preventDefault() },
    el('label', { for: 'answer', class: 'asks' }, 'Why? All the others read it. It may stay empty.'), input,
    el('p', { class: 'buttons' }, button('Decline for good', () => send(`no ${input.value.trim()}`.trim()), { class: 'danger' }), button('Back to the question', () => send('back'), { class: 'plain' })),
  )
  return { nodes: [...prompt.map((text) => el('p', { class: 'prompt asks' }, ...withCode(text))), form], input }
}

/** The box that asks once more for a no that counts at once. Leaving is not asked again, since it refuses nothing. */
function noBox(send: (answer: string) => void): { readonly node: HTMLElement; readonly open: (from: HTMLElement) => void } {
  let opener: HTMLElement | undefined
  const back = button('Back to the question', () => {
    setShown(node, false)
    opener?.focus()
  }, { class: 'plain' })
  const node = el(
    'div', { class: 'declining', role: 'group', 'aria-labelledby': 'declining' },
    el('p', { id: 'declining', class: 'asks' }, 'Answer no? It counts at once.'),
    el('p', { class: 'buttons' }, button('Yes, answer no', () => send('no'), { class: 'danger' }), back),
  )
  setShown(node, false)
  return {
    node,
    open: (from) => {
      opener = from
      setShown(node, true)
      node.scrollIntoView({ block: 'nearest' })
      back.focus()
    },
  }
}
