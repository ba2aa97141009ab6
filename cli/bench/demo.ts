/**
 * Measures the whole demo by what its processes cost: wall time, CPU and peak memory of each kind of command. It runs
 * the built files, so build first.
 *
 *     node --import=tsx cli/bench/demo.ts [5/3 11/6 …]
 *
 * Every process writes its own figures when it ends. The peak is that of its resident memory: on Linux VmHWM, elsewhere
 * getrusage's, which may count the memory of the process that started it.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { heading, machine, median, print } from '../../engine/bench/report.ts'

interface Usage {
  readonly args: readonly string[]
  /** Milliseconds of wall time and of CPU. */
  readonly wall: number
  readonly cpu: number
  /** The peak of memory in KiB. */
  readonly peak: number
}

interface Demo {
  readonly verdict: string
  readonly frames: number
  readonly seconds: number
}

const PROGRAM = fileURLToPath(new URL('../../dist/cli/bin.js', import.meta.url))
const PRELOAD = pathToFileURL(fileURLToPath(new URL('usage.js', import.meta.url))).href

async function demo(n: number, threshold: number): Promise<{ readonly result: Demo; readonly usages: readonly Usage[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'keyrite-bench-'))
  try {
    const child = spawn(process.execPath, [PROGRAM, 'demo', '--participants', String(n), '--threshold', String(threshold), '--json'], {
      env: { ...process.env, NODE_OPTIONS: `--import=${PRELOAD}`, KEYRITE_BENCH_USAGE: folder }, stdio: ['ignore', 'pipe', 'inherit'],
    })
    let out = ''
    child.stdout.setEncoding('utf8').on('data', (piece: string) => (out += piece))
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
    if (code !== 0) throw new Error(`the demo ended with ${String(code)}: ${out}`)
    const usages = await Promise.all((await readdir(folder)).map(async (file) => JSON.parse(await readFile(join(folder, file), 'utf8')) as Usage))
    return { result: JSON.parse(out) as Demo, usages }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The command as it is typed, such as `client run`. */
function kindOf({ args: [first = '', second = ''] }: Usage): string {
  return ['client', 'airgap', 'storage'].includes(first) ? `${first} ${second}` : first
}

/** The commands in the order in which the demo runs them. */
const ORDER = ['storage serve', 'client init', 'airgap init', 'airgap card', 'client pair', 'client ready', 'client open', 'airgap run', 'client run', 'client export', 'verify', 'demo']

async function bench(size: string): Promise<void> {
  const [n = 5, threshold = 3] = size.split('/').map(Number)
  const { result, usages } = await demo(n, threshold)
  const total = usages.reduce((sum, { cpu }) => sum + cpu, 0)
  const rows = ORDER.map((kind) => {
    const own = usages.filter((usage) => kindOf(usage) === kind)
    const cpu = own.reduce((sum, one) => sum + one.cpu, 0)
    return [kind, own.length, median(own.map((one) => one.wall)) / 1000, median(own.map((one) => one.cpu)) / 1000, cpu / 1000, Math.round((100 * cpu) / total), Math.round(Math.max(...own.map((one) => one.peak)) / 1024)] as const
  })
  print(
    `${size}: ${result.verdict}; ${result.seconds.toFixed(1)} s, ${(total / 1000).toFixed(1)} s of CPU in ${String(usages.length)} processes, ${String(result.frames)} QR frames; ${machine()} at its end`,
    ['', 'processes', 'wall s each', 'CPU s each', 'CPU s', '% of all', 'peak MiB'], rows,
  )
}

heading('The demo: every participant’s two machines in processes of their own, every byte through QR images')
const sizes = process.argv.slice(2)
for (const size of sizes.length > 0 ? sizes : ['5/3', '11/6']) await bench(size)
