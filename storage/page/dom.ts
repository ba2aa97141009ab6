/** Elements by hand. Texts are only ever text: nothing here takes markup, and the policy forbids inline styles and handlers. */
export type Child = Node | string

/** An element. Attributes that are `undefined` are left out. */
export function el<K extends keyof HTMLElementTagNameMap>(tag: K, attributes: Readonly<Record<string, string | undefined>> = {}, ...children: readonly Child[]): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) node.setAttribute(name, value)
  node.append(...children)
  return node
}

/** A text from outside, in a direction of its own: whatever is in it turns nothing around it. */
export const theirs = (text: string, kind?: string): HTMLElement => el('bdi', { class: kind }, text)

/** For screen readers alone. */
export const unseen = (text: string): HTMLElement => el('span', { class: 'unseen' }, text)

/** Sets a text where it differs, so that a screen reader is told of changes alone. */
export function setText(node: Element, text: string): void {
  if (node.textContent !== text) node.textContent = text
}

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
