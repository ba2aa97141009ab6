/** The top of the page: whose machine this is, which role, how far the ceremony is. Never the same for a client and an airgap. */
import type { Role } from '../../engine/channel/carrier.ts'
import type { PageState } from '../web/protocol.ts'
import { el, icon, setShown, setText } from './dom.ts'

/** A round one with waves, and a square-cut one with a crossed-out plug. */
const SHAPES: Readonly<Record<Role, string>> = {
  client: 'M12 20.5a2.2 2.2 0 1 1 0-4.4 2.2 2.2 0 0 1 0 4.4ZM6.2 13.9l1.9 2a5.6 5.6 0 0 1 7.8 0l1.9-2a8.4 8.4 0 0 0-11.6 0ZM2 9.6l1.9 2a11.7 11.7 0 0 1 16.2 0l1.9-2a14.5 14.5 0 0 0-20 0Z',
  airgap: 'M12 2 3 5v6.5c0 5 3.8 8.6 9 10.5 5.2-1.9 9-5.5 9-10.5V5l-9-3Zm-1.5 13.8-4-4L8 10.3l2.5 2.5L16 7.3l1.5 1.5-7 7Z',
}

const WORDS: Readonly<Record<Role, { readonly name: string; readonly kind: string }>> = {
  client: { name: 'CLIENT', kind: 'online' },
  airgap: { name: 'AIRGAP', kind: 'never online' },
}

export interface Header {
  readonly node: HTMLElement
  readonly update: (state: PageState) => void
}

export function makeHeader(tools: readonly HTMLElement[]): Header {
  const badge = el('p', { class: 'badge' })
  const owner = el('p', { class: 'owner' })
  const step = el('p', { class: 'step' })
  const dots = el('span', { class: 'dots', 'aria-hidden': 'true' })
  const name = el('span', { class: 'step-name' })
  step.append(dots, name)
  const band = el('p', { class: 'rehearsal-band' }, el('strong', {}, 'REHEARSAL'), el('span', {}, 'Nothing that is made here ever counts for real.'), el('strong', { 'aria-hidden': 'true' }, 'REHEARSAL'))
  const node = el('header', { class: 'top' }, el('div', { class: 'bar' }, badge, owner, step, el('div', { class: 'tools' }, ...tools)), band)
  let role: Role | undefined

  function update({ role: now, owner: whose, ceremony, isRehearsal }: PageState): void {
    if (now !== role) {
      role = now
      document.documentElement.dataset['role'] = now
      badge.replaceChildren(icon(SHAPES[now], 'shape'), el('strong', {}, WORDS[now].name), ' ', el('span', {}, WORDS[now].kind))
    }
    setText(owner, whose === '' ? 'no name yet' : whose)
    setShown(band, isRehearsal)
    document.documentElement.dataset['rehearsal'] = String(isRehearsal)
    const hasStep = ceremony !== null && ceremony.of > 0
    setShown(step, hasStep)
    if (!hasStep) return
    setText(name, ceremony.step === null ? `all ${ceremony.of} steps done` : `${ceremony.step}, step ${ceremony.at} of ${ceremony.of}`)
    if (dots.childElementCount !== ceremony.of) dots.replaceChildren(...Array.from({ length: ceremony.of }, () => el('i')))
    Array.from(dots.children).forEach((dot, i) => {
      dot.className = ceremony.step === null || i + 1 < ceremony.at ? 'done' : i + 1 === ceremony.at ? 'now' : ''
    })
  }

  return { node, update }
}
