import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { FileLimits } from "../src/files/FileLimits.ts"
import * as Files from "../src/files/Files.ts"
import { configure, put, reasons, temporary, texts } from "./support.ts"

describe("limits", () => {
  const limited = (root: string, limits: Partial<FileLimits>) =>
    Effect.gen(function* () {
      const defaults = yield* FileLimits
      const all = Object.assign({}, defaults, limits)
      return yield* Effect.provideService(Files.read(root), FileLimits, all)
    })
  const many = Effect.map(temporary, (root) => {
    for (let i = 0; i < 50; i++) put(root, `d${i % 2}/${String(i).padStart(2, "0")}.md`, "1234")
    configure(root, ["**/*.md", "d1/*"])
    return root
  })

  it.live("are reported once when they are reached", () =>
    Effect.gen(function* () {
      const root = yield* many
      const entries = yield* limited(root, { entries: 40 })
      // `.parley`, `d0`, `d1`, and the first of them: a directory is taken whole or not at all.
      assert.deepStrictEqual(
        entries.files.map(({ path }) => path),
        Array.from({ length: 25 }, (_, i) => `d0/${String(i * 2).padStart(2, "0")}.md`)
      )
      assert.deepStrictEqual(reasons(entries), {
        "**/*.md": "not all of the workspace was searched: it has more than 40 entries"
      })
      assert.deepStrictEqual((yield* limited(root, { depth: 0 })).skipped, [
        { path: "**/*.md", reason: "not all of the workspace was searched: it is more than 0 directories deep" }
      ])
      assert.deepStrictEqual((yield* limited(root, { millis: 0 })).skipped, [
        { path: "**/*.md", reason: "not all of the workspace was searched: it takes more than 0 milliseconds" }
      ])
    })
  )

  it.live("report how many files they leave out", () =>
    Effect.gen(function* () {
      const root = yield* many
      const candidates = yield* limited(root, { candidates: 40, skipped: 3 })
      assert.strictEqual(candidates.files.length, 40)
      const tooMany = "more than 40 files are included"
      assert.deepStrictEqual(candidates.skipped, [
        { path: "d1/31.md", reason: tooMany },
        { path: "d1/33.md", reason: tooMany },
        { path: "d1/35.md", reason: tooMany },
        { path: "…", reason: "7 more are skipped" }
      ])
      const bytes = yield* limited(root, { bytes: 100, skipped: 1 })
      assert.strictEqual(bytes.files.length, 25)
      assert.deepStrictEqual(bytes.skipped, [
        {
          path: "d1/01.md",
          reason: "not read: the files together have more than 100 bytes, including files that are not text"
        },
        { path: "…", reason: "24 more are skipped" }
      ])
    })
  )
})

describe("budgets in tokens", () => {
  it.effect("apply to each file and to all, and named files come first", () =>
    Effect.gen(function* () {
      const root = yield* temporary
      for (const name of ["a.md", "b.md", "c.md", "z.md"]) put(root, name, name.slice(0, 1).repeat(40))
      put(root, "large.md", "x".repeat(41))
      put(root, "small.md", "x".repeat(8))
      configure(root, ["*.md", "z.md"], { maxFileTokens: 10, maxTokens: 32 })
      const set = yield* Files.read(root)
      assert.deepStrictEqual(Object.keys(texts(set)), ["a.md", "b.md", "small.md", "z.md"])
      assert.deepStrictEqual(reasons(set), {
        "c.md": "the files together are larger than 32 tokens (this one has an estimated 10); maxTokens sets the limit",
        "large.md": "is larger than 10 tokens (it has an estimated 11); maxFileTokens sets the limit"
      })
      // The smaller of two limits holds, and one in bytes still means what it meant.
      configure(root, ["large.md"], { maxFileTokens: 11, maxFileBytes: 40 })
      assert.deepStrictEqual(reasons(yield* Files.read(root)), { "large.md": "is larger than 40 bytes (it has 41)" })
      configure(root, ["large.md"], { maxFileBytes: 41 })
      assert.deepStrictEqual(Object.keys(texts(yield* Files.read(root))), ["large.md"])
    })
  )
})

it.live("directories are searched sorted by code unit, whatever the order on the disk", () =>
  Effect.gen(function* () {
    const root = yield* temporary
    const directories = Array.from({ length: 20 }, (_, i) => `d${String(i).padStart(2, "0")}`)
    for (const directory of directories.toReversed()) put(root, `${directory}/a.md`, "a")
    configure(root, ["**/*.md"])
    const defaults = yield* FileLimits
    // `.parley`, twenty directories, and what is in five of them.
    const limits = Object.assign({}, defaults, { entries: 26 })
    const { files } = yield* Effect.provideService(Files.read(root), FileLimits, limits)
    assert.deepStrictEqual(
      files.map(({ path }) => path),
      directories.slice(0, 5).map((directory) => `${directory}/a.md`)
    )
  })
)

it.live("the files that are found do not depend on the order of their creation", () =>
  Effect.gen(function* () {
    const names = ["b/é.md", "b/Z.md", "a/z.md", "a/ä.md", "a.md", "A.md", "c/1.md", "c/10.md", "c/9.md"]
    const make = (order: ReadonlyArray<string>) =>
      Effect.gen(function* () {
        const root = yield* temporary
        for (const name of order) put(root, name, "12345678")
        configure(root, ["**/*.md"], { maxTokens: 13 })
        const defaults = yield* FileLimits
        const limits = Object.assign({}, defaults, { entries: 12 })
        return yield* Effect.provideService(Files.read(root), FileLimits, limits)
      })
    const one = yield* make(names)
    assert.isAbove(one.skipped.length, 0)
    assert.deepStrictEqual(yield* make(names.toReversed()), one)
    assert.deepStrictEqual(yield* make(names.toSorted()), one)
    assert.isAbove(one.files.length, 0)
  })
)
