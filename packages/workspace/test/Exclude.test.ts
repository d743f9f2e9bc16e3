import { assert, describe, it } from "@effect/vitest"
import { excluder, itselfOrAbove, refusal } from "../src/internal/Exclude.ts"
import * as Paths from "../src/internal/Paths.ts"

describe("what a project's list leaves out", () => {
  it("is told with the entry that does, as it is written, and the name goes before the pattern", () => {
    const by = excluder(["./docs//a.md", "*.md", "docs/**", "[x].md", "b?"])
    for (const [path, entry] of [
      ["docs/a.md", "./docs//a.md"],
      ["a.md", "*.md"],
      ["docs/b.md", "docs/**"],
      ["[x].md", "[x].md"],
      ["x.md", "*.md"],
      ["bc", "b?"],
      ["bcd", undefined],
      ["src/a.md", undefined]
    ] as const)
      assert.strictEqual(by(path), entry, path)
  })

  it("may be hidden by its name", () => {
    const by = excluder(["*", "src/*"])
    for (const path of [".env", "src/.env", "a"]) assert.isDefined(by(path), path)
    assert.isUndefined(by("other/.env"))
  })

  it("is nothing by an entry that may not be used", () => {
    for (const entry of ["/a.md", "../a.md", "~a.md", "b/../a.md", "C:a.md", "\\a.md"]) {
      assert.isDefined(refusal(entry), entry)
      for (const path of ["a.md", "b/a.md", entry, Paths.normalise(entry)])
        assert.isUndefined(excluder([entry])(path), `${entry} and ${path}`)
    }
  })

  it("is all in a directory that it leaves out, from the top", () => {
    const by = itselfOrAbove(excluder(["a/b", "a/b/c", "x"]))
    assert.deepStrictEqual(["a/b/c/d", "a/b", "a/bc", "a", "x/y", "y/x"].map(by), [
      "a/b",
      "a/b",
      undefined,
      undefined,
      "x",
      undefined
    ])
  })
})

describe("a path of a project", () => {
  it("is the same however it is written", () => {
    for (const path of ["a/b", "./a/b", "a//b", "a/./b", "a/b/", "././a/b//."])
      assert.strictEqual(Paths.normalise(path), "a/b", path)
  })

  it("is refused, on every system, where it is not plainly relative", () => {
    const fine = ["a", "./~a", "a..b", "...", ".hidden", "ab:c", "a/~", "x".repeat(4096), "con", "a.", "a ", 'a"b']
    for (const path of fine) assert.isUndefined(Paths.refusal(path, "linux"), path)
    for (const [path, words] of [
      ["a\0b", /NUL/],
      ["x".repeat(4097), /longer than 4096/],
      ["/a", /absolute/],
      ["\\a", /absolute/],
      ["c:/a", /absolute/],
      ["Z:a", /absolute/],
      ["https://a/b", /address/],
      ["git+ssh://a", /address/],
      ["~", /not expanded/],
      ["~/a", /not expanded/],
      ["..", /`\.\.` is not allowed/],
      ["a/../b", /`\.\.` is not allowed/],
      ["a\\..\\b", /`\.\.` is not allowed/],
      ["", /names no file/],
      ["./.", /names no file/],
      ["./", /names no file/]
    ] as const)
      for (const platform of ["linux", "win32"]) assert.match(Paths.refusal(path, platform) ?? "", words, path)
  })

  it("is refused on Windows where its name is reserved or not allowed there", () => {
    for (const path of ["con", "a/NUL", "com1.txt", "LPT9", "aux.", "a\\prn"])
      assert.match(Paths.refusal(path, "win32") ?? "", /Windows reserves this name/, path)
    for (const path of ["a.", "a /b", "ab:c", "a/b|c", "<", "a\\b>"])
      assert.match(Paths.refusal(path, "win32") ?? "", /Windows does not allow such a name/, path)
    for (const path of ["./a/b.md", "console", "com", "com10", ".hidden", "a/./b"])
      assert.isUndefined(Paths.refusal(path, "win32"), path)
  })
})
