/** The page of a command: events in, one view, and each part told of it. */
import { MOST_FRAME_CHARACTERS, MOST_FRAMES } from '../web/protocol.ts'
import type { FramesResult } from '../web/protocol.ts'
import { makeAbout } from './about.ts'
import { makeCamera } from './camera.ts'
import { makeCameraCard } from './camera-card.ts'
import { makeCodeCard } from './code-card.ts'
import { el, setShown } from './dom.ts'
import { failureOf } from './failures.ts'
import { makeHeader } from './header.ts'
import { bindKeys } from './keys.ts'
import type { Kept } from './kept.ts'
import { makeOutbox } from './outbox.ts'
import { makePacing } from './pacing.ts'
import { checksumOf } from './paste.ts'
import { sendPasted } from './pasted.ts'
import { makeQuestionView } from './question.ts'
import { makeRate } from './rate.ts'
import { makeReader } from './reader.ts'
import { isKeyRefused, openSession, Refused, whyNot } from './session.ts'
import type { Session } from './session.ts'
import { makeShower } from './shower.ts'
import { endNode, failureNode, openingNode } from './statements.ts'
import { isStatus, readStatus, writeStatus } from './status-code.ts'
import { makeStream } from './stream.ts'
import { makeTools } from './tools.ts'
import { FIRST_VIEW, reduce, sceneOf, titleOf, wantsCamera } from './view.ts'
import type { PageEvent, Scene, View } from './view.ts'

/** Milliseconds for which the finder tells that a code was read. */
const SEEN_FOR = 700
/** Milliseconds for which trouble of the page's own noticing stands. */
const TROUBLE_FOR = 4000
/** Milliseconds between two status codes: a camera needs time for each. */
const STATUS_EVERY = 600

export async function startApp(kept: Kept): Promise<void> {
  let view: View = FIRST_VIEW
  let scene: Scene | undefined
  let session: Session | undefined
  let lastSeen = 0
  /** Of the transfer that is being read. */
  let readChecksum: number | undefined
  let shownId: string | undefined
  let takenId: string | undefined
  let statusAt = 0
  let troubleTimer: ReturnType<typeof setTimeout> | undefined
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
    if (session === undefined) throw new Refused(0)
    return await session.frames(texts)
  }

  /** What the camera read: for the command, or from the other page to this one, or nothing of ours. */
  function onScan(text: string): void {
    if (isStatus(text)) {
      onStatus(text)
      return
    }
    if (!/^UR:/i.test(text)) {
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
    // Of another transfer, such as the one before.
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
    const { title, what, todo } = failureOf(name)
    happen({ kind: 'trouble', trouble: { message: `${title}. ${what}`, todo: todo.join(' ') } })
    clearTimeout(troubleTimer)
    troubleTimer = setTimeout(() => happen({ kind: 'trouble', trouble: null }), TROUBLE_FOR)
  }

  async function answered(id: string, answer: string): Promise<void> {
    try {
      await session?.answer(id, answer)
    } catch (error) {
      // A question that is not asked any more is followed by what is.
      if (error instanceof Refused && error.status === 409) return
      question.failed(whyNot(error))
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
      // It is not shown any more, or the command is gone: either is told by the stream.
      if (id === shownId) shownId = undefined
    }
  }

  /**
   * Is there something to tell the other machine of one's reading? That all is read also when this command needs nothing more, and has
   * ended perhaps: the other one may wait for just that.
   */
  function hasStatus(): boolean {
    const { state, read } = view
    if (state === null || state.showing !== null || read === null || read.needed === 0 || readChecksum === undefined) return false
    return state.isReading || read.seen >= read.needed
  }

  /** Paints what the other machine's camera should see. */
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
    // During a question too: that the client shows something else takes the question away.
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

  /** Another scene fills the page. */
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
      session ??= await openSession(kept)
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
        // A command that has told its end tells nothing more.
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
