import { execFileSync } from "node:child_process"
import { mkdirSync, renameSync, rmSync } from "node:fs"
import { assert } from "@effect/vitest"
import * as Files from "@parley/workspace/Files"
import { Effect } from "effect"
import { post } from "../support/post.ts"
import type { Case } from "../suite.ts"
import { type Place, place, shown } from "./place.ts"
import { answer } from "../../packages/harness/src/provider/wire.ts"
import { engine } from "../../packages/harness/src/sessions/home.ts"
import { serve } from "../../packages/harness/src/provider/SseServer.ts"

/** The session continues without the workspace, and with it again when it is back. */
const resumed = (here: Place, leave: () => void, back: () => void, skipped: ReadonlyArray<unknown>) =>
  Effect.gen(function* () {
    const { id, seen } = yield* shown(here)
    assert.deepStrictEqual(seen.files, { "a.md": "Here." })
    leave()
    const files = Files.layer({ root: here.workspace })
    yield* Effect.gen(function* () {
      const server = yield* serve({ body: [answer("I no longer see it.")] })
      const { coordinator } = yield* engine(here, { url: server.url, files })
      const context = yield* coordinator.buildContext(id, "And now?")
      assert.deepStrictEqual(context.files, [])
      assert.deepStrictEqual(context.skipped, skipped)
      const round = yield* coordinator.handleMessage({ sessionId: id, request: "And now?" })
      assert.strictEqual(round.status, "completed")
      // The model is told that the file is gone, because earlier requests contain the file.
      assert.include(server.received[0]?.body, String.raw`The file \"a.md\" is no longer part of the context.`)
    }).pipe(Effect.scoped)
    yield* post(here, id, { files })
    back()
    const again = yield* engine(here, { url: "http://127.0.0.1:1", files }).pipe(
      Effect.flatMap(({ coordinator }) => coordinator.buildContext(id, "And now?")),
      Effect.scoped
    )
    assert.deepStrictEqual(again.files, [{ path: "a.md", text: "Here.", why: "named in .parley/context.json" }])
    yield* post(here, id, { files })
  })

const fill = (here: Place) => {
  here.put("a.md", "Here.")
  here.include(["a.md"])
}

const note = (here: Place) => [{ path: here.workspace, reason: "the workspace: does not exist" }]

const moved: Case = {
  id: "F09",
  name: "moved",
  run: Effect.gen(function* () {
    const here = yield* place
    fill(here)
    const away = `${here.workspace}.away`
    yield* resumed(
      here,
      () => renameSync(here.workspace, away),
      () => renameSync(away, here.workspace),
      note(here)
    )
  })
}

const deleted: Case = {
  id: "F09",
  name: "deleted",
  run: Effect.gen(function* () {
    const here = yield* place
    fill(here)
    yield* resumed(
      here,
      () => rmSync(here.workspace, { recursive: true }),
      () => {
        mkdirSync(here.workspace)
        fill(here)
      },
      note(here)
    )
  })
}

const unmounted: Case = {
  id: "F09",
  name: "on a disk that is no longer mounted: only the empty mount point is there",
  needs: ["linux", "root", "mounts"],
  run: Effect.gen(function* () {
    const here = yield* place
    const mount = () => {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", here.workspace])
      fill(here)
    }
    const unmount = () => void execFileSync("umount", ["--lazy", here.workspace])
    yield* Effect.acquireRelease(Effect.sync(mount), () => Effect.sync(unmount))
    // An empty directory has no `context.json`, so no files are configured.
    yield* resumed(here, unmount, mount, [])
  })
}

export const gone: ReadonlyArray<Case> = [moved, deleted, unmounted]
