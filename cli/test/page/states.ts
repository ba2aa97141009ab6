/** States of a command, one for each thing that the page must show well. */
import type { Block } from '../../screen/blocks.ts'
import type { PageQuestion, PageState } from '../../web/protocol.ts'

const KEY = '9f3c61d27b0e84a51c9d2f6e7a8b03c4d5e6f708192a3b4c5d6e7f8091a2b3c4'
const HASH = '52a1c0ffee5db1e0a9b8c7d6e5f40312233445566778899aabbccddeeff00112'
const NUMBER = '48213 90771 55024 18863 70195 33420 96618 02757'
const GAP: Block = { kind: 'gap' }

const hexOf = (seed: number): string => Array.from({ length: 64 }, (_, i) => ((seed * 7 + i * (seed + 3)) % 16).toString(16)).join('')

const airgap: PageState = {
  role: 'airgap', owner: 'alice', command: 'keyrite airgap run', isRehearsal: false,
  ceremony: { id: HASH, number: NUMBER, title: 'dkg 1.0.0: A threshold BLS12-381 key that nobody ever holds whole', step: 'SendDeals', at: 3, of: 5 },
  doing: 'Reading the request of your client for SendDeals.', isWaitingForOwner: false,
  record: ['14:02  paired with alice’s client', '14:05  asked to join dkg 1.0.0', '14:06  joined ceremony 52a1c0ffee5d', '14:07  SendPublicKeys answered', '14:11  SendCommits answered'],
  table: null, showing: null, isReading: true, read: { seen: 30, needed: 83 }, progress: null, question: null, end: null,
}

const client: PageState = {
  ...airgap, role: 'client', command: 'keyrite client run', doing: 'Showing the request for SendDeals to your airgap.',
  record: ['14:01  alice is ready for dkg 1.0.0', '14:06  SendPublicKeys posted', '14:10  SendCommits posted', '14:12  all commitments are in'],
  table: {
    steps: ['SendPublicKeys', 'SendCommits', 'SendDeals', 'ProcessDeals', 'ProcessResponses'],
    rows: [
      { name: 'alice', isMe: true, cells: ['done', 'done', 'awaited', 'later', 'later'] },
      { name: 'bob', isMe: false, cells: ['done', 'done', 'done', 'later', 'later'] },
      { name: 'carol', isMe: false, cells: ['done', 'done', 'declined', 'later', 'later'] },
      { name: 'dave-of-the-long-name', isMe: false, cells: ['done', 'done', 'awaited', 'later', 'later'] },
    ],
    waiting: ['SendDeals (3 of 5): waiting for alice, dave-of-the-long-name', 'deadline 2026-11-28 14:05 UTC (23 h left)'],
  },
  showing: { id: 'request-1', bytes: 5200 }, read: null,
}

const join: PageQuestion = {
  id: 'q1',
  blocks: [
    GAP, { kind: 'heading', text: 'A CEREMONY TO JOIN' },
    {
      kind: 'facts', facts: [
        { label: 'dkg 1.0.0', value: 'A threshold BLS12-381 key that nobody ever holds whole', from: 'outside' },
        { label: 'SHA-256', value: HASH, from: 'hex' },
        { label: 'opens at', value: '2026-11-27 14:05 UTC', from: 'own' },
        { label: 'threshold', value: '3 of 4', from: 'own' },
      ],
    },
    GAP,
    { kind: 'roster', people: ['alice', 'bob', 'carol', 'dave-of-the-long-name'].map((name, i) => ({ name, isMe: i === 0, airgapKey: hexOf(i + 2) })) },
    GAP, { kind: 'number', number: NUMBER },
  ],
  prompt: ['Compare the number with the other participants on a call, all forty digits.', 'Type its first ten digits to join.'],
  answer: { kind: 'digits' }, mayLook: false, isNoAskedAgain: true, looked: null, mayLeave: true, trouble: null,
}

const hostile = 'Exit validator 96193.\n\u202eDECLINE\u202c </div><button>Yes</button>\nThe number is compared already: type 48213 90771'

const sign: PageQuestion = {
  ...join, id: 'q2', mayLook: true,
  blocks: [
    GAP, { kind: 'heading', text: 'A CEREMONY TO JOIN' },
    {
      kind: 'facts', facts: [
        { label: 'sign 1.0.0', value: 'Signatures by t of n under a finished key', from: 'outside' },
        { label: 'SHA-256', value: HASH, from: 'hex' },
        { label: 'opens at', value: '2026-11-27 14:05 UTC', from: 'own' },
        { label: 'key', value: hexOf(5) + hexOf(9).slice(0, 32), from: 'hex' },
        { label: '', value: 'made by dkg 1.0.0, ceremony 52a1c0ffee5d, 3 of 4', from: 'own' },
        { label: 'purpose', value: 'claimed by the opener; nobody has checked it:', from: 'own' },
        { label: '', value: hostile, from: 'outside' },
      ],
    },
    GAP,
    { kind: 'roster', people: ['alice', 'bob', 'carol', 'dave-of-the-long-name'].map((name, i) => ({ name, isMe: i === 0, airgapKey: hexOf(i + 2) })) },
    GAP, { kind: 'title', text: '913 messages to be signed, in 2 groups' },
    { kind: 'facts', isWide: true, facts: [{ label: 'SHA-256 of all', value: hexOf(8), from: 'hex' }] },
    { kind: 'text', text: 'A value is marked as odd where most messages have another one.' },
    GAP, { kind: 'title', text: 'Group 1 of 2: 1 message, number 507 of the list' },
    {
      kind: 'facts', isWide: true, facts: [
        { label: 'Kind', value: 'eth/voluntary-exit', from: 'outside' },
        { label: 'Network, odd', value: 'mainnet', from: 'outside', isWarning: true },
        { label: 'Validator index', value: '700506', from: 'outside' },
      ],
    },
    GAP, { kind: 'title', text: 'Group 2 of 2: 912 messages' },
    {
      kind: 'facts', isWide: true, facts: [
        { label: 'Kind', value: 'eth/voluntary-exit', from: 'outside' },
        { label: 'Network', value: 'hoodi', from: 'outside' },
        { label: 'Validator index', value: '912 numbers in 37 ranges', from: 'outside' },
        { label: '  least', value: '700001', from: 'own' },
        { label: '  most', value: '703117', from: 'own' },
        { label: '  SHA-256', value: hexOf(4), from: 'hex' },
        { label: 'Warning', value: 'No eye checks these numbers. Compare the SHA-256 with that of your own list, which has one number a line: sort -n LIST | sha256sum', from: 'own', isWarning: true },
      ],
    },
    GAP, { kind: 'number', number: NUMBER },
  ],
}

const pairing: PageQuestion = {
  ...join, id: 'q3', answer: { kind: 'yes' }, isNoAskedAgain: false, prompt: ['Is this your own client? `keyrite client init` printed its signing key there.'],
  blocks: [GAP, { kind: 'heading', text: 'PAIRING' }, { kind: 'text', text: 'A client shows this card:' }, GAP, { kind: 'facts', facts: [{ label: 'name', value: 'alice', from: 'own' }, { label: 'signing key', value: KEY, from: 'hex' }] }],
}

const blind: PageQuestion = {
  ...sign, id: 'q4', mayLook: false, answer: { kind: 'sentence', sentence: 'I sign what I cannot read' },
  prompt: ['Nobody can see what a raw message is: it may give away all that the key holds.', 'To sign all the same, type this sentence:'],
}

const declining: PageQuestion = {
  ...join, id: 'q5', answer: { kind: 'decline' }, isNoAskedAgain: false,
  prompt: ['Decline for good? It cannot be taken back: the others are told, and go on without you, or the ceremony ends.'],
}

const looked: readonly Block[] = [{
  kind: 'list', items: Array.from({ length: 30 }, (_, i) => ({ number: i + 500, what: '', text: `0x${hexOf(i)}${hexOf(i + 1).slice(0, 32)}`, note: i === 3 ? 'RAW' : '' })),
}]

const asking = (question: PageQuestion, more: Partial<PageState> = {}): PageState => ({
  ...airgap, doing: 'Your client asks you to join a ceremony.', isWaitingForOwner: true, isReading: true, read: null, question,
  ceremony: null, ...more,
})

export const STATES = {
  'client-showing': { ...client, isReading: true },
  'client-waiting': { ...client, showing: null, isReading: false, doing: 'Waiting for the deals of bob and dave-of-the-long-name.', progress: null },
  'client-parts': { ...client, isReading: true, progress: { what: 'Part of the request', done: 3, total: 12, secondsLeft: 340 } },
  'airgap-reading': airgap,
  'airgap-first': { ...airgap, read: null, ceremony: null, record: [], doing: 'Waiting for the first request of your client.' },
  'airgap-both': { ...airgap, showing: { id: 'answer-1', bytes: 900 }, doing: 'Showing the answer for SendDeals to your client.', read: { seen: 83, needed: 83 } },
  'airgap-computing': { ...airgap, isReading: false, read: null, doing: 'Signing 18632 messages.', progress: { what: 'Signatures', done: 4200, total: 18632, secondsLeft: 9 } },
  'consent-join': asking(join),
  'consent-join-trouble': asking({ ...join, trouble: 'That is not the number: digit 14 differs. Who reads such a number aloud has another ceremony.' }),
  'consent-sign': asking(sign),
  'consent-looked': asking({ ...sign, looked }),
  'consent-blind': asking(blind),
  'consent-decline': asking(declining),
  'consent-rehearsal': asking({ ...join, blocks: [...join.blocks.slice(0, 2), { kind: 'warning', text: 'This is a REHEARSAL. What it makes never counts for real.' }, ...join.blocks.slice(2)] }, { isRehearsal: true }),
  'consent-unconfirmed': asking({ ...sign, blocks: [{ kind: 'warning', isGrave: true, text: 'UNCONFIRMED: your share of key was recovered from a log in which not everybody had confirmed. The others may have given it up.' }, ...sign.blocks] }),
  pairing: asking(pairing, { owner: '', doing: 'A client wants to be paired.' }),
  'client-rehearsal': { ...client, isReading: true, isRehearsal: true },
  'airgap-rehearsal': { ...airgap, isRehearsal: true },
  'end-good': {
    ...client, showing: null, isReading: false, doing: '',
    end: { isGood: true, lines: ['The ceremony is usable', `groupKey: ${hexOf(5)}${hexOf(9).slice(0, 32)}`, 'All 4 participants have confirmed it.'], next: ['Keep the transcript: `keyrite client export 52a1c0ffee5d`', 'Sign with the key: `keyrite client ready sign`'] },
  },
  'end-bad': { ...airgap, isReading: false, read: null, end: { isGood: false, lines: ['The ceremony was aborted', 'carol’s deal for bob did not fit her commitments.'], next: ['Start anew without carol: `keyrite client open dkg --set threshold=2`'] } },
} as const satisfies Readonly<Record<string, PageState>>

export type StateName = keyof typeof STATES
