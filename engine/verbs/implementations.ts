/**
 * The implementations of the verbs in `table.ts`. The airgap's are apart, so that nothing but the airgap role ever
 * imports a secret's code path by accident.
 */
import { dkgBirth, dkgCheckProof, dkgJudge, dkgOpens, dkgPinpoint, dkgReceived, dkgSum } from './dkg-client.ts'
import { dkgCommit, dkgDeal, dkgFinish, dkgJustify, dkgKeygen, dkgRespond } from './dkg-airgap.ts'
import { randomCommit, randomMix, randomOpens, randomReveal } from './random.ts'
import type { Verbs } from './runtime.ts'

export const verbs: Verbs = {
  airgap: {
    'dkg.keygen': dkgKeygen,
    'dkg.commit': dkgCommit,
    'dkg.deal': dkgDeal,
    'dkg.respond': dkgRespond,
    'dkg.finish': dkgFinish,
    'dkg.justify': dkgJustify,
    'random.commit': randomCommit,
    'random.reveal': randomReveal,
  },
  value: { 'dkg.sum': dkgSum, 'dkg.birth': dkgBirth, 'random.mix': randomMix },
  check: { 'dkg.opens': dkgOpens, 'dkg.received': dkgReceived, 'dkg.checkProof': dkgCheckProof, 'random.opens': randomOpens },
  assist: { 'dkg.pinpoint': dkgPinpoint },
  judge: { 'dkg.judge': dkgJudge },
  client: {},
}
