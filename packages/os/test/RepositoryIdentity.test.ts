import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import * as RepositoryIdentity from "../src/RepositoryIdentity.ts"
import { world } from "./support/repositories.ts"

const found = Effect.fnUntraced(function* (directory: string, env: Record<string, string | undefined>) {
  const identity = yield* RepositoryIdentity.of(directory, env)
  if (identity === undefined) throw new Error(`${directory} is in no repository`)
  return { ...identity, first: yield* RepositoryIdentity.firstCommit(identity.repository, env) }
})

describe("the identity of a repository", () => {
  it.effect("stays the same when its directory is moved, and in a directory below", () =>
    Effect.gen(function* () {
      const { env, git, home, repository } = yield* world
      const top = repository("a", 3)
      fs.mkdirSync(`${top}/packages/p`, { recursive: true })
      const before = yield* found(top, env)
      assert.match(before.directory ?? "", /^\d+:\d+$/)
      assert.strictEqual(before.common, before.directory)
      assert.strictEqual(before.first, git(top, "rev-list", "--max-parents=0", "HEAD"))
      fs.mkdirSync(`${home}/elsewhere`)
      fs.renameSync(top, `${home}/elsewhere/b`)
      const after = yield* found(`${home}/elsewhere/b`, env)
      const { repository: _old, ...same } = before
      assert.deepInclude(after, same)
      const below = yield* found(`${home}/elsewhere/b/packages/p`, env)
      assert.deepStrictEqual([below.path, below.directory], ["packages/p", before.directory])
      assert.isUndefined(yield* RepositoryIdentity.of(home, env))
    })
  )

  it.effect("has the same origin and first commit in two clones, but another directory, as in a copy", () =>
    Effect.gen(function* () {
      const { env, git, home, repository } = yield* world
      const origin = repository("origin", 2)
      for (const name of ["one", "two"]) git(home, "clone", "--quiet", origin, name)
      fs.cpSync(`${home}/one`, `${home}/copy`, { recursive: true, preserveTimestamps: true })
      const [one, two, copy] = yield* Effect.forEach(["one", "two", "copy"], (name) => found(`${home}/${name}`, env))
      assert.isDefined(one?.origin)
      assert.deepStrictEqual([two?.origin, two?.first], [one?.origin, one?.first])
      assert.deepStrictEqual([copy?.origin, copy?.first], [one?.origin, one?.first])
      assert.strictEqual(new Set([one, two, copy].map((each) => each?.directory)).size, 3)
      // A bare repository is where the others came from, and no workspace can be in it.
      git(home, "clone", "--quiet", "--bare", origin, "bare.git")
      git(home, "clone", "--quiet", `${home}/bare.git`, "three")
      assert.notStrictEqual((yield* found(`${home}/three`, env)).origin, one?.origin)
    })
  )

  it.effect("has an origin without credentials, from `origin` or the only remote", () =>
    Effect.gen(function* () {
      const { env, git, repository } = yield* world
      const top = repository("a", 1)
      assert.isUndefined((yield* found(top, env)).origin)
      git(top, "remote", "add", "upstream", "https://example.org/o/r.git")
      const plain = (yield* found(top, env)).origin
      assert.match(plain ?? "", /^[0-9a-f]{64}$/)
      git(top, "remote", "add", "fork", "https://example.org/fork/r.git")
      assert.isUndefined((yield* found(top, env)).origin, "which of the two counts is not known")
      git(top, "remote", "add", "origin", "https://user:SECRET@example.org/o/r.git")
      assert.strictEqual((yield* found(top, env)).origin, plain)
      git(top, "remote", "rename", "origin", "home")
      git(top, "remote", "remove", "fork")
      git(top, "remote", "remove", "upstream")
      assert.strictEqual((yield* found(top, env)).origin, plain)
      git(top, "remote", "set-url", "home", "https://example.org/o/renamed.git")
      assert.notStrictEqual((yield* found(top, env)).origin, plain)
    })
  )

  it.effect("has no first commit without commits, in a shallow clone, and without git", () =>
    Effect.gen(function* () {
      const { env, git, home, repository } = yield* world
      const empty = yield* found(repository("empty", 0), env)
      assert.isUndefined(empty.first)
      assert.isDefined(empty.directory)
      const origin = repository("origin", 3)
      git(home, "clone", "--quiet", "--depth", "1", `file://${origin}`, "shallow")
      const shallow = yield* found(`${home}/shallow`, env)
      assert.strictEqual(git(`${home}/shallow`, "rev-list", "--max-parents=0", "HEAD").length, 40)
      assert.isUndefined(shallow.first, "the oldest commit that it has is not the first one")
      git(`${home}/shallow`, "fetch", "--quiet", "--unshallow")
      const whole = (yield* found(origin, env)).first
      assert.strictEqual((yield* found(`${home}/shallow`, env)).first, whole)
      const without = yield* found(origin, { ...env, PATH: "" })
      assert.isUndefined(without.first)
      assert.isDefined(without.directory)
    })
  )

  it.effect("has the first commit of the line of first parents if histories were joined", () =>
    Effect.gen(function* () {
      const { env, git, home, repository } = yield* world
      const first = repository("a", 2)
      const [other, third] = [repository("b", 2), repository("c", 2)]
      const expected = (yield* found(first, env)).first
      const merge = (from: string) => {
        git(first, "fetch", "--quiet", from, "main")
        git(first, "merge", "--quiet", "--allow-unrelated-histories", "-m", "join", "FETCH_HEAD")
      }
      merge(other)
      merge(third)
      assert.lengthOf(git(first, "rev-list", "--max-parents=0", "HEAD").split("\n"), 3)
      assert.strictEqual((yield* found(first, env)).first, expected)
      git(home, "clone", "--quiet", first, "clone")
      assert.strictEqual((yield* found(`${home}/clone`, env)).first, expected)
      // An object that stands in for another changes what git shows of a history, and anyone can write one.
      git(first, "replace", expected ?? "", git(other, "rev-parse", "HEAD"), "-f")
      assert.strictEqual((yield* found(first, env)).first, expected)
    })
  )

  it.effect("starts no program of the repository's", () =>
    Effect.gen(function* () {
      const { env, git, home, repository } = yield* world
      const top = repository("a", 1)
      const program = `${home}/evil.sh`
      fs.writeFileSync(program, `#!/bin/sh\ntouch ${home}/ran\n`, { mode: 0o755 })
      for (const key of ["core.fsmonitor", "core.sshCommand", "core.pager", "pager.rev-list", "core.gitProxy"])
        git(top, "config", key, program)
      git(top, "config", "alias.rev-list", `!${program}`)
      assert.isDefined((yield* found(top, env)).first)
      assert.isFalse(fs.existsSync(`${home}/ran`))
      execFileSync(program)
      assert.isTrue(fs.existsSync(`${home}/ran`), "the program would have left a file")
    })
  )

  it.effect("has no directory if `.git` leads to a repository that does not belong to it", () =>
    Effect.gen(function* () {
      const { env, home, repository } = yield* world
      const top = repository("real", 1)
      fs.mkdirSync(`${home}/forged`)
      fs.writeFileSync(`${home}/forged/.git`, `gitdir: ${top}/.git\n`)
      fs.mkdirSync(`${home}/linked`)
      fs.symlinkSync(`${top}/.git`, `${home}/linked/.git`)
      for (const name of ["forged", "linked"]) {
        const forged = yield* found(`${home}/${name}`, env)
        assert.deepStrictEqual([forged.directory, forged.common], [undefined, undefined], name)
      }
    })
  )
})
