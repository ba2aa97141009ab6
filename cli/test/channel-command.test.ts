/** The frame of the commands that speak to the other machine. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Config } from '@oclif/core'
import { captureOutput } from '@oclif/test'
import { expect } from 'chai'
import { cliError } from '../errors.ts'
import { ChannelCommand, channelFlags } from '../roles/channel-command.ts'
import type { End } from '../roles/channel-command.ts'
import { carriers, written } from '../carriers/table.ts'

describe('a command on a channel', () => {
  let folder: string
  let events: string[]
  let ends: () => Promise<End>

  class Probe extends ChannelCommand {
    static override flags = { ...channelFlags }
    static override id = 'client:probe'

    async run(): Promise<unknown> {
      const { flags } = await this.parse(Probe)
      return await this.onChannel({
        role: 'client', flags,
        open: (say) => {
          say('opening')
          events.push('machine opened')
          return Promise.resolve({
            home: folder, name: 'ada',
            close: () => {
              events.push('machine closed')
              return Promise.resolve()
            },
          })
        },
        owner: ({ name }) => name,
        work: async ({ name }, channel) => {
          const carrier = await channel.open()
          events.push(`${name} works`)
          channel.screen.show(['busy'])
          return await ends().finally(() => carrier.close())
        },
      })
    }
  }

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'keyrite-frame-'))
    events = []
  })
  afterEach(async () => {
    process.exitCode = undefined
    await rm(folder, { recursive: true })
  })

  async function run(...args: string[]) {
    const config = new Config({ root: join(import.meta.dirname, 'app') })
    await config.load()
    return await captureOutput(() => Probe.run(args, config))
  }
  const channel = () => ['--channel', `folder:${join(folder, 'channel')}`]

  it('prints its end and what to do next, and ends with the exit code of its work', async () => {
    ends = () => Promise.resolve({ lines: ['It is over.'], next: ['keyrite client status'], exit: 4, json: { over: true } })
    const { stdout, stderr, result } = await run(...channel())
    expect(stdout).to.equal('It is over.\n\nNext:\n  keyrite client status\n')
    // The block of a screen that is over is not left behind.
    expect(stderr).to.equal('opening\n')
    expect(result).to.deep.equal({ over: true })
    expect(process.exitCode).to.equal(4)
    expect(events).to.deep.equal(['machine opened', 'ada works', 'machine closed'])
  })

  it('closes what it opened where its work fails, and tells the failure', async () => {
    ends = () => Promise.reject(cliError('pairing', { name: 'ada' }))
    const { stdout, stderr, error } = await run(...channel())
    expect([stdout, stderr]).to.satisfy(([out, err]: string[]) => out === '' && err?.includes('(cli.pairing)'))
    expect(error?.oclif?.exit).to.equal(3)
    expect(events).to.deep.equal(['machine opened', 'ada works', 'machine closed'])
  })

  it('closes the machine where the carrier cannot be opened', async () => {
    const { stderr } = await run('--channel', `folder:${import.meta.filename}`)
    expect(stderr).to.include('a part of its path is a file')
    expect(events).to.deep.equal(['machine opened', 'machine closed'])
  })

  it('refuses a channel that there is not before it opens anything, and names those that there are', async () => {
    for (const wrong of ['folder', 'folder:', 'web:x', 'terminal:', 'paper', '', 'folder:a\nb']) {
      const { stderr, error } = await run('--channel', wrong)
      expect(error?.oclif?.exit, wrong).to.equal(2)
      expect(stderr.replace(/\s+/g, ' ')).to.include('Use --channel ').and.include(carriers.map((one) => `--channel ${written(one)}`).at(-1))
    }
    expect(events).to.deep.equal([])
  })
})
