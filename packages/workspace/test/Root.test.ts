import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import { join } from "node:path"
import * as Locations from "../src/config/Locations.ts"
import { put, spoil, temporary } from "./support.ts"

/** A home with a repository and a place for other things, below one directory. */
const world = Effect.map(temporary, (top) => {
  const make = (...names: ReadonlyArray<string>) => {
    for (const name of names) fs.mkdirSync(join(top, name), { recursive: true })
  }
  make("home/src/repo/.git", "home/src/repo/a", "home/notes", "srv")
  const at = (name: string) => join(top, name)
  const find = (name: string, more: Locations.FindOptions = {}) =>
    Locations.find(at(name), { home: at("home"), ...more })
  return {
    top,
    at,
    make,
    /** The root that a directory belongs to, seen from above. */
    root: (name: string, more?: Locations.FindOptions) =>
      Effect.map(find(name, more), ({ root }) => root.slice(top.length + 1)),
    find,
    failure: (name: string, more?: Locations.FindOptions) => Effect.flip(find(name, more))
  }
})

describe("a directory that is not a workspace by default", () => {
  it.effect("is the home directory or a parent of it, whatever they contain", () =>
    Effect.gen(function* () {
      const { at, failure, make, root } = yield* world
      make("home/.parley", "home/.git", ".parley", "home/loose/x")
      assert.strictEqual(yield* root("home/src/repo/a"), "home/src/repo")
      assert.strictEqual(yield* root("home/loose/x"), "home/loose/x")
      for (const name of ["home", "home/.", ""]) {
        const error = yield* failure(name)
        assert.strictEqual(error._tag, "NoWorkspace")
        assert.include(error.message, "--workspace")
      }
      assert.strictEqual((yield* Effect.flip(Locations.find("/", {})))._tag, "NoWorkspace")
      assert.strictEqual(yield* root("home", { named: true }), "home")
      assert.strictEqual((yield* Locations.find("/", { named: true })).root, "/")
      // The account's home is one also where HOME is something else.
      const account = yield* Effect.flip(Locations.find(os.userInfo().homedir, { home: at("home") }))
      assert.strictEqual(account._tag, "NoWorkspace")
    })
  )

  it.effect("is the home directory by another name", () =>
    Effect.gen(function* () {
      const { at, failure, make, root } = yield* world
      make("home/.parley")
      fs.symlinkSync(at("home"), at("link"))
      assert.strictEqual((yield* failure("link"))._tag, "NoWorkspace")
      assert.strictEqual(yield* root("link/notes"), "home/notes")
      assert.strictEqual((yield* failure("home", { home: at("link") }))._tag, "NoWorkspace")
      // A home that is not there, or not known, hides nothing.
      assert.strictEqual(yield* root("srv", { home: at("gone") }), "srv")
      assert.strictEqual(yield* root("srv", { home: "" }), "srv")
    })
  )

  it.effect("is a second mount of the home directory", () =>
    Effect.gen(function* () {
      const { at, failure, make, root } = yield* world
      make("home/.parley", "mnt")
      const mounted = process.getuid?.() === 0 && process.platform === "linux"
      if (!mounted) return
      yield* Effect.acquireRelease(
        Effect.sync(() => execFileSync("mount", ["--bind", at("home"), at("mnt")])),
        () => Effect.sync(() => execFileSync("umount", [at("mnt")]))
      )
      assert.strictEqual((yield* failure("mnt"))._tag, "NoWorkspace")
      assert.strictEqual(yield* root("mnt/notes"), "mnt/notes")
    })
  )

  it.effect("is a directory that all users share", () =>
    Effect.gen(function* () {
      const { at, failure, find, make } = yield* world
      make("tmp/.parley", "tmp/mine")
      fs.chmodSync(at("tmp"), 0o1777)
      assert.strictEqual((yield* failure("tmp"))._tag, "NoWorkspace")
      const { notice = "", root } = yield* find("tmp/mine")
      assert.strictEqual(root, at("tmp/mine"))
      assert.match(notice, /tmp: can be written by other users: its mode is 1777/)
    })
  )
})

describe("the workspace must not be writable by other users", () => {
  it.effect("it is the nearest directory with .parley or .git", () =>
    Effect.gen(function* () {
      const { at, make, root } = yield* world
      make("srv/.parley", "srv/repo/.git", "srv/repo/deep/er", "srv/tree/x", "srv/linked/x")
      put(at("srv/tree"), ".git", "gitdir: elsewhere")
      fs.symlinkSync("../repo/.git", at("srv/linked/.git"))
      assert.strictEqual(yield* root("srv/repo/deep/er"), "srv/repo")
      assert.strictEqual(yield* root("srv/tree/x"), "srv/tree")
      assert.strictEqual(yield* root("srv/linked/x"), "srv/linked")
      make("srv/repo/deep/.parley")
      assert.strictEqual(yield* root("srv/repo/deep/er"), "srv/repo/deep")
    })
  )

  it.effect("a link or a file called .parley makes no workspace", () =>
    Effect.gen(function* () {
      const { at, make, root } = yield* world
      make("srv/one/x", "srv/two/x", "evil/.parley")
      fs.symlinkSync(at("evil/.parley"), at("srv/one/.parley"))
      put(at("srv/two"), ".parley", "{}")
      assert.strictEqual(yield* root("srv/one/x"), "srv/one/x")
      assert.strictEqual(yield* root("srv/two/x"), "srv/two/x")
    })
  )

  for (const spoiled of ["srv/repo", "srv/repo/.git", "srv/repo/.parley"]) {
    it.effect(`a project is refused for ${spoiled.slice(4)}`, () =>
      Effect.gen(function* () {
        const { at, failure, find, make, root } = yield* world
        make("srv/repo/.git", "srv/repo/.parley", "srv/repo/mine")
        const words = spoil(at(spoiled))
        const error = yield* failure("srv/repo")
        assert.strictEqual(error._tag, "WorkspaceError")
        assert.include(error.message, `${at(spoiled)}: `)
        assert.match(error.message, words)
        assert.include(error.message, `--workspace ${at("srv/repo")}`)
        assert.include(error.message, at(spoiled))
        // A directory of the user's own in it stands for itself, and is told why.
        const below = yield* find("srv/repo/mine")
        assert.strictEqual(below.root, at("srv/repo/mine"))
        assert.match(below.notice ?? "", words)
        // Naming it is consent to what its owner has there.
        if (spoiled === "srv/repo") assert.strictEqual(yield* root("srv/repo", { named: true }), "srv/repo")
      })
    )
  }

  it.effect("a directory without .parley or .git is checked too", () =>
    Effect.gen(function* () {
      const { at, failure, root } = yield* world
      const words = spoil(at("srv"))
      assert.match((yield* failure("srv")).message, words)
      assert.strictEqual(yield* root("srv", { named: true }), "srv")
    })
  )

  it.effect("a .parley of a third user in a named directory is not read", () =>
    Effect.gen(function* () {
      const { at, make } = yield* world
      make("srv/.parley", "tmp/.parley")
      fs.chmodSync(at("tmp"), 0o1777)
      if (process.getuid?.() === 0) fs.chownSync(at("tmp/.parley"), 4321, 4321)
      const named = yield* Effect.result(Locations.find(at("tmp"), { named: true }))
      if (process.getuid?.() === 0) {
        assert.isTrue(Result.isFailure(named) && named.failure.message.includes("belongs to uid 4321"))
        // All of it another user's: that is what was named.
        for (const name of ["srv", "srv/.parley"]) fs.chownSync(at(name), 4321, 4321)
      }
      assert.strictEqual((yield* Locations.find(at("srv"), { named: true })).root, at("srv"))
    })
  )

  it.effect("a group-writable directory is accepted if the group is the user's own", () =>
    Effect.gen(function* () {
      const { at, failure, make, root } = yield* world
      make("srv/repo/.git")
      for (const name of ["srv/repo", "srv/repo/.git"]) fs.chmodSync(at(name), 0o775)
      if (process.getuid?.() === process.getgid?.()) assert.strictEqual(yield* root("srv/repo"), "srv/repo")
      if (process.getuid?.() !== 0) return
      fs.chownSync(at("srv/repo"), 0, 4321)
      assert.match((yield* failure("srv/repo")).message, /its mode is 0775, its owner uid 0 and its group gid 4321/)
    })
  )
})

it.effect("the substitute for a missing workspace is empty and private", () =>
  Effect.gen(function* () {
    const top = yield* temporary
    const user = yield* Locations.user({ env: { HOME: top } })
    const { root } = yield* Locations.nowhere(user)
    assert.deepStrictEqual(fs.readdirSync(root), [])
    assert.strictEqual(fs.statSync(root).mode & 0o777, 0o700)
    const words = spoil(root)
    assert.match((yield* Effect.flip(Locations.nowhere(user))).message, words)
  })
)
