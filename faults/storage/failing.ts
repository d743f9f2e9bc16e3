import { assert } from "@effect/vitest"
import { SessionId } from "@parley/domain/Ids"
import { Effect } from "effect"
import type { Case } from "../suite.ts"
import { post, stored } from "../support/post.ts"
import { calm, machine } from "./machine.ts"
import { type Fault, outcomes, traced } from "./strace.ts"
import { answering, talk } from "./talk.ts"
import { promptly } from "../../packages/harness/src/time/promptly.ts"

const log = "parley.db-wal"

/**
 * One message encounters the error, the next message of the same process does not. In between, the connection was discarded:
 * the database was opened again before the next write, and the contents of the WAL were written and synced again.
 */
const once = (fault: Fault, given: { readonly reason: string; readonly words: RegExp; readonly reopened: boolean }) =>
  Effect.gen(function* () {
    const here = yield* machine
    const [id = SessionId.make("none")] = yield* talk(here, 2)
    const { url } = yield* answering
    const run = traced(here, fault)
    const ended = yield* here.live(["One", "Two"], { url, under: run.under, sessionId: id })
    calm(ended)
    assert.strictEqual(run.injected(), 1)
    const [first, second] = outcomes(ended)
    assert.deepInclude(first, { error: "StorageError", reason: given.reason })
    assert.match(first?.["message"] ?? "", given.words)
    assert.deepEqual(second, { status: "completed" })
    if (given.reopened) {
      const after = run.log().split("(INJECTED)")[1] ?? ""
      const next = after.search(/pwrite64\(|ftruncate\(/)
      const opened = after.search(/openat\(/)
      assert.isAbove(opened, -1, after)
      assert.isTrue(next === -1 || opened < next, after)
    }
    assert.isAbove(stored(here, id).length, 8)
    yield* post(here, id)
  })

const failed = {
  reason: "Unavailable",
  words: /disk I\/O error.*the disk or its file system reported an error: check both/,
  reopened: true
} as const

export const failing: ReadonlyArray<Case> = [
  {
    id: "S05",
    // SQLite treats an unreadable page as a damaged one. Nothing was written, so the connection may be kept.
    name: "reading: EIO",
    needs: ["strace"],
    run: once(
      { call: "pread64", fault: "error=EIO", when: "4", file: "parley.db" },
      { reason: "Corrupt", words: /restore it from a backup/, reopened: false }
    )
  },
  {
    id: "S05",
    name: "writing: EIO",
    needs: ["strace"],
    run: once({ call: "pwrite64", fault: "error=EIO", when: "5", file: log }, failed)
  },
  {
    id: "S05",
    name: "syncing: EIO, of the message, the turn and the round's end",
    needs: ["strace"],
    run: Effect.forEach(
      ["1", "2", "3"],
      (when) => once({ call: "fsync,fdatasync", fault: "error=EIO", when, file: log }, failed),
      { discard: true }
    )
  }
]

const unlocked = (error: "ENOLCK" | "EIO", words: RegExp): Case => ({
  id: "S14",
  name: `locks fail with ${error}`,
  needs: ["strace"],
  run: Effect.gen(function* () {
    const here = yield* machine
    const [id = SessionId.make("none")] = yield* talk(here)
    const { url } = yield* answering
    const run = traced(here, { call: "fcntl", fault: `error=${error}`, file: "parley.db" })
    const ended = yield* here.parley(["run", "hello", "--session", id], { url, under: run.under })
    calm(ended)
    assert.isAbove(run.injected(), 0)
    assert.strictEqual(ended.code, 5, ended.stderr)
    assert.include(ended.stderr, here.database)
    assert.match(ended.stderr, words)
    promptly(ended.millis, 20_000)
    yield* post(here, id)
  })
})

export const unlockable: ReadonlyArray<Case> = [
  unlocked("EIO", /does not support file locks: put the database on a local disk/),
  unlocked("ENOLCK", /locked by another process|does not support file locks/)
]
