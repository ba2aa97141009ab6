import { expect } from 'chai'
import { killAll, readyWorld } from './world.ts'
import type { World } from './world.ts'

describe('who is ready', () => {
  let world: World
  before(async () => (world = await readyWorld()))
  after(async () => {
    await killAll()
    await world.remove()
  })

  it('hears how to open the ceremony: with everybody who is ready for it, or after the key that it follows', async () => {
    await world.serve()
    const next = async (script: string): Promise<string> => (await world.ada.run('client ready', script)).stdout
    expect(await next('dkg')).to.match(/keyrite client open dkg --set threshold=… --roster ada,bob$/m)
    expect(await next('sign')).to.match(/keyrite client open sign --set key=ID --purpose TEXT --messages FILE$/m)
  })
})
