/** The files of commands that a program loads, by Node's own report. */
import { spawnSync } from 'node:child_process'

/**
 * Runs the program to its end.
 *
 * @param bin its built `bin.js`
 * @returns the commands by the names of their files, each once, such as `message/kinds`
 */
export function commandsLoadedBy(bin: string, args: readonly string[]): string[] {
  const { stderr, stdout } = spawnSync(process.execPath, [bin, ...args], { encoding: 'utf8', env: { ...process.env, DEBUG: undefined, NODE_DEBUG: 'esm' }, maxBuffer: 2 ** 26 })
  const paths = [...`${stderr}${stdout}`.matchAll(/file:\/\/\S*\/dist\/cli\/commands\/([a-z/-]+)\.js/g)].map(([, path = '']) => path)
  return [...new Set(paths)].sort()
}
