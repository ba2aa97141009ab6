/** One ceremony on the page: what it is, where it stands, who is awaited, and how it ended. */
import { el, place, setText, theirs } from './dom.ts'
import type { Child } from './dom.ts'
import type { CeremonyView, DisputeView, FactView } from './model.ts'
import { legend, marksIn, messageUrl, progressTable } from './progress-table.ts'
import { alike, clockTime, counted, deadlineOf, isAfter, nameList, stateOf, untilWords } from './words.ts'
import type { SharedAbort } from './words.ts'

export interface Panel {
  readonly node: HTMLDetailsElement
  update(view: CeremonyView): void
  /** Tells the time left. */
  tick(now: number): void
}

/** @param board `/boards/name` */
export function ceremonyPanel(board: string, id: string, isOpen: boolean): Panel {
  const messages = `${board}/messages`
  const div = (kind: string): HTMLElement => el('div', { class: kind })
  const [title, tags, state, short, saying, until, number, facts, trouble, table, signs, results, attachments] = [
    el('h2'), el('span', { class: 'tags' }), el('span', { class: 'state' }), el('strong'), el('p', { class: 'saying' }), el('p', { class: 'until' }),
    div('number'), el('dl', { class: 'facts' }), div('trouble'), el('div', { class: 'scroll', tabindex: '0', role: 'region' }), div('signs'), div('results'), div('attachments'),
  ]
  title.id = `ceremony-${id.slice(0, 12)}`
  table.setAttribute('aria-label', 'Participants and steps')
  state.append(short)
  const node = el('details', { class: 'ceremony', 'aria-labelledby': title.id },
    el('summary', {}, title, tags, state),
    el('div', { class: 'body' }, el('div', { class: 'standing' }, saying, until), number, trouble, el('div', { class: 'table' }, table, signs), results, facts, attachments))
  node.open = isOpen
  let view: CeremonyView | undefined

  const setTags = place(tags, ({ script, isRehearsal, rows }: CeremonyView) => [
    ...(isRehearsal ? [el('span', { class: 'tag rehearsal' }, 'REHEARSAL')] : []),
    el('span', { class: 'tag' }, theirs(`${script.name} ${script.version}`)),
    ...(rows.length > 0 ? [el('span', { class: 'tag' }, counted(rows.length, 'participant'))] : []),
  ])
  const setNumber = place(number, (value: string | null): Child[] => [
    el('p', { class: 'label' }, 'Ceremony number'),
    value === null
      ? el('p', { class: 'digits soft' }, 'computing …')
      : el('p', { class: 'digits' }, ...value.split(' ').flatMap((group) => [el('span', {}, group), ' '])),
    el('p', { class: 'hint' }, 'Each owner reads it on the airgap’s own screen before confirming. If that one differs from this one, it is not this ceremony.'),
  ])
  const setFacts = place(facts, (data: CeremonyView) => factRows(data, messages))
  const setTrouble = place(trouble, (data: Trouble) => troubleList(data, messages))
  const setTable = progressTable(table)
  const setSigns = place(signs, (marks: ReturnType<typeof marksIn>) => (marks.length > 0 ? [legend(marks)] : []))
  const setResults = place(results, (data: Pick<CeremonyView, 'outputs' | 'state'>) =>
    data.outputs.length === 0 ? [] : [el('h3', {}, 'Result'), el('dl', { class: 'facts' }, ...data.outputs.flatMap((fact) => factRow(fact)))])
  const setAttachments = place(attachments, (data: Pick<CeremonyView, 'attachments' | 'attachmentCount'>) => attachmentList(data, board, messages))

  const tick = (now: number): void => {
    if (view === undefined) return
    const { tone, short: word, text } = stateOf(view, now)
    node.dataset['tone'] = tone
    setText(short, word)
    setText(saying, text)
    const deadline = deadlineOf(view)
    setText(until, deadline === null ? '' : untilWords(deadline, now))
    until.hidden = deadline === null
    const { aborts, faults, disputes, usableAt } = view
    setTrouble({ aborts: alike(aborts), faults, usableAt, disputes: disputes.map((one) => ({ ...one, isLate: one.until <= now })) })
  }
  return {
    node,
    tick,
    update(next) {
      view = next
      setText(title, next.title ?? `Ceremony by the script ${next.script.name}`)
      setTags(next)
      setNumber(next.number)
      const { id: ceremony, steps, current, rows, state: at } = next
      setTable({ id: ceremony, steps, current, rows, state: at, messages })
      setSigns(marksIn(rows))
      setResults({ outputs: next.outputs, state: at })
      setFacts({ ...next, rows: [], steps: [], number: null, outputs: [], attachments: [], aborts: [], faults: [], disputes: [], awaited: [], bound: [], usableAt: null, current: 0 })
      setAttachments({ attachments: next.attachments, attachmentCount: next.attachmentCount })
      tick(Date.now())
    },
  }
}

type Trouble = Pick<CeremonyView, 'faults' | 'usableAt'> & {
  readonly aborts: readonly SharedAbort[]
  /** `isLate`: the time for an answer is over. */
  readonly disputes: readonly (DisputeView & { readonly isLate: boolean })[]
}

const row = (name: Child, ...value: readonly Child[]): HTMLElement[] => [el('dt', {}, name), el('dd', {}, ...value)]

function factRow({ name, text, isClaim, isCeremony }: FactView): HTMLElement[] {
  const value = theirs(text, /^[0-9a-f]{32,}$/.test(text) ? 'mono' : undefined)
  if (isCeremony === true) return row(theirs(name), 'the result of the ceremony ', value)
  return isClaim === true ? row(theirs(name), el('span', { class: 'claim' }, 'as the opener claims: '), value) : row(theirs(name), value)
}

function factRows({ openedBy, opensAt, offset, parameters, script, id }: CeremonyView, messages: string): HTMLElement[] {
  return [
    ...row('opened by', theirs(openedBy), ' in ', el('a', { href: messageUrl(messages, offset) }, `message ${offset}`)),
    ...row('opens at', clockTime(Date.parse(opensAt))),
    ...parameters.flatMap(factRow),
    ...row('script', el('code', {}, `${script.name}.yaml`), ', SHA-256 ', el('span', { class: 'mono' }, script.hash)),
    ...row('ceremony id', el('span', { class: 'mono' }, id)),
  ]
}

function troubleList({ aborts, faults, usableAt, disputes }: Trouble, messages: string): Child[] {
  const at = (offsets: readonly number[]): Child[] => offsets.flatMap((offset, i) => [i === 0 ? '; ' : ', ', el('a', { href: messageUrl(messages, offset) }, `message ${offset}`)])
  const where = (step: string | null): Child[] => (step === null ? [] : [' in ', theirs(step)])
  const items = [
    ...disputes.map(({ from, accused, step, offset, isAnswered, isLate }) =>
      el('li', {}, theirs(from), ' complains of ', theirs(accused), ...where(step), isAnswered ? ', and was answered' : isLate ? ', and was not answered: neither guilty nor cleared' : ': an answer is awaited', ...at([offset]))),
    ...faults.map(({ step, reason, why, convicted, offsets }) =>
      el('li', {}, 'Found by this page', ...where(step), ` (${reason}): `, theirs(why), ...(convicted === null ? ['. This proves nobody guilty'] : ['. This proves ', theirs(convicted), ' guilty']),
        ...(isAfter(usableAt, { offsets }) ? ['. It stands after the success, which it does not change'] : []), ...at(offsets))),
    ...aborts.map(({ from, step, reason, accused, why, offsets }) =>
      el('li', {}, theirs(nameList(from)), ' aborted', ...where(step), ` (${reason}`, ...(accused === null ? [] : [', naming ', theirs(accused)]), '): ', theirs(why), ...at(offsets))),
  ]
  return items.length === 0 ? [] : [el('h3', {}, 'What went wrong'), el('ul', {}, ...items)]
}

function attachmentList({ attachments, attachmentCount }: Pick<CeremonyView, 'attachments' | 'attachmentCount'>, board: string, messages: string): Child[] {
  if (attachments.length === 0) return []
  const more = attachmentCount - attachments.length
  return [el('details', { class: 'more' },
    el('summary', {}, counted(attachmentCount, 'attachment')),
    el('ul', {}, ...attachments.map(({ hash, from, step, offset }) =>
      el('li', {}, theirs(from), ` in ${step}: `, el('a', { class: 'mono', href: `${board}/attachments/${hash}`, download: `${hash}.json` }, hash), ', named by ', el('a', { href: messageUrl(messages, offset) }, `message ${offset}`))),
    ...(more > 0 ? [el('li', {}, `and ${more} more`)] : [])))]
}
