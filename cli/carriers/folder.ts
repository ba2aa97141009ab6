/** The folder carrier: QR images in a folder that both machines reach. */
import { lentBy } from './kind.ts'
import type { CarrierKind } from './kind.ts'

export const folder: CarrierKind = {
  name: 'folder',
  value: { name: 'DIR', is: 'a folder that both machines reach (a stick, say)' },
  does: 'writes and reads QR images in a folder that both machines reach, such as a stick',
  hint: (path) => `The client’s requests are read from ${path}.`,
  open: async (path, { terminal }) => {
    const { openFolderCarrier } = await import('../../engine/channel/folder.ts')
    return {
      screen: terminal,
      open: async (options) => {
        const carrier = await openFolderCarrier({ ...options, folder: path })
        // An airgap's answer stays in the folder, so nobody has to wait until it is taken.
        return { ...carrier, lend: lentBy(carrier), untilTaken: () => Promise.resolve() }
      },
    }
  },
}
