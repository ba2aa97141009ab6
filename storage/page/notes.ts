/** What the page says of itself, and what to do where nothing is there yet. */
import { el } from './dom.ts'

export function trustNote(): HTMLElement {
  return el('p', { class: 'note' },
    el('strong', {}, 'This page comes from the storage, which nobody needs to trust. '),
    'Your browser checks what it shows, but with code that the storage gave it. Before you rely on anything here, compare the ceremony number with the one on the airgaps’ screens; and ',
    el('code', {}, 'keyrite verify TRANSCRIPT'), ' checks a whole ceremony on your own machine. Nothing on a board is secret.')
}

/** @param url the board's, for `--board` */
export function firstSteps(url: string): HTMLElement[] {
  const command = (text: string, ...words: readonly string[]): HTMLElement => el('li', {}, text, ' ', el('pre', {}, el('code', {}, words.join(' '))))
  return [
    el('h2', {}, 'No ceremony was opened here yet'),
    el('p', {}, 'Each participant, on the online machine, with the join token that the storage’s operator gave out:'),
    el('ol', {},
      command('makes a client,', 'keyrite client init --name NAME --board', url, '--join-token-file FILE'),
      command('pairs it with the airgap,', 'keyrite client pair'),
      command('and says that it is ready:', 'keyrite client ready dkg')),
    el('p', {}, 'Then any one of them opens the ceremony:'),
    el('pre', {}, el('code', {}, 'keyrite client open dkg --set threshold=3')),
    el('p', { class: 'hint' }, 'Whoever is ready appears here at once.'),
  ]
}
