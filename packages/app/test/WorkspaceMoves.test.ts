import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { execFileSync } from "node:child_process"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { env as variables } from "node:process"
import { SessionManager } from "@parley/domain/SessionManager"
import * as WorkspaceRecords from "@parley/workspace/WorkspaceRecords"
import * as Engine from "../src/engine/Engine.ts"
import * as Setup from "../src/configuration/Setup.ts"
import * as WorkspaceMoves from "../src/sessions/WorkspaceMoves.ts"

const world = Effect.acquireRelease(
  Effect.sync(() => realpathSync(mkdtempSync(join(tmpdir(), "parley-moves-")))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
).pipe(
  Effect.map((root) => {
    const home = join(root, "home")
    mkdirSync(home)
    const env = { PATH: variables["PATH"], HOME: home, GIT_CONFIG_NOSYSTEM: "1" }
    const git = (cwd: string, ...args: ReadonlyArray<string>) =>
      execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@example.com", ...args], { cwd, env })
    const made = (name: string) => {
      const directory = join(root, name)
      mkdirSync(directory, { recursive: true })
      git(directory, "init", "--quiet")
      git(directory, "commit", "--quiet", "--allow-empty", "-m", name)
      return directory
    }
    const setup = (directory: string) => Setup.load({ env, directory })
    const create = (directory: string) =>
      Effect.flatMap(setup(directory), (at) =>
        SessionManager.use((sessions) => sessions.create({ workspace: directory })).pipe(
          Effect.provide(Engine.sessions(at))
        )
      )
    const settle = (directory: string) => Effect.flatMap(setup(directory), WorkspaceMoves.settle)
    return { root, home, git, made, setup, create, settle }
  })
)

describe("workspaces that were moved", () => {
  it.live("are found by any host, with all of their sessions, and each session keeps where it began", () =>
    Effect.gen(function* () {
      const { create, made, root, settle, setup } = yield* world
      const first = made("first")
      assert.deepStrictEqual(yield* settle(first), [])
      const a = yield* create(first)
      const second = join(root, "second")
      renameSync(first, second)
      assert.deepStrictEqual(yield* settle(second), [{ from: first, sessions: [a.id] }])
      assert.deepStrictEqual(yield* settle(second), [])
      const b = yield* create(second)
      const third = join(root, "third")
      renameSync(second, third)
      const [moved] = yield* settle(third)
      assert.deepStrictEqual(moved?.sessions.toSorted(), [a.id, b.id].sort())
      const former = yield* WorkspaceMoves.former(yield* setup(third))
      assert.deepStrictEqual([former.get(a.id), former.get(b.id)], [first, second])
    })
  )

  it.live("are offered only what is gone and has the same first commit, not what only has no origin either", () =>
    Effect.gen(function* () {
      const { git, made, root, settle, setup } = yield* world
      const [one, other] = [made("one"), made("other")]
      yield* settle(one)
      yield* settle(other)
      git(root, "clone", "--quiet", one, "clone")
      const clone = join(root, "clone")
      git(clone, "remote", "remove", "origin")
      yield* settle(clone)
      const offered = Effect.flatMap(setup(clone), WorkspaceMoves.offered)
      assert.deepStrictEqual(yield* offered, [])
      rmSync(other, { recursive: true })
      assert.deepStrictEqual(yield* offered, [])
      git(root, "clone", "--quiet", one, "cloned")
      yield* settle(join(root, "cloned"))
      rmSync(one, { recursive: true })
      assert.deepStrictEqual(yield* offered, [one])
      // This one has an origin, and what is gone had none.
      assert.deepStrictEqual(yield* Effect.flatMap(setup(join(root, "cloned")), WorkspaceMoves.offered), [])
    })
  )

  it.live("are remembered with the first commit, which is looked for once", () =>
    Effect.gen(function* () {
      const { made, settle, setup } = yield* world
      const first = made("first")
      yield* settle(first)
      const { user, ...found } = yield* setup(first)
      const commit = Effect.map(WorkspaceRecords.read(user, first), (record) => record?.repository?.firstCommit)
      const before = yield* commit
      assert.match(before ?? "", /^[0-9a-f]{40}$/)
      yield* WorkspaceMoves.settle({ ...found, user, env: { ...found.env, PATH: "" } })
      assert.strictEqual(yield* commit, before)
    })
  )

  it.live("are remembered as they are now: with another origin, and once there is a commit", () =>
    Effect.gen(function* () {
      const { git, root, settle, setup } = yield* world
      const directory = join(root, "new")
      mkdirSync(directory)
      git(directory, "init", "--quiet")
      yield* settle(directory)
      const { user } = yield* setup(directory)
      const recorded = Effect.map(WorkspaceRecords.read(user, directory), (record) => record?.repository)
      assert.notProperty(yield* recorded, "firstCommit")
      git(directory, "commit", "--quiet", "--allow-empty", "-m", "first")
      git(directory, "remote", "add", "origin", "https://example.org/old.git")
      yield* settle(directory)
      const before = yield* recorded
      assert.isDefined(before?.firstCommit)
      git(directory, "remote", "set-url", "origin", "https://example.org/new.git")
      yield* settle(directory)
      const after = yield* recorded
      assert.notStrictEqual(after?.origin, before?.origin)
      assert.deepStrictEqual({ ...after, origin: "" }, { ...before, origin: "" })
    })
  )

  it.live("do not break a command if nothing can be remembered, or if their sessions cannot be moved yet", () =>
    Effect.gen(function* () {
      const { create, home, made, root, settle, setup } = yield* world
      const first = made("first")
      const data = join(home, ".local/share/parley")
      mkdirSync(data, { recursive: true })
      symlinkSync("nowhere", join(data, "workspaces"))
      assert.deepStrictEqual(yield* settle(first), [])
      rmSync(join(data, "workspaces"))
      assert.deepStrictEqual(yield* settle(first), [])
      const { id } = yield* create(first)
      const second = join(root, "second")
      renameSync(first, second)
      const database = (yield* setup(second)).user.databaseFile
      renameSync(database, `${database}.kept`)
      writeFileSync(database, "no database")
      assert.deepStrictEqual(yield* settle(second), [])
      renameSync(`${database}.kept`, database)
      assert.deepStrictEqual(yield* settle(second), [{ from: first, sessions: [id] }])
    })
  )

  it.live("may have been meant by a path that has links or is gone", () =>
    Effect.gen(function* () {
      const { home, root } = yield* world
      symlinkSync(home, join(root, "link"))
      const meant = yield* WorkspaceMoves.pathsMeant(join(root, "link/a/b"))
      assert.deepStrictEqual(meant, [join(home, "a/b"), join(root, "link/a/b")])
      assert.deepStrictEqual(yield* WorkspaceMoves.pathsMeant(home), [home])
      assert.deepStrictEqual(yield* WorkspaceMoves.pathsMeant("/"), ["/"])
    })
  )
})
