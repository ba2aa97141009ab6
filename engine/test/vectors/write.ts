/**
 * Writes `keyrite-2.json` anew: `node --import=tsx engine/test/vectors/write.ts`. Read the changes before you commit them: other
 * implementations do not change with the file.
 */
import { writeFileSync } from 'node:fs'
import { makeVectors } from './make.ts'

const FILE = new URL('./keyrite-2.json', import.meta.url)

writeFileSync(FILE, `${JSON.stringify(await makeVectors(), null, 1)}\n`)
