import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { assert } from "@effect/vitest"
import * as Files from "@parley/workspace/Files"
import { Effect, Schema, type Scope } from "effect"
import { serve } from "../../packages/provider/test/support/SseServer.ts"
import { engine, type Home, home } from "../support/home.ts"
import { breaksRules, post } from "../support/post.ts"
import { answer } from "../../packages/provider/test/support/wire.ts"

/** A workspace beside its engine's database. */
export interface Place extends Home {
  readonly workspace: string
  /** Writes a file of the workspace, and tells where it is. */
  readonly put: (name: string, content: string | Uint8Array) => string
  /** Writes `context.json`. */
  readonly include: (paths: ReadonlyArray<string>, more?: object) => void
}

export const encode = Schema.encodeSync(Schema.fromJsonString(Schema.Unknown))

const at = (home: Home, workspace: string): Place => {
  const put = (name: string, content: string | Uint8Array) => {
    const path = join(workspace, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, content)
    return path
  }
  const include = (paths: ReadonlyArray<string>, more = {}) =>
    void put(".parley/context.json", encode({ include: paths, ...more }))
  mkdirSync(workspace)
  return { ...home, workspace, put, include }
}

export const place: Effect.Effect<Place, never, Scope.Scope> = Effect.map(home, (home) =>
  at(home, join(home.root, "ws"))
)

const memory = "/dev/shm"

/** One that a great many files can be put into: in memory, where there is such a place. */
export const roomyPlace: Effect.Effect<Place, never, Scope.Scope> = Effect.gen(function* () {
  const beside = yield* home
  const root = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(existsSync(memory) ? memory : tmpdir(), "parley-faults-"))),
    (root) => Effect.sync(() => rmSync(root, { recursive: true, force: true }))
  )
  return at(beside, join(realpathSync(root), "ws"))
})

interface Shown {
  readonly files: { readonly [path: string]: string }
  readonly skipped: { readonly [path: string]: string }
  /** The bodies of the request that went out. */
  readonly sent: string
}

/** A round of a session on the workspace: what its context is said to hold, and what is really sent. */
export const shown = (here: Place) =>
  Effect.gen(function* () {
    const server = yield* serve({ body: [answer("Seen.")] })
    const files = Files.layer({ root: here.workspace })
    const { coordinator, sessions } = yield* engine(here, { url: server.url, files })
    const { id } = yield* sessions.create({ workspace: here.workspace })
    const context = yield* coordinator.buildContext(id, "What do you see?")
    const round = yield* coordinator.handleMessage({ sessionId: id, request: "What do you see?" })
    assert.strictEqual(round.status, "completed")
    const bodies = server.received.map(({ body }) => body)
    assert.deepStrictEqual(breaksRules(bodies), [])
    const seen: Shown = {
      files: Object.fromEntries(context.files.map(({ path, text }) => [path, text])),
      skipped: Object.fromEntries(context.skipped.map(({ path, reason }) => [path, reason])),
      sent: bodies.join("\n")
    }
    return { id, seen }
  }).pipe(Effect.scoped)

/** What must be shown, no more and no less, and be told of the rest; then the postconditions. */
export const shows = (here: Place, files: Shown["files"], skipped: Shown["skipped"] = {}) =>
  Effect.gen(function* () {
    const { id, seen } = yield* shown(here)
    assert.deepStrictEqual(seen.files, files)
    assert.deepStrictEqual(seen.skipped, skipped)
    for (const text of Object.values(files)) assert.include(seen.sent, encode(text).slice(1, -1))
    yield* post(here, id, { files: Files.layer({ root: here.workspace }) })
    return seen
  })
