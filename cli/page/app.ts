/** The page of a command: events change one view, and each part of the page shows it. */
import { HEX_DIGIT } from '../../engine/base/bytes.ts'
import { alarm } from '../../engine/base/signals.ts'
import type { Role } from '../../engine/base/names.ts'
import { isForeign } from '../../engine/channel/ur.ts'
import { MOST_FRAME_CHARACTERS, MOST_FRAMES } from '../web/protocol.ts'
import type { FramesResult, PageState } from '../web/protocol.ts'
import { makeAbout, makeTools } from './about.ts'
import { makeCameraCard } from './camera-card.ts'
import { makeReader } from './reader.ts'
import { makeCamera, sendPasted } from './camera.ts'
import { makeCodeCard } from './code-card.ts'
import { el, setText } from '../../storage/page/dom.ts'
import { bindKeys, button, icon, setShown, withCode } from './dom.ts'
import { pageFailure } from './failures.ts'
import type { FailureName } from './failures.ts'
import { checksumOf } from './paste.ts'
import { hexNode, makeQuestionView } from './question.ts'
import { isKeyRefused, makeOutbox, makeStream, connect, CommandRefused, whyNotSent } from './connection.ts'
import type { PageMemory, Connection } from './connection.ts'
import { isStatus, makePacing, makeRate, makeShower, readStatus, writeStatus } from './shower.ts'
import { FIRST_VIEW, reduce, sceneOf, titleOf, wantsCamera } from './view.ts'
import type { PageEvent, Scene, View } from './view.ts'

// The top of the page: whose machine this is, its role, and how far the ceremony is. It never looks the same for a
// client and an airgap.

/** The roles' signs: round waves for a client, a shield with a tick for an airgap. */
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

function makeHeader(tools: readonly HTMLElement[]): Header {
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

// Pages with one statement: connecting, the reason why nothing goes on, or how the command ended.

const openingNode = (): HTMLElement => el(
  'section', { class: 'statement' },
  el('h1', { tabindex: -1 }, 'Connecting to the command'), el('p', { role: 'status' }, 'This page talks to keyrite on this very machine, and to nothing else. It takes a moment.'),
)

const STOP = 'M12 1.5a10.5 10.5 0 1 0 0 21 10.5 10.5 0 0 0 0-21Zm-1.3 5h2.6v7.5h-2.6V6.5Zm0 9h2.6v2.5h-2.6v-2.5Z'
const DONE = 'M12 1.5a10.5 10.5 0 1 0 0 21 10.5 10.5 0 0 0 0-21Zm-1.5 15.3-4.5-4.5 1.8-1.8 2.7 2.7 5.7-5.7 1.8 1.8-7.5 7.5Z'

/** @param action a button for one way out */
function failureNode(name: FailureName, action?: { readonly text: string; readonly go: () => void }): HTMLElement {
  const { title, what, todo } = pageFailure(name)
  return el(
    'section', { class: 'statement is-bad', role: 'alert' },
    icon(STOP, 'statement-icon'), el('h1', { tabindex: -1 }, title), el('p', {}, what),
    el('ul', {}, ...todo.map((text) => el('li', {}, ...withCode(text)))),
    ...(action === undefined ? [] : [el('p', { class: 'buttons' }, button(action.text, action.go, { class: 'main' }))]),
  )
}

const LONG_HEX = new RegExp(`\\b((?:0x)?${HEX_DIGIT}{64,})\\b`)

/** A line with its keys and signatures in groups that can be compared. */
const withHex = (line: string): (string | HTMLElement)[] =>
  line.split(LONG_HEX).map((piece, i) => (i % 2 === 1 ? hexNode(piece) : piece))

/** @param code the card with the code that the other machine may still have to read */
function endNode({ isGood, lines, next }: NonNullable<PageState['end']>, command: string, code: HTMLElement | undefined): HTMLElement {
  const [first = isGood ? 'Done' : 'It ended', ...more] = lines
  return el('div', { class: 'ended' }, el(
    'section', { class: `statement ${isGood ? 'is-good' : 'is-bad'}`, role: isGood ? 'status' : 'alert' },
    icon(isGood ? DONE : STOP, 'statement-icon'), el('h1', { tabindex: -1 }, first),
    ...more.map((line) => el('p', { class: 'end-line' }, ...withHex(line))),
    ...(next.length === 0 ? [] : [el('h2', {}, 'What to do next'), el('ul', {}, ...next.map((text) => el('li', {}, ...withCode(text))))]),
    el('p', { class: 'soft' }, ...withCode(`\`${command}\` has ended. This page may be closed${code === undefined ? '' : ' once the other machine goes on'}.`)),
  ), ...(code === undefined ? [] : [code]))
}

/** Milliseconds for which the finder shows that a code was read. */
const SEEN_FOR = 700
/** Milliseconds for which trouble that the page itself noticed stays. */
const TROUBLE_FOR = 4000
/** Milliseconds between two status codes: a camera needs time for each. */
const STATUS_EVERY = 600

export async function startApp(kept: PageMemory): Promise<void> {
  let view: View = FIRST_VIEW
  let scene: Scene | undefined
  let session: Connection | undefined
  let lastSeen = 0
  /** The checksum of the transfer that is being read. */
  let readChecksum: number | undefined
  let shownId: string | undefined
  let takenId: string | undefined
  let statusAt = 0
  const untroubled = alarm(() => happen({ kind: 'trouble', trouble: null }))
  const rate = makeRate()

  const tools = makeTools(kept)
  const alerts = tools.alerts
  const header = makeHeader(tools.nodes)
  const about = makeAbout()
  const pacing = makePacing(kept, () => {
    shower.setPace(pacing.pace())
    code.setPace(pacing.pace(), pacing.isAutomatic())
  })
  const code = makeCodeCard({
    message: () => shower.message(),
    onPace: (change) => pacing.choose(change),
    onTaken: () => void tellTaken(),
    isHintSeen: () => kept.get('hint') === 'seen',
    onHintSeen: () => kept.set('hint', 'seen'),
  })
  const shower = makeShower({
    canvas: code.canvas, paper: code.paper, pace: pacing.pace(),
    onFrame: (shown, { partCount }) => code.setFrame(partCount === 1 ? 'one code' : `code ${shown}, any ${partCount} do`),
  })
  const cameraCard = makeCameraCard({ onPick: (id) => camera.start(id), onAgain: () => camera.start(), onPaste: (text) => sendPasted(text, posted, onFrames) })
  const camera = makeCamera({ video: cameraCard.video, kept, onChange: (state) => happen({ kind: 'camera', camera: state }) })
  const reader = makeReader({
    video: cameraCard.video, onText: onScan,
    onBroken: () => happen({ kind: 'camera', camera: { kind: 'failed', failure: 'no-reader' } }),
  })
  const outbox = makeOutbox<FramesResult>({
    most: MOST_FRAMES, now: () => performance.now(), post: (texts) => posted(texts),
    onResult: onFrames, onProblem: (problem) => {
      if (isKeyRefused(problem)) happen({ kind: 'link', link: 'refused' })
    },
  })
  const question = makeQuestionView((id, answer) => void answered(id, answer))

  const work = el('div', { class: 'work' }, about.doing, code.node, cameraCard.node, about.rest)
  const main = el('main', {}, openingNode())
  document.body.replaceChildren(header.node, main)
  setShown(header.node, false)
  code.setPace(pacing.pace(), pacing.isAutomatic())
  bindKeys((key) => (scene === 'show' || scene === 'read') && code.press(key))
  setInterval(render, 250)

  function happen(event: PageEvent): void {
    view = reduce(view, event)
    render()
  }

  async function posted(texts: readonly string[]): Promise<FramesResult> {
    if (session === undefined) throw new CommandRefused(0)
    return await session.frames(texts)
  }

  /** Takes a code that the camera read: it is for the command, for this page from the other one, or none of ours. */
  function onScan(text: string): void {
    if (isStatus(text)) {
      onStatus(text)
      return
    }
    if (isForeign(text)) {
      trouble('not-keyrite')
      return
    }
    const checksum = checksumOf(text)
    if (checksum !== undefined && checksum === shower.sending()?.checksum) {
      trouble('wrong-machine')
      return
    }
    lastSeen = performance.now()
    if (view.state?.isReading === true) outbox.add(text.slice(0, MOST_FRAME_CHARACTERS))
  }

  function onStatus(text: string): void {
    const status = readStatus(text)
    // It belongs to another transfer, such as the one before.
    if (status === undefined || status.checksum !== shower.sending()?.checksum) return
    lastSeen = performance.now()
    pacing.hear(lastSeen, status)
    happen({ kind: 'heard', status })
    if (status.seen >= status.needed) void tellTaken()
  }

  async function tellTaken(): Promise<void> {
    const id = view.state?.showing?.id
    if (id === undefined || id === takenId) return
    takenId = id
    render()
    try {
      await session?.taken(id)
    } catch {
      takenId = undefined
    }
  }

  function onFrames(result: FramesResult, texts: readonly string[]): void {
    const newest = texts.map(checksumOf).findLast((one) => one !== undefined)
    if ((result.state === 'progress' || result.state === 'complete') && newest !== undefined) readChecksum = newest
    if (result.state === 'progress' || result.state === 'complete') rate.tell(performance.now(), result.seen)
    happen({ kind: 'frames', result })
  }

  function trouble(name: 'not-keyrite' | 'wrong-machine'): void {
    const { title, what, todo } = pageFailure(name)
    happen({ kind: 'trouble', trouble: { message: `${title}. ${what}`, todo: todo.join(' ') } })
    untroubled.set(TROUBLE_FOR)
  }

  async function answered(id: string, answer: string): Promise<void> {
    try {
      await session?.answer(id, answer)
    } catch (error) {
      // The question is not asked any more; the stream brings the next state.
      if (error instanceof CommandRefused && error.status === 409) return
      question.failed(whyNotSent(error))
    }
  }

  async function load(id: string): Promise<void> {
    try {
      const message = await session?.message(id)
      if (message === undefined || id !== view.state?.showing?.id) return
      pacing.begin()
      shower.play(message)
      render()
    } catch {
      // It is not shown any more, or the command is gone. The stream tells of either.
      if (id === shownId) shownId = undefined
    }
  }

  /**
   * Whether there is something to tell the other machine about this one's reading. That all is read is told also when
   * this command needs nothing more or has ended: the other machine may wait for just that.
   */
  function hasStatus(): boolean {
    const { state, read } = view
    if (state === null || state.showing !== null || read === null || read.needed === 0 || readChecksum === undefined) return false
    return state.isReading || read.seen >= read.needed
  }

  /** Paints the code that the other machine's camera should see. */
  function show(): void {
    const { state } = view
    const id = state?.showing?.id
    if (id !== shownId) {
      shownId = id
      shower.stop()
      if (id !== undefined) void load(id)
    }
    if (id !== undefined || !hasStatus()) return
    const now = performance.now()
    if (now - statusAt < STATUS_EVERY) return
    statusAt = now
    if (view.read === null || readChecksum === undefined) return
    const { seen, needed } = view.read
    shower.still(writeStatus({ checksum: readChecksum, seen: Math.min(seen, needed), needed, rate: rate.perSecond(now) }))
  }

  function render(): void {
    const { state } = view
    const next = sceneOf(view)
    document.title = titleOf(view)
    if (state !== null) {
      header.update(state)
      about.update(state)
    }
    setShown(header.node, state !== null)
    if (next !== scene || next === 'statement') enter(next)
    // The camera runs during a question too: the question is withdrawn when the client shows something else.
    const isWanted = wantsCamera(view)
    if (isWanted && view.camera.kind === 'off') camera.start()
    if ((view.link !== 'live' || state?.end !== null) && view.camera.kind === 'on') camera.stop()
    reader.look(isWanted && view.camera.kind === 'on')
    alerts.keepLit(isWanted)
    show()
    showCards()
    question.update(next === 'question' ? state?.question ?? null : null, state?.owner ?? '')
    tools.call(view)
  }

  function showCards(): void {
    const { state, heard } = view
    if (state === null) return
    const now = performance.now()
    setShown(code.node, state.showing !== null || hasStatus())
    setShown(cameraCard.node, state.showing !== null || state.isReading)
    code.update(state.showing === null
      ? { kind: 'status' }
      : { kind: 'transfer', title: `For the ${state.role === 'client' ? 'airgap' : 'client'}’s camera`, heard, isTaken: takenId === state.showing.id })
    cameraCard.update({
      camera: view.camera, isReading: state.isReading, isShowing: state.showing !== null, read: view.read,
      secondsLeft: rate.secondsLeft(now, view.read?.needed ?? 0), trouble: view.trouble, isSeeing: now - lastSeen < SEEN_FOR,
    })
  }

  let stated = ''

  /** Fills the page with another scene. */
  function enter(next: Scene): void {
    const key = next === 'statement' ? `statement ${view.link}` : next === 'show' || next === 'read' || next === 'wait' ? 'work' : next
    scene = next
    main.dataset['scene'] = next
    if (key === stated) return
    stated = key
    code.leaveFull()
    main.replaceChildren(sceneNode(next))
    scrollTo({ top: 0 })
    if (next === 'statement' || next === 'end') main.querySelector('h1')?.focus()
  }

  function sceneNode(next: Scene): HTMLElement {
    const { link, state } = view
    switch (next) {
      case 'opening': return openingNode()
      case 'statement': return link === 'taken' ? failureNode('taken', { text: 'Use this page', go: () => void begin() }) : failureNode(link === 'refused' || link === 'no-token' ? link : 'silent')
      case 'end': return state === null || state.end === null ? openingNode() : endNode(state.end, state.command, hasStatus() ? code.node : undefined)
      case 'question': return question.node
      default: return work
    }
  }

  async function begin(): Promise<void> {
    try {
      session ??= await connect(kept)
    } catch (error) {
      happen({ kind: 'link', link: isKeyRefused(error) ? 'refused' : 'silent' })
      return
    }
    if (session === undefined) {
      happen({ kind: 'link', link: 'no-token' })
      return
    }
    const stream = makeStream({
      session,
      onState: (state) => {
        // After its end a command tells nothing more.
        if (state.end !== null) stream.stop()
        happen({ kind: 'state', state })
      },
      onLive: () => {
        if (view.state !== null) happen({ kind: 'link', link: 'live' })
      },
      onSilent: () => happen({ kind: 'link', link: 'silent' }),
      onEnd: (why) => happen({ kind: 'link', link: why }),
    })
    stream.start()
  }

  await begin()
}
