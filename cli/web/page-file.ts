/** The page's built file. It is the same for every command and for a page that stands alone. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { cliError } from '../errors.ts'

export interface CommandPage {
  readonly html: string
  /** Its Content-Security-Policy, as it stands in the file. */
  readonly policy: string
}

/** The file seen from `dist/cli/web/` in the package, and from `cli/web/` in the source tree. */
const CANDIDATES = ['../page.html', '../../dist/cli/page.html'].map((path) => fileURLToPath(new URL(path, import.meta.url)))

/** @throws cli.no-page */
export function readPage(): CommandPage {
  for (const path of CANDIDATES) {
    const html = read(path)
    const policy = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(html ?? '')?.[1]
    if (html !== undefined && policy !== undefined) return { html, policy }
  }
  throw cliError('no-page', { path: CANDIDATES[0] ?? '' })
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
