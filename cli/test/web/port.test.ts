import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { keepPort, lastPort } from '../../web/server.ts'

describe('the port of a page', () => {
  let home: string
  beforeEach(async () => (home = await mkdtemp(join(tmpdir(), 'keyrite-port-'))))
  afterEach(() => rm(home, { recursive: true, force: true }))

  it('is any at first, and then the one that was kept', async () => {
    expect(await lastPort(home)).to.equal(0)
    await keepPort(home, 45_123)
    expect(await lastPort(home)).to.equal(45_123)
    expect((await stat(join(home, 'page-port'))).mode & 0o777).to.equal(0o600)
  })

  it('is any where what was kept is no port', async () => {
    for (const text of ['', '0', '80', '1023', '65536', '99999', '123456', '-4512', '4512.5', '0x1234', '45123 ', '45123\n\n', 'x'.repeat(100)]) {
      await writeFile(join(home, 'page-port'), text)
      expect(await lastPort(home), JSON.stringify(text)).to.equal(0)
    }
  })

  it('is not kept where nothing can be written, and nobody minds', async () => {
    await keepPort(join(home, 'nowhere'), 45_123)
    expect(await lastPort(join(home, 'nowhere'))).to.equal(0)
    expect(await readFile(join(home, 'nowhere', 'page-port')).catch(() => 'none')).to.equal('none')
  })
})
