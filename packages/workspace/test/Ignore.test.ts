import { assert, describe, it } from "@effect/vitest"
import { FilesManager } from "@parley/domain/FilesManager"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import * as Files from "../src/files/Files.ts"
import { configure, put, reasons, temporary, texts } from "./support.ts"

const git = (root: string, ...args: ReadonlyArray<string>): string =>
  execFileSync("git", ["-c", "core.ignoreCase=false", "-c", "core.excludesFile=", ...args], {
    cwd: root,
    encoding: "utf8"
  })

/** What git itself would take. */
const untracked = (root: string): ReadonlyArray<string> =>
  git(root, "ls-files", "-z", "--others", "--exclude-per-directory=.gitignore")
    .split("\0")
    .filter((path) => path !== "" && !/(^|\/)\./.test(path))
    .sort()

const taken = (root: string) => Effect.map(Files.read(root), ({ files }) => files.map(({ path }) => path))

const names = ["a", "b", "ab", "a.log", "B", "x y", "[a]", "{a,b}"]
// The deepest first, so that files give way to directories.
const directories = ["b/a/b/", "a/a/", "a/b/", "b/", "a/", ""]
const Line = Schema.Literals([
  ..."a b ab *.log *.* * ** a* *b ?b [ab] [!a]* \\[a\\] {a,b} \\{a,b\\} /a /a/ a/ b/ a/b a/b/ /a/* a/** **/a **/b/ a/**/b !a !b !ab".split(
    " "
  ),
  ..."!*.log !/a/ !a/b !**/b # #a \\#a \\!a /** !* !*/ b** ./a a//b a/../b / // ! a\\".split(" "),
  "",
  "x y",
  "x y ",
  "x\\ y  ",
  "x y\\ ",
  "a  ",
  "\uFEFFa",
  "a\r"
])
const Lines = Schema.Array(Line)

describe("ignore files", () => {
  it.effect.prop(
    "leave out the same files as git",
    [Lines, Lines, Lines],
    ([top, inner, inmost]) =>
      Effect.gen(function* () {
        const root = yield* temporary
        git(root, "init", "--quiet")
        for (const directory of directories)
          for (const name of names)
            if (!fs.existsSync(`${root}/${directory}${name}`)) put(root, `${directory}${name}`, "")
        put(root, ".gitignore", top.join("\n"))
        put(root, "a/.gitignore", `${inner.join("\n")}\n`)
        put(root, "b/a/.gitignore", inmost.join("\n"))
        configure(root, ["**"])
        assert.deepStrictEqual(yield* taken(root), untracked(root))
      }).pipe(Effect.scoped),
    { arbitrary: { runs: 60 } }
  )

  it.effect("apply from the nearest directory that has a matching rule", () =>
    Effect.gen(function* () {
      const root = yield* temporary
      for (const name of ["a.log", "docs/a.log", "docs/b.log", "docs/in/a.log", "docs/in/b.log"]) put(root, name, name)
      put(root, ".gitignore", "*.log\n")
      put(root, "docs/.gitignore", "!a.log\n")
      put(root, "docs/in/.gitignore", "a.log\n!b.log\n")
      configure(root, ["**/*.log"])
      assert.deepStrictEqual(yield* taken(root), ["docs/a.log", "docs/in/b.log"])
    })
  )

  it.effect("can be overridden by .parleyignore, and by including a file by name", () =>
    Effect.gen(function* () {
      const root = yield* temporary
      for (const name of ["dist/a.md", "dist/b.md", "notes.md", "secret.md", "docs/draft.md", "docs/plan.md"])
        put(root, name, name)
      put(root, ".gitignore", "dist/\nnotes.md\n")
      put(root, ".parleyignore", "!notes.md\nsecret.md\n")
      put(root, "docs/.parleyignore", "draft.md")
      configure(root, ["**/*.md", "dist/b.md"])
      assert.deepStrictEqual(yield* taken(root), ["dist/b.md", "docs/plan.md", "notes.md"])
      configure(root, ["dist/*.md", "secret.*"])
      const none = ".gitignore or .parleyignore ignores all files that it could match"
      assert.deepStrictEqual(reasons(yield* Files.read(root)), { "dist/*.md": none, "secret.*": none })
    })
  )

  it.effect("hide everything where their rules are unknown, and are read as bytes otherwise", () =>
    Effect.gen(function* () {
      const root = yield* temporary
      for (const name of ["a.md", "latin/secret.md", "latin/open.md", "large/secret.md", "large/open.md"])
        put(root, name, name)
      put(root, "latin/.gitignore", Buffer.from("# pr\xE9f\xE9r\xE9\nsecret.md\n", "latin1"))
      put(root, "large/.gitignore", `${"# x\n".repeat(20_000)}secret.md`)
      put(root, "huge/.gitignore", "# x\n".repeat(2 ** 20 + 1))
      put(root, "huge/.parleyignore", "!*\n")
      put(root, "huge/in/.gitignore", "!*\n")
      put(root, "huge/in/b.md", "b")
      put(root, "many/.gitignore", "x*y\n".repeat(10_001))
      put(root, "many/c.md", "c")
      configure(root, ["**/*.md", "huge/in/*.md"])
      const set = yield* Files.read(root)
      assert.deepStrictEqual(Object.keys(texts(set)), ["a.md", "large/open.md", "latin/open.md"])
      const hides = "; it may hide secrets, so patterns find nothing in its directory and below"
      assert.deepStrictEqual(reasons(set), {
        "huge/.gitignore": `is larger than 4194304 bytes (it has 4194308)${hides}`,
        "huge/in/*.md": ".gitignore or .parleyignore ignores all files that it could match",
        "many/.gitignore": `has more than 10000 patterns with wildcards${hides}`
      })
      const { explain } = yield* Effect.provide(FilesManager, Files.layer({ root }), { local: true })
      assert.strictEqual(
        yield* explain?.("many/c.md") ?? Effect.succeed(""),
        `many/c.md is not in the context: many/.gitignore has more than 10000 patterns with wildcards${hides}.`
      )
    })
  )

  it.effect("are not followed if they are links, as git does not follow them, but a .parleyignore is", () =>
    Effect.gen(function* () {
      const root = yield* temporary
      for (const name of ["a/x.md", "b/x.md"]) put(root, name, name)
      put(root, "rules", "x.md\n")
      fs.symlinkSync("../rules", `${root}/a/.gitignore`)
      fs.symlinkSync("../rules", `${root}/b/.parleyignore`)
      configure(root, ["**/*.md"])
      const set = yield* Files.read(root)
      assert.deepStrictEqual(Object.keys(texts(set)), ["a/x.md"])
      assert.deepStrictEqual(reasons(set), {
        "a/.gitignore": "is a symbolic link; as in git, its rules are not applied"
      })
    })
  )

  it.effect("include the rules of the user and of the repository, also above the workspace", () =>
    Effect.gen(function* () {
      const home = yield* temporary
      const top = `${home}/top`
      put(home, ".config/git/ignore", "user.md\n")
      git(home, "init", "--quiet", "top")
      put(top, ".git/info/exclude", "mine.md\n")
      put(top, ".gitignore", "/pkg/a/secret.md\n")
      for (const name of ["user.md", "mine.md", "secret.md", "open.md"]) put(top, `pkg/a/${name}`, name)
      configure(`${top}/pkg`, ["**/*.md"])
      const { read } = yield* Effect.provide(
        FilesManager,
        Files.layer({ root: `${top}/pkg`, env: { HOME: home, GIT_CONFIG_NOSYSTEM: "1" } }),
        { local: true }
      )
      assert.deepStrictEqual(Object.keys(texts(yield* read)), ["a/open.md"])
    })
  )

  it.effect("cannot make a file with secrets visible, and are not needed to hide it", () =>
    Effect.gen(function* () {
      const root = yield* temporary
      put(root, "deploy.pem", "x")
      put(root, "a.md", "a")
      put(root, ".gitignore", "!*\n")
      configure(root, ["**/*"])
      const set = yield* Files.read(root)
      assert.deepStrictEqual(Object.keys(texts(set)), ["a.md"])
      assert.match(reasons(set)["deploy.pem"] ?? "", /^may hold secrets/)
    })
  )
})

describe("exclude", () => {
  it.effect("leaves out included files, and everything in a directory", () =>
    Effect.gen(function* () {
      const root = yield* temporary
      for (const name of ["a.md", "a.test.md", "docs/b.md", "docs/old/c.md", "docs/.old.md", "x/[y].md", "x/y.md"])
        put(root, name, name)
      const exclude = ["**/*.test.md", "docs/old/", "./docs/.*", "x/[y].md", "../up", "/abs", ".git/*"]
      configure(root, ["**/*.md", "docs/.old.md", "docs/old/c.md", "x/y.md"], { exclude })
      const set = yield* Files.read(root)
      assert.deepStrictEqual(Object.keys(texts(set)), ["a.md", "docs/b.md"])
      assert.deepStrictEqual(reasons(set), {
        "../up": "refused: `..` is not allowed",
        ".git/*": "refused: patterns do not search `.git`; include its files by name",
        "/abs": "refused: absolute paths are not allowed",
        "docs/.old.md": "`exclude` excludes it",
        "docs/old/c.md": "`exclude` excludes it",
        "x/y.md": "`exclude` excludes it"
      })
    })
  )

  it.effect("is not needed for directories of git, package managers and Parley", () =>
    Effect.gen(function* () {
      const root = yield* temporary
      for (const name of [".git/a.md", "x/.GIT/a.md", ".parley/a.md", "x/node_modules/a.md", ".x/a.md"])
        put(root, name, name)
      configure(root, ["**/{.*,*}/*.md", ".git/*.md", ".Git/*.md", ".parley/**"])
      const set = yield* Files.read(root)
      assert.deepStrictEqual(Object.keys(texts(set)), [".x/a.md"])
      const refused = (name: string) => `refused: patterns do not search \`${name}\`; include its files by name`
      assert.deepStrictEqual(reasons(set), {
        ".git/*.md": refused(".git"),
        ".Git/*.md": refused(".Git"),
        ".parley/**": refused(".parley")
      })
      configure(root, [".git/a.md"])
      assert.deepStrictEqual(texts(yield* Files.read(root)), { ".git/a.md": ".git/a.md" })
    })
  )
})
