/** Small pieces of sentences, worded alike in every program. */

/** A count and its noun: `1 step`, `2 steps`. @param many the plural, where it is not the noun and an s */
export const counted = (count: number, noun: string, many = `${noun}s`): string => `${count} ${count === 1 ? noun : many}`

/** A list in words: `a`, `a and b`, `a, b and c`. */
export function listed(items: readonly (string | number)[], word = 'and'): string {
  const last = String(items.at(-1) ?? '')
  return items.length < 2 ? last : `${items.slice(0, -1).join(', ')} ${word} ${last}`
}

/** The first `most` of a list in words, and the number of the others: `3, 5 and 998 more`. */
export function firstListed(items: readonly (string | number)[], most: number): string {
  return items.length > most ? listed([...items.slice(0, most), `${items.length - most} more`]) : listed(items)
}

/** A text with a capital at its beginning. */
export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
