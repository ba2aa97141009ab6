/** A script of its own, bundled into text by `build.ts`. */
declare module 'inline:*' {
  const source: string
  export default source
}
