/**
 * Builds the pages for people. Each is one HTML file with its script and style inside, so that it loads nothing from
 * anywhere, and its Content-Security-Policy names them by hash.
 *
 *     dist/cli/page.html       the channel between a client and its airgap, served on loopback or opened as a file
 *     dist/storage/board.html  a storage's boards
 */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { build } from 'esbuild'
import type { Plugin } from 'esbuild'
import { readShipped, shippedNames } from '../../engine/script/load.ts'

const root = join(import.meta.dirname, '..', '..')

interface Page {
  readonly title: string
  readonly script: string
  readonly style: string
  readonly to: string
  /** The page's permissions beyond running its own script and style. */
  readonly policy: readonly string[]
}

const PAGES: readonly Page[] = [
  {
    title: 'keyrite', script: 'cli/page/main.ts', style: 'cli/page/style.css', to: 'dist/cli/page.html',
    policy: ["connect-src 'self'", 'worker-src blob:', 'media-src blob: mediastream:', 'img-src data:'],
  },
  {
    title: 'keyrite board', script: 'storage/page/main.ts', style: 'storage/page/style.css', to: 'dist/storage/board.html',
    policy: ["connect-src 'self'", 'worker-src blob:', 'img-src data:'],
  },
]

/** The engine's fast primitives need Node. A browser gets the portable ones (`crypto/portable.ts`). */
const portable: Plugin = {
  name: 'portable',
  setup: (on) => {
    on.onResolve({ filter: /\/fast\.ts$/ }, ({ resolveDir }) => ({ path: join(resolveDir, 'portable.ts') }))
  },
}

/**
 * `import { source } from 'inline:./worker.ts'` gives the text of a script of its own, bundled. A page in one HTML file
 * starts its worker from that.
 */
const inline: Plugin = {
  name: 'inline',
  setup: (on) => {
    on.onResolve({ filter: /^inline:/ }, ({ path, resolveDir }) => ({ path: join(resolveDir, path.slice('inline:'.length)), namespace: 'inline' }))
    on.onLoad({ filter: /.*/, namespace: 'inline' }, async ({ path }) => ({ contents: `export const source = ${JSON.stringify(await bundled(path))}`, loader: 'js', watchFiles: [path] }))
  },
}

/** The scripts that ship are checked here, so that a page needs no checker. It knows them by their hashes. */
const shipped: Plugin = {
  name: 'shipped',
  setup: (on) => {
    on.onResolve({ filter: /^\.\/shipped\.ts$/ }, ({ path, resolveDir }) => (resolveDir === join(root, 'storage/page') ? { path, namespace: 'shipped' } : undefined))
    on.onLoad({ filter: /.*/, namespace: 'shipped' }, () => {
      const scripts = shippedNames().map((name) => ({ ...readShipped(name), source: '' }))
      return { contents: `export const scripts = ${JSON.stringify(scripts)}`, loader: 'js' }
    })
  },
}

/** Stand-ins for modules that a page cannot have: ajv makes code at run time, which the policy forbids. */
const instead: Plugin = {
  name: 'instead',
  setup: (on) => {
    on.onResolve({ filter: /^ajv$/ }, () => ({ path: join(root, 'storage/page/instead.ts') }))
    on.onResolve({ filter: /^node:util$/ }, () => ({ path: join(root, 'storage/page/instead.ts') }))
  },
}

async function bundled(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry], bundle: true, write: false, minify: true, legalComments: 'none', charset: 'utf8', target: ['es2022'],
    format: 'iife', platform: 'browser', plugins: [portable, inline, shipped, instead], loader: { '.yaml': 'text' }, logLevel: 'warning',
    define: { 'process.env.NODE_ENV': '"production"', global: 'globalThis' },
  })
  const [file] = outputFiles
  if (file === undefined) throw new TypeError(`${entry} gave no script`)
  return file.text
}

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

async function page({ title, script, style, to, policy }: Page): Promise<void> {
  // A script element ends at the first `</script`, even inside a string.
  const code = (await bundled(join(root, script))).replaceAll('</script', '<\\/script')
  const css = await bundled(join(root, style))
  const csp = ["default-src 'none'", `script-src ${hashOf(code)}`, `style-src ${hashOf(css)}`, ...policy, "base-uri 'none'", "form-action 'none'"].join('; ')
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${csp}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${css}</style>
</head>
<body>
<noscript>This page needs JavaScript. It loads nothing from anywhere.</noscript>
<script>${code}</script>
</body>
</html>
`
  const path = join(root, to)
  mkdirSync(dirname(path), { recursive: true })
  if (isSame(path, html)) return
  writeFileSync(path, html)
}

function isSame(path: string, text: string): boolean {
  try {
    return readFileSync(path, 'utf8') === text
  } catch {
    return false
  }
}

for (const one of PAGES) await page(one)
