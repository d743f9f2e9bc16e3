import { type Accepts, FilesManager, type Visits } from "@parley/domain/FilesManager"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as fs from "node:fs"
import * as ContextFiles from "../src/project/ContextFiles.ts"
import * as EnvironmentInfo from "../src/project/EnvironmentInfo.ts"
import * as Files from "../src/files/Files.ts"
import * as Locations from "../src/config/Locations.ts"
import * as WorkspacePaths from "../src/files/WorkspacePaths.ts"
import { configure, put, temporary } from "./support.ts"

const accepts: Accepts = {}
const manager = (root: string, start = "") =>
  Effect.provide(FilesManager, Files.layer({ root, start }), { local: true })

/** What is attached for a message, by path, with the reason if it is not attached. */
const attached = (root: string, start: string, text: string) =>
  Effect.map(
    Effect.flatMap(manager(root, start), ({ attach }) => attach?.(text, accepts) ?? Effect.succeed([])),
    (all) =>
      all.map((one) =>
        one._tag === "File" ? one.file.path : one._tag === "NotAttached" ? `${one.path}: ${one.reason}` : ""
      )
  )

const instructions = (root: string, start: string, visits?: Visits) =>
  Effect.gen(function* () {
    const { read, readFor } = yield* manager(root, start)
    const { files } = yield* visits === undefined || readFor === undefined ? read : readFor(visits)
    return files.flatMap(({ kind, path }) => (kind === "instructions" ? [path] : []))
  })

const inputOf = Schema.encodeSync(Schema.fromJsonString(Schema.Struct({ path: Schema.String })))
const none: Visits = { mentioned: [], calls: [], shown: [] }

/** A repository with two packages. */
const world = Effect.gen(function* () {
  const root = yield* temporary
  fs.mkdirSync(`${root}/.git`)
  for (const name of ["x.ts", "pkg/a/x.ts", "pkg/a/src/y.ts", "pkg/b/z.ts", "top.ts", "node_modules/m/w.ts"])
    put(root, name, `${name}\nsecond\nthird`)
  for (const name of ["", "pkg/", "pkg/a/", "pkg/a/src/", "pkg/b/", "node_modules/m/"])
    put(root, `${name}AGENTS.md`, `For /${name}`)
  return root
})

describe("the directory where the command was started", () => {
  it.effect("is found in the workspace, also if that is named", () =>
    Effect.gen(function* () {
      const root = yield* world
      assert.strictEqual((yield* Locations.find(`${root}/pkg/a`)).start, "pkg/a")
      assert.strictEqual((yield* Locations.find(root)).start, undefined)
      const named = (startedIn: string) => Locations.find(root, { named: true, startedIn })
      assert.strictEqual((yield* named(`${root}/pkg/b`)).start, "pkg/b")
      assert.strictEqual((yield* named("/")).start, undefined)
      const { workspace } = yield* EnvironmentInfo.read({ root, start: "pkg/a" })
      assert.strictEqual(workspace?.start, "pkg/a")
    })
  )

  it.effect("is what mentions are relative to, before the workspace", () =>
    Effect.gen(function* () {
      const root = yield* world
      const inA = (text: string) => attached(root, "pkg/a", text)
      assert.deepStrictEqual(yield* inA("@x.ts @src/y.ts @top.ts"), ["pkg/a/x.ts", "pkg/a/src/y.ts", "top.ts"])
      assert.deepStrictEqual(yield* inA("@../b/z.ts @../../x.ts"), ["pkg/b/z.ts", "x.ts"])
      assert.deepStrictEqual(yield* inA(`@${root}/pkg/b/z.ts @pkg/b/z.ts`), ["pkg/b/z.ts"])
      assert.deepStrictEqual(yield* inA("@."), ["pkg/a/"])
      assert.deepStrictEqual(yield* attached(root, "", "@. @./"), ["./"])
      assert.deepStrictEqual(yield* inA("@../../../etc/passwd @/etc/passwd @no.ts"), [
        "../../../etc/passwd: leads out of the workspace",
        "/etc/passwd: refused: absolute paths are not allowed",
        "no.ts: there is no such file"
      ])
    })
  )

  it.effect("may be mentioned with lines in each usual form", () =>
    Effect.gen(function* () {
      const root = yield* world
      const lines = (text: string) => attached(root, "pkg/a", text)
      for (const range of ["#L2-3", "#2-3", ":2-3"])
        assert.deepStrictEqual(yield* lines(`see @x.ts${range}, please`), ["pkg/a/x.ts#L2-3"], range)
      for (const range of ["#L2", "#2", ":2", ":2:17"])
        assert.deepStrictEqual(yield* lines(`「@x.ts${range}」`), ["pkg/a/x.ts#L2"], range)
      assert.deepStrictEqual(yield* lines('@"x.ts":2'), ["pkg/a/x.ts#L2"])
      assert.deepStrictEqual(yield* lines("@issue#10 @someone:3 @no.ts:7"), ["no.ts: there is no such file"])
    })
  )

  it.effect("gets the instructions from the root to it", () =>
    Effect.gen(function* () {
      const root = yield* world
      assert.deepStrictEqual(yield* instructions(root, ""), ["AGENTS.md"])
      assert.deepStrictEqual(yield* instructions(root, "pkg/a"), ["AGENTS.md", "pkg/AGENTS.md", "pkg/a/AGENTS.md"])
    })
  )

  it.effect("is not the only one: what is mentioned, read or was shown brings its instructions", () =>
    Effect.gen(function* () {
      const root = yield* world
      const shown = (visits: Partial<Visits>) => instructions(root, "", { ...none, ...visits })
      const ofB = ["AGENTS.md", "pkg/AGENTS.md", "pkg/b/AGENTS.md"]
      assert.deepStrictEqual(yield* shown({ mentioned: ["pkg/b/z.ts"] }), ofB)
      assert.deepStrictEqual(yield* shown({ mentioned: ["pkg/b/"] }), ofB)
      assert.deepStrictEqual(yield* shown({ mentioned: ["pkg/b/z.ts#L1-2"] }), ofB)
      assert.deepStrictEqual(yield* shown({ shown: ["pkg/b/AGENTS.md", "pkg/a/x.ts"] }), ofB)
      const call = (name: string, path: string) => ({ name, input: inputOf({ path }) })
      assert.deepStrictEqual(yield* shown({ calls: [call("workspace__read_file", "pkg/b/z.ts")] }), ofB)
      const other = [call("other__read_file", "pkg/b/z.ts"), { name: "workspace__read_file", input: "{" }]
      const out = [call("workspace__read_file", "../b/z.ts"), call("workspace__read_file", "/pkg/b/z.ts")]
      const foreign = [call("workspace__read_file", "node_modules/m/w.ts")]
      assert.deepStrictEqual(yield* shown({ calls: [...other, ...out, ...foreign] }), ["AGENTS.md"])
    })
  )

  it.effect("is what `files add` and `context --why` are relative to", () =>
    Effect.gen(function* () {
      const root = yield* world
      const workspace = { root, start: "pkg/a" }
      const entries = (...given: ReadonlyArray<string>) => ContextFiles.located(workspace, given, ["src/**"])
      assert.deepStrictEqual(yield* entries("x.ts", "../b/z.ts", "top.ts", "*.ts", "src/**", "new.ts"), [
        { entry: "pkg/a/x.ts", isMissing: false },
        { entry: "pkg/b/z.ts", isMissing: false },
        { entry: "top.ts", isMissing: false },
        { entry: "pkg/a/*.ts", isMissing: false },
        { entry: "src/**", isMissing: false },
        { entry: "pkg/a/new.ts", isMissing: true }
      ])
      const error = yield* Effect.flip(entries("../../../x"))
      assert.strictEqual(error.message, '"../../../x": leads out of the workspace')
      configure(root, ["pkg/a/x.ts"])
      const { explain } = yield* manager(root, "pkg/a")
      assert.strictEqual(
        yield* explain?.("x.ts") ?? Effect.succeed(""),
        "pkg/a/x.ts is in the context: named in .parley/context.json."
      )
    })
  )

  it("cannot be left by a path", () => {
    const from = { root: "/w", start: "a/b" }
    const located = (path: string) => WorkspacePaths.located(path, from, "linux")
    assert.deepStrictEqual(located("../../.."), [])
    assert.deepStrictEqual(located("c/../d"), ["a/b/d", "d"])
    assert.deepStrictEqual(located("/w2/x"), [])
    assert.deepStrictEqual(located("/w/x"), ["x"])
    assert.deepStrictEqual(located("~/x"), [])
    assert.deepStrictEqual(located("https://x.example/y"), [])
  })
})
