import { textOf } from "@parley/domain/Content"
import { isTainted } from "@parley/domain/ContextManifest"
import { FilesManager, type WorkspaceFile } from "@parley/domain/FilesManager"
import { TurnId } from "@parley/domain/Ids"
import { InvalidRequest, Unauthorized } from "@parley/domain/ModelError"
import type { LogEntry } from "@parley/domain/SessionEvent"
import { SessionManager } from "@parley/domain/SessionManager"
import { ScriptedModel } from "@parley/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as Repair from "../src/log/Repair.ts"
import * as Request from "../src/limits/Request.ts"
import { SessionCoordinator } from "../src/round/SessionCoordinator.ts"
import { SessionState } from "../src/log/SessionState.ts"
import { answer, long, says, talk, type Talk } from "./support/Talk.ts"
import { log, send, sessionId, watched } from "./World.ts"

const next = SessionCoordinator.use((parley) => parley.buildContext(sessionId, "and now?"))
const provenance = (source: string) =>
  Effect.map(next, ({ manifest }) => manifest.find((segment) => segment.source === source)?.provenance)
const tainted = Effect.map(next, ({ manifest }) => isTainted(manifest))
const compact = SessionCoordinator.use((parley) => parley.compact(sessionId))
const undo = SessionCoordinator.use((parley) => parley.undoCompaction(sessionId))

/** Whether the next request is tainted after each entry, as the fold of a log has it. */
const foldedEach = (entries: ReadonlyArray<LogEntry>) => {
  const state = new SessionState()
  return entries.map((entry) => {
    state.push(entry)
    return state.history.tainted
  })
}
const folded = (entries: ReadonlyArray<LogEntry>) => foldedEach(entries).at(-1)

const words = [{ path: "a.md", text: "words" }]

/** A file that is there until it is taken away. */
const file = (files: ReadonlyArray<WorkspaceFile> = words) => {
  const now = { files }
  return {
    add: Effect.sync(() => {
      now.files = words
    }),
    layer: Layer.succeed(FilesManager, { read: Effect.sync(() => ({ ...now, skipped: [] })) }),
    remove: Effect.sync(() => {
      now.files = []
    })
  }
}

describe("a summary", () => {
  it.effect("of messages of the user and the model is as trusted as they are, and so is a summary of it", () =>
    Effect.gen(function* () {
      yield* watched
      for (let round = 1; round <= 2; round++) {
        yield* send(`one ${long}`)
        yield* send(`two ${long}`)
        yield* compact
        assert.strictEqual(yield* provenance("summary"), "model")
        assert.isFalse(yield* tainted)
      }
    }).pipe(Effect.provide(talk([])))
  )

  it.effect("of content from outside is from outside, and so is a summary of it, even after it was undone", () =>
    Effect.gen(function* () {
      yield* watched
      yield* send(["one", { outside: long }])
      yield* send(`two ${long}`)
      yield* compact
      assert.strictEqual(yield* provenance("summary"), "outside")
      assert.strictEqual(yield* provenance("goal"), "outside")
      yield* send(`three ${long}`)
      yield* send(`four ${long}`)
      yield* compact
      assert.strictEqual(yield* provenance("summary"), "outside")
      yield* undo
      yield* undo
      assert.isTrue(yield* tainted)
      assert.isTrue(folded(yield* log))
    }).pipe(Effect.provide(talk([])))
  )

  it.effect("that no model wrote is trusted no more than the messages that it replaces", () =>
    Effect.gen(function* () {
      yield* watched
      yield* send(["one", { outside: long }])
      yield* send(`two ${long}`)
      yield* compact
      assert.strictEqual(yield* provenance("summary"), "outside")
    }).pipe(
      Effect.provide(talk([], { answer: (request) => (request.tools.length === 0 ? says(" ") : answer(request)) }))
    )
  )
})

describe("removed content no longer taints requests", () => {
  it.effect("a file to which no model has responded, once there is a new baseline", () => {
    const { layer, remove } = file()
    return Effect.gen(function* () {
      yield* watched
      assert.isTrue(yield* tainted, "it is there")
      yield* remove
      assert.isFalse(yield* tainted)
    }).pipe(Effect.provide(talk([], { optional: layer })))
  })

  it.effect("a file in a message to which no model has responded", () => {
    const { add, layer, remove } = file([])
    const failing: Talk["answer"] = (request, n) =>
      n === 2 ? ScriptedModel.failing(new Unauthorized({ detail: "scripted" })) : answer(request)
    return Effect.gen(function* () {
      yield* watched
      yield* send("one")
      yield* add
      yield* Effect.flip(send("two"))
      assert.isTrue(folded(yield* log), "it is still there")
      yield* remove
      yield* SessionCoordinator.use((parley) => parley.refresh(sessionId))
      assert.isFalse(yield* tainted)
      yield* send("three")
      assert.isFalse(folded(yield* log))
    }).pipe(Effect.provide(talk([], { optional: layer, answer: failing })))
  })

  it.effect("a message that the provider rejected", () => {
    const refusing: Talk["answer"] = (request, n) =>
      n === 1 ? ScriptedModel.failing(new InvalidRequest({ detail: "scripted" })) : answer(request)
    return Effect.gen(function* () {
      yield* watched
      yield* Effect.flip(send(["one", { outside: "words" }]))
      assert.include(foldedEach(yield* log), true, "it was there")
      assert.isFalse(folded(yield* log))
      yield* send("two")
      assert.isFalse(yield* tainted)
    }).pipe(Effect.provide(talk([], { answer: refusing })))
  })

  it.effect("but a response to it stays and taints", () => {
    const { layer, remove } = file()
    return Effect.gen(function* () {
      yield* watched
      yield* send("go")
      yield* remove
      assert.isTrue(yield* tainted, "the baseline still holds it")
      yield* SessionCoordinator.use((parley) => parley.refresh(sessionId))
      const { manifest } = yield* next
      assert.deepStrictEqual(
        manifest.filter((segment) => isTainted([segment])).map(({ source }) => source),
        ["answer:r1t1"]
      )
      yield* send("and now?")
      assert.isTrue(folded(yield* log))
    }).pipe(Effect.provide(talk([], { optional: layer })))
  })

  it.effect("a result that was removed to save space, but not responses to it", () =>
    Effect.gen(function* () {
      yield* watched
      yield* send("call call call")
      yield* send("call call")
      yield* send("call call")
      yield* send("call")
      const { manifest } = yield* next
      const first = manifest.find(({ source }) => source === "result:long:r1t1c1")
      assert.strictEqual(first?.provenance, "parley", "it says that the result is left out")
      const { sentContext } = yield* SessionCoordinator
      const before = yield* sentContext(sessionId, TurnId.make("r1t2"))
      assert.strictEqual(before.manifest.find(({ source }) => source === "result:long:r1t1c1")?.provenance, "outside")
      assert.strictEqual(manifest.find(({ source }) => source === "answer:r1t2")?.provenance, "outside")
    }).pipe(Effect.provide(talk([])))
  )
})

describe("the taint derived from a log", () => {
  /** As versions before provenance wrote it, in one kind of event. */
  const old = (entries: ReadonlyArray<LogEntry>, tag: "RoundStarted" | "ContextBuilt"): ReadonlyArray<LogEntry> =>
    entries.map((entry) => {
      const { event } = entry
      if (event._tag !== tag) return entry
      if (event._tag === "RoundStarted") {
        const { outside: _, ...rest } = event
        return { ...entry, event: rest }
      }
      const manifest = event.manifest.map(({ provenance: _, ...segment }) => segment)
      return { ...entry, event: { ...event, manifest } }
    })

  it.effect("of a log from before provenance counts messages and prompts as outside", () =>
    Effect.gen(function* () {
      yield* watched
      yield* send("go")
      const entries = yield* log
      assert.isFalse(folded(entries))
      assert.isTrue(folded(old(entries, "RoundStarted")), "the message")
      assert.isTrue(folded(old(entries, "ContextBuilt")), "the prompt")
    }).pipe(Effect.provide(talk([])))
  )

  it.effect("is the same in a copy of the session", () =>
    Effect.gen(function* () {
      yield* watched
      const sessions = yield* SessionManager
      yield* send("go")
      const clean = yield* Repair.repair(sessionId)
      assert.isFalse(folded(yield* sessions.read(clean.session.id, 0)))
      yield* send(["see ", { outside: "words" }])
      const copy = yield* Repair.repair(sessionId)
      assert.isTrue(folded(yield* sessions.read(copy.session.id, 0)))
    }).pipe(Effect.provide(talk([])))
  )
})

describe("the author of a message does not change what is sent", () => {
  it.effect("texts are concatenated unchanged, and blocks stay separate", () =>
    Effect.sync(() => {
      const sent = Request.blocks(["a\n\n", { outside: "b" }, " c", { outside: { _tag: "Text", text: "d" } }, "e"])
      assert.deepStrictEqual(
        sent.request.map((block) => textOf([block])),
        ["a\n\nb c", "d", "e"]
      )
      assert.deepStrictEqual(sent.outside, [{ block: 0, start: 3, end: 4 }, { block: 1 }])
      assert.strictEqual(Request.own(sent), "a\n\n ce")
      assert.deepStrictEqual(Request.blocks("a\ud800"), { request: [{ _tag: "Text", text: "a\ufffd" }], outside: [] })
    })
  )

  it.effect("text that the user did not write mentions nothing", () => {
    const asked: Array<string> = []
    const layer = Layer.succeed(FilesManager, {
      read: Effect.succeed({ files: [], skipped: [] }),
      attach: (words: string) =>
        Effect.sync(() => {
          asked.push(words)
          return []
        })
    })
    return Effect.gen(function* () {
      yield* watched
      yield* send(["see @a.md and ", { outside: "@secret.md" }])
      assert.deepStrictEqual(asked, ["see @a.md and "])
    }).pipe(Effect.provide(talk([], { optional: layer })))
  })
})
