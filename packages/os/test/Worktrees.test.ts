import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import * as Repository from "../src/Repository.ts"
import * as RepositoryIdentity from "../src/RepositoryIdentity.ts"
import * as Worktrees from "../src/Worktrees.ts"
import { world } from "./support/repositories.ts"

const at = (top: string) =>
  Effect.map(Repository.at(top), (repository) => {
    if (repository === undefined) throw new Error(`${top} is no repository`)
    return repository
  })
const topsOf = (top: string) => Effect.flatMap(at(top), Worktrees.tops)

describe("the worktrees of a repository", () => {
  it.effect("are found from each of them, without those that are gone", () =>
    Effect.gen(function* () {
      const { env, git, home, repository } = yield* world
      const top = repository("main", 1)
      git(top, "worktree", "add", "--quiet", "-b", "one", `${home}/one`)
      git(top, "worktree", "add", "--quiet", "-b", "two", `${home}/two`)
      const all = ["main", "one", "two"].map((name) => `${home}/${name}`)
      for (const each of all) assert.deepStrictEqual(yield* topsOf(each), all, each)
      const ids = yield* Effect.forEach(all, (each) => RepositoryIdentity.of(each, env))
      assert.strictEqual(new Set(ids.map((id) => id?.common)).size, 1)
      assert.strictEqual(new Set(ids.map((id) => id?.directory)).size, 3)
      const before = ids[1]?.directory
      git(top, "worktree", "move", `${home}/one`, `${home}/moved`)
      assert.deepStrictEqual(yield* topsOf(top), [`${home}/main`, `${home}/moved`, `${home}/two`])
      assert.strictEqual((yield* RepositoryIdentity.of(`${home}/moved`, env))?.directory, before)
      fs.rmSync(`${home}/two`, { recursive: true })
      assert.deepStrictEqual(yield* topsOf(top), [`${home}/main`, `${home}/moved`])
    })
  )

  it.effect("of a bare repository are only the linked ones, and a single repository is its own", () =>
    Effect.gen(function* () {
      const { git, home, repository } = yield* world
      const top = repository("main", 1)
      git(home, "clone", "--quiet", "--bare", top, "bare.git")
      git(`${home}/bare.git`, "worktree", "add", "--quiet", `${home}/w`, "main")
      assert.deepStrictEqual(yield* topsOf(`${home}/w`), [`${home}/w`])
      assert.deepStrictEqual(yield* topsOf(top), [top])
    })
  )

  it.effect("are not those that only one side claims", () =>
    Effect.gen(function* () {
      const { git, home, repository } = yield* world
      const mine = repository("mine", 1)
      git(mine, "worktree", "add", "--quiet", "-b", "own", `${home}/own`)
      // A directory that says that it belongs to my repository.
      fs.mkdirSync(`${home}/claims`)
      for (const place of [`${mine}/.git`, `${mine}/.git/worktrees/own`]) {
        fs.writeFileSync(`${home}/claims/.git`, `gitdir: ${place}\n`)
        assert.isFalse(yield* Effect.flatMap(at(`${home}/claims`), Worktrees.isOwn), place)
        assert.deepStrictEqual(yield* topsOf(`${home}/claims`), [mine, `${home}/own`], place)
      }
      // A repository that says that mine is one of its worktrees.
      const evil = repository("evil", 1)
      for (const [name, target] of [
        ["main", mine],
        ["linked", `${home}/own`]
      ]) {
        fs.mkdirSync(`${evil}/.git/worktrees/${name}`, { recursive: true })
        fs.writeFileSync(`${evil}/.git/worktrees/${name}/gitdir`, `${target}/.git\n`)
        fs.writeFileSync(`${evil}/.git/worktrees/${name}/HEAD`, "ref: refs/heads/main\n")
        fs.writeFileSync(`${evil}/.git/worktrees/${name}/commondir`, "../..\n")
      }
      assert.deepStrictEqual(yield* topsOf(evil), [evil])
      // A worktree that was moved without git does not lead to itself until git has repaired it.
      fs.renameSync(`${home}/own`, `${home}/carried`)
      assert.isFalse(yield* Effect.flatMap(at(`${home}/carried`), Worktrees.isOwn))
      git(mine, "worktree", "repair", `${home}/carried`)
      assert.deepStrictEqual(yield* topsOf(mine), [`${home}/carried`, mine])
    })
  )
})
