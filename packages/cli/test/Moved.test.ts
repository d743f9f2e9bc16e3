import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import { join } from "node:path"
import { repositories } from "./support/Repositories.ts"

const limit = 120_000

describe("a repository whose directory was moved", () => {
  it.live(
    "keeps its sessions, and says once where they were; trust in its servers is asked for again",
    () =>
      Effect.gen(function* () {
        const here = yield* repositories
        here.commit(here.workspace)
        here.git(here.workspace, "remote", "add", "origin", "https://me:SECRET@example.org/o/r.git")
        here.write(".parley/mcp.json", '{ "mcpServers": { "theirs": { "command": "true" } } }')
        const listed = (cwd: string) => here.run(["mcp", "trust", "--list", "-f", "json"], { cwd })
        const hash = /"hash":"([^"]+)"/.exec((yield* listed(here.workspace)).stdout)?.[1] ?? ""
        const trusted = yield* here.run(["mcp", "trust", "theirs", "--yes", "--hash", hash])
        assert.strictEqual(trusted.code, 0, trusted.stderr)
        assert.include((yield* listed(here.workspace)).stdout, '"standing":"trusted"')
        const id = yield* here.started(here.workspace)
        for (const record of here.records()) assert.notInclude(record, "SECRET")
        const moved = join(here.root, "elsewhere")
        fs.renameSync(here.workspace, moved)
        const first = yield* here.again(moved)
        assert.strictEqual(first.code, 0, first.stderr)
        assert.include(first.stderr, `parley: this directory was ${here.workspace} before; its session is here now\n`)
        assert.include(first.stderr, "ignored, because you have not trusted them: theirs")
        assert.include((yield* listed(moved)).stdout, '"standing":"unknown"')
        const list = yield* here.list(moved)
        assert.match(list.stdout, new RegExp(`^${id}  .*2 rounds .*\\(was in ${here.workspace}\\)\n$`))
        assert.notInclude(list.stderr, "before")
        assert.notInclude((yield* here.again(moved)).stderr, "before")
        // What was moved back was somewhere else, and began here.
        fs.renameSync(moved, here.workspace)
        assert.include((yield* here.list(here.workspace)).stderr, `this directory was ${moved} before`)
      }),
    limit
  )

  it.live(
    "keeps what was spent in it",
    () =>
      Effect.gen(function* () {
        const here = yield* repositories
        here.commit(here.workspace)
        // A dollar for each token: one message is paid, and a second one does not fit any more.
        here.configure({
          budget: { workspace: 15 },
          prices: { "demo/demo": { input: 0, output: 1_000_000 } },
          models: { "demo/demo": { maxOutputTokens: 10 } }
        })
        yield* here.started(here.workspace)
        const moved = join(here.root, "elsewhere")
        fs.renameSync(here.workspace, moved)
        const refused = yield* here.run(["run", "hi"], { cwd: moved })
        assert.strictEqual(refused.code, 1, refused.stderr)
        assert.include(refused.stderr, "workspace")
        fs.mkdirSync(here.workspace)
        yield* here.started(here.workspace)
      }),
    limit
  )

  it.live(
    "is recognised in a package that is a workspace of its own, and without commits and origin",
    () =>
      Effect.gen(function* () {
        const here = yield* repositories
        here.git(here.workspace, "init", "--quiet")
        fs.mkdirSync(join(here.workspace, "packages/a/.parley"), { recursive: true })
        const ids = [yield* here.started(here.workspace), yield* here.started(join(here.workspace, "packages/a"))]
        const moved = join(here.root, "elsewhere")
        fs.renameSync(here.workspace, moved)
        for (const [i, cwd] of [moved, join(moved, "packages/a")].entries()) {
          const { stdout } = yield* here.list(cwd)
          assert.match(stdout, new RegExp(`^${ids[i]}  [^\\n]*\n$`), cwd)
        }
      }),
    limit
  )
})

describe("a repository that only has the same history as one that is gone", () => {
  it.live(
    "is offered its sessions, and gets them when the user says so",
    () =>
      Effect.gen(function* () {
        const here = yield* repositories
        const origin = join(here.root, "origin")
        fs.mkdirSync(origin)
        here.commit(origin)
        const [one, two, three, four] = ["one", "two", "three", "four"].map((name) => join(here.root, name))
        if (one === undefined || two === undefined || three === undefined || four === undefined)
          throw new Error("no paths")
        for (const clone of [one, two]) here.git(here.root, "clone", "--quiet", origin, clone)
        const id = yield* here.started(one)
        // Both exist, so each has its own.
        assert.strictEqual((yield* here.list(two)).stdout, "")
        assert.strictEqual((yield* here.again(two)).code, 2)
        fs.cpSync(one, three, { recursive: true, preserveTimestamps: true })
        assert.strictEqual((yield* here.list(three)).stdout, "")
        fs.rmSync(one, { recursive: true })
        const refused = yield* here.again(two)
        assert.strictEqual(refused.code, 2)
        here.git(here.root, "clone", "--quiet", origin, four)
        assert.strictEqual((yield* here.again(four)).code, 2, "neither does one that was cloned afterwards")
        const words = `A repository with the same origin and first commit was in ${one}, which no longer exists`
        assert.include(refused.stderr, words)
        assert.include(refused.stderr, `\`parley sessions relocate ${one}\``)
        const offered = yield* here.list(two)
        assert.include(offered.stderr, `${words}: \`parley sessions relocate ${one}\` brings its 1 session here`)
        const relocated = yield* here.run(["sessions", "relocate", `${one}/`], { cwd: two })
        assert.strictEqual(relocated.code, 0, relocated.stderr)
        assert.include(relocated.stderr, `1 session of ${one} now belongs to ${two}\n`)
        assert.match((yield* here.list(two)).stdout, new RegExp(`^${id}  .*\\(was in ${one}\\)\n$`))
        assert.strictEqual((yield* here.again(two)).code, 0)
        for (const cwd of [two, three]) assert.notInclude((yield* here.list(cwd)).stderr, "same origin")
      }),
    limit
  )
})

it.live(
  "a directory without git gets the sessions of another one only by name",
  () =>
    Effect.gen(function* () {
      const here = yield* repositories
      const id = yield* here.started(here.workspace)
      const moved = join(here.root, "it's moved")
      fs.renameSync(here.workspace, moved)
      const relocate = (directory: string) => here.run(["sessions", "relocate", directory], { cwd: moved })
      for (const [directory, problem] of [
        ["nowhere", `No session belongs to ${moved}/nowhere; \`parley sessions list --all\` lists`],
        [".", `${moved} is this workspace, so its sessions are here already`],
        ["", "The path of the directory that the sessions belong to is needed"]
      ] as const) {
        const refused = yield* relocate(directory)
        assert.strictEqual(refused.code, 2, directory)
        assert.include(refused.stderr, problem)
      }
      const advised = yield* here.again(moved)
      assert.include(
        advised.stderr,
        `\`parley sessions relocate ${here.workspace}\` brings all sessions of that directory here`
      )
      assert.strictEqual((yield* relocate("../ws")).code, 0)
      assert.match((yield* here.list(moved)).stdout, new RegExp(`^${id}  .*\\(was in ${here.workspace}\\)\n$`))
      // There and back, it is known where they began.
      fs.mkdirSync(here.workspace)
      assert.strictEqual((yield* here.run(["sessions", "relocate", moved])).code, 0)
      assert.strictEqual((yield* here.list(moved)).stdout, "")
      assert.include((yield* here.list(here.workspace)).stdout, id)
      const home = yield* here.run(["sessions", "relocate", here.workspace], { cwd: here.home })
      assert.strictEqual(home.code, 2)
      assert.include(home.stderr, "is your home directory")
    }),
  limit
)

it.live(
  "worktrees have their own sessions, or share them, also those of one that was removed",
  () =>
    Effect.gen(function* () {
      const here = yield* repositories
      here.commit(here.workspace)
      const [one, two, forged] = ["one", "two", "forged"].map((name) => join(here.root, name))
      if (one === undefined || two === undefined || forged === undefined) throw new Error("no paths")
      for (const path of [one, two]) here.git(here.workspace, "worktree", "add", "--quiet", "--detach", path)
      fs.mkdirSync(forged)
      fs.writeFileSync(join(forged, ".git"), `gitdir: ${here.workspace}/.git/worktrees/one\n`)
      const first = yield* here.started(here.workspace)
      const second = yield* here.started(one)
      const ids = (cwd: string) =>
        Effect.map(here.list(cwd), ({ stdout }) =>
          stdout.split("\n").flatMap((line) => line.match(/^ses_\w+/)?.[0] ?? [])
        )
      assert.deepStrictEqual(yield* ids(here.workspace), [first])
      assert.deepStrictEqual(yield* ids(two), [])
      here.configure({ worktrees: "shared" })
      for (const cwd of [here.workspace, one, two]) assert.deepStrictEqual(yield* ids(cwd), [second, first], cwd)
      assert.match(
        (yield* here.list(two)).stdout,
        new RegExp(`^${second}  .*  ${one}\n${first}  .*  ${here.workspace}\n$`)
      )
      assert.deepStrictEqual(yield* ids(forged), [])
      assert.strictEqual((yield* here.again(forged)).code, 2)
      const continued = yield* here.again(two)
      assert.include(continued.stderr, second)
      here.git(here.workspace, "worktree", "remove", "--force", one)
      assert.deepStrictEqual(yield* ids(two), [second, first])
      here.configure({})
      assert.notInclude((yield* here.list(two)).stderr, "same origin")
      // Another worktree at the place of none is not the one that was removed.
      const three = join(here.root, "three")
      here.git(here.workspace, "worktree", "add", "--quiet", "--detach", three)
      assert.include((yield* here.list(three)).stderr, "belong to directories that no longer exist")
      assert.strictEqual((yield* here.again(three)).code, 2)
      here.configure({ worktrees: "both" })
      const wrong = yield* here.list(two)
      assert.strictEqual(wrong.code, 3)
      assert.include(wrong.stderr, "worktrees")
    }),
  limit
)
