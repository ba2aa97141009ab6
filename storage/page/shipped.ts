/**
 * The ceremonies that the page knows by their hashes: those that ship with keyrite. Where the page is built, `build.ts`
 * puts them here as data, checked and without their texts, so that the page needs neither files nor checker.
 */
import type { Script } from '../../engine/machines/ceremony.ts'
import { readShipped, shippedNames } from '../../engine/script/load.ts'

export const scripts: readonly Script[] = shippedNames().map(readShipped)
