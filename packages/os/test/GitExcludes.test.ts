import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import { env as variables } from "node:process"
import * as GitConfig from "../src/GitConfig.ts"
import * as GitExcludes from "../src/GitExcludes.ts"
import type * as GitSettings from "../src/GitSettings.ts"
import * as Ignore from "../src/Ignore.ts"
import * as Repository from "../src/Repository.ts"
import { put, temporary } from "./support/temporary.ts"

/** A user's home with a repository in it. */
const world = Effect.gen(function* () {
  const home = yield* temporary
  const env = { PATH: variables["PATH"], HOME: home, GIT_CONFIG_NOSYSTEM: "1" }
  const git = (...args: ReadonlyArray<string>) =>
    execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@example.com", ...args], {
      cwd: `${home}/top`,
      env,
      encoding: "utf8"
    }).trim()
  fs.mkdirSync(`${home}/top`)
  git("init", "--quiet", "--initial-branch=main")
  return { home, env, git, top: `${home}/top` }
})

/** Which of the names the rules for all of `root` ignore there. */
const ignored = (root: string, env: GitSettings.Env, ...names: ReadonlyArray<string>) =>
  Effect.map(GitExcludes.read(root, env), ({ scope }) =>
    names.filter((name) => Ignore.ignores(scope, name, name.slice(name.lastIndexOf("/") + 1), false))
  )

describe("the rules of git for a whole directory", () => {
  it.effect("are the user's by default, also without a repository, and those of .git/info/exclude after them", () =>
    Effect.gen(function* () {
      const { env, home, top } = yield* world
      put(home, ".config/git/ignore", "user\nboth\n")
      put(top, ".git/info/exclude", "mine\n!both\n")
      fs.mkdirSync(`${home}/plain`)
      assert.deepStrictEqual(yield* ignored(`${home}/plain`, env, "user", "mine", "both"), ["user", "both"])
      assert.deepStrictEqual(yield* ignored(top, env, "user", "mine", "both"), ["user", "mine"])
      const other = { ...env, XDG_CONFIG_HOME: `${home}/xdg` }
      put(home, "xdg/git/ignore", "other\n")
      assert.deepStrictEqual(yield* ignored(top, other, "user", "other"), ["other"])
    })
  )

  it.effect("come from where the configuration says, as git finds it", () =>
    Effect.gen(function* () {
      const { env, git, home, top } = yield* world
      put(home, ".config/git/ignore", "default\n")
      put(home, "mine", "mine\n")
      put(top, "its/list", "its\n")
      put(home, ".gitconfig", '[core]\n\texcludesFile = "~/mine" ; a comment\n[include]\n\tpath = more.inc\n')
      assert.deepStrictEqual(yield* ignored(top, env, "default", "mine", "its"), ["mine"])
      put(
        home,
        "more.inc",
        '[includeIf "gitdir:~/top/"]\n  path = ~/in-top.inc\n[includeIf "gitdir:other/"]\n path = bad\n'
      )
      put(home, "in-top.inc", "[core]\nexcludesfile=its/list\n")
      assert.deepStrictEqual(yield* ignored(top, env, "default", "mine", "its"), ["its"])
      assert.strictEqual(git("config", "core.excludesFile"), "its/list")
      put(home, "in-top.inc", "")
      put(home, "more.inc", '[includeIf "onbranch:ma*"]\npath = in-top.inc\n')
      put(home, "in-top.inc", "[core]\nexcludesfile=its/list\n")
      assert.deepStrictEqual(yield* ignored(top, env, "mine", "its"), ["its"])
      put(top, ".git/config", '[core]\n\tbare = false\n\tignoreCase = true\n\texcludesFile = ""\n')
      assert.deepStrictEqual(yield* ignored(top, env, "default", "mine", "its"), [])
      put(home, "global", "[core]\nexcludesFile=~/mine\n")
      put(top, ".git/config", "[core]\n\trepositoryformatversion = 0\n")
      assert.deepStrictEqual(yield* ignored(top, { ...env, GIT_CONFIG_GLOBAL: `${home}/global` }, "mine", "its"), [
        "mine"
      ])
    })
  )

  it.effect("ignore case if the repository does", () =>
    Effect.gen(function* () {
      const { env, git, top } = yield* world
      put(top, ".git/info/exclude", "Secret\n")
      assert.deepStrictEqual(yield* ignored(top, env, "secret"), [])
      git("config", "core.ignoreCase", "true")
      assert.deepStrictEqual(yield* ignored(top, env, "secret"), ["secret"])
    })
  )

  it.effect("are shared by the worktrees of a repository, and a worktree may have a configuration of its own", () =>
    Effect.gen(function* () {
      const { env, git, home, top } = yield* world
      git("commit", "--quiet", "--allow-empty", "-m", "first")
      git("worktree", "add", "--quiet", `${home}/tree`)
      put(top, ".git/info/exclude", "mine\n")
      assert.deepStrictEqual(yield* ignored(`${home}/tree`, env, "mine", "own"), ["mine"])
      git("config", "extensions.worktreeConfig", "true")
      put(top, ".git/worktrees/tree/config.worktree", `[core]\n\texcludesFile = ${home}/own\n`)
      put(home, "own", "own\n")
      assert.deepStrictEqual(yield* ignored(`${home}/tree`, env, "mine", "own"), ["mine", "own"])
      assert.deepStrictEqual(yield* ignored(top, env, "mine", "own"), ["mine"])
    })
  )

  it.effect("come from the directories above too, unless they ignore the directory itself", () =>
    Effect.gen(function* () {
      const { env, home, top } = yield* world
      put(top, ".gitignore", "/pkg/a/one\ntwo\nout/\n")
      put(top, "pkg/.gitignore", "!two\na/three\n")
      put(top, ".git/info/exclude", "pkg/a/four\n")
      put(top, "pkg/a/x")
      put(top, "out/x")
      const names = ["one", "two", "three", "four", "b/one", "five"]
      assert.deepStrictEqual(yield* ignored(`${top}/pkg/a`, env, ...names), ["one", "three", "four"])
      assert.deepStrictEqual(yield* ignored(`${top}/out`, env, "one", "two"), [])
      fs.rmSync(`${top}/pkg/.gitignore`)
      put(home, "rules", "five\n")
      fs.symlinkSync(`${home}/rules`, `${top}/pkg/.gitignore`)
      assert.deepStrictEqual(yield* ignored(`${top}/pkg/a`, env, ...names), ["one", "two", "four"])
    })
  )

  it.effect("do not depend on a home that this user must not enter", () =>
    Effect.gen(function* () {
      if (process.getuid?.() !== 0) return
      const { env, home, top } = yield* world
      put(home, "closed/.config/git/ignore", "a\n")
      fs.chmodSync(home, 0o755)
      fs.chmodSync(`${home}/closed`, 0o700)
      process.seteuid?.(65534)
      const { skipped } = yield* GitExcludes.read(top, { ...env, HOME: `${home}/closed` }).pipe(
        Effect.ensuring(Effect.sync(() => process.seteuid?.(0)))
      )
      assert.deepStrictEqual(skipped, [])
    })
  )

  it.effect("hide everything if they cannot be known, whatever an ignore file says", () =>
    Effect.gen(function* () {
      const { env, top } = yield* world
      put(top, ".git/info/exclude", "# x\n".repeat(2 ** 20 + 1))
      put(top, ".gitignore", "!*\n")
      const files = yield* GitExcludes.ignoreFiles(top, env)
      assert.isTrue(Ignore.ignores(yield* files.within("", files.outer), "a", "a", false))
      assert.deepStrictEqual(files.skipped, [
        {
          path: `${top}/.git/info/exclude`,
          reason: "is larger than 4194304 bytes; it may hide secrets, so patterns find nothing"
        }
      ])
    })
  )
})

describe("a repository", () => {
  it.effect("is not made by a .git that git does not accept", () =>
    Effect.gen(function* () {
      const { home, top } = yield* world
      fs.mkdirSync(`${top}/a/.git`, { recursive: true })
      put(top, "b/.git", "gitdir: ../nowhere\n")
      for (const directory of ["a", "b"])
        assert.strictEqual((yield* Repository.around(`${top}/${directory}`))?.top, top, directory)
      assert.isUndefined(yield* Repository.at(home))
    })
  )
})

describe("git's configuration", () => {
  it("is read as git reads it", () => {
    const text = [
      "\uFEFF; a comment",
      "[core] excludesFile = a b  # why",
      '\tPager = "less; #1" -R \\',
      "  more",
      '[Remote "Or\\"igin"]',
      "  url = x\\ty\\\\z",
      "  flag",
      "[branch.Main] merge=refs/heads/main"
    ].join("\r\n")
    assert.deepStrictEqual(GitConfig.parse(text), [
      { section: "core", part: undefined, key: "excludesfile", value: "a b" },
      { section: "core", part: undefined, key: "pager", value: "less; #1 -R   more" },
      { section: "remote", part: 'Or"igin', key: "url", value: "x\ty\\z" },
      { section: "remote", part: 'Or"igin', key: "flag", value: "true" },
      { section: "branch", part: "main", key: "merge", value: "refs/heads/main" }
    ])
    for (const bad of ["a = b", "[core]\n= b", '[core]\na = "b', "[core]\na = \\x", "[core]\n a b", "[co"])
      assert.isUndefined(GitConfig.parse(bad), bad)
  })

  it("knows what means yes", () => {
    assert.deepStrictEqual(["true", "YES", "on", "1", "-1"].filter(GitConfig.isTrue).length, 5)
    assert.deepStrictEqual(["false", "no", "off", "0", "", "x"].filter(GitConfig.isTrue), [])
  })
})
