import { assert, describe, it } from "@effect/vitest"
import { excluder, itselfOrAbove, refusal } from "../src/files/Exclude.ts"
import * as WorkspacePaths from "../src/files/WorkspacePaths.ts"

describe("an excluded path", () => {
  it("is reported with the entry that excludes it, unchanged; a name takes precedence over a pattern", () => {
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

  it("may be a hidden file", () => {
    const by = excluder(["*", "src/*"])
    for (const path of [".env", "src/.env", "a"]) assert.isDefined(by(path), path)
    assert.isUndefined(by("other/.env"))
  })

  it("is not excluded by a refused entry", () => {
    for (const entry of ["/a.md", "../a.md", "~a.md", "b/../a.md", "C:a.md", "\\a.md"]) {
      assert.isDefined(refusal(entry), entry)
      for (const path of ["a.md", "b/a.md", entry, WorkspacePaths.normalise(entry)])
        assert.isUndefined(excluder([entry])(path), `${entry} and ${path}`)
    }
  })

  it("includes everything in an excluded directory; the topmost excluded directory is reported", () => {
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
  it("is normalised", () => {
    for (const path of ["a/b", "./a/b", "a//b", "a/./b", "a/b/", "././a/b//."])
      assert.strictEqual(WorkspacePaths.normalise(path), "a/b", path)
  })

  it("is refused on every system unless it is a plain relative path", () => {
    const fine = ["a", "./~a", "a..b", "...", ".hidden", "ab:c", "a/~", "x".repeat(4096), "con", "a.", "a ", 'a"b']
    for (const path of fine) assert.isUndefined(WorkspacePaths.refusal(path, "linux"), path)
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
      for (const platform of ["linux", "win32"]) assert.match(WorkspacePaths.refusal(path, platform) ?? "", words, path)
  })

  it("is refused on Windows if its name is reserved or invalid there", () => {
    for (const path of ["con", "a/NUL", "com1.txt", "LPT9", "aux.", "a\\prn"])
      assert.match(WorkspacePaths.refusal(path, "win32") ?? "", /Windows reserves this name/, path)
    for (const path of ["a.", "a /b", "ab:c", "a/b|c", "<", "a\\b>"])
      assert.match(WorkspacePaths.refusal(path, "win32") ?? "", /Windows does not allow such a name/, path)
    for (const path of ["./a/b.md", "console", "com", "com10", ".hidden", "a/./b"])
      assert.isUndefined(WorkspacePaths.refusal(path, "win32"), path)
  })
})
