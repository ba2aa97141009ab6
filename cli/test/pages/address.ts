/** The address of a command's page, as the command prints it. */
import { expect } from 'chai'
import type { Running } from '../e2e/world.ts'

export const ADDRESS = /http:\/\/127\.0\.0\.1:\d+\/#[\w-]+/

/** The newest address in a command's output. */
export function addressIn(running: Running): string {
  const address = running.text().match(new RegExp(ADDRESS, 'g'))?.at(-1)
  if (address === undefined) return expect.fail(`no address:\n${running.text()}`)
  return address
}
