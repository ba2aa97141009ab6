/** Help texts, which oclif wraps to the width of the terminal. */

/** A text as it stands in the source: lines of a paragraph become one, empty lines stay between paragraphs. */
export function prose(text: string): string {
  return text
    .split(/\n{2,}/)
    .map((paragraph) => paragraph.split('\n').map((line) => line.trim()).join(' '))
    .join('\n\n')
}
