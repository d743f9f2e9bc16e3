/**
 * The limits of one request. `Infinity` disables a limit.
 *
 * @since 0.1.0
 * @category models
 */
export interface HttpLimits {
  /** Until the connection is established: waiting for a free one, name resolution, the proxy, and TLS. */
  readonly connectMillis: number
  /** From the connection, or from the end of sending the request, to the head of the response. */
  readonly headersMillis: number
  /** Between two chunks of the response, while its reader waits for one. */
  readonly idleMillis: number
  /** From the request to the end of the response, including redirects. */
  readonly totalMillis: number
  /**
   * Bytes of the decoded response body. It does not apply to event streams, whose readers bound each event. The body of a
   * response without a success status is also bounded by `refusalBytes`.
   */
  readonly bodyBytes: number
}

/**
 * One mebibyte, in bytes.
 *
 * @since 0.1.0
 * @category constants
 */
export const MiB = 1024 * 1024

/**
 * The maximum number of bytes of the body of a response without a success status, enough for an error message.
 *
 * @since 0.1.0
 * @category constants
 */
export const refusalBytes = 1024 * 1024

/**
 * The maximum number of bytes of the head of a response, and of its trailers.
 *
 * @since 0.1.0
 * @category constants
 */
export const headerBytes = 64 * 1024

/**
 * The maximum number of header fields of a response.
 *
 * @since 0.1.0
 * @category constants
 */
export const headerCount = 1000

/**
 * The maximum number of interim responses (1xx) before the response.
 *
 * @since 0.1.0
 * @category constants
 */
export const interimAnswers = 20

/**
 * The default limits. `headersMillis` and `idleMillis` are only a fallback: callers set their own timeouts, which must not
 * be longer. The total time is not limited, because an event stream may never end.
 *
 * @since 0.1.0
 * @category constants
 */
export const defaultLimits: HttpLimits = {
  connectMillis: 30_000,
  headersMillis: 10 * 60_000,
  idleMillis: 10 * 60_000,
  totalMillis: Infinity,
  bodyBytes: MiB
}
