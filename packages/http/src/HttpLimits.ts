/** Bounds of one request. `Infinity` is none. */
export interface HttpLimits {
  /** Until there is a connection: waiting for a free one, the host's name, the proxy, TLS. */
  readonly connectMillis: number
  /** From the connection, or the end of what is sent, to the head of the answer. */
  readonly headersMillis: number
  /** Between two pieces of the answer, while somebody reads it. */
  readonly idleMillis: number
  /** From the request to the end of the answer, redirects included. */
  readonly totalMillis: number
  /**
   * Bytes of the answer, once they are decoded. A stream of events may go on beyond it, since its reader bounds each event;
   * an answer whose status is no success is bounded by `refusalBytes` as well.
   */
  readonly bodyBytes: number
}

export const MiB = 1024 * 1024

/** The most that is read of an answer whose status is no success: enough to say why. */
export const refusalBytes = 1024 * 1024

/** Bytes of the head of an answer, and of its trailers. */
export const headerBytes = 64 * 1024

/** Fields in the head of an answer. */
export const headerCount = 1000

/** How many interim answers (1xx) may come before the answer. */
export const interimAnswers = 20

/**
 * What holds where nothing else is stated. The two limits of silence are backstops: whoever waits for an answer has a limit
 * of its own, which must not be longer. An answer as a whole may take as long as it likes, because a stream may never end.
 */
export const defaultLimits: HttpLimits = {
  connectMillis: 30_000,
  headersMillis: 10 * 60_000,
  idleMillis: 10 * 60_000,
  totalMillis: Infinity,
  bodyBytes: MiB
}
