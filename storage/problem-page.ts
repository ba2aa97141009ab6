/** A problem for people, who came with a browser: the same words as the problem document's, on a page without any script. */
import { createHash } from 'node:crypto'
import type { Context } from 'koa'
import { pageHeaders } from './pages.ts'
import { PROBLEM_TYPE } from './problem.ts'
import type { Problem } from './problem.ts'

const STYLE = `:root{color-scheme:light dark;--ground:#f6f5f1;--ink:#1b1d22;--soft:#555a66;--link:#0b57a4}
@media(prefers-color-scheme:dark){:root{--ground:#14161a;--ink:#eceae4;--soft:#a7abb5;--link:#7cb7f5}}
body{margin:0;background:var(--ground);color:var(--ink);font:1rem/1.5 system-ui,sans-serif}
main{max-width:36rem;margin:15vh auto 0;padding:0 1.5rem;overflow-wrap:anywhere}
h1{font-size:1.5rem;margin:0 0 1rem}p{margin:0 0 1rem}.soft{color:var(--soft)}a{color:var(--link)}`

const POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
const text = (raw: string): string => raw.replace(/[&<>"']/g, (one) => ESCAPES[one] ?? '')

/** Does the reader want pages rather than documents? Programs ask for anything, browsers for HTML first. */
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
