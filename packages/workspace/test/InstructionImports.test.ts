import { FilesManager } from "@parley/domain/FilesManager"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Files from "../src/files/Files.ts"
import { configure, put, reasons, temporary, texts } from "./support.ts"

const shown = (root: string, instructionsFile?: string) =>
  Effect.gen(function* () {
    const { explain, read } = yield* Effect.provide(FilesManager, Files.layer({ root, instructionsFile }), {
      local: true
    })
    const set = yield* read
    const why = (path: string) => explain?.(path) ?? Effect.succeed("")
    return { texts: texts(set), reasons: reasons(set), why }
  })

describe("imports of instructions", () => {
  it.effect("are appended, five levels deep, each once", () =>
    Effect.gen(function* () {
      const root = yield* temporary
      put(root, "CLAUDE.md", "See @docs/style.md, and @docs/style.md again. `@docs/code.md`\n```\n@docs/code.md\n```\n")
      put(root, "docs/style.md", "Tabs. @./1.md @../CLAUDE.md")
      for (let i = 1; i <= 6; i++) put(root, `docs/${i}.md`, `Level ${i}. @${i + 1}.md`)
      put(root, "docs/code.md", "not imported")
      const { reasons, texts } = yield* shown(root)
      const text = texts["CLAUDE.md"] ?? ""
      assert.include(text, "\n\n[docs/style.md, imported by CLAUDE.md:]\nTabs.")
      assert.strictEqual(text.split("Tabs.").length, 2)
      assert.include(text, "[docs/4.md, imported by docs/3.md:]\nLevel 4.")
      assert.notInclude(text, "Level 5.")
      assert.notInclude(text, "not imported")
      assert.deepStrictEqual(Object.keys(texts), ["CLAUDE.md"])
      assert.deepStrictEqual(reasons, { "CLAUDE.md": "@5.md is not imported: only 5 levels and 64 files are" })
    })
  )

  it.effect("do not leave the workspace, and show no secrets and nothing excluded", () =>
    Effect.gen(function* () {
      const root = yield* temporary
      put(
        root,
        "ws/CLAUDE.md",
        "@../out.md\n@/etc/passwd\n@~/x.md\n@.env\n@hidden.md\n@missing.md\n@scope/pkg\n@deploy.txt\n"
      )
      put(root, "out.md", "OUTSIDE")
      put(root, "ws/.env", "SECRET=1")
      put(root, "ws/hidden.md", "HIDDEN")
      put(root, "ws/deploy.txt", "-----BEGIN PRIVATE KEY-----\nMII")
      configure(`${root}/ws`, [], { exclude: ["hidden.md"] })
      const { read } = yield* Effect.provide(FilesManager, Files.layer({ root: `${root}/ws` }), { local: true })
      const { files, skipped } = yield* read
      const text = files.map((file) => file.text).join("")
      for (const word of ["OUTSIDE", "SECRET", "HIDDEN", "root:", "PRIVATE"]) assert.notInclude(text, word)
      const problems = skipped.map(({ reason }) => reason).join("\n")
      assert.include(problems, "@../out.md leads out of its directory and is not imported")
      assert.include(problems, "@/etc/passwd leads out")
      assert.include(problems, "@~/x.md leads out")
      assert.include(problems, "@.env is not imported: it may hold secrets")
      assert.include(problems, "@hidden.md is not imported: it is excluded in .parley/context.json")
      assert.include(problems, "@missing.md is not imported: it does not exist")
      assert.include(problems, "@deploy.txt is not imported: it may hold secrets")
      assert.notInclude(problems, "scope")
    })
  )

  it.effect("that are shown already are not repeated, and a file of nothing else is left out", () =>
    Effect.gen(function* () {
      const root = yield* temporary
      put(root, "AGENTS.md", "Use tabs.")
      put(root, "CLAUDE.md", "@AGENTS.md\n")
      const { reasons, texts, why } = yield* shown(root)
      assert.deepStrictEqual(texts, { "AGENTS.md": "Use tabs." })
      assert.deepStrictEqual(reasons, {})
      assert.strictEqual(yield* why("CLAUDE.md"), "CLAUDE.md is not in the context: it only imports what is shown.")
    })
  )

  it.effect("of the user's own file come from its directory, and are texts", () =>
    Effect.gen(function* () {
      const home = yield* temporary
      const file = put(home, "parley/AGENTS.md", "Mine. @more.md @config.json @../out.md")
      put(home, "parley/more.md", "More of mine.")
      put(home, "parley/config.json", "KEY")
      put(home, "out.md", "OUTSIDE")
      const root = yield* temporary
      const { instructionsFile: _, ...options } = { instructionsFile: file, root }
      const withheld = { directories: [`${home}/parley`], except: [file] }
      const { read } = yield* Effect.provide(
        FilesManager,
        Files.layer({ ...options, instructionsFile: file, withheld }),
        {
          local: true
        }
      )
      const text = texts(yield* read)[file] ?? ""
      assert.include(text, `[${home}/parley/more.md, imported by ${file}:]\nMore of mine.`)
      assert.notInclude(text, "KEY")
      assert.notInclude(text, "OUTSIDE")
    })
  )
})

describe("other instructions", () => {
  it.effect("AGENTS.override.md replaces AGENTS.md, and CLAUDE.local.md is shown as well", () =>
    Effect.gen(function* () {
      const root = yield* temporary
      put(root, "AGENTS.md", "Theirs.")
      put(root, "AGENTS.override.md", "Mine.")
      put(root, "CLAUDE.local.md", "Local.")
      const { texts, why } = yield* shown(root)
      assert.deepStrictEqual(texts, { "AGENTS.override.md": "Mine.", "CLAUDE.local.md": "Local." })
      assert.match(yield* why("AGENTS.md"), /it is replaced by the AGENTS.override.md beside it/)
      configure(root, [], { exclude: ["AGENTS.override.md"] })
      assert.deepStrictEqual(Object.keys((yield* shown(root)).texts), ["AGENTS.md", "CLAUDE.local.md"])
    })
  )

  it.effect("a project may name other files, which count where there are none of the usual ones", () =>
    Effect.gen(function* () {
      const root = yield* temporary
      put(root, "GEMINI.md", "Root.")
      put(root, "a/GEMINI.md", "A.")
      put(root, "a/f", "f")
      put(root, "AGENTS.md", "Usual.")
      assert.deepStrictEqual(Object.keys((yield* shown(root)).texts), ["AGENTS.md"])
      configure(root, ["a/f"], { instructionNames: [".cursorrules", "GEMINI.md"] })
      assert.deepStrictEqual(Object.keys((yield* shown(root)).texts), ["AGENTS.md", "a/GEMINI.md", "a/f"])
    })
  )

  it.effect("rules hold everywhere, or for the paths that they name", () =>
    Effect.gen(function* () {
      const root = yield* temporary
      put(root, ".claude/rules/all.md", "Everywhere.")
      put(root, ".claude/rules/in/ts.md", '---\npaths:\n  - "src/**/*.{ts,tsx}"\n---\nFor TypeScript.')
      put(root, ".claude/rules/py.md", "---\npaths: lib/*.py, x.py\n---\nFor Python.")
      put(root, ".claude/rules/no.txt", "No rule.")
      assert.deepStrictEqual(Object.keys((yield* shown(root)).texts), [".claude/rules/all.md"])
      put(root, "src/a/b.tsx", "b")
      configure(root, ["src/a/b.tsx"])
      const set = yield* shown(root)
      assert.deepStrictEqual(Object.keys(set.texts), [".claude/rules/all.md", ".claude/rules/in/ts.md", "src/a/b.tsx"])
      assert.match(yield* set.why(".claude/rules/py.md"), /it is a rule for other paths than those in the context/)
      configure(root, [], { exclude: [".claude"] })
      assert.deepStrictEqual((yield* shown(root)).texts, {})
    })
  )

  it.effect("of more than a mebibyte are shown from the beginning", () =>
    Effect.gen(function* () {
      const root = yield* temporary
      put(root, "AGENTS.md", "é rule\n".repeat(200_000))
      const { reasons, texts } = yield* shown(root)
      const text = texts["AGENTS.md"] ?? ""
      assert.match(text, /^é rule\né rule\n/)
      assert.match(text, /\[Parley cut this file here: 1567\d{3} more bytes of it are not shown\]\n$/)
      assert.match(reasons["AGENTS.md"] ?? "", /^is cut: instructions may have 32768 bytes, and it has 1600000;/)
    })
  )
})
