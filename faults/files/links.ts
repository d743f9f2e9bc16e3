import { mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert } from "@effect/vitest"
import * as Files from "@parley/workspace/Files"
import { Effect } from "effect"
import { post } from "../support/post.ts"
import { swapping } from "../support/swap.ts"
import type { Case } from "../suite.ts"
import { type Place, place, shown, shows } from "./place.ts"

const secret = "SECRET-OUTSIDE"
const outside = "leads out of the workspace"
const loop = "its symbolic links form a loop"

/** Creates directories beside the workspace. The name of one of them begins with the name of the workspace. */
const beside = (here: Place): void => {
  for (const name of ["other", "ws-evil"]) {
    mkdirSync(join(here.root, name, "d"), { recursive: true })
    writeFileSync(join(here.root, name, "a.md"), secret)
    writeFileSync(join(here.root, name, "d/a.md"), secret)
  }
}

const linked = (
  name: string,
  links: { readonly [name: string]: string },
  include: ReadonlyArray<string>,
  files: { readonly [path: string]: string },
  skipped: { readonly [path: string]: string }
): Case => ({
  id: "F02",
  name,
  run: Effect.gen(function* () {
    const here = yield* place
    beside(here)
    here.put("docs/a.md", "Inside.")
    for (const [from, to] of Object.entries(links)) symlinkSync(to, join(here.workspace, from))
    here.include(include)
    const seen = yield* shows(here, files, skipped)
    assert.notInclude(seen.sent, secret)
  })
})

const swapped: Case = {
  id: "F02",
  name: "swapped for a link that leads out between the check and the read",
  needs: ["linux"],
  run: Effect.gen(function* () {
    const here = yield* place
    beside(here)
    here.put("d/a.md", "Inside.")
    symlinkSync("../ws-evil/d", join(here.workspace, "trap"))
    here.include(["d/a.md", "d/*.md"])
    const seen = new Set<string>()
    yield* Effect.gen(function* () {
      yield* swapping(here.workspace)
      for (let i = 0; i < 300; i++) {
        const { files, skipped } = yield* Files.read(here.workspace)
        for (const { text } of files) seen.add(text)
        for (const { reason } of skipped) seen.add(reason)
      }
    }).pipe(Effect.scoped)
    assert.isTrue(seen.has("Inside."))
    assert.isTrue(seen.has(outside))
    assert.isFalse(seen.has(secret))
    // Whatever state the swaps left, a fresh workspace works.
    const fresh = yield* place
    fresh.put("d/a.md", "Inside.")
    symlinkSync("../ws-evil", join(fresh.workspace, "trap"))
    renameSync(join(fresh.workspace, "trap"), join(fresh.workspace, "e"))
    fresh.include(["d/*.md"])
    const { id } = yield* shown(fresh)
    yield* post(fresh, id, { files: Files.layer({ root: fresh.workspace }) })
  })
}

export const links: ReadonlyArray<Case> = [
  linked(
    "a loop",
    { loop: "loop", one: "two", two: "one", "docs/up": ".." },
    ["loop", "one", "one/x", "docs/up/docs/up/docs/a.md", "**/*.md"],
    { "docs/a.md": "Inside.", "docs/up/docs/up/docs/a.md": "Inside." },
    { loop, one: loop, "one/x": loop }
  ),
  linked(
    "out of the workspace",
    { "out.md": "../other/a.md", "evil.md": "../ws-evil/a.md", "abs.md": "/etc/passwd" },
    ["out.md", "*.md"],
    {},
    { "abs.md": outside, "evil.md": outside, "out.md": outside }
  ),
  linked(
    "to a directory, within and without",
    { in: "docs", out: "..", evil: "../ws-evil" },
    ["in/a.md", "in/*.md", "out/other/a.md", "evil/a.md", "evil/*.md", "*"],
    { "in/a.md": "Inside." },
    {
      evil: outside,
      "evil/": outside,
      "evil/a.md": outside,
      in: "is a directory; to include its files, write `in/**`",
      out: outside,
      "out/other/a.md": outside
    }
  ),
  linked(
    "to nothing",
    { "gone.md": "nowhere", "far.md": "/nowhere/at/all" },
    ["gone.md", "*.md", "docs/a.md"],
    { "docs/a.md": "Inside." },
    { "far.md": "does not exist", "gone.md": "does not exist" }
  ),
  swapped
]
