#!/usr/bin/env node
// package.json names the Node that is needed. oclif's own check of the version loads fifty files.
process.env['OCLIF_DISABLE_ENGINE_WARNING'] ??= '1'

const { runProgram } = await import('./program.ts')
await runProgram(import.meta.url)
