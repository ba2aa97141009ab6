/** An owner's own words on why a ceremony is declined, which every other participant reads. */
import { legible } from '../base/text.ts'

/** The most characters of a reason. */
export const MOST_REASON = 200

/** Why a text will not do as a reason, or null. */
export function reasonProblem(text: string): string | null {
  if (text.trim() === '' || text !== text.trim()) return 'a reason neither is empty nor begins or ends with spaces'
  if (Array.from(text).length > MOST_REASON) return `a reason has ${MOST_REASON} characters at most`
  return legible(text).join('') === text ? null : 'a reason is one line of characters that everybody can see'
}
