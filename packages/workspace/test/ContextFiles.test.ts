import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import { join } from "node:path"
import * as ContextFiles from "../src/project/ContextFiles.ts"
import { message, put, temporary } from "./support.ts"

const file = ".parley/context.json"
const place = Effect.map(temporary, (root) => ({
  root,
  exists: () => fs.existsSync(join(root, file)),
  text: () => fs.readFileSync(join(root, file), "utf8"),
  settings: (): unknown => JSON.parse(fs.readFileSync(join(root, file), "utf8"))
}))

const text = `{
  // what matters
  "include": [
    "a.md",
    "b.md", // the plan
    "src/**",
    "c.md"
  ], // and nothing else
  "inactive": ["b.md", "c.md"],
  "maxTokens": 100
}
`

describe("the files that a project includes", () => {
  it.effect("are added to a file that is created if missing, each once", () =>
    Effect.gen(function* () {
      const { root, settings } = yield* place
      yield* ContextFiles.add(root, ["a.md", "src/**/*.ts", "a.md"])
      assert.deepStrictEqual(settings(), { include: ["a.md", "src/**/*.ts"] })
      yield* ContextFiles.add(root, ["b.md", "a.md", "c.md", "b.md"])
      assert.deepStrictEqual(settings(), { include: ["a.md", "src/**/*.ts", "b.md", "c.md"] })
      yield* ContextFiles.deactivate(root, ["a.md"])
      yield* ContextFiles.deactivate(root, ["b.md", "a.md"])
      assert.deepStrictEqual(settings(), {
        include: ["a.md", "src/**/*.ts", "b.md", "c.md"],
        inactive: ["a.md", "b.md"]
      })
    })
  )

  it.effect("are added and removed without a change to anything else in the file", () =>
    Effect.gen(function* () {
      const { root, text: now } = yield* place
      put(root, file, text)
      yield* ContextFiles.add(root, ["a.md", "c.md"])
      assert.strictEqual(now(), text)
      yield* ContextFiles.remove(root, ["c.md", "a.md"])
      assert.strictEqual(
        now(),
        text.replace('    "a.md",\n', "").replace(',\n    "c.md"', "").replace('["b.md", "c.md"]', '["b.md"]')
      )
      yield* ContextFiles.activate(root, ["b.md"])
      assert.include(now(), '"inactive": [],')
      yield* ContextFiles.remove(root, ["b.md"])
      assert.match(now(), /what matters\n  "include": \[[^\]]*"src\/\*\*"\n  \], \/\/ and nothing else\n/)
      assert.notInclude(now(), "b.md")
    })
  )

  it.effect("are removed completely if the list contains them several times", () =>
    Effect.gen(function* () {
      const { root, settings } = yield* place
      put(root, file, '{ "include": ["a", "b", "a", "c", "a"], "inactive": ["a", "c", "a"] }')
      yield* ContextFiles.remove(root, ["a"])
      assert.deepStrictEqual(settings(), { include: ["b", "c"], inactive: ["c"] })
    })
  )

  it.effect("that are not in the list cannot be removed or switched on, and nothing is changed", () =>
    Effect.gen(function* () {
      const { root, text: now, exists } = yield* place
      const words = Effect.map(Effect.flip(ContextFiles.remove(root, ["x.md"])), ({ message }) => message)
      assert.include(yield* words, `include of ${join(root, file)} does not contain "x.md"`)
      assert.isFalse(exists())
      put(root, file, text)
      const removed = yield* Effect.flip(ContextFiles.remove(root, ["a.md", "x.md", "y.md"]))
      assert.include(removed.message, 'does not contain "x.md", "y.md"')
      const activated = yield* Effect.flip(ContextFiles.activate(root, ["b.md", "a.md"]))
      assert.include(activated.message, `inactive of ${join(root, file)} does not contain "a.md"`)
      assert.strictEqual(now(), text)
    })
  )

  it.effect("have paths in the workspace: if one has not, all are refused and no file is created", () =>
    Effect.gen(function* () {
      const { exists, root } = yield* place
      for (const change of [ContextFiles.add, ContextFiles.remove, ContextFiles.deactivate, ContextFiles.activate]) {
        const error = yield* Effect.flip(change(root, ["fine.md", "../up.md", "/abs.md", "~/home.md", ""]))
        assert.strictEqual(error._tag, "FilesError")
        assert.strictEqual(
          error.message,
          '"../up.md" is refused: `..` is not allowed; "/abs.md" is refused: absolute paths are not allowed; ' +
            '"~/home.md" is refused: `~` is not expanded; a name that begins with it is written `./~…`; ' +
            '"" is refused: it names no file'
        )
      }
      assert.isFalse(exists())
    })
  )

  it.effect("are not written through a link that leads out of the workspace, or to an invalid file", () =>
    Effect.gen(function* () {
      const { root, text: now } = yield* place
      const outside = yield* temporary
      put(root, file, '{ "include": "a.md" }')
      const invalid = yield* Effect.flip(ContextFiles.add(root, ["b.md"]))
      assert.strictEqual(
        invalid._tag === "ConfigError" ? message(root)(invalid) : "",
        `${file}:1:14: include: expected a list, found "a.md"`
      )
      assert.strictEqual(now(), '{ "include": "a.md" }')
      fs.rmSync(join(root, ".parley"), { recursive: true })
      const theirs = put(outside, "context.json", "{}\n")
      fs.symlinkSync(outside, join(root, ".parley"))
      assert.match((yield* Effect.flip(ContextFiles.add(root, ["b.md"]))).message, /leads out of the workspace/)
      fs.rmSync(join(root, ".parley"))
      fs.mkdirSync(join(root, ".parley"))
      fs.symlinkSync(theirs, join(root, file))
      assert.match((yield* Effect.flip(ContextFiles.add(root, ["b.md"]))).message, /leads out of the workspace/)
      assert.strictEqual(fs.readFileSync(theirs, "utf8"), "{}\n")
      assert.deepStrictEqual(fs.readdirSync(outside), ["context.json"])
    })
  )

  it.effect("are at most 256", () =>
    Effect.gen(function* () {
      const { root, settings } = yield* place
      const names = Array.from({ length: 256 }, (_, i) => `${i}.md`)
      yield* ContextFiles.add(root, names)
      const error = yield* Effect.flip(ContextFiles.add(root, ["one more.md"]))
      assert.match(
        error.message,
        /not changed, because the result would be invalid: include: expected 256 entries at most/
      )
      assert.deepStrictEqual(settings(), { include: names })
    })
  )
})
