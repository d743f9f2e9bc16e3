import { assert, it } from "@effect/vitest"
import { CallId, SessionId } from "@parley/domain/Ids"
import type { LogEntry, SessionEvent } from "@parley/domain/SessionEvent"
import { SessionManager } from "@parley/domain/SessionManager"
import { Effect } from "effect"
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as KeptResults from "../src/sessions/KeptResults.ts"

const nameOf = (digit: string, ending = "txt") => `result-${digit.repeat(32)}.${ending}`

type Outcome = Extract<SessionEvent, { readonly _tag: "ToolSettled" }>["outcome"]
const settled = (seq: number, outcome: Outcome): LogEntry => ({
  seq,
  at: 0,
  event: { _tag: "ToolSettled", callId: CallId.make(`c${seq}`), outcome }
})

it("the names of kept tool results are found in a session, each once", () => {
  const words = `kept in /state/results/${nameOf("a")} and ${nameOf("b", "json")}`
  const entries = [
    settled(1, { _tag: "Succeeded", content: [{ _tag: "Text", text: words }] }),
    settled(2, { _tag: "Failed", content: [{ _tag: "Text", text: `again ${nameOf("a")}` }] }),
    settled(3, {
      _tag: "Succeeded",
      content: [{ _tag: "Text", text: `${nameOf("c").slice(0, 30)}.txt x${nameOf("d")} ../${nameOf("g")}` }]
    })
  ]
  assert.deepStrictEqual(KeptResults.namesIn(entries), [nameOf("a"), nameOf("b", "json")])
})

it.effect("kept results are removed, and a missing file does not prevent the removal of others", () =>
  Effect.gen(function* () {
    const directory = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "parley-results-"))),
      (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
    )
    for (const name of [nameOf("b"), nameOf("c"), "other.txt"]) writeFileSync(join(directory, name), "x")
    yield* KeptResults.remove(directory, [nameOf("a"), nameOf("b"), nameOf("c")])
    assert.deepStrictEqual(readdirSync(directory), ["other.txt"])
  })
)

it.effect("files that a fork or its origin names as well are kept until the last of them is deleted", () =>
  Effect.gen(function* () {
    const sessions = yield* SessionManager
    const keep = (digit: string, seq: number): SessionEvent =>
      settled(seq, { _tag: "Succeeded", content: [{ _tag: "Text", text: nameOf(digit) }] }).event
    const append = (id: SessionId, after: number, event: SessionEvent) =>
      sessions.append(id, { after, epoch: 0 }, [event])
    const origin = SessionId.make("origin")
    yield* sessions.create({ id: origin })
    yield* append(origin, 0, keep("a", 1))
    const events: ReadonlyArray<SessionEvent> = [{ _tag: "Forked", origin }]
    const { id } = yield* sessions.fork({ origin, through: 1, events })
    yield* append(origin, 1, keep("b", 2))
    yield* append(id, 2, keep("c", 3))
    const other = yield* sessions.create({})
    yield* append(other.id, 0, keep("b", 1))
    assert.deepStrictEqual(yield* KeptResults.onlyIn(origin), [nameOf("b")])
    assert.deepStrictEqual(yield* KeptResults.onlyIn(id), [nameOf("c")])
    yield* sessions.remove(origin)
    assert.deepStrictEqual(yield* KeptResults.onlyIn(id), [nameOf("a"), nameOf("c")])
    assert.deepStrictEqual(yield* KeptResults.onlyIn(SessionId.make("unknown")), [])
  }).pipe(Effect.provide(SessionManager.layerMemory))
)
