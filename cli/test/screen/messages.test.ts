import { PassThrough } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { expect } from 'chai'
import { messagesHash } from '../../../engine/messages/batch.ts'
import type { Signable } from '../../../engine/messages/kind.ts'
import { messageKinds } from '../../../engine/messages/kinds.ts'
import type { Confirmation, Declined } from '../../../engine/run/airgap-session.ts'
import { readShipped } from '../../../engine/script/load.ts'
import type { Json } from '../../../engine/base/canonical.ts'
import { workLine } from '../../roles/airgap-serve.ts'
import { linesOf as painted } from '../../screen/blocks.ts'
import { BLIND_SENTENCE, ceremonyPages, confirmAbandon, confirmCeremony } from '../../screen/consent.ts'
import { shownMessages } from '../../screen/messages.ts'
import { makeHand } from '../../screen/owner.ts'
import type { Hand } from '../../screen/owner.ts'
import { openingOf, stranger } from './terminal.ts'

const change = messageKinds.find(({ name }) => name === 'eth/bls-to-execution-change')?.example ?? { kind: '' }
const KEY = 'b67aca71f04b673037b54009b760f1961f3836e5714141c892afdb75ec0834dce6784d9c72ed8ad7db328cff8fe9f13e'
const OTHER = 'a3aaf0e7fde1534df76d12fd2bd53ae08d6634a80f7665ca7d640e75e881c1321975b3f1141f0ca8f98df2510efb7c1d'
const NUMBER = '00000 11111 22222 33333 44444 55555 66666 77777'
const template = Object.fromEntries(Object.entries(change).filter(([name]) => name !== 'validatorIndex'))
const batch = (size: number): readonly Signable[] => Array.from({ length: size }, (_, i) => ({ ...change, validatorIndex: 96193 + 3 * i }))

function question(messages: readonly Json[], more: Partial<Confirmation> = {}): Confirmation {
  const [sign, dkg] = [readShipped('sign'), readShipped('dkg')]
  const me = stranger('ada', 1)
  const roster = [me, stranger('bob', 2)]
  return {
    kind: 'join', ceremony: '00'.repeat(32), number: NUMBER, script: sign, me, step: 'SendPartials',
    opening: openingOf(sign, roster, { key: '11'.repeat(32), purpose: 'Payday\n  number  1', messages }),
    shows: { purpose: 'Payday\n  number  1', messages },
    followed: { key: { id: '11'.repeat(32), opening: openingOf(dkg, roster, { threshold: 2 }), groupKey: KEY, isUnconfirmed: false } }, ...more,
  }
}

const linesOf = (messages: readonly Json[], more: Partial<Confirmation> = {}): string => painted(ceremonyPages(question(messages, more)).flat(), 79).join('\n')

describe('what is to be signed, on the airgap’s screen', () => {
  it('is the purpose as a claim, the key, the digest, and every one of a few messages in words, once', () => {
    const screen = linesOf([{ kind: 'text', text: 'Pay 5 to Anna' }, change])
    expect(screen).to.match(/purpose +claimed by the opener; nobody has checked it:\n +│ Payday\n +│ +number {2}1\n/)
    expect(screen).to.match(new RegExp(`key +${KEY.slice(0, 48)}\n +${KEY.slice(48)}\n +made by dkg 1.0.0, ceremony 111111111111, 2 of 2\n`))
    expect(screen.replace(/\n +│ /g, '')).to.include(messagesHash([{ kind: 'text', text: 'Pay 5 to Anna' }, change]))
    expect(screen.match(/│ Pay 5 to Anna/g)).to.have.length(1)
    expect(screen).to.match(/Validator index +│ 96193/).and.match(/To execution address +│ 0xB9D7934878B5FB9610B3fE8A5e441e8fad7E293f/)
    expect(screen).to.not.include('"kind"')
    expect(screen.split('\n').every((line) => line.length < 80)).to.equal(true)
  })

  it('tells a rehearsal, and a rehearsal’s key', () => {
    const { opening, followed } = question([change])
    const screen = linesOf([change], {
      opening: { ...opening, rehearsal: true },
      followed: Object.fromEntries(Object.entries(followed).map(([name, one]) => [name, { ...one, opening: { ...one.opening, rehearsal: true } }])),
    })
    expect(screen).to.match(/^\n.*\nThis is a REHEARSAL/).and.match(/made by dkg.*a REHEARSAL/)
  })

  it('begins with UNCONFIRMED, in red, under a share that came back from a log in which not everybody had confirmed, and otherwise not', () => {
    const { followed } = question([change])
    const unconfirmed = { followed: Object.fromEntries(Object.entries(followed).map(([name, one]) => [name, { ...one, isUnconfirmed: true }])) }
    const [first] = ceremonyPages(question([change], unconfirmed)).flat().filter(({ kind }) => kind !== 'gap')
    expect(first).to.deep.include({ kind: 'warning', isGrave: true }).and.have.property('text').that.matches(/^UNCONFIRMED: your share of key /)
    expect(linesOf([change], unconfirmed)).to.match(/^\nUNCONFIRMED: /)
    expect(linesOf([change])).to.not.include('UNCONFIRMED')
  })

  it('warns of messages that name another key than the one that signs', () => {
    expect(linesOf([change])).to.not.include('WARNING')
    const screen = linesOf([change, { ...change, fromBlsPubkey: `0x${OTHER}` }])
    expect(screen).to.match(/WARNING +│ 1 of 2 messages names another key/).and.match(/message 2 names +│ 0xa3aaf0e7/)
  })

  it('of a batch is every field once with the numbers as ranges, whether it came as a template or not', () => {
    const numbers = [...Array.from({ length: 490 }, (_, i) => 96193 + i), 97000, 97001, 98000]
    const asTemplate = linesOf([{ ...template, each: { validatorIndex: numbers } }])
    expect(asTemplate).to.match(/493 messages to be signed\n/).and.match(/Validator index +│ 96193–96682, 97000–97001, 98000\n/)
    expect(asTemplate.match(/To execution address/g)).to.have.length(1)
    expect(linesOf(numbers.map((validatorIndex) => ({ ...change, validatorIndex })))).to.equal(asTemplate)
  })

  it('of numbers in many ranges is a hash to compare, with the words that nobody reads them', () => {
    const screen = linesOf(batch(500))
    expect(screen).to.match(/Validator index +│ 500 numbers in 500 ranges\n {4}least +│ 96193\n {4}most +│ 97690\n {4}SHA-256 +│ /)
    expect(screen.replace(/\n +│ /g, ' ')).to.match(/WARNING +│ No eye checks these numbers.*sort -n LIST \| sha256sum/)
  })

  it('shows the odd one first, and marks what most have otherwise', () => {
    const screen = linesOf([{ kind: 'eth/voluntary-exit', network: 'hoodi', epoch: 1, each: { validatorIndex: [500, 501, 502, 504] } }, { kind: 'eth/voluntary-exit', network: 'mainnet', epoch: 1, validatorIndex: 503 }])
    expect(screen).to.match(/Group 1 of 2: 1 message, number 5 of the list\n[^]*NETWORK, ODD +│ mainnet\n[^]*Validator index +│ 503\n[^]*Group 2 of 2: 4 messages\n[^]*Network +│ hoodi\n[^]*Validator index +│ 500–502, 504\n/)
    expect(screen).to.not.include('EPOCH')
  })

  it('can be listed, shown and searched in a batch', () => {
    const { look: blocksOf, isLong } = shownMessages([...batch(20), { kind: 'text', text: 'one\nmore  number  96193' }], [KEY], '00'.repeat(32))
    const look = (command: string): string[] | undefined => {
      const blocks = blocksOf(command)
      return blocks === undefined ? undefined : painted(blocks, 79)
    }
    expect(isLong).to.equal(true)
    expect(look('list')).to.have.length(21)
    expect(look('list')?.at(-1)).to.match(/^ {6}21 {2}text │ one more {2}number {2}96193$/)
    expect(look('list 20')?.[0]).to.match(/^ {6}20 .*│ 96250$/)
    expect(look('list 22')).to.deep.equal(['There are messages 1 to 21.'])
    expect(look('show 2')?.join('\n')).to.match(/^2\. eth.*\n[^]*Validator index +│ 96196\n[^]*To be signed \(32 bytes\)/)
    expect(look('show')).to.deep.equal(['There are messages 1 to 21.'])
    expect(look('find 96199')?.slice(0, 2)).to.deep.equal(['1 of 21 messages with "96199":', '3. eth/bls-to-execution-change'])
    expect(look('FIND 962')).to.have.length(1 + 17)
    expect(look('find b9d793')?.join()).to.match(/All 20 messages of eth\S+ have it: To execution address.*0 of 21/)
    expect(look('0000011111')).to.equal(undefined)
    expect(shownMessages(batch(3), [KEY], '00'.repeat(32)).look('list')).to.equal(undefined)
  })

  it('tells how long the work will still take', () => {
    expect(workLine('SendPartials', { done: 0, total: 1000, began: { done: 0, at: 0 }, now: 0 })).to.equal('SendPartials: 0 of 1000 done')
    expect(workLine('SendPartials', { done: 700, total: 1000, began: { done: 600, at: 1000 }, now: 3000 })).to.equal('SendPartials: 700 of 1000 done, about 6 s left')
  })
})

class Keyboard extends PassThrough {
  isTTY = true
  setRawMode(): void {
    // A stream has no raw mode.
  }
}

const NO = { declined: null }

type Asking = (hand: Hand) => Promise<true | Declined>

/** Answers the questions one by one with these texts. Gives the consent and everything that was shown. */
async function answered(ask: Asking, answers: readonly string[], isTTY = true): Promise<{ readonly consent: unknown; readonly shown: string }> {
  const keyboard = new Keyboard()
  keyboard.isTTY = isTTY
  const left = [...answers]
  let shown = ''
  const write = (text: string): void => {
    shown += text
    if (text.endsWith('› ')) setTimeout(() => keyboard.write(`${left.shift() ?? expect.fail('it asks on')}\r`), 15)
    if (text.includes('press Space')) setTimeout(() => keyboard.write(text.includes('q to stop') ? 'q' : ' '), 150)
  }
  const hand = makeHand({
    isScanned: false, signal: new AbortController().signal, input: keyboard, output: { isTTY, columns: 80, rows: 100, write },
    timing: { quiet: 5, mostQuiet: 5, grace: 0, pace: 0 },
  })
  const consent = await ask(hand).catch((error: unknown) => error)
  expect(left).to.deep.equal([])
  return { consent, shown }
}

describe('consent to giving a ceremony up', () => {
  const dkg = readShipped('dkg')
  const me = stranger('ada', 1)
  const opening = openingOf(dkg, [me, stranger('bob', 2)], { threshold: 2 })
  const asked = (...answers: readonly string[]) => answered((hand) => confirmAbandon({ kind: 'abandon', ceremony: '5c'.repeat(32), script: dkg, opening, me }, hand), answers)

  it('is a yes by hand, after what it means and that nothing undoes it', async () => {
    const { consent, shown } = await asked('perhaps', 'yes')
    expect(consent).to.equal(true)
    expect(shown).to.match(/TO GIVE UP FOR GOOD[^]*5c5c5c[^]*nobody can ever use[^]*nothing undoes\s+that\.[^]*Give it up, for everybody and for good\?[^]*Type yes or no/)
    expect(shown.split('\n').every((line) => stripVTControlCharacters(line).length < 80), 'lines are broken between words').to.equal(true)
  })

  it('is no consent otherwise: a no leaves all as it is', async () => {
    expect((await asked('no')).consent).to.deep.equal(NO)
  })
})

describe('consent to what is to be signed', () => {
  const asked = (messages: readonly Json[], answers: readonly string[], accepted?: string, isTTY = true) =>
    answered((hand) => confirmCeremony(question(messages), accepted, hand), answers, isTTY)

  it('is given after looking, by the number', async () => {
    const { consent, shown } = await asked(batch(200), ['show 7', 'list', 'find 96196', '1111100000', '0000011111'])
    expect(consent).to.equal(true)
    expect(shown).to.match(/7\. eth[^]*108 more lines: press Space, or q to stop[^]*1 of 200 messages with "96196"[^]*not its first ten digits/)
  })

  it('is given by as many digits as are typed from the tenth on, and by none of which one differs', async () => {
    const wrong = `${NUMBER.slice(0, -1)}8`
    const { consent, shown } = await asked([change], ['00000', wrong, `${NUMBER} 1`, '00000-11111', '00000 21111', NUMBER])
    expect(consent).to.equal(true)
    expect(shown).to.match(/ten digits at least[^]*digit 40 differs[^]*has 40 digits, and those are 41[^]*digits and spaces only[^]*not its first ten digits/)
    expect((await asked([change], ['00000 11111 22222'])).consent).to.equal(true)
    expect((await asked([change], ['00000 11111 2222 2 33334', 'no', 'no'])).consent).to.deep.equal(NO)
  })

  it('is not given by a look whose digits are the number’s', async () => {
    expect((await asked(batch(20), ['find 0000011111', 'no', 'no'])).consent).to.deep.equal(NO)
  })

  it('is refused only by a second no, behind which may stand why', async () => {
    const { consent, shown } = await asked([change], ['no', 'back', 'n', 'perhaps', 'no  Not our address! ', ])
    expect(consent).to.deep.equal({ declined: 'Not our address!' })
    expect(shown).to.match(/Decline for good\?[^]*Type the first ten digits[^]*Decline for good\?[^]*no and why, or back/)
    expect((await asked([change], ['no', 'Back', '0000011111'])).consent).to.equal(true)
    expect((await asked([change], ['no', `no ${'x'.repeat(200)}y`])).consent).to.deep.equal({ declined: 'x'.repeat(200) })
    expect((await asked([change], ['no', 'N'])).consent).to.deep.equal(NO)
  })

  const texts = (count: number): Json[] => Array.from({ length: count }, (_, i) => ({ kind: 'text', text: `Pay ${i} to Anna` }))

  it('is given page by page where there are more than twenty groups, each before the next is shown', async () => {
    const { consent, shown } = await asked(texts(45), ['yes', 'find Pay 44', 'perhaps', 'y', '0000011111'])
    expect(consent).to.equal(true)
    const places = ['45 messages to be signed, in 45 groups', 'Groups 1 to 20 of 45', 'Pay 19 to', 'page 1 of 3', 'Groups 21 to 40', 'Pay 39 to', 'page 2 of 3', 'Pay 44 to', 'Type yes or no', 'Groups 41 to 45', NUMBER, 'Type the first ten'].map((text) => shown.indexOf(text))
    expect(places).to.deep.equal([...places].sort((a, b) => a - b)).and.not.include(-1)
    expect((await asked(texts(20), ['0000011111'])).consent).to.equal(true)
  })

  it('may be refused on every page', async () => {
    expect((await asked(texts(45), ['no', 'no Too many'])).consent).to.deep.equal({ declined: 'Too many' })
    expect((await asked(texts(45), ['yes', 'no', 'back', 'no', 'no'])).consent).to.deep.equal(NO)
  })

  it('that was given beforehand shows every page, and asks for none', async () => {
    const { consent, shown } = await asked(texts(45), [], NUMBER, false)
    expect(consent).to.equal(true)
    for (let i = 0; i < 45; i++) expect(shown).to.include(`Pay ${i} to Anna`)
  })

  it('to raw messages takes the whole sentence besides', async () => {
    const raw = [{ kind: 'raw', root: '11'.repeat(32) }]
    expect((await asked(raw, ['0000011111', 'i sign what i cannot read', 'yes', BLIND_SENTENCE])).consent).to.equal(true)
    expect((await asked(raw, ['0000011111', 'no', 'no'])).consent).to.deep.equal(NO)
  })

  it('to raw messages is not in a number that was accepted beforehand', async () => {
    const raw = [{ kind: 'raw', root: '11'.repeat(32) }]
    expect((await asked(raw, ['no', 'no'], NUMBER)).consent).to.deep.equal(NO)
    expect((await asked(raw, [BLIND_SENTENCE], NUMBER)).consent).to.equal(true)
    expect((await asked(raw, [], NUMBER, false)).consent).to.have.property('code', 'cli.no-terminal')
    expect((await asked([change], [], NUMBER, false)).consent).to.equal(true)
  })
})
