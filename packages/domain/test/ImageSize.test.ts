import { assert, describe, it } from "@effect/vitest"
import { imageSizeOf } from "../src/ImageSize.ts"

const encode = (...parts: ReadonlyArray<string | ReadonlyArray<number>>): string =>
  Buffer.concat(
    parts.map((part) => (typeof part === "string" ? Buffer.from(part, "latin1") : Buffer.from(part)))
  ).toString("base64")
const zeros = (length: number): ReadonlyArray<number> => Array.from({ length }, () => 0)
const long = (value: number): ReadonlyArray<number> => [
  value >>> 24,
  (value >>> 16) & 255,
  (value >>> 8) & 255,
  value & 255
]

const png = (width: number, height: number): string =>
  encode("\x89PNG\r\n\x1a\n", long(13), "IHDR", long(width), long(height), [8, 2, 0, 0, 0])

/** A JPEG whose frame follows segments of the given lengths. */
const jpeg = (width: number, height: number, sof: number, ...lengths: ReadonlyArray<number>): string =>
  encode([0xff, 0xd8], ...lengths.flatMap((length) => [[0xff, 0xe1, length >> 8, length & 255], zeros(length - 2)]), [
    0xff,
    0xff,
    sof,
    0,
    17,
    8,
    height >> 8,
    height & 255,
    width >> 8,
    width & 255,
    3
  ])
const webp = (chunk: string, ...rest: ReadonlyArray<ReadonlyArray<number>>): string =>
  // The four bytes after RIFF are the length of the file.
  encode("RIFF", [36, 0, 0, 0], "WEBP", chunk, [10, 0, 0, 0], ...rest)

describe("the size of an image", () => {
  const cases: ReadonlyArray<readonly [string, string, readonly [number, number]]> = [
    ["PNG", png(9000, 12), [9000, 12]],
    ["GIF", encode("GIF89a", [0x40, 0x1f, 0x01, 0x00, 0, 0, 0]), [8000, 1]],
    ["JPEG", jpeg(4000, 3000, 0xc0), [4000, 3000]],
    ["progressive JPEG behind long metadata", jpeg(8001, 20, 0xc2, 65_535, 65_535, 300, 9), [8001, 20]],
    ["extended WebP", webp("VP8X", [0, 0, 0, 0], [0x3f, 0x1f, 0], [0x0f, 0, 0]), [8000, 16]],
    ["lossless WebP", webp("VP8L", [0x2f, 0xff, 0xc1, 0x18, 0x00]), [512, 100]],
    ["lossy WebP", webp("VP8 ", [0, 0, 0], [0x9d, 0x01, 0x2a], [0x58, 0x02, 0x90, 0x01]), [600, 400]]
  ]
  for (const [name, data, [width, height]] of cases)
    it(`is read from a ${name}`, () => assert.deepStrictEqual(imageSizeOf(data), { width, height }))

  it("is not known of other data, and of an incomplete header", () => {
    for (const data of [
      "",
      "iVBORw0KGgo=",
      encode("GIF89a"),
      encode([0xff, 0xd8, 0xff]),
      jpeg(1, 1, 0xc4),
      webp("ABCD"),
      webp("VP8X"),
      encode("%PDF-1.7")
    ])
      assert.isUndefined(imageSizeOf(data), data)
  })

  it("is not known of a JPEG without a frame, whatever its segments are", () => {
    assert.isUndefined(imageSizeOf(encode([0xff, 0xd8], ...Array.from({ length: 5000 }, () => [0xff, 0xe1, 0, 2]))))
    assert.isUndefined(imageSizeOf(encode([0xff, 0xd8, 0xff, 0xe1, 0, 0, 0xff, 0xe1, 0, 0])))
  })
})
