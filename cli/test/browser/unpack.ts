/**
 * The browser that `npm ci` brings, unpacked once a machine and user: the package holds it compressed, at 200 MB, and
 * unpacking takes three seconds.
 */
import { execFile } from 'node:child_process'
import { lstat, mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** The paths in an unpacked browser, and the environment that its process needs. */
export interface Unpacked {
  readonly executable: string
  readonly env: Readonly<Record<string, string>>
}

const PACKAGE = '@sparticuz/chromium'

/** The package unpacks to the temp folder. It unpacks NSS only in a cloud function, so it is told that it runs in one. */
const UNPACK = `import(${JSON.stringify(PACKAGE)}).then(({ default: chromium }) => chromium.executablePath())`
const CLOUD = { AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs22.x' }

/** Milliseconds that any unpacking takes at most. An older folder was left by a process that was killed. */
const ABANDONED = 10 * 60_000

let unpacked: Promise<Unpacked> | undefined

/** Unpacks the browser unless this user has it. Any number of processes may call it at once. */
export const unpackChromium = (): Promise<Unpacked> => (unpacked ??= unpack())

async function unpack(): Promise<Unpacked> {
  const shelf = join(tmpdir(), `keyrite-chromium-${userInfo().uid}`)
  await mkdir(shelf, { recursive: true, mode: 0o700 })
  // The owner of this folder decides which program is run.
  const { uid } = await lstat(shelf)
  if (uid !== userInfo().uid) throw new Error(`${shelf} belongs to somebody else`)
  const folder = join(shelf, await version())
  if (!(await exists(folder))) await unpackTo(folder, shelf)
  const executable = join(folder, 'chromium')
  const libraries = { LD_LIBRARY_PATH: join(folder, 'al2023', 'lib') }
  return { executable, env: { FONTCONFIG_FILE: join(folder, 'fonts.conf'), ...((await lacksLibraries(executable)) ? libraries : {}) } }
}

/**
 * True where the machine lacks a library. The package's NSS needs glibc 2.34, so the machine's own is safer where there
 * is one.
 */
const lacksLibraries = (executable: string): Promise<boolean> =>
  promisify(execFile)('ldd', [executable]).then(
    ({ stdout }) => stdout.includes('not found'),
    () => true,
  )

/** The package's own file names folders of a cloud function. */
const fontsFile = (folder: string): string => `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${folder}/fonts/fonts</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir>${folder}/fonts-cache</cachedir>
</fontconfig>
`

/** Each process unpacks to a folder of its own. The first to rename it wins, so nobody sees half a browser. */
async function unpackTo(folder: string, shelf: string): Promise<void> {
  await sweep(shelf)
  const staging = await mkdtemp(join(shelf, 'unpacking-'))
  try {
    const env = { ...process.env, ...CLOUD, TMPDIR: staging, NODE_OPTIONS: '' }
    await promisify(execFile)(process.execPath, ['--eval', UNPACK], { cwd: import.meta.dirname, env })
    await writeFile(join(staging, 'fonts.conf'), fontsFile(folder))
    await rename(staging, folder)
  } catch (error) {
    if (!(await exists(folder))) throw error
  } finally {
    await rm(staging, { recursive: true, force: true })
  }
}

async function sweep(shelf: string): Promise<void> {
  for (const name of (await readdir(shelf)).filter((entry) => entry.startsWith('unpacking-'))) {
    const path = join(shelf, name)
    const { mtimeMs } = await lstat(path).catch(() => ({ mtimeMs: Date.now() }))
    if (Date.now() - mtimeMs > ABANDONED) await rm(path, { recursive: true, force: true })
  }
}

/** The package exports its entry only, so its package.json is looked for beside that. */
async function version(): Promise<string> {
  const entry = createRequire(import.meta.url).resolve(PACKAGE)
  const root = entry.slice(0, entry.indexOf(PACKAGE) + PACKAGE.length)
  const description = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { readonly version: string }
  return description.version
}

const exists = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  )
