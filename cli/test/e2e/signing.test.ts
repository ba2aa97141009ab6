import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PublicKey, Signature, verify as verifyByBlst } from '@chainsafe/blst'
import { expect } from 'chai'
import type { Signable } from '../../../engine/messages/kind.ts'
import { signedBytesOf } from '../../../engine/messages/kinds.ts'
import { errorIn, killAll, openDkg, readyWorld } from './world.ts'
import type { Ended, Opened, Person, World } from './world.ts'

const ADDRESS = '0xB9D7934878B5FB9610B3fE8A5e441e8fad7E293f'

interface Signed {
  readonly ceremony: string
  readonly rehearsal: boolean
  readonly groupKey: string
  readonly purpose: string
  readonly messages: readonly { readonly kind: string; readonly message: Signable; readonly signature: string; readonly display: readonly { readonly label: string; readonly value: string }[] }[]
}

interface Key {
  readonly groupKey: string
  readonly ceremony: string
  readonly state: string
  readonly threshold: number
  readonly members: readonly string[]
  readonly withdrawalCredentials: string
  readonly signed: readonly { readonly ceremony: string; readonly purpose: string; readonly count: number }[]
}

function json(ended: Ended): unknown {
  expect(ended.code, ended.stdout + ended.stderr).to.equal(0)
  return JSON.parse(ended.stdout)
}

/** Runs both people's machines through a ceremony to the end. */
async function runBoth({ ada, bob }: World, { ceremony, number }: Opened, ...airgaps: readonly Person[]): Promise<Ended[]> {
  const consent = ['--accept', number, '--until-finished', '--json']
  const run = ['--ceremony', ceremony.slice(0, 12), '--json']
  const serving = (airgaps.length === 0 ? [ada, bob] : airgaps).map((person) => person.start('airgap run', consent))
  const ends = await Promise.all([ada, bob].map((person) => person.start('client run', run).ended))
  await Promise.all(serving.map(({ ended }) => ended))
  return ends
}

describe('a signing by two people', function () {
  this.timeout(180_000)
  let world: World
  let key: Opened
  let groupKey: string
  let changes: Opened
  const file = (name: string): string => join(world.folder, name)
  const write = (name: string, content: unknown): Promise<void> => writeFile(file(name), typeof content === 'string' ? content : JSON.stringify(content))
  const openSign = (...args: readonly string[]): Promise<Ended> => world.ada.run('client open', 'sign', '--json', ...args)

  before(async () => {
    world = await readyWorld()
    await world.serve()
    key = await openDkg(world)
    await write('text.json', [{ kind: 'text', text: 'Hello' }])
  })
  after(async () => {
    await killAll()
    await world.remove()
  })

  it('is not opened under a key that is not finished, which is said with what to do', async () => {
    const error = errorIn(await openSign('--set', `key=${key.ceremony.slice(0, 8)}`, '--messages', file('text.json'), '--purpose', 'Too early'))
    expect(error).to.include({ exit: 3, code: 'cli.followed' }).and.have.property('message').that.contains('not usable')
    const { keys } = json(await world.ada.run('client keys', '--json')) as { keys: readonly Key[] }
    expect(keys).to.deep.equal([])
    for (const { code, stdout, stderr } of await runBoth(world, key)) expect(code, stdout + stderr).to.equal(0)
  })

  it('is opened with the key by its first digits, and is refused with one clear error for each mistake', async () => {
    const id = key.ceremony.slice(0, 12)
    await write('kind.json', [{ kind: 'eth/unheard-of' }])
    await write('broken.json', '[{"kind": "text", "text": "Hello"},\n  {"kind": "text" "text": "x"}]')
    await write('twice.json', [{ kind: 'text', text: 'Hello' }, { kind: 'text', text: 'Hello' }])
    await write('empty.json', [])
    await write('many.json', Array.from({ length: 1001 }, (_, i) => ({ kind: 'text', text: `Text ${i}` })))
    const given = (name: string, ...more: readonly string[]): readonly string[] => ['--set', `key=${id}`, '--messages', file(name), '--purpose', 'A try', ...more]
    const cases: readonly (readonly [args: readonly string[], code: string, says: string])[] = [
      [given('kind.json'), 'message.unknown-kind', 'eth/unheard-of'],
      [given('broken.json'), 'message.not-json', 'broken.json:2:'],
      [given('twice.json'), 'message.duplicate', 'Message 2'],
      [given('empty.json'), 'message.empty', 'no message'],
      [given('many.json'), 'message.too-many', '1001'],
      [given('text.json', '--rehearsal'), 'cli.rehearsal', 'real'],
      [['--set', 'key=0000000000000000', '--messages', file('text.json'), '--purpose', 'A try'], 'cli.followed', 'no ceremony on this board'],
      [['--messages', file('text.json'), '--purpose', 'A try'], 'cli.parameters', 'key is missing'],
      [['--set', `key=${id}`, '--purpose', 'A try'], 'cli.parameters', 'messages is missing'],
      [given('text.json', '--roster', 'ada,carol'), 'cli.roster', 'carol took no part'],
    ]
    const refused = async ([args, code, says]: (typeof cases)[number]): Promise<void> => {
      const error = errorIn(await openSign(...args))
      expect(error, args.join(' ')).to.include({ exit: 3, code })
      expect(error.message).to.contain(says)
    }
    // Errors on the command line are told before the home is locked.
    await Promise.all(cases.filter(([, code]) => /^message|parameters/.test(code)).map(refused))
    for (const one of cases.filter(([, code]) => !/^message|parameters/.test(code))) await refused(one)
  })

  it('makes signatures that another implementation verifies, and a list that a beacon node takes', async () => {
    const { keys } = json(await world.ada.run('client keys', '--json')) as { keys: readonly Key[] }
    expect(keys).to.have.length(1)
    expect(keys[0]).to.deep.include({ ceremony: key.ceremony, state: 'usable', threshold: 2, members: ['ada', 'bob'], signed: [] })
    groupKey = keys[0]?.groupKey ?? ''
    expect(keys[0]?.withdrawalCredentials).to.match(/^00[0-9a-f]{62}$/)

    await write('changes.json', [10, 11, 12].map((validatorIndex) => ({
      kind: 'eth/bls-to-execution-change', network: 'hoodi', validatorIndex, fromBlsPubkey: `0x${groupKey}`, toExecutionAddress: ADDRESS,
    })))
    // Nobody has posted Ready for it.
    changes = json(await openSign('--set', `key=${key.ceremony.slice(0, 8)}`, '--messages', file('changes.json'), '--purpose', 'To our treasury')) as Opened
    expect(changes).to.have.nested.property('messages.count', 3)
    const [ada, bob] = await runBoth(world, changes)
    expect([ada?.code, bob?.code], `${ada?.stdout}${ada?.stderr}${bob?.stderr}`).to.deep.equal([0, 0])
    expect(ada?.stderr).to.contain('To our treasury').and.contain('3 messages to be signed')

    const signed = json(await world.bob.run('client signatures', changes.ceremony.slice(0, 12), '--json')) as Signed
    expect(signed).to.include({ ceremony: changes.ceremony, groupKey, purpose: 'To our treasury', rehearsal: false })
    const publicKey = PublicKey.fromHex(groupKey)
    for (const { message, signature } of signed.messages) {
      expect(verifyByBlst(signedBytesOf(message, changes.ceremony), publicKey, Signature.fromHex(signature))).to.equal(true)
    }
    const list = json(await world.bob.run('client signatures', changes.ceremony.slice(0, 12), '--beacon-api', '--json'))
    expect(list).to.deep.equal([10, 11, 12].map((index, i) => ({
      message: { validator_index: String(index), from_bls_pubkey: `0x${groupKey}`, to_execution_address: ADDRESS.toLowerCase() },
      signature: `0x${signed.messages[i]?.signature ?? ''}`,
    })))
    const after = json(await world.bob.run('client keys', '--json')) as { keys: readonly Key[] }
    expect(after.keys[0]?.signed.map(({ ceremony, purpose, count }) => ({ ceremony, purpose, count }))).to.deep.equal([{ ceremony: changes.ceremony, purpose: 'To our treasury', count: 3 }])
  })

  it('is verified offline from its export and its transcript, and any change of either is seen', async () => {
    const { ada } = world
    await Promise.all([ada.run('client signatures', changes.ceremony, '-o', 'signatures.json'), ada.run('client export', changes.ceremony, '-o', 'sign.transcript')])
    const text = await readFile(file('signatures.json'), 'utf8')
    await write('moved.json', text.replaceAll('"validatorIndex": 11', '"validatorIndex": 13'))
    const verify = (...args: readonly string[]): Promise<Ended> => ada.run('verify', ...args)
    const [alone, proven, transcript, moved] = await Promise.all([
      verify('signatures.json'), verify('signatures.json', '--transcript', 'sign.transcript', '--json'), verify('sign.transcript'), verify('moved.json'),
    ])
    expect(alone.code, alone.stdout + alone.stderr).to.equal(0)
    expect(alone.stdout).to.contain('All 3 signatures are good').and.contain('only this file’s claim')
    expect(json(proven)).to.include({ verdict: 'signed', keyIsProven: true, groupKey, count: 3 })
    expect(transcript.code, transcript.stdout).to.equal(0)
    expect(transcript.stdout).to.match(/ok {3}key: certificate/).and.contain('The script of key is dkg').and.contain('3 to be signed')
    expect(moved.code, moved.stdout).to.equal(5)
    expect(moved.stdout).to.contain('message 2').and.contain('not valid')
  })
})
