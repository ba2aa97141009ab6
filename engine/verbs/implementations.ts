/**
 * The implementations of the verbs in `table.ts`, by their use.
 */
import { blsSignShare } from './bls-airgap.ts'
import { blsCheckPartial, blsCheckSignature, blsCombine } from './bls.ts'
import { dkgCommit, dkgDeal, dkgFinish, dkgJustify, dkgKeygen, dkgRespond } from './dkg-airgap.ts'
import { dkgAgrees, dkgBirth, dkgCheckProof, dkgJudge, dkgOpens, dkgPinpoint, dkgShareKeys, dkgSum } from './dkg.ts'
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
    'bls.signShare': blsSignShare,
  },
  value: { 'dkg.sum': dkgSum, 'dkg.shareKeys': dkgShareKeys, 'dkg.birth': dkgBirth, 'random.mix': randomMix },
  check: {
    'dkg.opens': dkgOpens,
    'dkg.agrees': dkgAgrees,
    'dkg.checkProof': dkgCheckProof,
    'random.opens': randomOpens,
    'bls.checkPartial': blsCheckPartial,
    'bls.checkSignature': blsCheckSignature,
  },
  assist: { 'dkg.pinpoint': dkgPinpoint },
  judge: { 'dkg.judge': dkgJudge },
  client: { 'bls.combine': blsCombine },
}
