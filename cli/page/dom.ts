/** Elements by hand. Texts are only ever text: nothing here takes markup, and the policy forbids inline styles and handlers. */
type Value = string | number | boolean | undefined | ((event: Event) => void)
export type Props = Readonly<Record<string, Value>>
export type Child = Node | string

/**
 * An element.
 *
 * @param props attributes; a function under `onclick` listens to clicks; `true` sets an attribute without a value, `false` and
 *   `undefined` none
 */
export function el<K extends keyof HTMLElementTagNameMap>(tag: K, props: Props = {}, ...children: readonly Child[]): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag)
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === 'function') node.addEventListener(name.slice(2), value)
    else setAttribute(node, name, value)
  }
  node.append(...children)
  return node
}

/** Sets an attribute, or takes it away: `false` and `undefined` do. */
export function setAttribute(node: Element, name: string, value: string | number | boolean | undefined): void {
  if (name === 'style') throw new TypeError('the policy forbids style attributes')
  if (value === undefined || value === false) node.removeAttribute(name)
  else {
    const text = value === true ? '' : String(value)
    if (node.getAttribute(name) !== text) node.setAttribute(name, text)
  }
}

/** Sets a text where it differs, so that a screen reader is told of changes alone. */
export function setText(node: Element, text: string): void {
  if (node.textContent !== text) node.textContent = text
}

export function setShown(node: HTMLElement, isShown: boolean): void {
  if (node.hidden === isShown) node.hidden = !isShown
}

/** Text for screen readers alone. */
export const unseen = (text: string): HTMLElement => el('span', { class: 'unseen' }, text)

export const button = (text: string, onclick: () => void, props: Props = {}): HTMLButtonElement =>
  el('button', { type: 'button', ...props, onclick: () => { onclick() } }, text)

/** A text in which what stands between backticks is something to type. */
export function withCode(text: string): Child[] {
  return text.split(/`([^`]+)`/).map((piece, i) => (i % 2 === 1 ? el('code', {}, piece) : piece))
}

const SVG = 'http://www.w3.org/2000/svg'

/** A picture of one path, 24 by 24, in the colour of the text around it. It says nothing that words beside it do not. */
export function icon(path: string, kind = 'icon'): SVGSVGElement {
  const svg = document.createElementNS(SVG, 'svg')
  svg.setAttribute('viewBox', '0 0 24 24')
  svg.setAttribute('class', kind)
  svg.setAttribute('aria-hidden', 'true')
  const shape = document.createElementNS(SVG, 'path')
  shape.setAttribute('d', path)
  svg.append(shape)
  return svg
}

/** Single keys, where nobody is typing. */
export function bindKeys(press: (key: string) => boolean): void {
  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || isTyping(event.target)) return
    if (press(event.key)) event.preventDefault()
  })
}

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement || (target instanceof HTMLInputElement && target.type !== 'radio' && target.type !== 'checkbox')
