// Loaded into every process of the benchmark of the demo: writes the figures of the process to a file when it ends.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The peak of resident memory in KiB. On Linux getrusage may give that of the process that started this one. */
function peak() {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1])
}

process.on('exit', () => {
  const folder = process.env.KEYRITE_BENCH_USAGE
  if (folder === undefined) return
  const { user, system } = process.cpuUsage()
  const usage = { args: process.argv.slice(2), wall: performance.now(), cpu: (user + system) / 1000, peak: peak() }
  writeFileSync(join(folder, `${process.pid}.json`), JSON.stringify(usage))
})
