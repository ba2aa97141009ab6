/** A web server of the tests on loopback. `closeAll` ends it. */
import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { closing } from './closing.ts'
import type { Close } from './closing.ts'

export interface Site {
  readonly port: number
  readonly close: Close
}

export async function openSite(listener: RequestListener): Promise<Site> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = closing(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return { port: (server.address() as AddressInfo).port, close }
}
