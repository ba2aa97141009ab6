/** An unlocked client on its board: what ready, open, run and abort work with. */
import { isKeyriteError } from '../../engine/base/errors.ts'
import { fromHex } from '../../engine/crypto/bytes.ts'
import { lockHome } from '../../engine/vault/lock.ts'
import { canonical } from '../../engine/wire/canonical.ts'
import type { JsonObject } from '../../engine/wire/canonical.ts'
import { signMessage } from '../../engine/wire/message.ts'
import type { Pin, Statement } from '../../engine/wire/message.ts'
import { withProgress } from '../output.ts'
import { askPassphrase } from '../prompt.ts'
import { caughtUp, openBoard } from './board.ts'
import type { BoardSession } from './board.ts'
import { cardOf, readClient, unlockClient } from './client-home.ts'
import type { ClientSecrets, Identity } from './client-home.ts'

export interface ClientSession extends BoardSession {
  readonly home: string
  readonly identity: Identity
  readonly secrets: ClientSecrets
}

export interface SessionUse {
  /** The value of `--passphrase-file`. */
  readonly file: string | undefined
  readonly signal: AbortSignal
  /** Hears of trouble with the storage. */
  readonly say: (line: string) => void
  /** Waits for a storage that cannot be reached, and says so. */
  readonly isPatient?: boolean
  /** Another join token than the client was made with. */
  readonly joinToken?: string
}

/** Unlocks this home's paired client, alone on it, and reads its board's log to the end. @throws cli.no-client, cli.not-paired, vault.*, board.* */
export async function unlockedClient({ file, signal, say, isPatient = false, joinToken }: SessionUse): Promise<ClientSession> {
  const { home, identity } = await readClient()
  cardOf(identity)
  const lock = await lockHome(home)
  try {
    const passphrase = await askPassphrase({ of: `the client of ${identity.name}`, file, signal })
    const kept = await withProgress('Unlocking', () => unlockClient(home, passphrase))
    const secrets = joinToken === undefined ? kept : { ...kept, joinToken }
    // Whoever does not wait is told once, by the error.
    const onTrouble = isPatient ? troubleTeller(say) : () => undefined
    const session = openBoard({ home, identity, secrets, signal, onTrouble })
    try {
      await caughtUp(session, signal, isPatient)
    } catch (error) {
      await session.close()
      throw error
    }
    return {
      ...session, home, identity, secrets,
      close: async () => {
        await session.close()
        await lock.release()
      },
    }
  } catch (error) {
    await lock.release()
    throw error
  }
}

/** The same trouble is told again after this many milliseconds only. */
const TELL_AGAIN = 60_000

/** Tells each trouble once, and now and then again. */
export function troubleTeller(say: (line: string) => void, now: () => number = Date.now): (error: Error) => void {
  const told = new Map<string, number>()
  return (error) => {
    const text = `${error.message}${isKeyriteError(error) ? ` ${error.todo}` : ''}`
    if (now() - (told.get(text) ?? -Infinity) < TELL_AGAIN) return
    told.set(text, now())
    say(text)
  }
}

/** Signs and posts a message of the log's own kind: Ready, Opening, or an Abort of a ceremony. */
export async function postSigned(
  { board, feed, identity, secrets }: ClientSession, type: string, payload: JsonObject,
  place: Pick<Statement, 'ceremony' | 'step' | 'view'> = { ceremony: null, step: null, view: null },
): Promise<Pin> {
  const statement: Statement = { ...place, type, from: identity.name, payload }
  return await board.post(canonical(signMessage(fromHex(secrets.signingSeed, 32), { statement, seen: feed.pin })))
}
