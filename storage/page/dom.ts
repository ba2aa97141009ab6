/**
 * Elements built by hand. A text stays a text: nothing here parses markup, and the page's policy forbids inline styles
 * and handlers.
 */
type Value = string | number | boolean | undefined | ((event: Event) => void)
export type Props = Readonly<Record<string, Value>>
export type Child = Node | string

/**
 * Makes an element.
 *
 * @param props attributes; a function under `onclick` listens to clicks; `true` sets an attribute without a value,
 * `false` and `undefined` set none
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

/** Sets an attribute; `false` and `undefined` remove it. */
export function setAttribute(node: Element, name: string, value: string | number | boolean | undefined): void {
  if (name === 'style') throw new TypeError('the policy forbids style attributes')
  if (value === undefined || value === false) node.removeAttribute(name)
  else {
    const text = value === true ? '' : String(value)
    if (node.getAttribute(name) !== text) node.setAttribute(name, text)
  }
}

/** Sets a text only where it differs, so that a screen reader hears of changes alone. */
export function setText(node: Element, text: string): void {
  if (node.textContent !== text) node.textContent = text
}

/** A text for screen readers alone. */
export const unseen = (text: string): HTMLElement => el('span', { class: 'unseen' }, text)

/** A text from outside. `bdi` isolates its direction, so that it cannot turn the words around it. */
export const theirs = (text: string, kind?: string): HTMLElement => el('bdi', { class: kind }, text)

/** Makes a change and puts the focus back on the element that had it, found by its id. */
export function keepingFocus(holder: HTMLElement, change: () => void): void {
  const focused = holder.contains(document.activeElement) ? document.activeElement?.id : undefined
  change()
  if (focused !== undefined && focused !== '' && document.activeElement?.id !== focused) document.getElementById(focused)?.focus({ preventScroll: true })
}

/** Makes a place's content anew when its data change, and only then. */
export function place<T>(holder: HTMLElement, render: (data: T) => readonly Child[]): (data: T) => void {
  let before: string | undefined
  return (data) => {
    const now = JSON.stringify(data)
    if (now === before) return
    before = now
    keepingFocus(holder, () => {
      const children = render(data)
      holder.replaceChildren(...children)
      holder.hidden = children.length === 0
    })
  }
}
