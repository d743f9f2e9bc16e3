import { FilesManager, type WorkspaceFile } from "@parley/domain/FilesManager"
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import { FileLimits } from "../src/files/FileLimits.ts"
import * as Files from "../src/files/Files.ts"
import { configure, json, put, reasons, temporary, texts, unprivileged } from "./support.ts"

const whys = (set: { readonly files: ReadonlyArray<{ readonly path: string; readonly why?: string }> }) =>
  Object.fromEntries(set.files.map(({ path, why }) => [path, why]))

/** The paths that are shown as instructions. */
const instructions = (set: { readonly files: ReadonlyArray<{ readonly path: string; readonly kind?: string }> }) =>
  set.files.flatMap(({ kind, path }) => (kind === "instructions" ? [path] : []))

/** A clock on which ten milliseconds pass whenever somebody looks. */
const slow = Effect.updateService(Clock.Clock, (clock): Clock.Clock => {
  let nanos = 0n
  const slowed: Clock.Clock = Object.create(clock)
  return Object.assign(slowed, { monotonicTimeNanos: Effect.sync(() => (nanos += 10_000_000n)) })
})

describe("instructions", () => {
  it.effect("of the workspace are shown without any settings", () =>
    Effect.gen(function* () {
      const root = yield* temporary
      put(root, "AGENTS.md", "Be kind.")
      put(root, "docs/AGENTS.md", "Of a directory that nothing is included from.")
      assert.deepStrictEqual(yield* Files.read(root), {
        files: [{ path: "AGENTS.md", text: "Be kind.", kind: "instructions", why: "instructions for the workspace" }],
        skipped: []
      })
    })
  )

  it.effect("of directories come with the files in and below them", () =>
    Effect.gen(function* () {
      const root = yield* temporary
      for (const directory of ["", "a/", "a/b/", "a/b/c/", "a/x/", "node_modules/m/", "node_modules/"])
        put(root, `${directory}AGENTS.md`, `For /${directory}`)
      for (const file of ["a/b/c/f.ts", "a/x/g.md", "node_modules/m/h.ts"]) put(root, file, file)
      configure(root, ["a/b/*/*.ts", "node_modules/m/h.ts"])
      const set = yield* Files.read(root)
      // Those of a dependency are not the project's.
      assert.deepStrictEqual(instructions(set), ["AGENTS.md", "a/AGENTS.md", "a/b/AGENTS.md", "a/b/c/AGENTS.md"])
      assert.deepStrictEqual(whys(set), {
        "AGENTS.md": "instructions for the workspace",
        "a/AGENTS.md": "instructions for what is in a/",
        "a/b/AGENTS.md": "instructions for what is in a/b/",
        "a/b/c/AGENTS.md": "instructions for what is in a/b/c/",
        "a/b/c/f.ts": "matches a/b/*/*.ts in .parley/context.json",
        "node_modules/m/h.ts": "named in .parley/context.json"
      })
      // What is included as well is shown once.
      configure(root, ["**/AGENTS.md"])
      const once = yield* Files.read(root)
      assert.deepStrictEqual(instructions(once), Object.keys(texts(once)))
      assert.strictEqual(new Set(Object.keys(texts(once))).size, once.files.length)
    })
  )

  it.effect("of both names in a directory are both shown only if they differ", () =>
    Effect.gen(function* () {
      const root = yield* temporary
      for (const directory of ["same", "link", "other", "only"]) put(root, `${directory}/f`, "f")
      configure(root, ["*/f"])
      put(root, "same/AGENTS.md", "One text.")
      put(root, "same/CLAUDE.md", "One text.")
      put(root, "link/AGENTS.md", "One text.")
      fs.symlinkSync("AGENTS.md", `${root}/link/CLAUDE.md`)
      put(root, "other/AGENTS.md", "One text.")
      put(root, "other/CLAUDE.md", "Another text.")
      put(root, "only/CLAUDE.md", "One text.")
      const set = yield* Files.read(root)
      assert.deepStrictEqual(instructions(set), [
        "link/AGENTS.md",
        "only/CLAUDE.md",
        "other/AGENTS.md",
        "other/CLAUDE.md",
        "same/AGENTS.md"
      ])
      assert.deepStrictEqual(set.skipped, [])
    })
  )

  it.effect("are hidden by `exclude`, not by ignore files, and switched off by the project", () =>
    Effect.gen(function* () {
      const root = yield* temporary
      put(root, ".gitignore", "AGENTS.md\nCLAUDE.md\n")
      put(root, "AGENTS.md", "Ours.")
      put(root, "CLAUDE.md", "Mine.")
      put(root, "docs/CLAUDE.md", "Theirs.")
      put(root, "docs/a.md", "a")
      const shown = (more: object) => {
        configure(root, ["docs/a.md"], more)
        return Effect.map(Files.read(root), (set) => [...Object.keys(texts(set)), ...Object.keys(reasons(set))])
      }
      assert.deepStrictEqual(yield* shown({}), ["AGENTS.md", "CLAUDE.md", "docs/CLAUDE.md", "docs/a.md"])
      assert.deepStrictEqual(yield* shown({ exclude: ["**/CLAUDE.md"] }), ["AGENTS.md", "docs/a.md"])
      assert.deepStrictEqual(yield* shown({ exclude: ["CLAUDE.md"] }), ["AGENTS.md", "docs/CLAUDE.md", "docs/a.md"])
      assert.deepStrictEqual(yield* shown({ instructions: false }), ["docs/a.md"])
      put(root, ".parley/context.json", json({ instructions: false }))
      assert.deepStrictEqual(yield* Files.read(root), { files: [], skipped: [] })
    })
  )

  it.effect("have a separate size limit", () =>
    Effect.gen(function* () {
      const root = yield* temporary
      const include = ["a", "b", "c", "d", "e"].map((name) => `${name}/f`)
      for (const path of include) {
        put(root, path, "f")
        put(root, path.replace("/f", "/AGENTS.md"), path.slice(0, 1).repeat(32 * 1024))
      }
      put(root, "AGENTS.md", Buffer.from([0x80]))
      configure(root, include, { maxTotalBytes: 5, maxFileBytes: 1 })
      const set = yield* Files.read(root)
      assert.deepStrictEqual(instructions(set), ["a/AGENTS.md", "b/AGENTS.md", "c/AGENTS.md", "d/AGENTS.md"])
      assert.strictEqual(set.files.length, 9)
      assert.deepStrictEqual(reasons(set), {
        "AGENTS.md": "is not valid UTF-8 text",
        "e/AGENTS.md": "the instructions together are larger than 131072 bytes"
      })
      put(root, "AGENTS.md", "x".repeat(32 * 1024 + 1))
      // A file that is asked for by name is shown by the budget of files.
      configure(root, ["AGENTS.md"])
      const named = yield* Files.read(root)
      assert.deepStrictEqual([named.files.length, instructions(named), named.skipped], [1, [], []])
    })
  )

  it.effect("are cut at the end of a line if they are too large, with a note", () =>
    Effect.gen(function* () {
      const root = yield* temporary
      const most = 32 * 1024
      const shown = (path: string, text: string) => {
        put(root, path, text)
        return Effect.map(Files.read(root), (set) => ({ text: texts(set)[path] ?? "", why: reasons(set)[path] ?? "" }))
      }
      const lines = yield* shown("AGENTS.md", `FIRST\n${"é".repeat(50)}\n`.repeat(400))
      assert.match(lines.text, /^FIRST\n/)
      assert.match(lines.text, /\n\[Parley cut this file here: \d+ more bytes of it are not shown\]\n$/)
      const kept = lines.text.slice(0, lines.text.indexOf("[Parley cut"))
      assert.isTrue(kept.endsWith("\n") && Buffer.byteLength(kept) <= most && Buffer.byteLength(kept) > most - 200)
      assert.include(lines.text, `here: ${400 * 107 - Buffer.byteLength(kept)} more`)
      assert.strictEqual(
        lines.why,
        `is cut: instructions may have ${most} bytes, and it has ${400 * 107}; the end is not shown`
      )
      // One line: cut between characters.
      const line = yield* shown("AGENTS.md", "a" + "😀".repeat(10_000))
      assert.isTrue(line.text.isWellFormed() && !line.text.includes("\ufffd"))
      // What counts is the text, and not how the file holds it.
      put(root, "AGENTS.md", Buffer.from(`\ufeffONE\n${"x".repeat(20_000)}`, "utf16le"))
      assert.deepStrictEqual(reasons(yield* Files.read(root)), {})
      const whole = yield* shown("AGENTS.md", "x".repeat(most))
      assert.deepStrictEqual(whole, { text: "x".repeat(most), why: "" })
    })
  )

  it.effect("must be text files in the workspace, like every file", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      const root = `${directory}/ws`
      put(directory, "ws-evil/AGENTS.md", "SECRET")
      put(directory, "AGENTS.md", "SECRET")
      fs.mkdirSync(`${directory}/.git`)
      for (const name of ["out", "bin", "dir", "gone", "latin"]) put(root, `${name}/f`, "f")
      fs.symlinkSync("../../ws-evil/AGENTS.md", `${root}/out/AGENTS.md`)
      fs.symlinkSync("../../AGENTS.md", `${root}/out/CLAUDE.md`)
      put(root, "bin/AGENTS.md", "\0")
      put(root, "latin/AGENTS.md", Uint8Array.of(0xe9, 0x20))
      fs.mkdirSync(`${root}/dir/AGENTS.md`)
      fs.symlinkSync("nowhere", `${root}/gone/AGENTS.md`)
      configure(root, ["*/f"])
      const set = yield* Files.read(root)
      assert.deepStrictEqual(instructions(set), [])
      const outside = "leads out of the workspace"
      assert.deepStrictEqual(reasons(set), {
        "bin/AGENTS.md": "is binary",
        "dir/AGENTS.md": "is a directory; to include its files, write `dir/AGENTS.md/**`",
        "gone/AGENTS.md": "does not exist",
        "latin/AGENTS.md": "is not valid UTF-8 text",
        "out/AGENTS.md": outside,
        "out/CLAUDE.md": outside
      })
    })
  )

  it.effect("of directories are not searched after the time limit, and that is reported", () =>
    Effect.gen(function* () {
      const root = yield* temporary
      const include = Array.from({ length: 30 }, (_, i) => `d${i}/f`)
      for (const path of ["f", ...include]) {
        put(root, path, "f")
        put(root, path.replace(/f$/, "AGENTS.md"), "Be kind.")
      }
      configure(root, include)
      const defaults = yield* FileLimits
      const limits = Object.assign({}, defaults, { millis: 100 })
      const set = yield* Effect.provideService(Files.read(root), FileLimits, limits).pipe(slow)
      assert.strictEqual(texts(set)["AGENTS.md"], "Be kind.")
      assert.isBelow(instructions(set).length, 10)
      assert.deepStrictEqual(reasons(set), {
        "**/AGENTS.md": "not all directories were searched: it takes more than 100 milliseconds"
      })
    })
  )
})

describe("a user's own instructions", () => {
  const reading = (root: string, instructionsFile: string) =>
    Effect.flatMap(FilesManager, ({ read }) => read).pipe(
      Effect.provide(Files.layer({ root, instructionsFile }), { local: true })
    )

  it.effect("are shown in every workspace, whatever its settings", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      const root = `${directory}/ws`
      put(root, "AGENTS.md", "The project's.")
      const kept = put(directory, "dotfiles/agents", "Mine.")
      const file = `${directory}/AGENTS.md`
      assert.deepStrictEqual(texts(yield* reading(root, file)), { "AGENTS.md": "The project's." })
      // Settings are often links to where a person keeps them all.
      fs.symlinkSync(kept, file)
      put(root, ".parley/context.json", json({ instructions: false, exclude: ["**"] }))
      const why = "your own instructions, for every workspace"
      const own: WorkspaceFile = { path: file, text: "Mine.", kind: "instructions", why, provenance: "user" }
      assert.deepStrictEqual(yield* reading(root, file), { files: [own], skipped: [] })
      const gone = yield* reading(`${root}/gone`, file)
      assert.deepStrictEqual(gone.files, [own])
      assert.deepStrictEqual(reasons(gone), { [`${root}/gone`]: "the workspace: does not exist" })
    })
  )

  it.effect("that cannot be used are reported", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      const root = `${directory}/ws`
      fs.mkdirSync(root)
      fs.chmodSync(put(directory, "AGENTS.md", "Mine."), 0o000)
      const set = yield* unprivileged(directory, reading(root, `${directory}/AGENTS.md`))
      assert.deepStrictEqual(set, {
        files: [],
        skipped: [{ path: `${directory}/AGENTS.md`, reason: "permission denied" }]
      })
    })
  )
})
