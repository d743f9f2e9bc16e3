import { execFile } from "node:child_process"
import { join } from "node:path"
import { DatabaseSync, StatementSync } from "node:sqlite"
import { pathToFileURL } from "node:url"
import { promisify } from "node:util"
import { assert, describe, it, vi } from "@effect/vitest"
import { SessionId } from "@parley/domain/Ids"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import * as Backup from "../src/sessions/Backup.ts"
import * as EventRows from "../src/log/eventRows.ts"
import * as SessionRows from "../src/log/sessionRows.ts"
import * as SqliteSessions from "../src/sessions/SqliteSessions.ts"
import { asked, at, completed, delta } from "./support/events.ts"
import * as Temporary from "./support/temporary.ts"

const support = (name: string) => join(import.meta.dirname, "support", name)

/** What every connection of this process prepares, until the scope ends. */
const prepared = Effect.acquireRelease(
  Effect.sync(() => vi.spyOn(DatabaseSync.prototype, "prepare")),
  (spy) => Effect.sync(() => spy.mockRestore())
).pipe(Effect.map((spy) => () => spy.mock.calls.map(([text]) => text)))

/** Until the scope ends, texts are read up to their first NUL, as by many versions of Node, 24.15 and 26.0 among them. */
const readingUpToNul = Effect.acquireRelease(
  Effect.sync(() => {
    const cut = (value: unknown) => (typeof value === "string" ? value.replace(/\0.*$/s, "") : value)
    return vi.spyOn(StatementSync.prototype, "all").mockImplementation(function (this: StatementSync, ...parameters) {
      const rows = [...this.iterate(...parameters)]
      for (const row of rows)
        for (const [name, value] of Object.entries(row)) Object.assign(row, { [name]: cut(value) })
      return rows
    })
  }),
  (spy) => Effect.sync(() => spy.mockRestore())
)

const withoutStrings = (statement: string) => statement.replace(/'[^']*'/g, "''")

describe("with older versions of Node's SQLite", () => {
  // Before 22.20 and 24.7, `?1` cannot be bound by position: "column index out of range".
  it.effect("no statement has a numbered or named parameter", () =>
    Effect.gen(function* () {
      const texts = yield* prepared
      const directory = yield* Temporary.directory
      const filename = join(directory, "sessions.db")
      const open = SqliteSessions.layer({ filename }).pipe(Layer.provide(Temporary.atOnce), Layer.fresh, Layer.build)
      const sessions = Context.get(yield* open, SessionManager)
      const { id } = yield* sessions.create({ workspace: "/w" })
      yield* Effect.scoped(
        Effect.flatMap(sessions.acquire(id), ({ epoch }) =>
          Effect.andThen(
            sessions.append(id, { after: 0, epoch }, [asked, delta("a")]),
            sessions.append(id, { after: 2, epoch }, [completed, asked])
          )
        )
      )
      yield* sessions.list({ workspace: "/w", open: true, limit: 1 })
      yield* sessions.read(id, 0)
      yield* Effect.forkScoped(Stream.runDrain(sessions.follow(id, 0)), { startImmediately: true })
      yield* TestClock.adjust("5 seconds")
      yield* Backup.make({ filename, target: join(directory, "copy.db") })
      const db = new DatabaseSync(filename)
      db.exec("UPDATE events SET body = '{' WHERE seq = 1")
      db.close()
      yield* Effect.flip(sessions.read(id, 0))
      yield* sessions.salvage(id)
      yield* sessions.remove(id)
      const executed = [
        SessionRows.insert,
        SessionRows.selectOne,
        SessionRows.selectHead,
        SessionRows.selectMany,
        SessionRows.update,
        SessionRows.remove,
        EventRows.select,
        EventRows.selectList,
        EventRows.selectReadable,
        EventRows.removeDeltas,
        "VACUUM INTO ?"
      ]
      assert.deepStrictEqual(
        executed.filter((text) => !texts().includes(text)),
        []
      )
      assert.deepStrictEqual(
        texts().filter((text) => /\?\d|[:@$]\w/.test(withoutStrings(text))),
        []
      )
    })
  )

  it.effect("a text that contains a NUL is read to its end", () =>
    Effect.gen(function* () {
      yield* readingUpToNul
      const filename = join(yield* Temporary.directory, "sessions.db")
      const sessions = Context.get(
        yield* Layer.build(Layer.provide(SqliteSessions.layer({ filename }), Temporary.atOnce)),
        SessionManager
      )
      const wanted = { id: SessionId.make("\ufeffa\0b"), workspace: "/w\0é👩‍👧", title: "x\0y" }
      const { id } = yield* sessions.create(wanted)
      const body = "a text\0with a NUL"
      yield* sessions.append(id, at(0), [delta(body)])
      assert.deepInclude(yield* sessions.get(id), wanted)
      const [listed] = yield* sessions.list({ workspace: wanted.workspace })
      assert.deepInclude(listed, wanted)
      const [entry] = yield* sessions.read(id, 0)
      assert.deepStrictEqual(entry?.event, delta(body))
    })
  )

  it.effect("the warning that SQLite is experimental is not printed, but other warnings are", () =>
    Effect.gen(function* () {
      const filename = join(yield* Temporary.directory, "sessions.db")
      const preload = pathToFileURL(support("warns.ts")).href
      const args = ["--import", preload, support("application.ts"), filename]
      const { stderr, stdout } = yield* Effect.promise(() => promisify(execFile)(process.execPath, args))
      assert.strictEqual(stdout, "1 session, emitWarning kept\n")
      // What older versions say of TypeScript is theirs to say.
      const warnings = [...stderr.matchAll(/^\(node:\d+\) (.*)$/gm)].map(([, text]) => text)
      assert.deepStrictEqual(
        warnings.filter((text) => text?.includes("Type Stripping") === false),
        [
          "ExperimentalWarning: the program's own, before",
          "ExperimentalWarning: another experiment, met while loading",
          "Warning: SQLite has a flaw of another kind",
          "ExperimentalWarning: SQLite is what the program warns of itself, after"
        ]
      )
    })
  )
})
