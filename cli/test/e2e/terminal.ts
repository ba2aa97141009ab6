/** An owner at the airgap's own screen and keyboard. */
import { spawn, spawnSync } from 'node:child_process'
import { expect } from 'chai'
import { PROGRAM } from './world.ts'
import type { Person } from './world.ts'

/** Whether `script` of util-linux is there, which gives a program a terminal. */
export const hasTerminals = spawnSync('script', ['-qec', 'true', '/dev/null']).status === 0

/** Runs `airgap run` on a terminal of its own, and types each answer when its question comes. */
export async function airgapAtTerminal(person: Person, answers: readonly (readonly [question: RegExp, answer: string])[]): Promise<string> {
  const words = [process.execPath, PROGRAM, 'airgap', 'run', '--passphrase-file', person.passphrase, '--channel', `folder:${person.channel}`]
  const terminal = spawn('script', ['-qec', words.map((word) => `'${word}'`).join(' '), '/dev/null'], { env: { ...process.env, KEYRITE_HOME: person.home, TERM: 'xterm', NO_COLOR: '1' } })
  const left = [...answers]
  let screen = ''
  let from = 0
  terminal.stdout.on('data', (chunk: Buffer) => {
    screen += chunk.toString()
    const [question, answer] = left[0] ?? []
    if (question === undefined || !question.test(screen.slice(from))) return
    left.shift()
    from = screen.length
    setTimeout(() => terminal.stdin.write(answer ?? ''), 400)
  })
  // A question that never comes must not make the test wait for ever. `script` ends its program at SIGTERM; it ignores
  // SIGHUP.
  const timer = setTimeout(() => terminal.kill('SIGTERM'), 60_000)
  await new Promise((resolve) => terminal.once('close', resolve))
  clearTimeout(timer)
  expect(left, screen).to.deep.equal([])
  return screen
}
