/** An unlocked client on its board: what ready, open, run and abort work with. */
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
import { readClient, unlockClient } from './client-home.ts'
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
}

/** Unlocks this home's client, alone on it, and reads its board's log to the end. */
export async function unlockedClient({ file, signal, say }: SessionUse): Promise<ClientSession> {
  const { home, identity } = await readClient()
  const lock = await lockHome(home)
  try {
    const passphrase = await askPassphrase({ of: `the client of ${identity.name}`, file, signal })
    const secrets = await withProgress('Unlocking', () => unlockClient(home, passphrase))
    const session = openBoard({ home, identity, secrets, signal, onTrouble: (error) => say(error.message) })
    await caughtUp(session, signal)
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

/** Signs and posts a message of the log's own kind: Ready, Opening, or an Abort of a ceremony. */
export async function postSigned(
  { board, feed, identity, secrets }: ClientSession, type: string, payload: JsonObject,
  place: Pick<Statement, 'ceremony' | 'step' | 'view'> = { ceremony: null, step: null, view: null },
): Promise<Pin> {
  const statement: Statement = { ...place, type, from: identity.name, to: null, payload }
  return await board.post(canonical(signMessage(fromHex(secrets.signingSeed, 32), { statement, seen: feed.pin })))
}
