/**
 * Limits on what is received from and sent to a provider. A server may send without end, and content larger than these
 * limits could never be part of a later request.
 */

/** The maximum number of characters of one response, and of one event of its stream. */
export const maxAnswer = 16 * 1024 * 1024

/** The maximum number of successive bytes that add nothing to the response, such as pings and dropped tool input. */
export const maxNoise = 256 * 1024 * 1024

/** The maximum number of UTF-8 bytes of one request: the Messages API rejects larger ones with 413. */
export const maxRequestBytes = 32 * 1024 * 1024

/** Whether a text has more than `max` UTF-8 bytes. They are counted only if its length does not decide. */
export const exceeds = (text: string, max: number): boolean =>
  text.length > max || (text.length * 3 > max && new TextEncoder().encode(text).length > max)
