import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as FileSettings from "../src/files/FileSettings.ts"
import { FileLimits } from "../src/files/FileLimits.ts"

const { inTotal, none, perFile } = FileSettings
const decode = Schema.decodeUnknownResult(FileSettings.ProjectFile)
const accepts = (settings: object) => decode(settings)._tag === "Success"

describe("the size limits of files", () => {
  it("are 65536 tokens for one file and 262144 for all by default", () => {
    assert.deepStrictEqual(perFile(none), { bytes: 4 * 65_536, unit: "tokens" })
    assert.deepStrictEqual(inTotal(none), { bytes: 4 * 262_144, unit: "tokens" })
  })

  it("are set by the project in either unit; the smaller one applies", () => {
    for (const [tokens, bytes, expected] of [
      [10, undefined, { bytes: 40, unit: "tokens" }],
      [undefined, 41, { bytes: 41, unit: "bytes" }],
      [undefined, 4_000_000, { bytes: 4_000_000, unit: "bytes" }],
      [10, 41, { bytes: 40, unit: "tokens" }],
      [10, 40, { bytes: 40, unit: "bytes" }],
      [10, 39, { bytes: 39, unit: "bytes" }]
    ] as const) {
      const inTokens = tokens === undefined ? {} : { maxFileTokens: tokens, maxTokens: tokens }
      const inBytes = bytes === undefined ? {} : { maxFileBytes: bytes, maxTotalBytes: bytes }
      const settings = { ...none, ...inTokens, ...inBytes }
      assert.deepStrictEqual(perFile(settings), expected)
      assert.deepStrictEqual(inTotal(settings), expected)
    }
  })

  it("can be set from 1 byte to 4 MiB, or to a quarter of that in tokens", () => {
    const most = 4 * 1024 * 1024
    for (const [keys, maximum] of [
      [["maxFileBytes", "maxTotalBytes"], most],
      [["maxFileTokens", "maxTokens"], most / 4]
    ] as const)
      for (const key of keys) {
        assert.deepStrictEqual(
          [0, 1, maximum, maximum + 1, 1.5].map((value) => accepts({ [key]: value })),
          [false, true, true, false, false],
          key
        )
      }
  })

  it("are reported in their unit; tokens are estimated as a quarter of the bytes, rounded up", () => {
    assert.deepStrictEqual([0, 1, 4, 5].map(FileSettings.estimate), [0, 1, 1, 2])
    const tokens = { bytes: 40, unit: "tokens" } as const
    const bytes = { bytes: 40, unit: "bytes" } as const
    assert.strictEqual(FileSettings.tooLarge(bytes, 41), "is larger than 40 bytes (it has 41)")
    assert.strictEqual(
      FileSettings.tooLarge(tokens, 41),
      "is larger than 10 tokens (it has an estimated 11); maxFileTokens sets the limit"
    )
    assert.strictEqual(FileSettings.tooMuch(bytes, 41), "the files together are larger than 40 bytes")
    assert.strictEqual(
      FileSettings.tooMuch(tokens, 41),
      "the files together are larger than 10 tokens (this one has an estimated 11); maxTokens sets the limit"
    )
  })
})

it("a project's lists have at most 256 entries, and are empty by default", () => {
  for (const key of ["include", "exclude", "inactive"]) {
    assert.isTrue(accepts({ [key]: Array.from({ length: 256 }, () => "a") }))
    assert.isFalse(accepts({ [key]: Array.from({ length: 257 }, () => "a") }))
  }
  const nothing = decode({})
  assert.deepStrictEqual(nothing._tag === "Success" ? nothing.success : nothing, none)
})

it.effect("the cost of a project's files is bounded, whatever its settings", () =>
  Effect.gen(function* () {
    assert.deepStrictEqual(yield* FileLimits, {
      entries: 200_000,
      depth: 32,
      candidates: 10_000,
      files: 1000,
      bytes: 67_108_864,
      millis: 15_000,
      skipped: 200
    })
  })
)
