import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import * as Mailbox from "../src/servers/Mailbox.ts"

const directory = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "parley-mailbox-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

/** Lets the event loop turn once. */
const turn = Effect.callback<void>((resume) => void setImmediate(() => resume(Effect.void)))

describe("requests to other processes", () => {
  it.live("reach a process that listens, and its directory is removed when it ends", () =>
    Effect.gen(function* () {
      const at = yield* directory
      const asked = Mailbox.receive(at, (question) => Effect.succeed(`${question}!`)).pipe(
        Effect.andThen(Mailbox.ask(at, "hello")),
        Effect.scoped
      )
      assert.deepStrictEqual(yield* asked, ["hello!"])
      assert.deepStrictEqual(readdirSync(at), [])
    })
  )

  it.effect("remove the directory of a dead process, but not that of a live one in another PID namespace", () =>
    Effect.gen(function* () {
      const at = yield* directory
      yield* TestClock.setTime(1_800_000_000_000)
      const box = (name: string, touchedSecondsAgo: number) => {
        mkdirSync(join(at, name))
        const time = 1_800_000_000 - touchedSecondsAgo
        utimesSync(join(at, name), time, time)
      }
      // No process has this id here, although one may have it in the other PID namespace.
      box("4194300.1-aa", 5)
      box("4194300.1-bb", 120)
      const fiber = yield* Effect.forkChild(Mailbox.ask(at, "hello"), { startImmediately: true })
      while (readdirSync(at).length > 1) yield* turn
      assert.deepStrictEqual(readdirSync(at), ["4194300.1-aa"])
      yield* Fiber.interrupt(fiber)
    })
  )
})
