/** The web carrier: a page in this machine's browser shows codes, and reads them with the machine's camera. */
import { rolePath } from '../home.ts'
import { lentBy } from './kind.ts'
import type { CarrierKind } from './kind.ts'

export const web: CarrierKind = {
  name: 'web',
  does: 'shows and reads QR codes on a page in this machine’s browser, with its camera; it is the default where a browser can be opened',
  hint: () => 'The client’s codes are read by this machine’s camera, on the page: let it see the client’s screen.',
  suits: async () => (await import('../web/server.ts')).browserOpener() !== undefined,
  check: async () => void (await import('../web/page-file.ts')).readPage(),
  open: async (_, { terminal, ...use }) => {
    const { openPage } = await import('../web/page.ts')
    const ring = (): void => {
      if (process.stderr.isTTY) process.stderr.write('\u0007')
    }
    const page = await openPage({ ...use, home: rolePath(use.role), say: (line) => terminal.log(line), ring })
    return {
      page, screen: page.screen(terminal),
      open: (options) => {
        const carrier = page.carrier(options)
        return Promise.resolve({ ...carrier, hand: page.hand, lend: lentBy(carrier) })
      },
    }
  },
}
