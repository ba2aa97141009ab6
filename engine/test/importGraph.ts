/**
 * The files that a source file reaches: by every static import, dynamic import, require and re-export, into the packages
 * that it uses, as Node resolves them. Also every other way to a socket that its text shows.
 */
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname, extname, join } from 'node:path'
import ts from 'typescript'

export interface Edge {
  /** The specifier as written. */
  readonly specifier: string
  readonly kind: 'import' | 'require'
  /** True for an import of types, which is erased before the code runs. */
  readonly typeOnly: boolean
  /** True for a module that is loaded when the code comes to it: by `import()` or `require()`. */
  readonly lazy: boolean
}

export interface Scan {
  readonly edges: readonly Edge[]
  /** Uses that can open a socket, or that hide what is loaded: `fetch`, `require(name)`, `process.binding`, `eval`. */
  readonly suspects: readonly string[]
}

const NETWORK_GLOBALS = ['fetch', 'WebSocket', 'EventSource', 'XMLHttpRequest', 'WebTransport', 'RTCPeerConnection', 'Worker', 'SharedWorker', 'importScripts']
const LOADERS = ['_linkedBinding', 'dlopen', 'getBuiltinModule', 'sendBeacon']
const HIDING = [...NETWORK_GLOBALS, ...LOADERS]

/** Reads a file's imports and suspects from its syntax tree. */
export function scan(text: string, file: string): Scan {
  const kind = extname(file) === '.ts' ? ts.ScriptKind.TS : ts.ScriptKind.JS
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true, kind)
  const edges: Edge[] = []
  const suspects: string[] = []
  const suspect = (node: ts.Node, what: string): void => {
    suspects.push(`${what} (line ${String(source.getLineAndCharacterOfPosition(node.getStart()).line + 1)})`)
  }

  const call = (node: ts.CallExpression | ts.NewExpression): void => {
    const name = node.expression.kind === ts.SyntaxKind.ImportKeyword ? 'import' : node.expression.getText()
    const argument = node.arguments?.[0]
    if (name === 'import' || name === 'require' || name === 'module.require' || name === 'require.resolve') {
      if (argument !== undefined && ts.isStringLiteralLike(argument)) edges.push({ specifier: argument.text, kind: name === 'import' ? 'import' : 'require', typeOnly: false, lazy: true })
      else suspect(node, `${name} of a name that is not written out`)
    }
    if (name === 'eval' || name === 'Function') suspect(node, name)
    if (/\bcreateRequire$/.test(name)) suspect(node, 'createRequire')
  }

  const visit = (node: ts.Node): void => {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier !== undefined && ts.isStringLiteral(node.moduleSpecifier)) {
      const typeOnly = ts.isImportDeclaration(node) ? node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword : node.isTypeOnly
      edges.push({ specifier: node.moduleSpecifier.text, kind: 'import', typeOnly, lazy: false })
    } else if (ts.isImportEqualsDeclaration(node) && ts.isExternalModuleReference(node.moduleReference)) {
      const { expression } = node.moduleReference
      if (ts.isStringLiteral(expression)) edges.push({ specifier: expression.text, kind: 'require', typeOnly: node.isTypeOnly, lazy: false })
    } else if (ts.isCallExpression(node) || ts.isNewExpression(node)) {
      call(node)
    } else if (ts.isPropertyAccessExpression(node)) {
      if (HIDING.includes(node.name.text)) suspect(node, node.getText())
      if (node.name.text === 'binding' && /process$/.test(node.expression.getText())) suspect(node, node.getText())
    } else if (ts.isElementAccessExpression(node)) {
      if (/(^|\.)(globalThis|global|window|self|process)$/.test(node.expression.getText()) && !isHarmlessKey(node.argumentExpression)) suspect(node, node.getText())
    } else if (ts.isIdentifier(node) && HIDING.includes(node.text) && isFreeStanding(node)) {
      suspect(node, node.text)
    }
    // Types are erased.
    if (!ts.isTypeNode(node) || ts.isExpressionWithTypeArguments(node)) ts.forEachChild(node, visit)
  }
  visit(source)
  return { edges, suspects }
}

/** Is a key harmless? `globalThis['name']` is as clear as `globalThis.name`; any other expression may give any name. */
function isHarmlessKey(key: ts.Expression): boolean {
  return ts.isStringLiteralLike(key) && ![...HIDING, 'binding'].includes(key.text)
}

/** Is an identifier more than the name of a property or of a member? */
function isFreeStanding(node: ts.Identifier): boolean {
  const { parent } = node
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node
  if (ts.isPropertyAssignment(parent)) return parent.initializer === node
  return !(ts.isMethodDeclaration(parent) || ts.isPropertyDeclaration(parent) || ts.isMethodSignature(parent) || ts.isPropertySignature(parent))
}

export interface Reached {
  /** The files by absolute path, each with the file that loads it and its suspects. */
  readonly files: ReadonlyMap<string, { readonly from: string | undefined; readonly suspects: readonly string[] }>
  /** The files that load each built-in module, by the module's name without `node:`. */
  readonly builtins: ReadonlyMap<string, readonly string[]>
  /** Imports that Node would not find either. */
  readonly missing: readonly string[]
}

/** All files and modules that these files load at any time. */
export function reach(entries: readonly string[]): Reached {
  const files = new Map<string, { from: string | undefined; suspects: readonly string[] }>()
  const builtins = new Map<string, string[]>()
  const missing: string[] = []
  const queue = entries.map((file): { file: string; from: string | undefined } => ({ file, from: undefined }))
  for (let item = queue.pop(); item !== undefined; item = queue.pop()) {
    const { file, from } = item
    if (files.has(file)) continue
    const { edges, suspects } = ['.ts', '.js', '.mjs', '.cjs'].includes(extname(file)) ? scan(readFileSync(file, 'utf8'), file) : { edges: [], suspects: extname(file) === '.json' ? [] : ['not a script'] }
    files.set(file, { from, suspects })
    for (const { specifier, kind, typeOnly } of edges) {
      if (typeOnly) continue
      if (isBuiltin(specifier)) {
        const name = specifier.replace(/^node:/, '')
        builtins.set(name, [...(builtins.get(name) ?? []), file])
        continue
      }
      const target = resolveFrom(file, specifier, kind)
      if (target === undefined) missing.push(`${specifier} in ${file}`)
      else queue.push({ file: target, from: file })
    }
  }
  return { files, builtins, missing }
}

export interface Loaded {
  /** The files by absolute path, the entry included, in the order in which they were found. */
  readonly files: readonly string[]
  /** The packages as written: `ajv`, `@noble/curves/ed25519.js`. */
  readonly packages: readonly string[]
}

const known = new Map<string, readonly Edge[]>()

/** The imports of a file. It is read once, because most files are loaded by many. */
function edgesOf(file: string): readonly Edge[] {
  const edges = known.get(file) ?? scan(readFileSync(file, 'utf8'), file).edges
  known.set(file, edges)
  return edges
}

/**
 * The files and packages that are loaded with a source file, before any of its code runs: its static imports and theirs, up to
 * the packages.
 *
 * @param late adds the ones that are loaded when the code comes to them
 */
export function loadedWith(entry: string, late = false): Loaded {
  const files = new Set([entry])
  const packages = new Set<string>()
  for (const file of files) {
    for (const { specifier, kind, typeOnly, lazy } of edgesOf(file)) {
      if (typeOnly || (lazy && !late) || isBuiltin(specifier)) continue
      if (!specifier.startsWith('.')) packages.add(specifier)
      else files.add(resolveFrom(file, specifier, kind) ?? specifier)
    }
  }
  return { files: [...files], packages: [...packages] }
}

/** The chain of imports that leads to a file, from the entry on. */
export function chain(reached: Reached, file: string): string {
  const from = reached.files.get(file)?.from
  return from === undefined ? file : `${chain(reached, from)} → ${file}`
}

/** Resolves a specifier as Node does: relative files, packages by `exports` or `main`, a package's own `#imports`. */
export function resolveFrom(file: string, specifier: string, kind: Edge['kind']): string | undefined {
  if (specifier.startsWith('.') || specifier.startsWith('/')) return fileAt(join(dirname(file), specifier))
  const conditions = ['node', kind, 'module-sync', 'default']
  if (specifier.startsWith('#')) {
    const folder = packageOf(file)
    const inner = folder === undefined ? undefined : target(member(manifest(folder), 'imports'), specifier, conditions)
    return folder === undefined || inner === undefined ? undefined : fileAt(join(folder, inner))
  }
  const [, name, rest = ''] = /^((?:@[^/]+\/)?[^/]+)(\/.*)?$/.exec(specifier) ?? []
  if (name === undefined) return undefined
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const found = join(folder, 'node_modules', name)
    if (existsSync(join(found, 'package.json'))) return realpathOf(inPackage(found, rest, conditions))
    if (folder === dirname(folder)) return undefined
  }
}

function inPackage(folder: string, rest: string, conditions: readonly string[]): string | undefined {
  const exports = member(manifest(folder), 'exports')
  if (exports !== undefined) {
    const isMap = typeof exports === 'object' && exports !== null && Object.keys(exports).some((key) => key.startsWith('.'))
    const inner = target(isMap ? exports : { '.': exports }, `.${rest}`, conditions)
    return inner === undefined ? undefined : fileAt(join(folder, inner))
  }
  if (rest !== '') return fileAt(join(folder, rest))
  const main = member(manifest(folder), 'main')
  return fileAt(join(folder, typeof main === 'string' ? main : 'index.js')) ?? fileAt(join(folder, 'index.js'))
}

function target(map: unknown, key: string, conditions: readonly string[]): string | undefined {
  const exact = member(map, key)
  if (exact !== undefined) return choose(exact, conditions)
  const patterns = typeof map === 'object' && map !== null ? Object.keys(map).filter((pattern) => pattern.includes('*')) : []
  for (const pattern of patterns.sort((a, b) => b.length - a.length)) {
    const [start = '', end = ''] = pattern.split('*')
    if (!key.startsWith(start) || !key.endsWith(end) || key.length < start.length + end.length) continue
    return choose(member(map, pattern), conditions)?.replaceAll('*', key.slice(start.length, key.length - end.length))
  }
  return undefined
}

function choose(value: unknown, conditions: readonly string[]): string | undefined {
  if (typeof value === 'string') return value
  if (Array.isArray(value)) return value.map((one) => choose(one, conditions)).find((one) => one !== undefined)
  if (typeof value !== 'object' || value === null) return undefined
  // In the order of the package, as Node does.
  for (const [condition, inner] of Object.entries(value)) {
    const chosen = conditions.includes(condition) ? choose(inner, conditions) : undefined
    if (chosen !== undefined) return chosen
  }
  return undefined
}

function fileAt(path: string): string | undefined {
  const candidates = [path, `${path}.js`, `${path}.cjs`, `${path}.json`, `${path}.node`]
  const found = candidates.find((candidate) => existsSync(candidate) && statSync(candidate).isFile())
  if (found !== undefined || !existsSync(path)) return found
  const main = existsSync(join(path, 'package.json')) ? member(manifest(path), 'main') : undefined
  return typeof main === 'string' ? fileAt(join(path, main)) : [join(path, 'index.js'), join(path, 'index.json')].find((index) => existsSync(index))
}

const realpathOf = (path: string | undefined): string | undefined => (path === undefined ? undefined : realpathSync(path))

function packageOf(file: string): string | undefined {
  for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder
  }
  return undefined
}

const manifest = (folder: string): unknown => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
const member = (value: unknown, key: string): unknown => (typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[key] : undefined)
