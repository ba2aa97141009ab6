/** A script of its own, which `build.ts` bundles into a text. */
declare module 'inline:*' {
  export const source: string
}
