/** The page for people: one HTML file, read once and served from memory to every visitor alike. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import type { Context } from 'koa'
import { PROBLEM_TYPE, storageError } from './errors.ts'
import type { Problem } from './errors.ts'

export interface PageFile {
  readonly html: Buffer
  /** The HTML, gzipped. */
  readonly packed: Buffer
  readonly etag: string
  /** The content security policy that stands in the file. Who may frame the page is added: only a header can say it. */
  readonly policy: string
}

/** The page's file seen from `dist/storage/` in the package, and from `storage/` in the source tree. */
const CANDIDATES = ['./board.html', '../dist/storage/board.html'].map((path) => fileURLToPath(new URL(path, import.meta.url)))

/** @throws storage.no-page */
export function readPageFile(paths: readonly string[] = CANDIDATES): PageFile {
  for (const path of paths) {
    const html = read(path)
    const policy = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(html?.toString() ?? '')?.[1]
    if (html === undefined || policy === undefined) continue
    // A weak tag, since it stands for the packed bytes as well.
    const etag = `W/"${createHash('sha256').update(html).digest('base64url')}"`
    return { html, packed: gzipSync(html, { level: 9 }), etag, policy: `${policy}; frame-ancestors 'none'` }
  }
  throw storageError('no-page', { path: paths.at(-1) ?? '' })
}

function read(path: string): Buffer | undefined {
  try {
    return readFileSync(path)
  } catch {
    return undefined
  }
}

/** The headers of every page of the storage. */
const pageHeaders = (policy: string): Record<string, string> => ({
  'Content-Security-Policy': policy,
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
})

/**
 * Answers with the page. It holds nothing of any board, so a browser that has it asks only whether it is still the
 * same.
 */
export function answerPage(ctx: Context, { html, packed, etag, policy }: PageFile): void {
  ctx.set({ ...pageHeaders(policy), 'Cache-Control': 'no-cache', ETag: etag })
  ctx.vary('Accept-Encoding')
  const isKnown = ctx.get('if-none-match').split(',').some((known) => known.trim() === etag)
  ctx.status = isKnown ? 304 : 200
  if (isKnown) return
  ctx.type = 'text/html; charset=utf-8'
  if (ctx.acceptsEncodings('gzip', 'identity') === 'gzip') {
    ctx.set('Content-Encoding', 'gzip')
    ctx.body = packed
  } else ctx.body = html
}

// A problem for people who came with a browser: the words of the problem document, on a page without any script.

const STYLE = `:root{color-scheme:light dark;--ground:#f6f5f1;--ink:#1b1d22;--soft:#555a66;--link:#0b57a4}
@media(prefers-color-scheme:dark){:root{--ground:#14161a;--ink:#eceae4;--soft:#a7abb5;--link:#7cb7f5}}
body{margin:0;background:var(--ground);color:var(--ink);font:1rem/1.5 system-ui,sans-serif}
main{max-width:36rem;margin:15vh auto 0;padding:0 1.5rem;overflow-wrap:anywhere}
h1{font-size:1.5rem;margin:0 0 1rem}p{margin:0 0 1rem}.soft{color:var(--soft)}a{color:var(--link)}`

const POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
const text = (raw: string): string => raw.replace(/[&<>"']/g, (one) => ESCAPES[one] ?? '')

/** Whether the reader wants pages rather than documents. Programs accept anything, browsers HTML first. */
export const wantsPage = (ctx: Context): boolean =>
  ['GET', 'HEAD'].includes(ctx.method) && ctx.accepts(PROBLEM_TYPE, 'application/json', 'text/html') === 'text/html'

export function answerProblemPage(ctx: Context, { status, detail, todo }: Problem): void {
  ctx.set(pageHeaders(POLICY))
  ctx.type = 'text/html; charset=utf-8'
  ctx.body = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>keyrite: ${status}</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${text(detail)}</h1>
<p>${text(todo)}</p>
<p><a href="/">The boards of this storage</a></p>
<p class="soft">${status}</p>
</main>
</body>
</html>
`
}
