/** How large a code is painted: whole device pixels a module, so that nothing is smoothed, as many as there is room for. */
import { QUIET_ZONE } from '../../engine/channel/qr-matrix.ts'

export interface Crisp {
  /** Device pixels a module. */
  readonly module: number
  /** Device pixels a side, with the white around. */
  readonly side: number
  /** The same in the units of a style sheet. */
  readonly cssSide: number
}

/**
 * @param size modules a side, without the white around
 * @param room the shorter side of the place, in the units of a style sheet
 * @param scale device pixels to such a unit
 */
export function crispFor(size: number, room: number, scale: number): Crisp {
  const modules = size + 2 * QUIET_ZONE
  const module = Math.max(1, Math.floor((room * scale) / modules))
  const side = module * modules
  return { module, side, cssSide: side / scale }
}
