/**
 * Measures the QR channel as people use it: the real page in two browsers, of which one shows and the other films it,
 * and the web carrier here. It runs the built files, so build first.
 *
 *     node --import=tsx cli/bench/camera.ts
 *
 * The pace is set by hand and stays. Both browsers, the filming and the machine's other work share its cores, which two
 * laptops do not. So each row has the pictures a second that the camera got, and the load.
 */
import { loadavg } from 'node:os'
import { heading, machine, print } from '../../engine/bench/report.ts'
import { cross, LIMIT } from './loop.ts'
import type { Crossing, Setting } from './loop.ts'

/** The frames of each crossing in which densities and losses are compared: ten seconds at 5 a second. */
const FRAMES = 50
const LOSSES = [0, 0.2, 0.5]
/** The densities with a camera that can read them. A code of version 17 has less than 5 pixels a module at 640×480. */
const DENSITIES: readonly Pick<Setting, 'fragment' | 'camera'>[] = [
  { fragment: 100, camera: '640×480' }, { fragment: 200, camera: '640×480' }, { fragment: 400, camera: '1280×720' },
]
const SPEED = 5
const FASTER = [8, 10]
const SIZES = [5, 33, 100]

interface Measured {
  readonly setting: Setting
  readonly crossing: Crossing
  readonly load: number
}

async function measure(setting: Setting, size: number): Promise<Measured> {
  const crossing = await cross(setting, size)
  const [load = 0] = loadavg()
  const measured = { setting, crossing, load }
  // The table takes minutes, so each row goes to stderr as soon as it is known.
  console.error(`  ${rowOf(measured).join('  ')}`)
  return measured
}

const speedOf = ({ bytes, seconds }: Crossing): number => (seconds === undefined ? 0 : bytes / seconds)

const COLUMNS = ['bytes a frame', 'frames/s', 'camera', 'dropped', 'bytes', 'seconds', 'bytes/s', 'fragment × rate', 'share', 'frames needed', 'read', 'pictures/s', 'load']

function rowOf({ setting, crossing, load }: Measured): readonly (string | number)[] {
  const { fragment, speed, camera, dropped } = setting
  const { bytes, seconds, needed, read, shots } = crossing
  const isOver = seconds !== undefined
  return [
    fragment, speed, camera, `${String(100 * dropped)} %`, bytes, isOver ? seconds.toFixed(1) : `not in ${String(LIMIT / 1000)} s`, isOver ? speedOf(crossing).toFixed(0) : '–',
    fragment * speed, isOver ? `${((100 * speedOf(crossing)) / (fragment * speed)).toFixed(0)} %` : '–', needed, read, shots.toFixed(1), load.toFixed(1),
  ]
}

heading('The camera loop: the page in one browser shows, the page in another films and reads it')
const rows: Measured[] = []
for (const density of DENSITIES) {
  for (const dropped of LOSSES) rows.push(await measure({ ...density, speed: SPEED, dropped }, FRAMES * density.fragment))
}
for (const speed of FASTER) {
  for (const density of DENSITIES.slice(1)) rows.push(await measure({ ...density, speed, dropped: 0 }, FRAMES * density.fragment))
}
const { setting: best } = rows.filter(({ setting }) => setting.dropped === 0).reduce((one, other) => (speedOf(other.crossing) > speedOf(one.crossing) ? other : one))
for (const size of SIZES) rows.push(await measure(best, 1000 * size))
print(
  `${String(FRAMES)} frames’ worth at each setting, then ${SIZES.join(', ')} KB at the one that was quickest with nothing dropped; ${machine()} at its end`,
  COLUMNS, rows.map(rowOf),
)
