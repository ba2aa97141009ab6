/**
 * The commands of the source folder, by their ids. With arguments that name one it is that one alone, as the built
 * program's manifest would have it; else it is all, which take a while to load.
 */
import { readdirSync } from 'node:fs'
import { join, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Command } from '@oclif/core'

const folder = join(import.meta.dirname, '..', '..', 'commands')
const all = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts')).map((file) => file.slice(0, -3).split(sep))
const named = all.filter((words) => words.every((word, i) => word === process.argv[2 + i]))

async function load(words: readonly string[]): Promise<readonly [string, unknown]> {
  const module: unknown = await import(pathToFileURL(`${join(folder, ...words)}.ts`).href)
  return [words.join(':'), Object.values(module ?? {}).find((value: unknown) => typeof value === 'function' && value.prototype instanceof Command)]
}

export const commands = Object.fromEntries(await Promise.all((named.length > 0 ? named : all).map(load)))
