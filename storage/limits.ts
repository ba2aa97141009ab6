/**
 * The bounds of one storage on what its users send and hold. Every number has a default that suits a ceremony of
 * hundreds.
 */
export interface Limits {
  /** Messages and attachments that one name may send a second, in the long run. */
  readonly rate: number
  /** Messages and attachments that one name may send at once. */
  readonly burst: number
  /** Bytes of messages and attachments that one name may store on a board. */
  readonly quotaBytes: number
  /** Attachments that one name may store on a board. */
  readonly quotaAttachments: number
  /** Open connections. */
  readonly connections: number
  /** Open event streams. */
  readonly streams: number
  /** Bytes of request bodies that are being received at one time. */
  readonly bodyBytes: number
  /** Bytes of attachments that are being sent at one time, each counted as the largest. */
  readonly answerBytes: number
  /** Milliseconds: for a request's headers, for a whole request, and of silence on a connection. */
  readonly headersTimeout: number
  readonly requestTimeout: number
  readonly idleTimeout: number
  /** Milliseconds between heartbeats of an event stream. */
  readonly heartbeat: number
  /** Milliseconds that a graceful stop waits for requests in flight. */
  readonly grace: number
}

export const DEFAULT_LIMITS: Limits = {
  rate: 200,
  burst: 4096,
  quotaBytes: 256 << 20,
  quotaAttachments: 1024,
  connections: 4096,
  streams: 2048,
  bodyBytes: 64 << 20,
  answerBytes: 256 << 20,
  headersTimeout: 15_000,
  requestTimeout: 60_000,
  idleTimeout: 60_000,
  heartbeat: 15_000,
  grace: 10_000,
}

/** The most entries of one page, and the most bytes of their texts. One entry is always given. */
export const MAX_PAGE = 1000
export const MAX_PAGE_BYTES = 4 << 20
