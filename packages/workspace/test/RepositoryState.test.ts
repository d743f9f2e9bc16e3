import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import { env as variables } from "node:process"
import * as EnvironmentInfo from "../src/project/EnvironmentInfo.ts"
import * as RepositoryState from "../src/project/RepositoryState.ts"
import { put, temporary } from "./support.ts"

const world = Effect.gen(function* () {
  const home = yield* temporary
  const root = `${home}/top`
  const env = { PATH: variables["PATH"], HOME: home, GIT_CONFIG_NOSYSTEM: "1", SHELL: "/bin/zsh" }
  fs.mkdirSync(root)
  const git = (...args: ReadonlyArray<string>) =>
    execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@example.com", ...args], { cwd: root, env })
  git("init", "--quiet", "--initial-branch=main")
  const read = (directory = root) => Effect.map(RepositoryState.read(directory, env), (text) => text?.split("\n"))
  return { home, root, env, git, read }
})

describe("the state of a repository", () => {
  it.effect("has the branch, the status, recent commits and the names at the top", () =>
    Effect.gen(function* () {
      const { env, git, home, read, root } = yield* world
      assert.deepStrictEqual(yield* read(), ["Branch: main, without commits", "Status: clean"])
      for (const name of ["a.ts", "b.ts", "old name.ts", "pkg/c.ts"]) put(root, name, `${name}\n`.repeat(20))
      git("add", ".")
      for (let i = 1; i <= 7; i++) git("commit", "--quiet", "--allow-empty", "-m", `commit ${i}`)
      put(root, "a.ts", "changed")
      fs.rmSync(`${root}/b.ts`)
      git("mv", "old name.ts", "new name.ts")
      put(root, "new\nline.ts", "")
      const lines = (yield* read())?.map((line) => line.replace(/^[0-9a-f]{7,} /, "HASH ")) ?? []
      assert.deepStrictEqual(lines, [
        "Branch: main",
        "Status:",
        " M a.ts",
        " D b.ts",
        "R  new name.ts (was old name.ts)",
        '?? "new\\u{a}line.ts"',
        "Recent commits:",
        ...[7, 6, 5, 4, 3].map((i) => `HASH commit ${i}`),
        'At the top of the workspace: "new\\u{a}line.ts" a.ts new name.ts pkg/'
      ])
      const inPackage = yield* read(`${root}/pkg`)
      assert.deepStrictEqual(inPackage?.slice(0, 2), ["Branch: main", "Status: clean"])
      put(root, "pkg/d.ts", "")
      assert.deepStrictEqual((yield* read(`${root}/pkg`))?.slice(1, 3), [
        "Status, with paths from the top of the repository:",
        "?? pkg/d.ts"
      ])
      assert.isUndefined(yield* read(home))
      const { system, workspace } = yield* EnvironmentInfo.read({ root: `${root}/pkg`, env })
      assert.deepStrictEqual([workspace?.repository, system?.shell], [root, "zsh"])
    })
  )

  it.effect("is bounded", () =>
    Effect.gen(function* () {
      const { read, root } = yield* world
      for (let i = 0; i < 100; i++) put(root, `file-${String(i).padStart(3, "0")}`, "")
      put(root, "x".repeat(200), "")
      const lines = (yield* read()) ?? []
      assert.strictEqual(lines.filter((line) => line.startsWith("??")).length, 40)
      assert.include(lines, "… and 61 more")
      assert.match(lines.at(-1) ?? "", /file-059 … and 41 more$/)
    })
  )

  it.effect("says so if git does not tell", () =>
    Effect.gen(function* () {
      const { env, root } = yield* world
      const text = (yield* RepositoryState.read(root, { ...env, PATH: "" })) ?? ""
      assert.include(text, "Status: not known")
    })
  )
})
