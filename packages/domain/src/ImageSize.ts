import { imageTypeOf } from "./ImageBytes.ts"

/**
 * The width and the height of an image in pixels.
 *
 * @since 0.1.0
 * @category models
 */
export interface ImageSize {
  readonly width: number
  readonly height: number
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
const values = new Map(Array.from(alphabet, (character, value) => [character, value] as const))

/** One byte of base64-encoded data, without decoding the rest. NaN beyond the end. */
const byteAt = (base64: string, index: number): number => {
  const first = Math.floor(index / 3) * 4 + (index % 3)
  const [high, low] = [values.get(base64.charAt(first)), values.get(base64.charAt(first + 1))]
  if (high === undefined || low === undefined) return Number.NaN
  const shift = 2 * (1 + (index % 3))
  return ((high << shift) | (low >> (6 - shift))) & 0xff
}

/** A number of several bytes, which stand at ascending or descending places. */
const number = (base64: string, ...places: ReadonlyArray<number>): number =>
  places.reduce((sum, place) => sum * 256 + byteAt(base64, place), 0)

const text = (base64: string, from: number, length: number): string =>
  String.fromCharCode(...Array.from({ length }, (_, i) => byteAt(base64, from + i)))

/** JPEG (ITU-T T.81, B.1.1): segments of a marker and a length, of which a start of frame has the size. */
const ofJpeg = (base64: string): ImageSize | undefined => {
  let at = 2
  while (byteAt(base64, at) === 0xff) {
    const marker = byteAt(base64, at + 1)
    // Fill bytes may precede a marker.
    if (marker === 0xff) {
      at++
      continue
    }
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc
    if (isFrame) return { height: number(base64, at + 5, at + 6), width: number(base64, at + 7, at + 8) }
    at += 2 + number(base64, at + 2, at + 3)
  }
  return undefined
}

/** WebP (RFC 9649): the first chunk is an extended header, a lossless image or a lossy one. */
const ofWebp = (base64: string): ImageSize | undefined => {
  switch (text(base64, 12, 4)) {
    case "VP8X":
      return { width: 1 + number(base64, 26, 25, 24), height: 1 + number(base64, 29, 28, 27) }
    case "VP8L": {
      const bits = number(base64, 24, 23, 22, 21)
      return { width: 1 + (bits & 0x3fff), height: 1 + ((bits >>> 14) & 0x3fff) }
    }
    case "VP8 ":
      return { width: number(base64, 27, 26) & 0x3fff, height: number(base64, 29, 28) & 0x3fff }
    default:
      return undefined
  }
}

const read = (base64: string): ImageSize | undefined => {
  switch (imageTypeOf(base64)) {
    case "image/png":
      return { width: number(base64, 16, 17, 18, 19), height: number(base64, 20, 21, 22, 23) }
    case "image/gif":
      return { width: number(base64, 7, 6), height: number(base64, 9, 8) }
    case "image/webp":
      return ofWebp(base64)
    case "image/jpeg":
      return ofJpeg(base64)
    default:
      return undefined
  }
}

/**
 * The size of a base64-encoded PNG, JPEG, GIF or WebP image, read from its header. Undefined for other data, and if the header
 * is incomplete.
 *
 * @since 0.1.0
 * @category functions
 */
export const imageSizeOf = (base64: string): ImageSize | undefined => {
  const size = read(base64)
  return size !== undefined && size.width > 0 && size.height > 0 ? size : undefined
}
