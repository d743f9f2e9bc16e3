import { execFileSync } from "node:child_process"
import { closeSync, linkSync, mkdirSync, openSync } from "node:fs"
import { join } from "node:path"
import { assert } from "@effect/vitest"
import { FileLimits } from "@parley/workspace/FileLimits"
import * as Files from "@parley/workspace/Files"
import { post } from "../support/post.ts"
import { Effect } from "effect"
import type { Case } from "../suite.ts"
import { place, roomyPlace, shown, shows } from "./place.ts"
import { promptly } from "../../packages/harness/src/time/promptly.ts"

const manyFiles: Case = {
  id: "F06",
  name: "100,000 files, and more than the limit",
  run: Effect.gen(function* () {
    const here = yield* roomyPlace
    for (let d = 0; d < 200; d++) {
      const directory = join(here.workspace, `d${d % 10}`, String(d))
      mkdirSync(directory, { recursive: true })
      for (let i = 0; i < 500; i++) closeSync(openSync(join(directory, `${i}.${i % 100 === 0 ? "md" : "ts"}`), "wx"))
    }
    here.include(["**/*.md"])
    const began = performance.now()
    const { id, seen } = yield* shown(here)
    promptly(performance.now() - began, 15_000)
    assert.strictEqual(Object.keys(seen.files).length, 1000)
    assert.deepStrictEqual(seen.skipped, {})

    here.include(["**/*.ts", "**/*.md"])
    const files = yield* Files.read(here.workspace)
    assert.strictEqual(files.files.length, 1000)
    assert.strictEqual(files.skipped.length, 201)
    assert.deepStrictEqual(files.skipped.at(-1), {
      path: "…",
      reason: `${100_000 - 1000 - 200} more are skipped`
    })

    here.include(["**/*.md"])
    const defaults = yield* FileLimits
    const limited = Effect.provideService(
      Files.read(here.workspace),
      FileLimits,
      Object.assign({}, defaults, { entries: 50_000 })
    )
    const cut = yield* limited
    assert.deepInclude(cut.skipped, {
      path: "**/*.md",
      reason: "not all of the workspace was searched: it has more than 50000 entries"
    })
    assert.deepStrictEqual(yield* limited, cut)
    yield* post(here, id, { files: Files.layer({ root: here.workspace }) })
  }).pipe(
    // A busy machine needs more time to read them than the default limit allows.
    Effect.provideServiceEffect(
      FileLimits,
      Effect.map(FileLimits, (defaults) => Object.assign({}, defaults, { millis: 300_000 }))
    )
  )
}

const deep: Case = {
  id: "F06",
  name: "a tree 1,000 deep",
  run: Effect.gen(function* () {
    const here = yield* place
    here.put(`${"d/".repeat(30)}a.md`, "Reached.")
    // Deeper than the longest possible path, so the directories are created step by step.
    execFileSync(
      "sh",
      ["-c", "i=0; while [ $i -lt 1000 ]; do mkdir -p d && cd -P d && i=$((i+1)); done; echo x > z.md"],
      {
        cwd: here.workspace
      }
    )
    here.include(["**/*.md", "d/**/z.md"])
    yield* shows(
      here,
      { [`${"d/".repeat(30)}a.md`]: "Reached." },
      { "**/*.md": "not all of the workspace was searched: it is more than 32 directories deep" }
    )
    const named = `${"d/".repeat(1000)}z.md`
    here.include([named])
    yield* shows(here, { [named]: "x\n" })
  })
}

const hardLinks: Case = {
  id: "F06",
  name: "hard links: treated like other files, and no more of them than fit",
  run: Effect.gen(function* () {
    const here = yield* place
    const first = here.put("0.md", "y".repeat(4000))
    for (let i = 1; i < 50; i++) linkSync(first, join(here.workspace, `${i}.md`))
    here.include(["*.md"], { maxTokens: 3000 })
    const { id, seen } = yield* shown(here)
    assert.deepStrictEqual(Object.keys(seen.files), ["0.md", "1.md", "10.md"])
    assert.strictEqual(Object.keys(seen.skipped).length, 47)
    yield* post(here, id, { files: Files.layer({ root: here.workspace }) })
  })
}

const mounts: Case = {
  id: "F06",
  name: "mount points: the workspace mounted in itself, and another file system",
  needs: ["linux", "root", "mounts"],
  run: Effect.gen(function* () {
    const here = yield* place
    here.put("a.md", "Here.")
    const mount = (name: string, ...args: ReadonlyArray<string>) =>
      Effect.acquireRelease(
        Effect.sync(() => {
          mkdirSync(join(here.workspace, name))
          execFileSync("mount", [...args, join(here.workspace, name)])
        }),
        () => Effect.sync(() => void execFileSync("umount", ["--lazy", join(here.workspace, name)]))
      )
    yield* mount("self", "--bind", here.workspace)
    yield* mount("other", "-t", "tmpfs", "-o", "size=1m", "tmpfs")
    here.put("other/b.md", "There.")
    here.include(["**/*.md"])
    yield* shows(here, { "a.md": "Here.", "other/b.md": "There.", "self/a.md": "Here." })
  })
}

export const many: ReadonlyArray<Case> = [manyFiles, deep, hardLinks, mounts]
