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

/** Text for screen readers alone. */
export const unseen = (text: string): HTMLElement => el('span', { class: 'unseen' }, text)

/** A text from outside, in a direction of its own: whatever is in it turns nothing around it. */
export const theirs = (text: string, kind?: string): HTMLElement => el('bdi', { class: kind }, text)

/** What has the focus in here keeps it through a change, if it is still there, by its id. */
export function keepingFocus(holder: HTMLElement, change: () => void): void {
  const focused = holder.contains(document.activeElement) ? document.activeElement?.id : undefined
  change()
  if (focused !== undefined && focused !== '' && document.activeElement?.id !== focused) document.getElementById(focused)?.focus({ preventScroll: true })
}

/** A place whose content is made anew when its data change, and only then. */
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
