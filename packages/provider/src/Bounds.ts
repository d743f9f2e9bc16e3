/**
 * What is taken from the network and given to it. A server can send without end, and nothing that is larger than this could
 * ever be part of a request again.
 */

/** Characters of one answer, and of one event of its stream. */
export const maxAnswer = 16 * 1024 * 1024

/** Bytes that may come, one after the other, of which nothing becomes a part of the answer: signs of life, and input that is dropped. */
export const maxNoise = 256 * 1024 * 1024

/** UTF-8 bytes of one request: the Messages API answers larger ones with 413. */
export const maxRequestBytes = 32 * 1024 * 1024

/** UTF-8 bytes, counted only for text that may have more than `max` of them. */
export const exceeds = (text: string, max: number): boolean =>
  text.length > max || (text.length * 3 > max && new TextEncoder().encode(text).length > max)
