/** The terminal carrier: codes in this window, and a QR scanner in keyboard mode that types what it reads. */
import type { Role } from '../../engine/base/names.ts'
import type { CarrierKind } from './kind.ts'

/** The words below a code. */
const BELOW: Readonly<Record<Role, string>> = {
  client: 'show it to your airgap; then scan or type its answer here',
  airgap: 'show it to your client',
}

export const terminal: CarrierKind = {
  name: 'terminal',
  does: 'paints them in this window, and reads what a QR scanner in keyboard mode types',
  isTyped: true,
  hint: () => 'The client’s codes are read by a QR scanner in keyboard mode that is plugged in here: hold it at the client’s screen. Pasted lines do as well.',
  suits: () => Promise.resolve(true),
  open: async (_, { role, terminal: screen }) => {
    const { makeTerminalCarrier } = await import('../../engine/channel/terminal.ts')
    return {
      screen,
      open: ({ part, ...options }) => {
        const hint = (): string => [part(), BELOW[role]].filter((words) => words !== '').join(' · ')
        const carrier = makeTerminalCarrier({ ...options, input: process.stdin, output: process.stdout, hint })
        return Promise.resolve({
          ...carrier,
          // While a code fills the window, the window's block is not drawn.
          show: async (text) => {
            screen.hold()
            await carrier.show(text)
          },
          stopShowing: async () => {
            await carrier.stopShowing()
            screen.release()
          },
          lend: (ask) => carrier.lend(async () => {
            screen.release()
            return await ask()
          }),
          untilChanged: () => Promise.resolve(undefined),
          close: async () => {
            // The window is given back first: draining the keyboard takes a moment.
            await carrier.stopShowing()
            screen.release()
            await carrier.close()
          },
        })
      },
    }
  },
}
