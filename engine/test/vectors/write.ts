/** Writes `keyrite-2.json` anew: `node --import=tsx engine/test/vectors/write.ts`. Read what changed before you commit it; nobody else's bytes change with it. */
import { writeFileSync } from 'node:fs'
import { makeVectors } from './make.ts'

const FILE = new URL('./keyrite-2.json', import.meta.url)

writeFileSync(FILE, `${JSON.stringify(await makeVectors(), null, 1)}\n`)
