import { DynamicContextManager } from "@parley/domain/DynamicContextManager"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as DynamicContext from "../src/project/DynamicContext.ts"
import { message, put, temporary } from "./support.ts"

const slot = (id: string, tool: string, more = "") => `{ "id": "${id}", "tool": "${tool}"${more} }`
const user = (...slots: ReadonlyArray<string>) => `{ "dynamicContext": [${slots.join(", ")}] }`
const project = (...slots: ReadonlyArray<string>) => `{ "slots": [${slots.join(", ")}] }`
const tools = (slots: ReadonlyArray<{ readonly id: string; readonly tool: string }>) =>
  slots.map(({ id, tool }) => `${id}: ${tool}`)

it.effect("without files no slots are declared", () =>
  Effect.gen(function* () {
    const root = yield* temporary
    const nothing = { slots: [], ignored: [], warnings: [] }
    assert.deepStrictEqual(yield* DynamicContext.read({ root }), nothing)
    assert.deepStrictEqual(yield* DynamicContext.read({ root, configFile: `${root}/config.json` }), nothing)
  })
)

it.effect("a slot of the user whose tool is refused has no effect, and a warning explains why", () =>
  Effect.gen(function* () {
    const root = yield* temporary
    const configFile = put(root, "config.json", user(slot("u1", "git__status"), slot("u2", "mine__x")))
    const refuses = (tool: string) => (tool.startsWith("git__") ? "it is the project's" : undefined)
    const found = yield* DynamicContext.read({ root, configFile, refuses })
    assert.deepStrictEqual(tools(found.slots), ["u2: mine__x"])
    assert.deepStrictEqual(tools(found.ignored), ["u1: git__status"])
    assert.deepStrictEqual(found.warnings, [`${configFile}: the slot "u1" is ignored: it is the project's`])
  })
)

it.effect("a user may declare any tool, a project only those that read the workspace", () =>
  Effect.gen(function* () {
    const root = yield* temporary
    const configFile = put(
      root,
      "config.json",
      user(slot("u1", "shell__run"), slot("u2", "x__y", ', "enabled": false'))
    )
    const names = [
      "workspace__list_files",
      "workspace__read_file",
      "workspace__search_files",
      "shell__run",
      "workspace__write_file",
      "Workspace__read_file",
      "workspace__read_file ",
      "workspace__read_file__x",
      "list_files"
    ]
    put(
      root,
      ".parley/dynamic.json",
      project(...names.map((name, i) => slot(`p${i}`, name)), slot("off", "a__b", ', "enabled": false'))
    )
    const found = yield* DynamicContext.read({ root, configFile })
    assert.deepStrictEqual(tools(found.slots), [
      "u1: shell__run",
      "p0: workspace__list_files",
      "p1: workspace__read_file",
      "p2: workspace__search_files"
    ])
    assert.deepStrictEqual(
      tools(found.ignored),
      names.slice(3).map((name, i) => `p${i + 3}: ${name}`)
    )
    assert.strictEqual(
      found.warnings[0],
      `${root}/.parley/dynamic.json: the slot "p3" is ignored: a project may only call workspace__list_files, ` +
        'workspace__read_file, workspace__search_files, not "shell__run"; to use it, declare it in your own configuration'
    )
    assert.strictEqual(found.warnings.length, found.ignored.length)
    assert.deepStrictEqual(found.slots[0], {
      id: "u1",
      tool: "shell__run",
      input: {},
      timeoutMillis: 10_000,
      onFailure: "note"
    })
  })
)

it.effect("two slots cannot have the same id", () =>
  Effect.gen(function* () {
    const root = yield* temporary
    const problem = (inUser: string, inProject: string) => {
      const configFile = put(root, "config.json", inUser)
      put(root, ".parley/dynamic.json", inProject)
      return Effect.map(Effect.flip(DynamicContext.read({ root, configFile })), message(root))
    }
    assert.strictEqual(
      yield* problem(user(slot("a", "x__y"), slot("a", "x__z")), "{}"),
      'config.json:1:61: dynamicContext[1].id: expected an id that no other slot has, found "a"'
    )
    assert.strictEqual(
      yield* problem("{}", project(slot("a", "x__y"), slot("a", "x__z"))),
      '.parley/dynamic.json:1:52: slots[1].id: expected an id that no other slot has, found "a"'
    )
    assert.strictEqual(
      yield* problem(user(slot("a", "x__y")), project(slot("b", "x"), slot("a", "workspace__read_file"))),
      ".parley/dynamic.json:1:49: the user's configuration has a slot with this id"
    )
    assert.strictEqual(
      yield* problem("{}", '{ "slots": [], "mcpServers": {} }'),
      ".parley/dynamic.json:1:16: unknown key mcpServers; the keys here are slots"
    )
  })
)

it.effect("the layer reads the files each time, and logs each ignored slot once", () =>
  Effect.gen(function* () {
    const root = yield* temporary
    const logged: Array<unknown> = []
    const logger = Logger.make<unknown, void>(({ message }) => void logged.push(message))
    yield* Effect.gen(function* () {
      const manager = yield* DynamicContextManager
      put(root, ".parley/dynamic.json", project(slot("a", "x__y"), slot("b", "workspace__list_files")))
      assert.deepStrictEqual(tools(yield* manager.slots), ["b: workspace__list_files"])
      yield* manager.slots
      assert.strictEqual(logged.length, 1)
      put(
        root,
        ".parley/dynamic.json",
        project(
          slot("c", "workspace__read_file", ', "input": { "path": "a" }, "timeoutMillis": 5, "onFailure": "drop"')
        )
      )
      assert.deepStrictEqual(yield* manager.slots, [
        { id: "c", tool: "workspace__read_file", input: { path: "a" }, timeoutMillis: 5, onFailure: "drop" }
      ])
    }).pipe(Effect.provide([DynamicContext.layer({ root }), Logger.layer([logger])]))
  })
)
