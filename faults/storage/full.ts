import { execFileSync } from "node:child_process"
import { mkdirSync, rmSync, statfsSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, vi } from "@effect/vitest"
import { SessionId } from "@parley/domain/Ids"
import { Deferred, Effect } from "effect"
import { serve } from "../../packages/harness/src/provider/SseServer.ts"
import type { Case } from "../suite.ts"
import { engine, home } from "../../packages/harness/src/sessions/home.ts"
import { post, stored } from "../support/post.ts"
import { answer, delta, open, sse, start } from "../../packages/harness/src/provider/wire.ts"
import { calm, machine, type Machine, sessionOf } from "./machine.ts"
import { outcomes, traced } from "./strace.ts"
import { answering, talk } from "./talk.ts"

/** A turn with endless text, so that the disk becomes full. */
const flood = {
  body: [
    sse(start()),
    sse(open(0, { type: "text", text: "" })),
    ...Array.from({ length: 60 }, (_, i) => sse(delta(0, { type: "text_delta", text: `${i} `.repeat(20_000) })))
  ],
  last: "hang"
} as const

interface Room {
  /** Reduces the free space so that the text does not fit. */
  readonly take: () => void
  readonly give: () => void
}

/** The disk becomes full in the middle of a turn. The engine reports that, and continues when there is space again. */
const within = (
  here: Machine | Effect.Success<typeof home>,
  room: (connections: ReadonlyArray<DatabaseSync>) => Room
): Effect.Effect<void, unknown> =>
  Effect.gen(function* () {
    const [earlier] = yield* talk(here)
    assert.isDefined(earlier)
    const spy = yield* Effect.acquireRelease(
      Effect.sync(() => vi.spyOn(DatabaseSync.prototype, "prepare")),
      (spy) => Effect.sync(() => spy.mockRestore())
    )
    const server = yield* serve(flood, { body: [answer("There is room.")] })
    const { coordinator, sessions } = yield* engine(here, { url: server.url })
    const { id } = yield* sessions.create({ workspace: "/w" })
    const { give, take } = room([...new Set(spy.mock.contexts.filter((context) => context instanceof DatabaseSync))])
    take()
    const error = yield* Effect.flip(coordinator.handleMessage({ sessionId: id, request: "Flood me." }))
    assert.deepInclude(error, { _tag: "StorageError", reason: "Full" })
    assert.match(error.message, /the disk is full; free some space and try again/)
    // The connection to the provider is closed, although the provider has more to send.
    const [request] = server.received
    assert.isDefined(request)
    if (request !== undefined) yield* Deferred.await(request.closed)
    assert.isAbove((yield* sessions.read(earlier ?? id, 0)).length, 3)
    give()
    const round = yield* coordinator.handleMessage({ sessionId: id, request: "And now?" })
    assert.strictEqual(round.status, "completed")
    assert.strictEqual(server.received.length, 2)
  }).pipe(Effect.scoped)

const pages: Case = {
  id: "S04",
  name: "max_page_count, within the engine",
  run: Effect.gen(function* () {
    const here = yield* home
    yield* within(here, (connections) => {
      const limit = (count: number) => {
        for (const db of connections) if (db.isOpen) db.exec(`PRAGMA max_page_count = ${count}`)
      }
      return { take: () => limit(40), give: () => limit(1_000_000) }
    })
    yield* post(here, SessionId.make(lastSession(here.data)))
  })
}

const lastSession = (data: string): string => {
  const db = new DatabaseSync(join(data, "parley.db"))
  const row = db.prepare("SELECT id FROM sessions ORDER BY key DESC LIMIT 1").get()
  db.close()
  return String(row?.["id"])
}

/** A file system of one megabyte, on machines that can mount one. */
const small = (path: string) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      mkdirSync(path, { recursive: true })
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m,mode=0700", "tmpfs", path])
    }),
    () => Effect.sync(() => void execFileSync("umount", ["--lazy", path]))
  )

const tmpfs: Case = {
  id: "S04",
  name: "a file system of one megabyte, within the engine",
  needs: ["mounts"],
  run: Effect.gen(function* () {
    const here = yield* home
    yield* small(here.data)
    const ballast = join(here.data, "ballast")
    yield* within(here, () => ({
      take: () => {
        const { bavail, bsize } = statfsSync(here.data)
        writeFileSync(ballast, Buffer.alloc(bavail * bsize - 160 * 1024))
      },
      give: () => rmSync(ballast)
    }))
    yield* post(here, SessionId.make(lastSession(here.data)))
  })
}

/** A process that fails for lack of space, and then one that has enough. */
const ended = (here: Machine, under: ReadonlyArray<string>, words: RegExp) =>
  Effect.gen(function* () {
    const earlier = sessionOf(yield* here.parley(["run", "hello"]))
    const { url } = yield* serve({ body: flood.body })
    const failed = yield* here.parley(["run", "Flood me."], { url, under })
    calm(failed)
    assert.strictEqual(failed.code, 5, failed.stderr)
    assert.match(failed.stderr, words)
    const shown = yield* here.parley(["sessions", "show", earlier])
    assert.strictEqual(shown.code, 0, shown.stderr)
    assert.match(shown.stdout, /> hello/)
    yield* post(here, SessionId.make(lastSession(here.data)))
    yield* post(here, SessionId.make(earlier))
  })

const fileSize: Case = {
  id: "S04",
  name: "ulimit -f, for the command",
  run: Effect.gen(function* () {
    const here = yield* machine
    // The limit is in blocks of 1024 bytes. SQLite reports the refused write as an I/O error.
    yield* ended(here, ["bash", "-c", 'ulimit -f 400; exec "$@"', "bash"], /the disk|I\/O error/)
  })
}

const injected: Case = {
  id: "S04",
  name: "ENOSPC at any write, for the engine",
  needs: ["strace"],
  run: Effect.gen(function* () {
    const here = yield* machine
    const [id] = yield* talk(here, 2)
    assert.isDefined(id)
    const { url } = yield* answering
    const before = stored(here, id ?? SessionId.make("none")).length
    for (const nth of [1, 3, 6, 9, 12, 15]) {
      const run = traced(here, { call: "pwrite64", fault: "error=ENOSPC", when: String(nth), file: "parley.db-wal" })
      const [first, second] = outcomes(yield* here.live(["One", "Two"], { url, under: run.under, sessionId: id ?? "" }))
      assert.strictEqual(run.injected(), 1, `write ${nth}`)
      assert.deepInclude(first, { error: "StorageError", reason: "Full" }, `write ${nth}`)
      assert.deepEqual(second, { status: "completed" }, `write ${nth}`)
    }
    assert.isAbove(stored(here, id ?? SessionId.make("none")).length, before)
    yield* post(here, id ?? SessionId.make("none"))
  })
}

export const full: ReadonlyArray<Case> = [pages, tmpfs, fileSize, injected]
