import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import * as ConfinedFile from "../src/ConfinedFile.ts"

/** `ws` is the workspace, with a file in the directory `d`. Its sibling `ws-evil` is not part of it. */
const world = Effect.acquireRelease(
  Effect.sync(() => {
    const base = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), "parley-os-")))
    for (const directory of ["ws/d", "ws-evil/d"]) fs.mkdirSync(join(base, directory), { recursive: true })
    fs.writeFileSync(join(base, "ws/d/f"), "INSIDE")
    fs.writeFileSync(join(base, "ws-evil/d/g"), "SECRET")
    return { base, root: join(base, "ws"), file: join(base, "ws/d/f") }
  }),
  ({ base }) => Effect.sync(() => fs.rmSync(base, { recursive: true, force: true }))
)

const codeOf = <A, R>(self: Effect.Effect<A, ConfinedFile.DiskError, R>) =>
  Effect.match(self, { onFailure: ({ code }) => code, onSuccess: () => "read" })

const admitAll = () => Effect.void

/** Swaps the directory `d` for a link to the directory of the same name outside. */
const swap = (root: string) => {
  fs.renameSync(join(root, "d"), join(root, "aside"))
  fs.symlinkSync("../ws-evil/d", join(root, "d"))
}

describe("a path", () => {
  it.live("is resolved, and must lead into the root, whose name is compared as a whole", () =>
    Effect.gen(function* () {
      const { base, file, root } = yield* world
      fs.symlinkSync("d/f", join(root, "in"))
      fs.symlinkSync("../ws-evil/d/g", join(root, "out"))
      assert.strictEqual((yield* ConfinedFile.resolve(root, join(root, "in"))).real, file)
      for (const path of [join(root, "out"), join(base, "ws-evil"), base])
        assert.strictEqual(yield* codeOf(ConfinedFile.resolve(root, path)), "OUTSIDE", path)
      assert.strictEqual(yield* codeOf(ConfinedFile.resolve(root, root)), "read")
      assert.strictEqual(yield* codeOf(ConfinedFile.resolve(undefined, join(root, "out"))), "read")
      assert.strictEqual(yield* codeOf(ConfinedFile.resolve(root, join(root, "none"))), "ENOENT")
    })
  )
})

describe("a file that is opened", () => {
  const replacements: Record<string, (file: string, base: string) => void> = {
    "another file": (file) => fs.writeFileSync(file, "OTHER"),
    "a directory": (file) => fs.mkdirSync(file),
    "a link": (file, base) => fs.symlinkSync(join(base, "ws-evil/d/g"), file),
    "a link to the same file": (file) => fs.symlinkSync(`${file}-aside`, file),
    "a named pipe": (file) => void execFileSync("mkfifo", [file])
  }
  for (const [name, replace] of Object.entries(replacements)) {
    it.live(`is the one that was checked, even if ${name} replaces it`, () =>
      Effect.gen(function* () {
        const { base, file, root } = yield* world
        const places = [yield* ConfinedFile.resolve(root, file), yield* ConfinedFile.resolve(undefined, file)]
        const found = fs.statSync(file, { bigint: true })
        const opened = Effect.forEach(places, (place) => codeOf(ConfinedFile.open(place, found)))
        assert.deepStrictEqual(yield* opened, ["read", "read"])
        fs.renameSync(file, `${file}-aside`)
        replace(file, base)
        assert.deepStrictEqual(yield* opened, ["CHANGED", "CHANGED"])
        if (name.startsWith("a link"))
          assert.deepStrictEqual(yield* Effect.forEach(places, (place) => codeOf(ConfinedFile.inspect(place))), [
            "CHANGED",
            "CHANGED"
          ])
      })
    )
  }

  it.live("is where it was checked, even if a directory on its path is replaced by a link", () =>
    Effect.gen(function* () {
      const { base, file, root } = yield* world
      const place = yield* ConfinedFile.resolve(root, file)
      const found = yield* ConfinedFile.inspect(place)
      // The same file, by another name outside the root.
      fs.linkSync(file, join(base, "ws-evil/d/f"))
      swap(root)
      assert.strictEqual(yield* codeOf(ConfinedFile.open(place, found)), "CHANGED")
    })
  )

  it.live("is read up to a limit, or only its beginning", () =>
    Effect.gen(function* () {
      const { file } = yield* world
      const place = yield* ConfinedFile.resolve(undefined, file)
      const { handle } = yield* ConfinedFile.open(place, yield* ConfinedFile.inspect(place))
      const text = (limit: number, first?: number) =>
        Effect.map(ConfinedFile.read(handle, limit, first), ({ bytes }) => Buffer.from(bytes).toString())
      assert.strictEqual(yield* text(6), "INSIDE")
      assert.strictEqual(yield* text(1, 2), "IN")
      const { code, limit, size } = yield* Effect.flip(ConfinedFile.read(handle, 5))
      assert.deepStrictEqual({ code, limit, size }, { code: "TOO_LARGE", limit: 5, size: 6n })
    })
  )
})

describe("a directory that is listed", () => {
  const names = (place: ConfinedFile.Place, limit?: number) =>
    Effect.map(ConfinedFile.list(place, admitAll, limit), (entries) => entries.map(({ name }) => name))

  it.live("is the one that was checked, even if a link replaces it or a directory on its path", () =>
    Effect.gen(function* () {
      const { base, root } = yield* world
      fs.mkdirSync(join(root, "d/e"))
      fs.mkdirSync(join(base, "ws-evil/d/e"))
      const [place, below] = [
        yield* ConfinedFile.resolve(root, join(root, "d")),
        yield* ConfinedFile.resolve(root, join(root, "d/e"))
      ]
      assert.sameMembers([...(yield* names(place))], ["e", "f"])
      for (const limit of [0, 1, 2, 3]) assert.lengthOf(yield* names(place, limit), Math.min(limit, 2), String(limit))
      swap(root)
      assert.notStrictEqual(yield* codeOf(names(place)), "read")
      assert.strictEqual(yield* codeOf(names(below)), "CHANGED")
    })
  )

  it.live("is listed as it was opened, or not at all, if a link replaces it afterwards", () =>
    Effect.gen(function* () {
      const { root } = yield* world
      const place = yield* ConfinedFile.resolve(root, join(root, "d"))
      const listed = yield* ConfinedFile.list(place, () => Effect.sync(() => swap(root))).pipe(
        Effect.match({ onFailure: ({ code }) => [code], onSuccess: (entries) => entries.map(({ name }) => name) })
      )
      assert.deepStrictEqual(listed, [process.platform === "linux" ? "f" : "CHANGED"])
    })
  )

  it.live("is closed if nothing waits for its entries any more, at any time", () =>
    Effect.gen(function* () {
      const { root } = yield* world
      for (let i = 0; i < 3000; i++) fs.writeFileSync(join(root, `d/f${i}`), "")
      const place = yield* ConfinedFile.resolve(root, join(root, "d"))
      const open = () => fs.readdirSync("/proc/self/fd").length
      const before = process.platform === "linux" ? open() : 0
      for (let i = 0; i < 40; i++) yield* Effect.timeoutOption(names(place, 5000), Duration.millis(i % 8))
      assert.lengthOf(yield* names(place, 5000), 3001)
      if (process.platform === "linux") assert.isAtMost(open(), before)
    })
  )

  it.live("is not listed if that is refused", () =>
    Effect.gen(function* () {
      const { root } = yield* world
      const place = yield* ConfinedFile.resolve(root, root)
      const listed = Effect.match(
        ConfinedFile.list(place, () => Effect.fail("refused")),
        { onFailure: (error) => error, onSuccess: () => "listed" }
      )
      assert.strictEqual(yield* listed, "refused")
    })
  )
})

it.live("what changes while it is read is read again, three times at most", () =>
  Effect.gen(function* () {
    for (const [code, times] of [
      ["CHANGED", 4],
      ["OUTSIDE", 1]
    ] as const) {
      let tried = 0
      const failing = Effect.suspend(() => {
        tried++
        return Effect.fail(new ConfinedFile.DiskError({ code }))
      })
      assert.strictEqual(yield* failing.pipe(ConfinedFile.retryChanged, codeOf), code)
      assert.strictEqual(tried, times)
    }
  })
)
