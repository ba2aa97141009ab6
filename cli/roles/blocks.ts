/**
 * What people are shown on a screen that they believe, apart from how: a terminal paints it as lines (`block-lines.ts`), a
 * page as elements. Both show the same, since both are made from this.
 */
export type Block =
  | { readonly kind: 'heading'; readonly text: string }
  /** Of a part. */
  | { readonly kind: 'title'; readonly text: string }
  /** In red where it is grave. */
  | { readonly kind: 'warning'; readonly text: string; readonly isGrave?: true }
  /** The program's own words. */
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'facts'; readonly facts: readonly Fact[]; /** Labels are long, as those of messages are. */ readonly isWide?: true }
  | { readonly kind: 'roster'; readonly people: readonly { readonly name: string; readonly isMe: boolean; readonly airgapKey: string }[] }
  /** A ceremony's number: 40 digits in eight groups. */
  | { readonly kind: 'number'; readonly number: string }
  /** One line for each of many things. `text` is from outside. */
  | { readonly kind: 'list'; readonly items: readonly { readonly number: number; readonly what: string; readonly text: string; readonly note: string }[] }
  /** What follows is another matter. */
  | { readonly kind: 'gap' }

export interface Fact {
  /** Empty where it belongs to the fact above it. */
  readonly label: string
  readonly value: string
  /**
   * `own`: the program's words, names and numbers, which it has checked. `hex`: digits to compare. `outside`: text from
   * somebody else, which may hold anything, and is marked as such; `\n` ends its lines.
   */
  readonly from: 'own' | 'hex' | 'outside'
  readonly isWarning?: true
}
