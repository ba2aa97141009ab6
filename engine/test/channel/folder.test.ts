import { mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { isKeyriteError } from '../../base/errors.ts'
import type { KeyriteError } from '../../base/errors.ts'
import type { Role } from '../../base/names.ts'
import type { Carrier, CarrierProgress } from '../../channel/carrier.ts'
import { sealEnvelope } from '../../channel/envelope.ts'
import { openFolderCarrier } from '../../channel/folder.ts'
import { renderPng } from '../../channel/png.ts'
import { makeSending } from '../../channel/transfer.ts'
import { until } from '../until.ts'
import { randomText } from './helpers.ts'

const never = (): AbortSignal => new AbortController().signal
const letter = (body: string): string => sealEnvelope({ kind: 'request', ceremony: null, step: null, body })

async function codeOfLater(run: Promise<unknown>): Promise<string> {
  try {
    await run
  } catch (error) {
    if (isKeyriteError(error)) return error.code
    throw error
  }
  return 'nothing was thrown'
}

describe('the folder carrier', () => {
  let folder = ''
  let open: Carrier[] = []
  let problems: KeyriteError[] = []
  let progress: CarrierProgress[] = []

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'keyrite-folder-'))
    open = []
    problems = []
    progress = []
  })
  afterEach(async () => {
    for (const carrier of open) await carrier.close()
    await rm(folder, { recursive: true, force: true })
  })

  async function make(role: Role, fragment = 100): Promise<Carrier> {
    const carrier = await openFolderCarrier({
      folder,
      role,
      fragment,
      pollEvery: 20,
      settleAfter: 100,
      onProgress: (one) => progress.push(one),
      onProblem: (one) => problems.push(one),
    })
    open.push(carrier)
    return carrier
  }

  /** The frames of the newest transfer of a side. */
  async function shown(role: Role): Promise<{ readonly path: string; readonly files: readonly string[] }> {
    const names = (await readdir(join(folder, `from-${role}`))).sort()
    const path = join(folder, `from-${role}`, names.at(-1) ?? '')
    return { path, files: (await readdir(path)).sort() }
  }

  it('carries requests and answers, both ways at once', async () => {
    const client = await make('client')
    const airgap = await make('airgap')
    const request = letter(randomText(1000, 'request'))
    const answer = letter(randomText(700, 'answer'))
    const [atAirgap, atClient] = await Promise.all([
      airgap.receive(never()),
      client.receive(never()),
      client.show(request),
      airgap.show(answer),
    ])
    expect(atAirgap.text).equal(request)
    expect(atAirgap.envelope).include({ kind: 'request', ceremony: null })
    expect(atClient.text).equal(answer)
    expect(atAirgap.frames).equal(makeSending(request, { fragment: 100 }).partCount)
    const out = progress.filter(({ direction }) => direction === 'out')
    expect(out.every(({ frames, needed, bytes }) => frames > 0 && needed > 1 && bytes > 500)).equal(true)
    expect(progress.filter(({ direction }) => direction === 'in').at(-1)?.needed).greaterThan(1)
    expect(problems).deep.equal([])
  })

  it('shows a transfer whole, with a fifth more frames, and takes the one before away only then', async () => {
    const client = await make('client', 400)
    await client.show(letter('first'))
    expect((await shown('client')).files).deep.equal(['0001.png'])
    const text = letter(randomText(4000, 'second'))
    await client.show(text)
    const { files } = await shown('client')
    const parts = makeSending(text, { fragment: 400 }).partCount
    expect(files.length).equal(parts + Math.ceil(parts / 5))
    const names = await readdir(join(folder, 'from-client'))
    expect(names).length(1)
    expect(names[0]).match(/^000002-[0-9a-f]{16}$/)
  })

  it('delivers each text once to one carrier, and again to a new one', async () => {
    const client = await make('client')
    const airgap = await make('airgap')
    await client.show(letter('one'))
    expect((await airgap.receive(never())).text).equal(letter('one'))
    await client.show(letter('one'))
    const next = airgap.receive(never())
    await client.show(letter('two'))
    expect((await next).text).equal(letter('two'))
    const restarted = await make('airgap')
    expect((await restarted.receive(never())).text).equal(letter('two'))
    await client.show(letter('one'))
    expect((await airgap.receive(never())).text).equal(letter('one'))
  })

  it('delivers a text again that was taken away and is shown anew, and says what stood there before', async () => {
    const request = letter('the same again')
    const client = await make('client')
    await client.show(request)
    const airgap = await make('airgap')
    expect(await airgap.receive(never())).to.include({ text: request, isOld: true })
    const again = airgap.receive(never())
    await client.stopShowing()
    await new Promise((resolve) => setTimeout(resolve, 200))
    await client.show(request)
    expect(await again).to.include({ text: request, isOld: false })
  })

  it('tells when the other side shows something else or nothing, loses none of it, and waits while a folder is away', async () => {
    const client = await make('client')
    const airgap = await openFolderCarrier({ folder, role: 'airgap', pollEvery: 20 })
    open.push(airgap)
    await client.show(letter('one'))
    await airgap.receive(never())
    const away = new AbortController()
    const unchanged = airgap.untilChanged(away.signal)
    await client.show(letter('one'))
    await rename(join(folder, 'from-client'), join(folder, 'away'))
    await new Promise((resolve) => setTimeout(resolve, 100))
    await rename(join(folder, 'away'), join(folder, 'from-client'))
    away.abort()
    expect(await unchanged).equal(undefined)
    const other = airgap.untilChanged(never())
    await client.show(letter('two'))
    expect(await other).equal('other')
    expect((await airgap.receive(never())).text).equal(letter('two'))
    const nothing = airgap.untilChanged(never())
    await client.stopShowing()
    expect(await nothing).equal('nothing')
    await client.show(letter('two'))
    expect((await airgap.receive(never())).text).equal(letter('two'))
  })

  it('a reader that was there first gets what comes', async () => {
    const airgap = await make('airgap')
    const waiting = airgap.receive(never())
    const client = await make('client')
    await client.show(letter('late'))
    expect((await waiting).text).equal(letter('late'))
  })

  it('reads past damaged, truncated, missing and foreign images, pipes of other things and links', async () => {
    const client = await make('client', 50)
    const text = letter(randomText(6000, 'damage'))
    await client.show(text)
    const { path, files } = await shown('client')
    const parts = makeSending(text, { fragment: 50 }).partCount
    expect(files.length - parts).greaterThan(5)
    await truncate(join(path, files[0] ?? ''), 100)
    await writeFile(join(path, files[1] ?? ''), 'no image')
    await rm(join(path, files[2] ?? ''))
    await rm(join(path, files[3] ?? ''))
    await symlink('/dev/zero', join(path, files[3] ?? ''))
    await writeFile(join(path, files[4] ?? ''), renderPng('HTTPS://EXAMPLE.ORG/'))
    await mkdir(join(path, '9999.png'))
    await writeFile(join(path, 'notes.txt'), 'not a frame')
    await writeFile(join(folder, 'from-client', 'README'), 'not a transfer')
    const airgap = await make('airgap')
    expect((await airgap.receive(never())).text).equal(text)
    expect(problems).deep.equal([])
  })

  it('tells once of a transfer that cannot be completed, waits on, and takes the files that come later', async () => {
    const client = await make('client', 50)
    const text = letter(randomText(1000, 'incomplete'))
    await client.show(text)
    const { path, files } = await shown('client')
    const kept = await Promise.all(files.map(async (file) => ({ file, bytes: await readFile(join(path, file)) })))
    for (const { file } of kept.slice(3)) await rm(join(path, file))
    await truncate(join(path, files[0] ?? ''), 60)
    await writeFile(join(path, files[3] ?? ''), renderPng('HTTPS://EXAMPLE.ORG/'))
    const airgap = await make('airgap')
    const waiting = airgap.receive(never())
    await until('a problem', () => problems.length > 0)
    await new Promise((resolve) => setTimeout(resolve, 250))
    expect(problems.map(({ code }) => code)).deep.equal(['channel.incomplete'])
    expect(problems[0]?.facts).include({ frames: 4, damaged: 1, foreign: 1, seen: 2 })
    expect(problems[0]?.message).include('1 of them unreadable, and 1 with codes that are none of keyrite’s')
    for (const { file, bytes } of kept) await writeFile(join(path, file), bytes)
    expect((await waiting).text).equal(text)
  })

  it('a transfer that was altered on the way is reported, and the next one is taken', async () => {
    const client = await make('client')
    const airgap = await make('airgap')
    const waiting = airgap.receive(never())
    await client.show(letter('true').replace('true', 'lies'))
    await until('a problem', () => problems.length > 0)
    expect(problems.map(({ code }) => code)).deep.equal(['channel.wrong-digest'])
    await client.show(letter('true'))
    expect((await waiting).text).equal(letter('true'))
  })

  it('the newest text wins when several are shown at once, and nothing unfinished stays', async () => {
    const client = await make('client', 50)
    const texts = [1, 2, 3].map((i) => letter(randomText(3000, `many ${i}`)))
    await Promise.all(texts.map((text) => client.show(text)))
    expect(await readdir(join(folder, 'from-client'))).length(1)
    const airgap = await make('airgap')
    expect((await airgap.receive(never())).text).equal(texts[2])
  })

  it('a writer that was killed leaves nothing that a reader takes, and the next one cleans up', async () => {
    const hidden = join(folder, 'from-client', '.writing-0123456789abcdef')
    await mkdir(hidden, { recursive: true })
    await writeFile(join(hidden, '0001.png'), renderPng(makeSending(letter('half'), { fragment: 100 }).frames().next().value))
    const airgap = await make('airgap')
    const waiting = airgap.receive(never())
    const client = await make('client')
    await client.show(letter('whole'))
    expect((await waiting).text).equal(letter('whole'))
    expect(await readdir(join(folder, 'from-client'))).length(1)
  })

  it('a folder that goes away is told once, and works again when it is back', async () => {
    const airgap = await make('airgap')
    const waiting = airgap.receive(never())
    await rename(join(folder, 'from-client'), join(folder, 'away'))
    await until('a problem', () => problems.length > 0)
    expect(problems.map(({ code }) => code)).deep.equal(['channel.bad-folder'])
    await rename(join(folder, 'away'), join(folder, 'from-client'))
    const client = await make('client')
    await client.show(letter('back'))
    expect((await waiting).text).equal(letter('back'))
  })

  it('a file in place of a folder, and a folder that cannot be written, are refused with what to do', async () => {
    await writeFile(join(folder, 'file'), '')
    const refused = openFolderCarrier({ folder: join(folder, 'file'), role: 'client' })
    expect(await codeOfLater(refused)).equal('channel.bad-folder')
    const client = await make('client')
    await rm(join(folder, 'from-client'), { recursive: true })
    await writeFile(join(folder, 'from-client'), '')
    expect(await codeOfLater(client.show(letter('x')))).equal('channel.bad-folder')
  })

  it('receiving ends by its signal, by closing, and not twice at once', async () => {
    const airgap = await make('airgap')
    const stop = new AbortController()
    const waiting = airgap.receive(stop.signal)
    expect(await codeOfLater(airgap.receive(never()))).equal('channel.busy')
    stop.abort(new Error('enough'))
    expect(await waiting.catch((error: unknown) => error)).property('message', 'enough')
    const again = codeOfLater(airgap.receive(never()))
    await airgap.close()
    expect(await again).equal('channel.closed')
    expect(await codeOfLater(airgap.show(letter('x')))).equal('channel.closed')
  })

  it('carries 50 KB', async () => {
    const client = await make('client', 1000)
    const airgap = await make('airgap')
    const text = letter(randomText(50_000, 'long'))
    const [incoming] = await Promise.all([airgap.receive(never()), client.show(text)])
    expect(incoming.text).equal(text)
  })
})
