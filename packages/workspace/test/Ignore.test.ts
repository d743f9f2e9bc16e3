import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import * as Files from "../src/Files.ts"
import * as Ignore from "../src/internal/Ignore.ts"
import { configure, put, reasons, temporary, texts } from "./support.ts"
import { promptly } from "../../os/test/support/promptly.ts"

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

describe("what ignore files leave out", () => {
  it.effect.prop(
    "is what git leaves out",
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

  it.effect("is what the nearest ignore file says that says anything", () =>
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

  it.effect("can be put right by .parleyignore, and by naming a file", () =>
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
      const none = "matches no file that .gitignore or .parleyignore leaves in"
      assert.deepStrictEqual(reasons(yield* Files.read(root)), { "dist/*.md": none, "secret.*": none })
    })
  )

  it.effect("is not known when they cannot be read, which is said", () =>
    Effect.gen(function* () {
      const root = yield* temporary
      put(root, "a.md", "a")
      put(root, ".gitignore", Buffer.from([0x61, 0xff]))
      put(root, "docs/b.md", "b")
      put(root, "docs/.gitignore", "# x\n".repeat(20_000))
      configure(root, ["**/*.md"])
      const set = yield* Files.read(root)
      assert.deepStrictEqual(texts(set), { "a.md": "a", "docs/b.md": "b" })
      assert.deepStrictEqual(reasons(set), {
        ".gitignore": "is not valid UTF-8 text; what it leaves out is not known",
        "docs/.gitignore": "is larger than 65536 bytes (it has 80000); what it leaves out is not known"
      })
    })
  )

  it.effect("X25: takes no longer for patterns that would stop a regular expression", () =>
    Effect.sync(() => {
      const hard = [`${"*a".repeat(100)}b`, `${"**/a/".repeat(12)}**/z`, `${"*[ab]".repeat(100)}c`, "*?".repeat(100)]
      const rules = Ignore.parse(hard.join("\n"))
      assert.strictEqual(rules.length, 4)
      const scope = { directory: "", rules, above: undefined }
      const began = performance.now()
      for (const name of ["a".repeat(255), `${"a".repeat(90)}zx`])
        assert.isBoolean(Ignore.ignores(scope, `${"a/".repeat(31)}${name}`, name, false))
      promptly(performance.now() - began, 1000)
    })
  )
})

describe("exclude", () => {
  it.effect("leaves out whatever was included, directories with all in them", () =>
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
        ".git/*": "refused: `.git` is not searched; its files are named one by one",
        "/abs": "refused: absolute paths are not allowed",
        "docs/.old.md": "`exclude` leaves it out",
        "docs/old/c.md": "`exclude` leaves it out",
        "x/y.md": "`exclude` leaves it out"
      })
    })
  )

  it.effect("is not needed for what belongs to git, to packages and to us", () =>
    Effect.gen(function* () {
      const root = yield* temporary
      for (const name of [".git/a.md", "x/.GIT/a.md", ".parley/a.md", "x/node_modules/a.md", ".x/a.md"])
        put(root, name, name)
      configure(root, ["**/{.*,*}/*.md", ".git/*.md", ".Git/*.md", ".parley/**"])
      const set = yield* Files.read(root)
      assert.deepStrictEqual(Object.keys(texts(set)), [".x/a.md"])
      const refused = (name: string) => `refused: \`${name}\` is not searched; its files are named one by one`
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
