#!/usr/bin/env node
// package.json says which Node is needed; oclif's own look at its version loads fifty files.
process.env['OCLIF_DISABLE_ENGINE_WARNING'] ??= '1'

const { runProgram } = await import('./program.ts')
await runProgram(import.meta.url)
