/** The ceremonies of a board as its log tells them, each with the finished one that it follows. */
import type { Script } from '../../engine/machines/ceremony.ts'
import { runError } from '../../engine/run/errors.ts'
import type { Feed } from '../../engine/run/feed.ts'
import { followedIds } from '../../engine/run/followed.ts'
import { Ledger } from '../../engine/run/ledger.ts'
import { openedIn } from '../../engine/run/lobby.ts'
import type { Opened } from '../../engine/run/lobby.ts'
import { checkOpening } from '../../engine/run/opening.ts'
import { verbs } from '../../engine/verbs/implementations.ts'
import type { Opening } from '../../engine/wire/card.ts'
import { cliError } from '../errors.ts'
import { STATE_WORDS, stateOf } from '../screen/ceremony.ts'
import { random } from './airgap-home.ts'
import { clientScript } from './script-files.ts'

/** What an opening follows, by the script's local name. */
export type FollowedLedgers = Readonly<Record<string, Ledger>>

/** The ceremonies of one feed. Each is read once, and from then on only what is new. */
export class Ledgers {
  private readonly home: string
  private readonly feed: Feed
  private readonly known = new Map<string, { readonly ledger: Ledger; read: number }>()
  private readonly signal: AbortSignal | undefined
  private readonly gone: Error | undefined

  /**
   * @param home the client's, where it keeps scripts that do not ship
   * @param signal stops a reading that takes long
   * @param gone why the storage cannot be reached: what is not on disk is not waited for then, and this is thrown
   */
  constructor(home: string, feed: Feed, signal?: AbortSignal, gone?: Error) {
    this.home = home
    this.feed = feed
    this.signal = signal
    this.gone = gone
  }

  /**
   * A ceremony as the log tells it up to now.
   *
   * @throws run.unknown-script, run.opening, cli.followed, and what the storage is gone by where an attachment is not on disk
   */
  async of({ opening, id }: Opened): Promise<Ledger> {
    const known = this.known.get(id) ?? { ledger: await this.begin(opening), read: 0 }
    this.known.set(id, known)
    const { all } = this.feed
    for (const posted of all.slice(known.read)) void known.ledger.follow(posted, (hash, signal, onMissing) => this.feed.attachment(hash, this.gone === undefined ? signal : AbortSignal.abort(this.gone), onMissing), this.signal)
    known.read = all.length
    await known.ledger.settled()
    return known.ledger
  }

  /**
   * The finished ceremonies that an opening follows.
   *
   * @throws cli.followed where one is not here, or not finished
   */
  async followed({ ceremony }: Script, opening: Opening): Promise<FollowedLedgers> {
    const found: [string, Ledger][] = []
    for (const [name, id] of Object.entries(followedIds(ceremony, opening))) found.push([name, await this.finished(name, id)])
    return Object.fromEntries(found)
  }

  /**
   * The finished ceremony whose id begins so.
   *
   * @param name what the script calls it
   * @throws cli.followed
   */
  async finished(name: string, wanted: string): Promise<Ledger> {
    const refuse = (why: string, todo?: string) => cliError('followed', { name, wanted: wanted.slice(0, 80), why, ...(todo === undefined ? {} : { todo }) })
    const given = wanted.toLowerCase()
    if (!/^[0-9a-f]{1,64}$/.test(given)) throw refuse('a ceremony’s id has 64 digits of hex, of which the first ones will do')
    const fitting = openedIn(this.feed.all).filter(({ id }) => id.startsWith(given))
    const [one, ...more] = fitting
    if (one === undefined) throw refuse('no ceremony on this board has an id that begins so')
    if (more.length > 0) throw refuse(`several ids begin so: ${fitting.map(({ id }) => id.slice(0, 12)).join(', ')}`)
    const ledger = await this.of(one)
    if (ledger.usable) return ledger
    const todo = ledger.certified ? `Do not use this key yet. Missing: ${ledger.missing(ledger.current).join(', ')}; they run their client and airgap to the end.` : undefined
    throw refuse(`that ceremony is not usable: ${STATE_WORDS[stateOf(ledger, Date.now())]}`, todo)
  }

  private async begin(opening: Opening): Promise<Ledger> {
    const script = await clientScript(this.home, opening.script.hash)
    if (script === undefined) throw runError('unknown-script', { script: opening.script.name, hash: opening.script.hash })
    const followed = await this.followed(script, opening)
    checkOpening(opening, script, undefined, (id) => Object.values(followed).find((one) => one.id === id))
    return new Ledger({ script, opening, verbs, random, followed, headAt: (offset) => this.feed.headAt(offset) })
  }
}
