import { expect } from 'chai'
import { explore } from './explore.ts'
import type { Setting } from './setting.ts'
import { Model } from './world.ts'

/** A setting from the deals on; the third participant brings these, whenever it likes. */
const three = (lies: readonly string[]): Setting => ({
  ceremony: 'dkg', honest: ['anna', 'ben'], dishonest: ['cleo'], from: 'ProcessDeals', lies: ['PublicKey', 'Commits', 'Deals', ...lies],
})

/** The settings that take minutes. */
const settings: Readonly<Record<string, Setting>> = {
  'a whole key generation of two, with a complaint, a decline and a check that fails': {
    ceremony: 'dkg', honest: ['anna', 'ben'], complains: { anna: 'ben' }, declines: ['ben'], fails: ['anna'],
  },
  'a key generation of two whose client may be killed': { ceremony: 'dkg', honest: ['anna', 'ben'], from: 'ProcessDeals', lives: { anna: 1 } },
  'a key generation of two who accuse each other, and a storage that one cannot always reach': {
    ceremony: 'dkg', honest: ['anna', 'ben'], from: 'ProcessDeals', complains: { anna: 'ben', ben: 'anna' }, outages: ['anna'], abandons: ['ben'],
  },
  'a key generation of three of whom one complains': three(['Complaint']),
  'a key generation of three of whom one states its part, or what is none, and aborts': three(['Response', 'GroupKey', 'Abort']),
  'a signing of three by two of whom one is dishonest': { ceremony: 'sign', honest: ['anna', 'ben'], dishonest: ['cleo'], quorum: 2, declines: ['anna'] },
  'a beacon of three': { ceremony: 'beacon', honest: ['anna', 'ben', 'cleo'] },
}

describe('the model check at length', function () {
  this.timeout(600_000)

  for (const [what, setting] of Object.entries(settings)) {
    it(`finds in ${what} nothing that waits for ever, and no two ends that contradict each other`, () => {
      const { violation, states, moves, logs } = explore(new Model(setting), 8_000_000)
      // The size of it, for the person who runs it.
      console.log(`      ${states} states, ${moves} moves, ${logs} logs`)
      expect(violation).to.equal(null)
    })
  }
})
