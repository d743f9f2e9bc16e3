import { FilesManager } from "@parley/domain/FilesManager"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import * as Files from "../src/files/Files.ts"
import { json, put, reasons, spoil, temporary, texts } from "./support.ts"

/** A repository in which a package is a workspace of its own. */
const world = Effect.gen(function* () {
  const home = yield* temporary
  const top = `${home}/top`
  put(top, ".git/HEAD", "ref: refs/heads/main\n")
  for (const name of ["", "packages/", "packages/a/", "packages/b/"]) put(top, `${name}AGENTS.md`, `For /${name}`)
  put(home, "AGENTS.md", "Above the repository.")
  const root = `${top}/packages/a`
  fs.mkdirSync(`${root}/.parley`)
  const read = (at = root, HOME = `${home}/else`) =>
    Effect.flatMap(FilesManager, ({ read }) => read).pipe(
      Effect.provide(Files.layer({ root: at, env: { HOME }, wholeRepository: true }), { local: true })
    )
  return { home, top, root, read }
})

const own = { "AGENTS.md": "For /packages/a/" }

describe("a package that is a workspace of its own", () => {
  it.effect("is shown the instructions from the top of its repository to itself, and no others", () =>
    Effect.gen(function* () {
      const { read, root, top } = yield* world
      const set = yield* read()
      assert.deepStrictEqual(texts(set), { "../../AGENTS.md": "For /", "../AGENTS.md": "For /packages/", ...own })
      assert.deepStrictEqual(
        set.files.map(({ kind, why }) => [kind, why]),
        [
          ["instructions", "instructions of the repository, above the workspace"],
          ["instructions", "instructions of the repository, above the workspace"],
          ["instructions", "instructions for the workspace"]
        ]
      )
      assert.deepStrictEqual(Object.keys(texts(yield* read(top))), ["AGENTS.md"])
      // Only if the host asks for it.
      assert.deepStrictEqual(texts(yield* Files.read(root)), own)
    })
  )

  it.effect("switches them off", () =>
    Effect.gen(function* () {
      const { read, root } = yield* world
      put(root, ".parley/context.json", json({ instructions: false }))
      assert.deepStrictEqual(texts(yield* read()), {})
    })
  )

  it.effect("sees imports and repetitions as what they are", () =>
    Effect.gen(function* () {
      const { read, top } = yield* world
      put(top, "CLAUDE.md", "@AGENTS.md\n")
      put(top, "packages/CLAUDE.md", "See @../docs/style.md.\n")
      put(top, "docs/style.md", "Short lines.")
      const set = texts(yield* read())
      assert.notProperty(set, "../../CLAUDE.md")
      assert.include(set["../CLAUDE.md"], "[../../docs/style.md, imported by ../CLAUDE.md:]\nShort lines.")
    })
  )

  it.effect("is shown none of a repository that others can write, or that is in the home directory", () =>
    Effect.gen(function* () {
      const { home, read, root, top } = yield* world
      assert.deepStrictEqual(texts(yield* read(root, top)), own)
      assert.deepStrictEqual(texts(yield* read(root, `${top}/packages`)), own)
      fs.symlinkSync(`${home}/AGENTS.md`, `${top}/packages/CLAUDE.md`)
      const outside = yield* read()
      assert.notProperty(texts(outside), "../CLAUDE.md")
      assert.strictEqual(reasons(outside)["../CLAUDE.md"], "leads out of the workspace")
      spoil(`${top}/packages`)
      assert.deepStrictEqual(texts(yield* read()), own)
    })
  )
})
