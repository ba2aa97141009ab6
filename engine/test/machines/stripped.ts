/**
 * A shipped ceremony without all that no machine sees: fields, attachments, checks, prepared values, outputs. It has its order, those
 * who are awaited, its disputes and its times; a test holds that the machines compiled from it are the same.
 */
import type { Call, Ceremony, MessageSpec, Script, Step } from '../../machines/ceremony.ts'
import { readShipped } from '../../script/load.ts'
import type { Verbs } from '../../verbs/runtime.ts'
import type { Card, Opening } from '../../wire/card.ts'

export interface Stripped {
  readonly script: Script
  readonly opening: Opening
  readonly verbs: Verbs
}

/** @param quorum how many are enough where the ceremony takes that from the one that it follows */
export function stripped(name: string, names: readonly string[], quorum = names.length): Stripped {
  const { ceremony, ...file } = readShipped(name)
  const script: Script = { ...file, ceremony: bare(ceremony) }
  const roster = names.map((one, i): Card => ({
    name: one, signingKey: `${i}1`.padStart(64, '0'), airgapKey: `${i}2`.padStart(64, '0'), epoch: `${i}`.padStart(32, '0'),
  }))
  const opening: Opening = {
    script: { name: ceremony.name, version: ceremony.version, hash: script.hash }, parameters: { quorum }, roster,
    opensAt: '2026-01-01T00:00:00Z', nonce: '0'.repeat(64), rehearsal: false,
  }
  return { script, opening, verbs: { airgap: {}, value: {}, client: {}, check: {}, assist: {}, judge: judges(script.ceremony) } }
}

function bare({ participants = { min: 2, max: 1024 }, ...ceremony }: Ceremony): Ceremony {
  const speaks = (type: string): boolean => Object.entries(ceremony.disputes).some(([dispute, { sends }]) => dispute === type || sends === type)
  const messages = Object.entries(ceremony.messages).map(([name, { payload }]): [string, MessageSpec] => [name, {
    name, to: 'everyone', payload: Object.fromEntries(Object.entries(payload).filter(([, type]) => speaks(name) && type === 'participant')),
  }])
  const disputes = Object.entries(ceremony.disputes).map(([name, one]) => [name, { ...one, airgap: alone(one.airgap), judge: alone(one.judge) }] as const)
  return {
    ...ceremony, participants, follows: {}, parameters: { quorum: 'quorum' }, outputs: {},
    messages: Object.fromEntries(messages), disputes: Object.fromEntries(disputes), steps: ceremony.steps.map(bareStep),
  }
}

function bareStep({ name, index, airgap, client, confirm, assist, sends, disputes, collect, within, keeps }: Step): Step {
  return {
    name, index, confirm, sends, within, prepare: {}, agree: [],
    ...(airgap === undefined ? {} : { airgap: alone(airgap) }), ...(client === undefined ? {} : { client: alone(client) }),
    ...(assist === undefined ? {} : { assist: alone(assist) }), ...(disputes === undefined ? {} : { disputes }), ...(keeps === undefined ? {} : { keeps }),
    collect: collect.kind !== 'count' ? collect : { kind: 'count', of: { from: 'parameter', name: 'quorum', type: { kind: 'value', name: 'quorum' } } },
  }
}

const alone = ({ verb }: Call): Call => ({ verb, args: [] })

/** Judges one of two guilty who say different things; machines do not ask which. */
const judges = ({ disputes }: Ceremony): Verbs['judge'] => Object.fromEntries(Object.values(disputes).map(({ judge }) => [
  judge.verb, (_, dispute) => ({ guilty: dispute.from, reason: 'dkg.false-complaint', why: 'the complaint is false' }),
]))
