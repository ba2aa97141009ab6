/** The `bls.*` verb of the airgap: it signs with a share that a finished key generation left in the archive (protocol §8). */
import { DST_SIGNATURE, encodeG2, scalarFromBytes, signShare } from '../crypto/bls.ts'
import { fromHex, isHex, toHex } from '../base/bytes.ts'
import { signedBytesOf } from '../messages/kinds.ts'
import type { Json, JsonObject } from '../base/canonical.ts'
import { others } from '../base/turns.ts'
import { messagesOf, partialsDigest } from './bls.ts'
import { ArgReader, textField, verbError } from './runtime.ts'
import type { AirgapVerb, Stating, Working } from './runtime.ts'

/** The number of messages that are signed before other work runs again: some 0.2 s. */
const CHUNK = 10

export const blsSignShare: AirgapVerb = ({ ceremony }, args) => {
  const share = args[0]
  if (typeof share !== 'object' || share === null) throw verbError('argument', { verb: 'bls.signShare', why: 'argument 1 should be a share' })
  const items = new ArgReader('bls.signShare', args).list(1)
  return { kind: 'works', work: (working) => sign(ceremony, share as JsonObject, items, working) }
}

async function sign(ceremony: string, share: JsonObject, items: ReturnType<ArgReader['list']>, { tell, saved, save }: Working): Promise<Stating> {
  const messages = messagesOf(items)
  const scalar = scalarFromBytes(fromHex(textField(share, 'share'), 32))
  const partials = signedBefore(saved, messages.length)
  for (const message of messages.slice(partials.length)) {
    if (partials.length % CHUNK === 0) {
      tell(partials.length, messages.length)
      await save(() => [...partials])
      await others()
    }
    partials.push(toHex(encodeG2(signShare(scalar, signedBytesOf(message, ceremony), DST_SIGNATURE))))
  }
  tell(messages.length, messages.length)
  return { kind: 'states', payload: { digest: partialsDigest(partials.map((one) => fromHex(one, 96))) }, attachment: { partials } }
}

/** The partial signatures that were made before a crash; none where the saved value has another form. */
function signedBefore(saved: Json | undefined, most: number): string[] {
  if (!Array.isArray(saved) || saved.length > most) return []
  const partials = (saved as readonly Json[]).filter((one) => isHex(one, 96))
  return partials.length === saved.length ? partials : []
}
