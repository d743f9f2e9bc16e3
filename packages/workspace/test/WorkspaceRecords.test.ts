import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import * as WorkspaceRecords from "../src/project/WorkspaceRecords.ts"
import { mode, spoil, temporary } from "./support.ts"

const world = Effect.map(temporary, (directory) => ({
  directory,
  user: { databaseFile: `${directory}/data/parley.db` },
  files: () => fs.readdirSync(`${directory}/data/workspaces`).filter((name) => name.endsWith(".json"))
}))
const repository = { path: "", directory: "1:2", firstCommit: "abc" }

describe("what is known of workspaces", () => {
  it.live("is kept for each, readable by the user alone, until it is forgotten", () =>
    Effect.gen(function* () {
      const { directory, files, user } = yield* world
      assert.isUndefined(yield* WorkspaceRecords.read(user, "/a"))
      assert.deepStrictEqual(yield* WorkspaceRecords.all(user), [])
      yield* WorkspaceRecords.update(user, "/a", (before) => ({ ...before, repository }))
      yield* WorkspaceRecords.update(user, "/a", (before) => ({ ...before, moved: [{ from: "/b", sessions: ["s"] }] }))
      yield* WorkspaceRecords.update(user, "/c", (before) => before)
      const record = { root: "/a", repository, moved: [{ from: "/b", sessions: ["s"] }] }
      assert.deepStrictEqual(yield* WorkspaceRecords.read(user, "/a"), record)
      const all = yield* WorkspaceRecords.all(user)
      assert.deepStrictEqual(
        all.toSorted((a, b) => (a.root < b.root ? -1 : 1)),
        [record, { root: "/c" }]
      )
      for (const name of files()) assert.strictEqual(mode(`${directory}/data/workspaces/${name}`), "600")
      yield* WorkspaceRecords.remove(user, "/a")
      yield* WorkspaceRecords.remove(user, "/none")
      assert.isUndefined(yield* WorkspaceRecords.read(user, "/a"))
      assert.lengthOf(files(), 1)
    })
  )

  it.live("is not written again if nothing has changed, and concurrent changes are all kept", () =>
    Effect.gen(function* () {
      const { directory, files, user } = yield* world
      const add = (id: string) =>
        WorkspaceRecords.update(user, "/a", (before) => ({
          ...before,
          moved: [...(before.moved ?? []), { from: id, sessions: [id] }]
        }))
      const ids = ["1", "2", "3", "4", "5"]
      yield* Effect.forEach(ids, add, { concurrency: "unbounded" })
      const moved = (yield* WorkspaceRecords.read(user, "/a"))?.moved?.map(({ from }) => from)
      assert.deepStrictEqual(moved?.toSorted(), ids)
      const file = `${directory}/data/workspaces/${files()[0]}`
      const before = fs.statSync(file).ino
      yield* WorkspaceRecords.update(user, "/a", (same) => ({ ...same }))
      assert.strictEqual(fs.statSync(file).ino, before)
    })
  )

  it.live("is not believed if another user could have written it, or if it is of another workspace", () =>
    Effect.gen(function* () {
      const { directory, files, user } = yield* world
      yield* WorkspaceRecords.update(user, "/a", (before) => ({ ...before, repository }))
      const file = `${directory}/data/workspaces/${files()[0]}`
      const text = fs.readFileSync(file, "utf8")
      const refused = Effect.gen(function* () {
        assert.isUndefined(yield* WorkspaceRecords.read(user, "/a"))
        assert.deepStrictEqual(yield* WorkspaceRecords.all(user), [])
      })
      for (const other of [text.replace('"/a"', '"/b"'), "{ no json", '{"root":"/a","unknown":1}']) {
        fs.writeFileSync(file, other)
        yield* refused
      }
      fs.writeFileSync(file, text)
      assert.lengthOf(yield* WorkspaceRecords.all(user), 1)
      spoil(file)
      yield* refused
    })
  )

  it.live("a workspace is gone only if nothing is at its path", () =>
    Effect.gen(function* () {
      const { directory } = yield* world
      fs.symlinkSync("nowhere", `${directory}/dangling`)
      fs.writeFileSync(`${directory}/file`, "")
      const gone = ["none", "none/below", "file/below"]
      const there = ["", "dangling", "file"]
      for (const name of gone) assert.isTrue(yield* WorkspaceRecords.isGone(`${directory}/${name}`), name)
      for (const name of there) assert.isFalse(yield* WorkspaceRecords.isGone(`${directory}/${name}`), name)
    })
  )
})
