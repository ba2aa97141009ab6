/**
 * The owner's question: all that is consented to, and the answer beside it. It fills the page and cannot be closed; only its
 * buttons answer. What is sent is what somebody would type in a terminal.
 */
import { MOST_REASON } from '../../engine/wire/reason.ts'
import type { PageQuestion } from '../web/protocol.ts'
import { blockNodes, hasOutside, numberNode, outsideNode } from './blocks-view.ts'
import { button, el, setAttribute, setShown, setText, withCode } from './dom.ts'
import { makeLook } from './look.ts'

/** Milliseconds for which a question's buttons rest at first: a click that was meant for what stood there before answers nothing. */
const REST = 700

export interface QuestionView {
  readonly node: HTMLElement
  /** The question now, or null; whose it is. */
  readonly update: (question: PageQuestion | null, owner: string) => void
  /** The answer did not arrive. */
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

  /** A question that is asked again, because of an answer that will not do or of a look, stays as it stands. */
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
    const resting = setTimeout(() => {
      isResting = false
      setBusy(false)
    }, REST)

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
        clearTimeout(resting)
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
  /** What has the focus first, where that is not the heading. */
  readonly first: HTMLElement | undefined
  /** Its buttons take nothing for a moment. */
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

/** What is asked, and what answers it. */
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

// Only digits, or a sentence, are sent from the field: words that mean something else have buttons.
const digitsTyped = (typed: string): string => typed.replace(/[^0-9 ]/g, '').trim() || '0'
const sentenceTyped = (typed: string): string => (/^(no?|later)$/i.test(typed) ? `“${typed}”` : typed)

/** Whether to decline for good, and why. */
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

/** A no that counts at once is asked once more; leaving is not, since it refuses nothing. */
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
