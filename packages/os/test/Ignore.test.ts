import { promptly } from "@parley/harness/promptly"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as GitExcludes from "../src/GitExcludes.ts"
import * as Ignore from "../src/Ignore.ts"
import { temporary } from "./support/temporary.ts"

const scopeOf = (lines: ReadonlyArray<string>, fold = false) => ({
  directory: "",
  rules: Ignore.parse(Buffer.from(lines.join("\n")).toString("latin1"), { fold }),
  above: undefined
})

const ignores = (lines: ReadonlyArray<string>, path: string, fold = false): boolean =>
  Ignore.ignores(scopeOf(lines, fold), path, path.slice(path.lastIndexOf("/") + 1), false)

const names = ["a", "b", "ab", "A", "é", "a.b", "]", "[", "-", "\\", "!", "#a"]
const Line = Schema.Literals(
  "a ab * ** *** a* *b ?b ? é [é] [a-b] [!a] [^a] []a] [a\\]] [[:alpha:]] [[:x:]] [[:a] [ [a \\a \\! \\\\ a\\"
    .split(" ")
    .concat("!a !* !/a */b /a /*b a/ a/b a/** **/a ***/a a**/b a**b **b/a **\\/a a/**/b /**/b //a a// !a/b".split(" "))
)
const Lines = Schema.Array(Line)

describe("ignore rules", () => {
  it.effect.prop(
    "decide as git does",
    [Lines, Lines],
    ([top, inner]) =>
      Effect.gen(function* () {
        const root = yield* temporary
        const env = { ...process.env, HOME: root, XDG_CONFIG_HOME: root, GIT_CONFIG_NOSYSTEM: "1" }
        spawnSync("git", ["init", "--quiet", root], { env })
        fs.mkdirSync(`${root}/a/b`, { recursive: true })
        fs.mkdirSync(`${root}/axx/b`, { recursive: true })
        fs.writeFileSync(`${root}/.gitignore`, top.join("\n"))
        fs.writeFileSync(`${root}/a/.gitignore`, inner.join("\n"))
        const paths = names.flatMap((name) => [name, `a/${name}`, `a/b/${name}`, `axx/b/${name}`])
        for (const path of paths) if (!fs.existsSync(`${root}/${path}`)) fs.writeFileSync(`${root}/${path}`, "")
        const options = { cwd: root, env, input: paths.join("\0"), encoding: "utf8" } as const
        const { stdout } = spawnSync("git", ["check-ignore", "--no-index", "-z", "--stdin"], options)
        const files = yield* GitExcludes.ignoreFiles(root, env)
        const own: Array<string> = []
        for (const path of paths) {
          const segments = path.split("/")
          const name = segments.pop() ?? ""
          const { by, scope } = yield* files.above(segments)
          const within = yield* files.within(segments.join("/"), scope)
          const isDirectory = fs.statSync(`${root}/${path}`).isDirectory()
          if (by !== undefined || Ignore.ignores(within, path, name, isDirectory)) own.push(path)
        }
        assert.deepStrictEqual(own, stdout.split("\0").slice(0, -1))
      }).pipe(Effect.scoped),
    { arbitrary: { runs: 25 } }
  )

  it("take stars, sets and negation as git does", () => {
    const matching: ReadonlyArray<readonly [line: string, path: string]> = [
      ["**/b", "b"],
      ["a/**/b", "a/b"],
      ["a/**/b", "a/x/y/b"],
      ["***/b", "x/y/b"],
      ["a**/b", "ax/y/b"],
      ["/a/**", "a/x/y"],
      ["[]a]", "]"],
      ["[!]a]", "x"],
      ["[a-]", "-"]
    ]
    for (const [line, path] of matching) assert.isTrue(ignores([line], path), `${line} ${path}`)
    const not: ReadonlyArray<readonly [line: string, path: string]> = [
      ["?**/b", "ax/y/b"],
      ["x/?**/b", "x/a/y/b"],
      ["a/*/b", "a/x/y/b"],
      ["[a", "a"],
      ["[[:x:]]", "x"],
      ["a\\", "a"]
    ]
    for (const [line, path] of not) assert.isFalse(ignores([line], path), `${line} ${path}`)
    assert.isFalse(ignores(["a", "!a"], "a"))
    assert.isTrue(ignores(["!a", "a"], "a"))
    assert.isFalse(ignores(["a", "!a", "b"], "a"))
    assert.isTrue(ignores(["!a", "!*", "a*"], "a"))
  })

  it("compare bytes: a question mark is one of them, and a rule may be in any encoding", () => {
    assert.isFalse(ignores(["?.txt"], "é.txt"))
    assert.isTrue(ignores(["??.txt"], "é.txt"))
    assert.isTrue(ignores(["[é]*.txt"], "é.txt"))
    const latin = Ignore.parse(Buffer.from("# pr\xE9f\xE9r\xE9\nsecret\n", "latin1").toString("latin1"))
    assert.isTrue(Ignore.ignores({ directory: "", rules: latin, above: undefined }, "secret", "secret", false))
  })

  it("end at a NUL, as git reads lines", () => {
    assert.isTrue(ignores(["secret\0.txt"], "secret"))
    assert.isFalse(ignores(["secret\0.txt"], "secret.txt"))
  })

  it("ignore the case of ASCII letters only if the repository says so", () => {
    for (const line of ["Secret", "S?cret", "*cRet", "[A-Z]ecret", "/Se*t", "[[:upper:]]ecret"]) {
      assert.isTrue(ignores([line], "sECRET", true), line)
      assert.isFalse(ignores([line], "sECRET"), line)
    }
    assert.isFalse(ignores(["É"], "é", true))
  })

  it("find the last of many names at once", () => {
    const many = Array.from({ length: 20_000 }, (_, i) => `file-${i}`)
    const scope = scopeOf([...many, "!file-7", "*.tmp", "!/x/keep.tmp"])
    const began = performance.now()
    for (let i = 0; i < 10_000; i++) assert.isTrue(Ignore.ignores(scope, `x/file-${i + 10}`, `file-${i + 10}`, false))
    promptly(performance.now() - began, 1000)
    assert.isFalse(Ignore.ignores(scope, "file-7", "file-7", false))
    assert.isTrue(Ignore.ignores(scope, "x/a.tmp", "a.tmp", false))
    assert.isFalse(Ignore.ignores(scope, "x/keep.tmp", "keep.tmp", false))
  })

  it("X25: take no longer for patterns on which a regular expression would not end", () => {
    const hard = [`${"*a".repeat(100)}b`, `${"**/a/".repeat(12)}**/z`, `${"*[ab]".repeat(100)}c`, "*?".repeat(100)]
    const scope = scopeOf([...hard, `/${"**/".repeat(500_000)}z`, `${"*".repeat(60_000)}q`])
    const began = performance.now()
    for (const name of ["a".repeat(255), `${"a".repeat(90)}zx`])
      assert.isBoolean(Ignore.ignores(scope, `${"a/".repeat(31)}${name}`, name, false))
    promptly(performance.now() - began, 1000)
  })
})
