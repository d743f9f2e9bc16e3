import { FilesManager } from "@parley/domain/FilesManager"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import * as Files from "../src/files/Files.ts"
import { configure, json, put, temporary } from "./support.ts"

/** Explains paths of a workspace. */
const explaining = (root: string) =>
  Effect.gen(function* () {
    const { explain } = yield* FilesManager
    return (path: string) => explain?.(path) ?? Effect.succeed("nobody to ask")
  }).pipe(Effect.provide(Files.layer({ root })))

it.effect("explains for every path why it is in the context or not", () =>
  Effect.gen(function* () {
    const directory = yield* temporary
    const root = `${directory}/ws`
    put(directory, "ws-evil/a.md", "SECRET")
    for (const name of ["README.md", "docs/a.md", "docs/draft/b.md", "docs/in/c.md", "docs/in/d.md", "src/x.ts"])
      put(root, name, name)
    put(root, "AGENTS.md", "Be kind.")
    put(root, "CLAUDE.md", "Be kind.")
    put(root, "src/AGENTS.md", "Be quick.")
    put(root, "docs/binary.md", "\0")
    put(root, "docs/large.md", "x".repeat(101))
    put(root, "docs/node_modules/m/e.md", "e")
    put(root, ".gitignore", "*.log\nout/\n")
    put(root, "docs/in/.parleyignore", "c.md\n")
    put(root, "docs/out/f.md", "f")
    fs.symlinkSync("../ws-evil", `${root}/evil`)
    configure(root, ["README.md", "gone.md", "docs/**/*.md", "evil/a.md"], {
      exclude: ["docs/draft"],
      maxFileTokens: 25
    })
    const explain = yield* explaining(root)
    const told: { [path: string]: string } = {
      "README.md": "README.md is in the context: named in .parley/context.json.",
      "./docs//a.md": "docs/a.md is in the context: matches docs/**/*.md in .parley/context.json.",
      [`${root}/docs/a.md`]: "docs/a.md is in the context: matches docs/**/*.md in .parley/context.json.",
      "AGENTS.md": "AGENTS.md is in the context: instructions for the workspace.",
      "CLAUDE.md": "CLAUDE.md is not in the context: it is identical to AGENTS.md.",
      "src/AGENTS.md":
        "src/AGENTS.md is not in the context: instructions are shown if a file in their directory or below it is included.",
      "docs/large.md":
        "docs/large.md is not in the context: is larger than 25 tokens (it has an estimated 26); maxFileTokens sets the limit.",
      "docs/in/c.md": 'docs/in/c.md is not in the context: docs/in/.parleyignore ignores it, by "c.md".',
      "docs/out/f.md": 'docs/out/f.md is not in the context: .gitignore ignores it, by "out/".',
      "docs/draft/b.md":
        'docs/draft/b.md is not in the context: "docs/draft" in `exclude` of .parley/context.json excludes it.',
      "docs/binary.md": "docs/binary.md is not in the context: is binary.",
      "docs/node_modules/m/e.md":
        "docs/node_modules/m/e.md is not in the context: it matches docs/**/*.md, but patterns do not search node_modules/.",
      "evil/a.md": "evil/a.md is not in the context: leads out of the workspace.",
      "evil/b.md": "evil/b.md is not in the context: there is no such file.",
      "../ws-evil/a.md": "../ws-evil/a.md is not in the context: refused: `..` is not allowed.",
      [`${directory}/ws-evil/a.md`]: `${directory}/ws-evil/a.md is not in the context: refused: absolute paths are not allowed.`,
      "src/x.ts":
        "src/x.ts is not in the context: nothing in .parley/context.json includes it; mention it as @src/x.ts in a message to attach it.",
      src: "src is not in the context: it is a directory.",
      "gone.md": "gone.md is not in the context: does not exist.",
      "nope.md": "nope.md is not in the context: there is no such file.",
      "": "That is not in the context: refused: it names no file."
    }
    for (const [path, sentence] of Object.entries(told)) assert.strictEqual(yield* explain(path), sentence)
    put(root, ".parley/context.json", json({ instructions: false }))
    assert.strictEqual(
      yield* explain("AGENTS.md"),
      "AGENTS.md is not in the context: .parley/context.json switches instructions off."
    )
    const nowhere = yield* explaining(`${directory}/nowhere`)
    assert.strictEqual(yield* nowhere("a.md"), "a.md is not in the context: the workspace: does not exist.")
  })
)
