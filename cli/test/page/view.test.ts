import { expect } from 'chai'
import { FIRST_VIEW, reduce, sceneOf, titleOf, wantsCamera } from '../../page/view.ts'
import type { PageEvent, View } from '../../page/view.ts'
import { STATES } from './states.ts'
import type { StateName } from './states.ts'

const after = (...events: readonly PageEvent[]): View => events.reduce(reduce, FIRST_VIEW)
const told = (name: StateName): PageEvent => ({ kind: 'state', state: STATES[name] })

describe('what fills the page', () => {
  const scenes: readonly (readonly [StateName, string])[] = [
    ['client-showing', 'show'], ['airgap-both', 'show'], ['airgap-reading', 'read'], ['client-waiting', 'wait'], ['airgap-computing', 'wait'],
    ['consent-join', 'question'], ['end-good', 'end'],
  ]
  for (const [name, scene] of scenes) it(`is ${scene} for ${name}`, () => expect(sceneOf(after(told(name)))).equal(scene))

  it('is a statement wherever the command is not to be heard, whatever it said before', () => {
    for (const link of ['silent', 'taken', 'refused', 'no-token'] as const) {
      expect(sceneOf(after(told('consent-join'), { kind: 'link', link }))).equal('statement')
      expect(sceneOf(after({ kind: 'link', link }))).equal('statement')
    }
  })

  it('stays the end of a command that has ended and is gone', () => {
    expect(sceneOf(after(told('end-good'), { kind: 'link', link: 'silent' }))).equal('end')
  })

  it('comes back with the command', () => {
    expect(sceneOf(after(told('airgap-reading'), { kind: 'link', link: 'silent' }, told('airgap-reading')))).equal('read')
  })
})

describe('the camera', () => {
  it('is wanted to read, and to see how the other machine reads, and not otherwise', () => {
    expect(['client-showing', 'airgap-reading', 'client-waiting', 'airgap-computing', 'end-good'].map((name) => wantsCamera(after(told(name as StateName))))).deep.equal([true, true, false, false, false])
    expect(wantsCamera(after(told('airgap-reading'), { kind: 'link', link: 'taken' }))).equal(false)
  })
})

describe('what is read', () => {
  it('is what the newest answer said, until the command says otherwise', () => {
    const view = after(told('airgap-reading'), { kind: 'frames', result: { state: 'progress', seen: 41, needed: 83 } })
    expect(view.read).deep.equal({ seen: 41, needed: 83 })
    expect(reduce(view, told('airgap-first')).read).equal(null)
  })

  it('is not touched by an answer that comes after the command has gone on', () => {
    const view = after(told('airgap-computing'), { kind: 'frames', result: { state: 'complete', seen: 83, needed: 83, trouble: { code: 'a', message: 'b', todo: 'c' } } })
    expect(view.read).equal(null)
    expect(view.trouble).equal(null)
  })

  it('has its trouble told until it is over', () => {
    const trouble = { code: 'channel.wrong-digest', message: 'm', todo: 't' }
    const view = after(told('airgap-reading'), { kind: 'frames', result: { state: 'failed', seen: 0, needed: 0, trouble } })
    expect(view.trouble?.message).equal('m')
    expect(reduce(view, { kind: 'frames', result: { state: 'progress', seen: 1, needed: 83 } }).trouble).equal(null)
    expect(reduce(view, told('airgap-computing')).trouble).equal(null)
  })

  it('by the other machine is forgotten with what was shown', () => {
    const view = after(told('client-showing'), { kind: 'heard', status: { checksum: 1, seen: 2, needed: 3, rate: 1 } })
    expect(reduce(view, told('client-showing')).heard?.seen).equal(2)
    expect(reduce(view, told('airgap-both')).heard).equal(null)
  })
})

describe('the title', () => {
  it('says whose page it is, that it is the owner’s turn, and that it is a rehearsal', () => {
    expect(titleOf(after(told('airgap-reading')))).equal('airgap of alice')
    expect(titleOf(after(told('consent-join')))).equal('● Your turn — airgap of alice')
    expect(titleOf(after(told('consent-rehearsal')))).equal('● Your turn — airgap of alice (rehearsal)')
    expect(titleOf(after(told('consent-join'), { kind: 'link', link: 'silent' }))).equal('Stopped — airgap of alice')
    expect(titleOf(after(told('end-good')))).equal('Done — client of alice')
  })
})
