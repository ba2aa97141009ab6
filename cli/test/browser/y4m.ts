/** YUV4MPEG2, the one raw format that the browser's fake camera reads: a line, and frames in three planes (4:2:0). */

export interface Format {
  /** Pixels, both even. */
  readonly width: number
  readonly height: number
  /** Frames a second that the camera takes. */
  readonly rate: number
}

/**
 * The bytes before the picture of the first frame. A file with these alone is a camera that the browser lists and
 * cannot start.
 */
export const y4mHeader = ({ width, height, rate }: Format): Buffer =>
  Buffer.from(`YUV4MPEG2 W${width} H${height} F${rate}:1 Ip A1:1 C420jpeg\nFRAME\n`)

/** Both colour planes of a grey picture. */
export const greyChroma = ({ width, height }: Format): Buffer => Buffer.alloc((width * height) / 2, 128)
