import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import * as Files from "../src/files/Files.ts"
import { configure, put, reasons, temporary, texts, unprivileged } from "./support.ts"

it.effect("F02, X19: links are followed within the workspace only", () =>
  Effect.gen(function* () {
    const directory = yield* temporary
    const root = `${directory}/ws`
    put(directory, "secret.md", "SECRET")
    put(directory, "ws-evil/secret.md", "SECRET")
    put(root, "docs/a.md", "a")
    const links = {
      "in.md": "docs/a.md",
      indir: "docs",
      out: "..",
      "out.md": "../secret.md",
      "evil.md": "../ws-evil/secret.md",
      evil: "../ws-evil",
      absolute: "/etc",
      dangling: "nowhere",
      loop: "loop",
      loop2: "loop3",
      loop3: "loop2",
      self: "."
    }
    for (const [name, target] of Object.entries(links)) fs.symlinkSync(target, `${root}/${name}`)
    const asked = ["in.md", "indir/a.md", "self/self/in.md", "out/secret.md", "out.md", "evil.md", "evil/secret.md"]
    configure(root, [
      ...asked,
      "absolute/passwd",
      "dangling",
      "loop",
      "loop/x",
      "loop2",
      "evil/*.md",
      "indir/*.md",
      "out/**"
    ])
    const set = yield* Files.read(root)
    assert.deepStrictEqual(texts(set), { "in.md": "a", "indir/a.md": "a", "self/self/in.md": "a" })
    const outside = "leads out of the workspace"
    const loop = "its symbolic links form a loop"
    assert.deepStrictEqual(reasons(set), {
      "absolute/passwd": outside,
      dangling: "does not exist",
      "evil.md": outside,
      "evil/": outside,
      "evil/secret.md": outside,
      loop,
      "loop/x": loop,
      loop2: loop,
      "out.md": outside,
      "out/": outside,
      "out/secret.md": outside
    })
    // A pattern finds links but goes through none.
    configure(root, ["**"])
    const all = yield* Files.read(root)
    assert.deepStrictEqual(texts(all), { "docs/a.md": "a", "in.md": "a" })
    const isDirectory = (path: string) => `is a directory; to include its files, write \`${path}/**\``
    assert.deepStrictEqual(reasons(all), {
      absolute: outside,
      dangling: "does not exist",
      evil: outside,
      "evil.md": outside,
      indir: isDirectory("indir"),
      loop,
      loop2: loop,
      loop3: loop,
      out: outside,
      "out.md": outside,
      self: isDirectory("self")
    })
  })
)

it.effect("F03: paths that are not plain relative paths are refused", () =>
  Effect.gen(function* () {
    const directory = yield* temporary
    const root = `${directory}/ws`
    put(directory, "secret.md", "SECRET")
    put(root, "~/x", "x")
    const refused: ReadonlyArray<readonly [string, string]> = [
      ["../secret.md", "`..` is not allowed"],
      ["a/../../secret.md", "`..` is not allowed"],
      ["a/..", "`..` is not allowed"],
      ["..\\secret.md", "`..` is not allowed"],
      ["*/../../*.md", "`..` is not allowed"],
      ["/etc/passwd", "absolute paths are not allowed"],
      [`${root}/a`, "absolute paths are not allowed"],
      ["//?/C:/x", "absolute paths are not allowed"],
      ["\\\\host\\share", "absolute paths are not allowed"],
      ["C:\\x", "absolute paths are not allowed"],
      ["c:x", "absolute paths are not allowed"],
      ["file:///etc/passwd", "it is an address, not a path"],
      ["~/x", "`~` is not expanded; a name that begins with it is written `./~…`"],
      ["~root/x", "`~` is not expanded; a name that begins with it is written `./~…`"],
      ["a\0.md", "it contains a NUL character"],
      ["", "it names no file"],
      ["./", "it names no file"],
      ["x".repeat(5000), "it is longer than 4096 characters"],
      ["{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}", "more than 256 alternatives in braces"]
    ]
    configure(
      root,
      refused.map(([path]) => path)
    )
    const set = yield* Files.read(root)
    assert.deepStrictEqual(set.files, [])
    assert.deepStrictEqual(
      reasons(set),
      Object.fromEntries(refused.map(([path, reason]) => [path, `refused: ${reason}`]))
    )
    configure(root, ["./~/x"])
    assert.deepStrictEqual(texts(yield* Files.read(root)), { "~/x": "x" })
  })
)

it.effect("F04: files that permissions protect are skipped and reported", () =>
  Effect.gen(function* () {
    const root = yield* temporary
    put(root, "open", "open")
    fs.chmodSync(put(root, "shut", "shut"), 0o000)
    put(root, "closed/a.md", "a")
    fs.chmodSync(`${root}/closed`, 0o000)
    configure(root, ["open", "shut", "closed/a.md", "**/*.md"])
    const set = yield* unprivileged(root, Files.read(root))
    assert.deepStrictEqual(texts(set), { open: "open" })
    assert.deepStrictEqual(reasons(set), {
      "closed/": "permission denied",
      "closed/a.md": "permission denied",
      shut: "permission denied"
    })
    // A workspace that is closed as a whole, or not there at all.
    fs.mkdirSync(`${root}/closed2/ws`, { recursive: true })
    fs.mkdirSync(`${root}/closed3/.parley`, { recursive: true })
    fs.chmodSync(`${root}/closed3`, 0o000)
    const itself = yield* unprivileged(root, Files.read(`${root}/closed3`))
    assert.deepStrictEqual(itself.skipped, [{ path: `${root}/closed3`, reason: "the workspace: permission denied" }])
    fs.chmodSync(`${root}/closed2`, 0o000)
    const gone = yield* unprivileged(root, Files.read(`${root}/closed2/ws`))
    assert.deepStrictEqual(gone.skipped, [{ path: `${root}/closed2/ws`, reason: "the workspace: permission denied" }])
    const missing = yield* Files.read(`${root}/missing`)
    assert.deepStrictEqual(missing.skipped, [{ path: `${root}/missing`, reason: "the workspace: does not exist" }])
  })
)
