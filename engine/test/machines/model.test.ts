import { expect } from 'chai'
import { ROLES } from '../../base/names.ts'
import { configOf, machineOf } from '../../machines/graph.ts'
import { readShipped, shippedNames } from '../../script/load.ts'
import { explore } from './explore.ts'
import { shippedRules } from './setting.ts'
import type { Rules, Setting } from './setting.ts'
import { stripped } from './stripped.ts'
import { Model } from './world.ts'

const beacon: Setting = { ceremony: 'beacon', honest: ['anna', 'ben'] }
/** A setting from where the ways part: every deal is in. */
const dkg: Setting = { ceremony: 'dkg', honest: ['anna', 'ben'], from: 'ProcessDeals' }
const disputed: Setting = { ...dkg, complains: { anna: 'ben' } }
const accused: Setting = { ...dkg, honest: ['anna'], dishonest: ['ben'] }
/** One that is accused, and a storage that it cannot always reach. */
const complained: Setting = { ...accused, lies: ['PublicKey', 'Commits', 'Deals', 'Complaint', 'Abort'], outages: ['anna'] }
const givenUp: Setting = { ...dkg, abandons: ['anna'], outages: ['anna'] }
const killed: Setting = { ...dkg, lives: { anna: 1 } }

describe('the model check', function () {
  this.timeout(300_000)

  for (const name of shippedNames()) {
    for (const role of ROLES) {
      it(`is of the machine that the ${role} of ${name} runs`, () => {
        const { script } = stripped(name, ['anna', 'ben'])
        expect(configOf(machineOf(script.ceremony, role))).to.deep.equal(configOf(machineOf(readShipped(name).ceremony, role)))
      })
    }
  }

  const sound: Readonly<Record<string, Setting>> = {
    'a beacon of two': beacon,
    'a beacon of two whose owners may decline and whose airgaps may fail': { ...beacon, declines: ['anna'], fails: ['ben'] },
    'a signing of two': { ceremony: 'sign', honest: ['anna', 'ben'], quorum: 2, declines: ['anna'] },
    'a signing in which one is enough': { ceremony: 'sign', honest: ['anna', 'ben'], quorum: 1, declines: ['anna'] },
    'a key generation of two from the deals on': dkg,
    'one with a complaint': disputed,
    'one that may be given up': givenUp,
    'a beacon whose client may be killed': { ...beacon, lives: { anna: 1 } },
    'one with a dishonest member': { ...accused, abandons: ['anna'], outages: ['anna'] },
  }
  for (const [what, setting] of Object.entries(sound)) {
    it(`finds in ${what} nothing that waits for ever, and no two ends that contradict each other`, () => {
      const { violation, states, ends } = explore(new Model(setting))
      expect(violation).to.equal(null)
      expect(states).to.be.greaterThan(100)
      expect(ends.some((one) => one.split(' ').every((outcome) => outcome === 'usable')), ends.join(', ')).to.equal(true)
    })
  }
})

describe('the model check of a mutant', function () {
  this.timeout(300_000)
  const guards = (changed: Partial<ReturnType<Rules['guardsOf']>>): Partial<Rules> => ({ guardsOf: (look, offers) => ({ ...shippedRules.guardsOf(look, offers), ...changed }) })
  const mutants: readonly (readonly [what: string, rules: Partial<Rules>, setting: Setting, finds: RegExp])[] = [
    ['whose client is never bound', { isBound: () => false }, dkg, /says aborted, and its log doubtful/],
    ['whose client does not see the certificate', guards({ isCertified: false }), dkg, /and its log/],
    ['whose client does not see that it is dead', guards({ isDead: false }), givenUp, /and its log dead/],
    ['whose client takes anything for usable', { ...guards({ isUsable: true }), collected: (...at) => {
      const how = shippedRules.collected(...at)
      return how?.kind === 'late' ? { kind: 'complete' } : how
    } }, dkg, /says usable, and its log unconfirmed/],
    ['whose client is never on duty', guards({ isOnDuty: false }), { ...disputed, fails: ['ben'] }, /waits for its answer|cannot be answered/],
    ['whose client is never too late to collect', { collected: (...at) => {
      const how = shippedRules.collected(...at)
      return how?.kind === 'late' ? undefined : how
    } }, dkg, /never ends by its own clock/],
    ['whose doubt has no end', { isDoubtOver: ({ ledger }) => ledger.certified }, dkg, /never ends by its own clock/],
    ['which does not hear of missed deadlines', { missed: () => undefined }, beacon, /never ends by its own clock/],
    ['whose client forgets at a restart what it began to post', { remembers: false }, killed, /succeeded, and .* aborted|says aborted/],
    ['whose answer to a complaint counts as posted before the storage has it', { isPostedWhenTaken: false }, complained, /cannot be answered/],
    ['whose client waits with the part that it must not post any more', { goesOn: false }, { ...complained, lies: ['PublicKey', 'Commits', 'Deals', 'Complaint'] }, /cannot be answered/],
    ['whose client forgets at a restart that it aborts', { resumesAbort: false }, { ...beacon, declines: ['anna'], lives: { anna: 1 } }, /anna (stops|says stopped)/],
    ['whose client posts its part although it saw an Abort', { mustNotCertify: () => false }, { ...dkg, lives: { anna: 2 } }, /succeeded, and .* aborted|says aborted/],
  ]
  for (const [what, rules, setting, finds] of mutants) {
    it(`${what} finds it`, () => {
      const { violation } = explore(new Model(setting, { ...shippedRules, ...rules }))
      expect(violation?.name).to.match(finds)
    })
  }
})
