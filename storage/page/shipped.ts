/**
 * The scripts that ship with keyrite, which the page knows by their hashes. `build.ts` puts them into the page as data,
 * checked and without their texts, so that it needs neither files nor checker.
 */
import type { Script } from '../../engine/machines/ceremony.ts'
import { readShipped, shippedNames } from '../../engine/script/load.ts'

export const scripts: readonly Script[] = shippedNames().map(readShipped)
