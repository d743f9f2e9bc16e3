import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { assert } from "@effect/vitest"
import * as Files from "@parley/workspace/Files"
import { Effect, Schema, type Scope } from "effect"
import { serve } from "../../packages/harness/src/provider/SseServer.ts"
import { engine, type Home, home } from "../../packages/harness/src/sessions/home.ts"
import { breaksRules, post } from "../support/post.ts"
import { answer } from "../../packages/harness/src/provider/wire.ts"

/** A workspace, and a database for its engine. */
export interface Place extends Home {
  readonly workspace: string
  /** Writes a file of the workspace, and returns its absolute path. */
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

/** A place for very many files: in memory, if there is an in-memory file system. */
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
  /** The body of the request that was sent. */
  readonly sent: string
}

/** Runs a round on the workspace. Returns the files that its context reports, and the request that was really sent. */
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

/** Asserts exactly which files are shown and with which reasons others are skipped. Then checks the postconditions. */
export const shows = (here: Place, files: Shown["files"], skipped: Shown["skipped"] = {}) =>
  Effect.gen(function* () {
    const { id, seen } = yield* shown(here)
    assert.deepStrictEqual(seen.files, files)
    assert.deepStrictEqual(seen.skipped, skipped)
    for (const text of Object.values(files)) assert.include(seen.sent, encode(text).slice(1, -1))
    yield* post(here, id, { files: Files.layer({ root: here.workspace }) })
    return seen
  })
