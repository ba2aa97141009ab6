/** Elements of a command's pages besides those of `storage/page/dom.ts`: buttons, icons, keys. */
import { el } from '../../storage/page/dom.ts'
import type { Child, Props } from '../../storage/page/dom.ts'

export function setShown(node: HTMLElement, isShown: boolean): void {
  if (node.hidden === isShown) node.hidden = !isShown
}

export const button = (text: string, onclick: () => void, props: Props = {}): HTMLButtonElement =>
  el('button', { type: 'button', ...props, onclick: () => { onclick() } }, text)

/** A text whose parts between backticks are shown as something to type. */
export function withCode(text: string): Child[] {
  return text.split(/`([^`]+)`/).map((piece, i) => (i % 2 === 1 ? el('code', {}, piece) : piece))
}

const SVG = 'http://www.w3.org/2000/svg'

/** A picture of one path, 24 by 24, in the colour of the text around it. The words beside it say the same. */
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

/** Listens to single keys, except where somebody is typing. */
export function bindKeys(press: (key: string) => boolean): void {
  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || isTyping(event.target)) return
    if (press(event.key)) event.preventDefault()
  })
}

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement || (target instanceof HTMLInputElement && target.type !== 'radio' && target.type !== 'checkbox')
