/** The channel's page: with its command where one serves it, and by itself where it was opened as a file. */
import { startApp } from './app.ts'
import { makePageMemory } from './connection.ts'
import { startStandalone } from './standalone.ts'

const kept = makePageMemory()
if (location.protocol === 'file:') startStandalone(kept)
else void startApp(kept)
