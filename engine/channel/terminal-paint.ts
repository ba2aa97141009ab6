/**
 * A QR code as terminal cells: two modules a cell, one above the other. Every cell says both its colours, so that themes do not
 * matter, and a cell of one colour is a space, since many fonts leave seams in a block that should fill its cell.
 */
import type { QrMatrix } from './qr.ts'
import { fragmentFor, MAX_VERSION, QUIET_ZONE, sizeOfVersion, UNREADABLE_VERSION } from './qr.ts'

export interface Window {
  readonly columns: number
  readonly rows: number
}

/** `256` works in every terminal in use; its colours 16 and 231 are pure black and white, whatever the theme. */
export type Colours = '256' | '24bit'

/** Light modules around the code that readers can do with where the window is small. */
const LEAST_MARGIN = 2

/** The lowest version whose frames hold a useful fragment, 22 bytes. */
export const LEAST_VERSION = 4

/** The last row tells how far it is. */
const STATUS_ROWS = 1

/** Modules that fit the window, each way. */
const roomOf = ({ columns, rows }: Window): number => Math.min(columns, 2 * (rows - STATUS_ROWS))

/** The window that the lowest version needs. */
export const LEAST_WINDOW: Window = {
  columns: sizeOfVersion(LEAST_VERSION) + 2 * LEAST_MARGIN,
  rows: Math.ceil((sizeOfVersion(LEAST_VERSION) + 2 * LEAST_MARGIN) / 2) + STATUS_ROWS,
}

/** Does a code with so many modules a side fit, with the least light around it? */
export const fitsWindow = (size: number, window: Window): boolean => size + 2 * LEAST_MARGIN <= roomOf(window)

/** The greatest version that fits the window, or undefined if not even the lowest does. */
export function versionForWindow(window: Window): number | undefined {
  for (let version = MAX_VERSION; version >= LEAST_VERSION; version--) {
    if (version !== UNREADABLE_VERSION && fitsWindow(sizeOfVersion(version), window)) return version
  }
  return undefined
}

/** The fragment size for a window, and for an owner who wants it less dense. Undefined if the window is too small. */
export function fragmentForWindow(window: Window, atMost: number = MAX_VERSION): { readonly version: number; readonly fragment: number } | undefined {
  const largest = versionForWindow(window)
  if (largest === undefined) return undefined
  const version = Math.max(LEAST_VERSION, Math.min(largest, atMost === UNREADABLE_VERSION ? UNREADABLE_VERSION - 1 : atMost))
  return { version, fragment: fragmentFor(version) }
}

const ESC = '\u001b['
const CODES = {
  '256': { dark: '5;16', light: '5;231' },
  '24bit': { dark: '2;0;0;0', light: '2;255;255;255' },
} as const

/** Moves to a cell; rows and columns from 1. */
const moveTo = (row: number, column: number): string => `${ESC}${row};${column}H`

/**
 * The text that paints a code, in the middle of the window's width. It paints the code and its quiet zone and nothing else.
 *
 * @param matrix a code that fits the window
 */
export function paintQr(matrix: QrMatrix, window: Window, colours: Colours = '256'): string {
  const { size, modules } = matrix
  const margin = Math.max(0, Math.min(QUIET_ZONE, Math.floor((roomOf(window) - size) / 2)))
  const side = size + 2 * margin
  const left = Math.floor((window.columns - side) / 2) + 1
  const { dark, light } = CODES[colours]
  const isDark = (row: number, column: number): boolean =>
    row >= 0 && row < size && column >= 0 && column < size && modules[row * size + column] === 1
  let text = ''
  for (let line = 0; line < Math.ceil(side / 2); line++) {
    text += moveTo(line + 1, Math.max(1, left))
    let before = ''
    for (let x = 0; x < side; x++) {
      const above = isDark(2 * line - margin, x - margin) ? dark : light
      const below = isDark(2 * line + 1 - margin, x - margin) ? dark : light
      const style = `${ESC}38;${above};48;${below}m`
      text += (style === before ? '' : style) + (above === below ? ' ' : '▀')
      before = style
    }
  }
  return `${text}${ESC}0m`
}

/** The last row, cut to the window. */
export const paintStatus = (text: string, { columns, rows }: Window): string =>
  `${moveTo(rows, 1)}${ESC}0m${ESC}2K${text.slice(0, Math.max(0, columns - 1))}`

/** Another screen without a cursor, so that what stood in the window comes back afterwards. */
export const ENTER_SCREEN = `${ESC}?1049h${ESC}?25l${ESC}2J`
export const LEAVE_SCREEN = `${ESC}0m${ESC}?25h${ESC}?1049l`
export const CLEAR_SCREEN = `${ESC}0m${ESC}2J`
