/** Two live pages that show and read at once, through cameras that are out of focus, noisy, askew, and lose pictures. */
import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import { sealEnvelope } from '../../../engine/channel/envelope.ts'
import { makeCamera } from '../browser/camera.ts'
import type { CameraOptions } from '../browser/camera.ts'
import { closeAll } from '../browser/closing.ts'
import { openEnd } from '../web/end.ts'
import type { End } from '../web/end.ts'
import { face } from './machine.ts'

const envelope = (bytes: number): string => sealEnvelope({ kind: 'test', ceremony: null, step: null, body: randomBytes(bytes).toString('base64') })

/** Milliseconds for one transfer on a machine that is busy with all this. */
const LIMIT = 120_000

const CASES: Readonly<Record<string, CameraOptions>> = {
  'out of focus': { blur: 1 },
  'in the dark': { noise: 14, brightness: 0.6 },
  'that lose a third of their pictures': { dropped: 0.33 },
  'with all of that, and askew': { blur: 1, noise: 10, brightness: 0.8, perspective: 0.08, dropped: 0.2 },
}

describe('two pages that read each other with cameras', function () {
  this.timeout(2 * LIMIT)
  afterEach(closeAll)

  interface Pair {
    readonly client: End
    readonly airgap: End
    readonly stop: () => Promise<void>
  }

  async function sit(flaws: CameraOptions): Promise<Pair> {
    const cameras = [await makeCamera({ ...flaws, rate: 12, seed: 3 }), await makeCamera({ ...flaws, rate: 12, seed: 4 })] as const
    const [client, airgap] = [await openEnd('client', cameras[0]), await openEnd('airgap', cameras[1])]
    return { client, airgap, stop: face({ page: client.page, camera: cameras[0] }, { page: airgap.page, camera: cameras[1] }, { rate: 10 }).stop }
  }

  for (const [name, flaws] of Object.entries(CASES)) {
    it(`${name}: a request goes over, its answer comes back while the request still shows, and each hears that the other has it`, async () => {
      const { client, airgap, stop } = await sit(flaws)
      const [request, answer] = [envelope(2500), envelope(900)]
      const came = client.receive(LIMIT)
      await client.carrier.show(request)
      expect((await airgap.receive(LIMIT))?.text === request, 'the request').equal(true)
      await client.page.getByText(/The other machine has (all of it|read all)/).waitFor({ timeout: LIMIT })
      await client.carrier.untilTaken(AbortSignal.timeout(LIMIT))

      await airgap.carrier.show(answer)
      expect((await came)?.text === answer, 'the answer').equal(true)
      await client.carrier.stopShowing()
      // The client needs nothing more, and shows how it has read.
      await airgap.carrier.untilTaken(AbortSignal.timeout(LIMIT))
      await stop()
    })
  }

  it('crosses both ways at once', async () => {
    const { client, airgap, stop } = await sit({ blur: 1, noise: 6, dropped: 0.1 })
    const texts = { fromClient: envelope(1500), fromAirgap: envelope(1500) }
    await Promise.all([client.carrier.show(texts.fromClient), airgap.carrier.show(texts.fromAirgap)])
    const [atAirgap, atClient] = await Promise.all([airgap.receive(LIMIT), client.receive(LIMIT)])
    expect(atAirgap?.text === texts.fromClient, 'at the airgap').equal(true)
    expect(atClient?.text === texts.fromAirgap, 'at the client').equal(true)
    await stop()
  })
})
