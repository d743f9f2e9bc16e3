import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import * as DynamicContext from "../src/project/DynamicContext.ts"
import * as UserSlots from "../src/config/UserSlots.ts"
import { message, mode, put, temporary } from "./support.ts"

const annotated = `{
  // what I look at all day
  "dynamicContext": [
    // the tree
    { "id": "git", "tool": "shell__git", "input": { "args": ["status"] } }, // short
    { "id": "date", "tool": "shell__date" /* UTC */ }
  ],
  "model": "demo/demo" // for now
}
`
const read = (file: string) => fs.readFileSync(file, "utf8")
const ids = (configFile: string) =>
  Effect.map(DynamicContext.read({ root: "/", configFile }), ({ slots }) => slots.map(({ id }) => id))

describe("the user's slots", () => {
  it.effect("are added, enabled, disabled and removed, and comments are preserved", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      const file = put(directory, "config.json", annotated)
      yield* UserSlots.setEnabled(file, "git", false)
      assert.deepStrictEqual(yield* ids(file), ["date"])
      const { ino } = fs.statSync(file)
      yield* UserSlots.setEnabled(file, "git", false)
      assert.strictEqual(fs.statSync(file).ino, ino, "what is so already is not written again")
      yield* UserSlots.setEnabled(file, "git", true)
      yield* UserSlots.add(file, {
        id: "new",
        tool: "a__b",
        refresh: { seconds: 60 },
        maxTokens: 9,
        onFailure: "stale"
      })
      assert.deepStrictEqual(yield* ids(file), ["git", "date", "new"])
      yield* UserSlots.remove(file, "date")
      assert.deepStrictEqual(yield* ids(file), ["git", "new"])
      for (const comment of ["// what I look at all day", "// the tree", "// short", "// for now"])
        assert.include(read(file), comment)
      const { slots } = yield* DynamicContext.read({ root: directory, configFile: file })
      assert.deepStrictEqual(slots[1], {
        id: "new",
        tool: "a__b",
        input: {},
        refresh: { seconds: 60 },
        maxTokens: 9,
        onFailure: "stale",
        timeoutMillis: 10_000
      })
    })
  )

  it.effect("are removed from a list on one line, the last one first", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      const file = put(directory, "config.json", '{"dynamicContext":[{"id":"a","tool":"b"},{"id":"c","tool":"d"}]}')
      yield* UserSlots.remove(file, "c")
      assert.strictEqual(read(file), '{"dynamicContext":[{"id":"a","tool":"b"}]}')
      yield* UserSlots.remove(file, "a")
      assert.deepStrictEqual(yield* ids(file), [])
    })
  )

  it.effect("the first one creates the file, for the owner only", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      const file = `${directory}/parley/config.json`
      yield* UserSlots.add(file, { id: "a", tool: "a__b" })
      assert.deepStrictEqual(yield* ids(file), ["a"])
      assert.strictEqual(mode(file), "600")
      yield* UserSlots.remove(file, "a")
      yield* UserSlots.add(file, { id: "b", tool: "a__b" })
      assert.deepStrictEqual(yield* ids(file), ["b"])
    })
  )

  it.effect("an impossible change is reported, and the file stays unchanged", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      const file = put(directory, "config.json", annotated)
      const problem = <E extends Error>(edit: Effect.Effect<void, E>) =>
        Effect.map(Effect.flip(edit), ({ message }) => message.replaceAll(`${directory}/`, ""))
      assert.strictEqual(
        yield* problem(UserSlots.add(file, { id: "git", tool: "a__b" })),
        'config.json has a slot "git" already; remove it first, or choose another id'
      )
      for (const edit of [UserSlots.remove(file, "nope"), UserSlots.setEnabled(file, "nope", true)])
        assert.strictEqual(yield* problem(edit), 'config.json declares no slot "nope"')
      assert.match(
        yield* problem(UserSlots.add(file, { id: "*", tool: "a__b" })),
        /not changed, because the result would be invalid: dynamicContext\[2\]\.id: expected an id other than/
      )
      assert.strictEqual(read(file), annotated)
    })
  )

  it.effect("concurrent edits are all applied", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      const file = put(directory, "config.json", annotated)
      const all = Array.from({ length: 20 }, (_, i) => `s${i}`)
      yield* Effect.forEach(all, (id) => UserSlots.add(file, { id, tool: "a__b" }), { concurrency: "unbounded" })
      assert.deepStrictEqual((yield* ids(file)).sort(), ["git", "date", ...all].sort())
    })
  )
})

describe("refresh policies in a file", () => {
  const slot = (more: string) => `{ "slots": [{ "id": "s", "tool": "workspace__list_files", ${more} }] }`

  it.effect("are read", () =>
    Effect.gen(function* () {
      const root = yield* temporary
      for (const refresh of ['"round"', '"change"', '"demand"', '{ "seconds": 5 }']) {
        put(root, ".parley/dynamic.json", slot(`"refresh": ${refresh}, "maxTokens": 7, "onFailure": "stale"`))
        const { slots } = yield* DynamicContext.read({ root })
        assert.deepInclude(slots[0], { maxTokens: 7, onFailure: "stale" })
        assert.deepStrictEqual(slots[0]?.refresh, refresh.startsWith("{") ? { seconds: 5 } : refresh.slice(1, -1))
      }
    })
  )

  it.effect("that are invalid are an error that lists the valid ones", () =>
    Effect.gen(function* () {
      const root = yield* temporary
      const problem = (more: string) => {
        put(root, ".parley/dynamic.json", slot(more))
        return Effect.map(Effect.flip(DynamicContext.read({ root })), message(root))
      }
      assert.include(
        yield* problem('"refresh": "hourly"'),
        'expected "round", "change", "demand" or { "seconds": a whole'
      )
      assert.include(
        yield* problem('"refresh": { "seconds": 0 }'),
        "slots[0].refresh.seconds: expected a whole number above 0, found 0"
      )
      assert.include(yield* problem('"maxTokens": 0.5'), "slots[0].maxTokens: expected")
      assert.include(yield* problem('"onFailure": "ignore"'), "slots[0].onFailure: expected")
    })
  )
})
