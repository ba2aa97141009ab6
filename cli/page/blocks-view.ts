/** Blocks as elements. What comes from somebody else stands in a frame of its own, and can look like nothing else on this page. */
import { legibleText } from '../../engine/base/text.ts'
import type { Block, Fact } from '../roles/blocks.ts'
import { el, icon, unseen } from './dom.ts'

type Of<K extends Block['kind']> = Extract<Block, { readonly kind: K }>

/** @param level of the headings inside */
export function blockNodes(blocks: readonly Block[], level: 2 | 3 = 2): HTMLElement[] {
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

/** Does anything in here come from somebody else? */
export const hasOutside = (blocks: readonly Block[]): boolean =>
  blocks.some((block) => (block.kind === 'facts' && block.facts.some(({ from }) => from === 'outside')) || (block.kind === 'list' && block.items.length > 0))

/** A text from somebody else. */
export function outsideNode(text: string): HTMLElement {
  return el('div', { class: 'outside' }, unseen('Text from somebody else: '), el('bdi', { class: 'outside-text' }, legibleText(text)), unseen(' End of that text.'))
}

/** Digits to compare, in groups that have no spaces in them when they are copied. */
export function hexNode(hex: string, more = ''): HTMLElement {
  const [, prefix = '', digits = ''] = /^(0x)?(.*)$/s.exec(hex) ?? []
  const groups = digits.match(/.{1,4}/gs) ?? []
  return el('span', { class: 'hex' }, ...(prefix === '' ? [] : [el('span', { class: 'hex-prefix' }, prefix)]), ...groups.map((group) => el('span', {}, group)), ...(more === '' ? [] : [more]))
}

function factsNode({ facts, isWide }: Of<'facts'>): HTMLElement {
  const list = el('dl', { class: isWide === true ? 'facts wide' : 'facts' })
  let group: HTMLElement | undefined
  for (const fact of facts) {
    // What has no label belongs to what stands above it.
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
