/** A script of its own, bundled into text by `build.ts`. */
declare module 'inline:*' {
  export const source: string
}
