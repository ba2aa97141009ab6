/** The page for people: one HTML file, read once and served from memory to every visitor alike. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import type { Context } from 'koa'
import { storageError } from './errors.ts'

export interface PageFile {
  readonly html: Buffer
  /** The same, gzipped. */
  readonly packed: Buffer
  readonly etag: string
  /** What it may do, as it stands in the file, and who may frame it, which only a header can say. */
  readonly policy: string
}

/** From `dist/storage/` in the package, and from `storage/` in the source tree. */
const CANDIDATES = ['./board.html', '../dist/storage/board.html'].map((path) => fileURLToPath(new URL(path, import.meta.url)))

/** @throws storage.no-page */
export function readPageFile(paths: readonly string[] = CANDIDATES): PageFile {
  for (const path of paths) {
    const html = read(path)
    const policy = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(html?.toString() ?? '')?.[1]
    if (html === undefined || policy === undefined) continue
    // Weak, since it stands for the packed bytes as well.
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

/** What every page of the storage is answered with. */
export const pageHeaders = (policy: string): Record<string, string> => ({
  'Content-Security-Policy': policy,
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
})

/** Answers with the page. It holds nothing of any board, and whoever has it asks only whether it is still the same. */
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
