import { assert } from "@effect/vitest"
import type { Block } from "@parley/domain/Content"
import { CallId, RoundId, TurnId } from "@parley/domain/Ids"
import type { SessionEvent } from "@parley/domain/SessionEvent"
import { zero } from "@parley/domain/Usage"
import { Effect, Result } from "effect"
import { readStored } from "../../scripts/crash/stored.ts"
import { serve } from "../../packages/harness/src/provider/SseServer.ts"
import type { Case } from "../suite.ts"
import { engine, home } from "../../packages/harness/src/sessions/home.ts"
import { breaksRules } from "../support/post.ts"
import { answer } from "../../packages/harness/src/provider/wire.ts"

/** A log that no version of Parley writes: the result of a bug, another program or manual editing. */
interface Poison {
  readonly name: string
  readonly events: ReadonlyArray<SessionEvent>
  /** The rule by which it is refused. Without one, the wrong parts are omitted and the session continues. */
  readonly refused?: string
}

const roundId = RoundId.make("r1")
const model = { provider: "anthropic", model: "fake" }
const call = (id: string, input = "{}"): Block => ({
  _tag: "ToolCall",
  callId: CallId.make(id),
  providerId: "toolu_1",
  name: "echo",
  input
})
const words = (text: string): Block => ({ _tag: "Text", text })

const started: ReadonlyArray<SessionEvent> = [
  { _tag: "RoundStarted", roundId, request: [{ _tag: "Text", text: "hello" }] },
  { _tag: "ContextBuilt", roundId, roundPart: [], files: {}, manifest: [] }
]
const turn = (n: number, ...content: ReadonlyArray<Block>): ReadonlyArray<SessionEvent> => {
  const turnId = TurnId.make(`r1t${n}`)
  return [
    { _tag: "TurnStarted", roundId, turnId, model },
    {
      _tag: "TurnCompleted",
      turnId,
      content,
      usage: zero,
      stop: content.some(({ _tag }) => _tag === "ToolCall") ? "tool-calls" : "end"
    }
  ]
}
const settled = (id: string, text: string): SessionEvent => ({
  _tag: "ToolSettled",
  callId: CallId.make(id),
  outcome: { _tag: "Succeeded", content: [{ _tag: "Text", text }] }
})
const ended: SessionEvent = { _tag: "RoundCompleted", roundId, stop: "end" }

const poisons: ReadonlyArray<Poison> = [
  {
    name: "calls without a result",
    events: [
      ...started,
      ...turn(1, words("I will look."), call("r1t1c1"), call("r1t1c2")),
      settled("r1t1c1", "one"),
      ended
    ]
  },
  {
    name: "results twice, and for no call",
    events: [
      ...started,
      settled("r9t9c9", "nobody asked"),
      ...turn(1, call("r1t1c1")),
      settled("r1t1c1", "one"),
      settled("r1t1c1", "another"),
      ...turn(2, words("Done.")),
      ended
    ],
    refused: "a result of call r9t9c9, which was not requested"
  },
  {
    name: "empty blocks, and blocks that are not the provider's JSON",
    events: [
      ...started,
      ...turn(
        1,
        words(""),
        words(" \n"),
        { _tag: "Thinking", provider: "anthropic", text: "hm", raw: '{"type":"thinking"' },
        { _tag: "Opaque", provider: "anthropic", kind: "search", raw: "not JSON" },
        call("r1t1c1", '{"cut":')
      ),
      settled("r1t1c1", ""),
      ...turn(2, words("")),
      ended
    ]
  },
  {
    name: "one call id for two calls",
    events: [
      ...started,
      ...turn(1, call("r1t1c1")),
      settled("r1t1c1", "one"),
      ...turn(2, call("r1t1c1")),
      settled("r1t1c1", "two"),
      ...turn(3, words("Done.")),
      ended
    ],
    refused: "call r1t1c1 is requested twice"
  },
  {
    name: "an answer before any question",
    events: [...turn(1, words("Who is there?")), ...started, ended],
    refused: "TurnStarted while no round is open"
  }
]

/** The session opens, and accepts the next message or reports why not and what to do. No illegal request is sent. */
export const poisoned = poisons.map(({ events, name, refused }): Case => ({
  id: "P10",
  name,
  run: Effect.gen(function* () {
    const here = yield* home
    yield* Effect.gen(function* () {
      const server = yield* serve({ body: [answer("Go on.")] })
      const { coordinator, sessions } = yield* engine(here, { url: server.url })
      const { id } = yield* sessions.create({})
      yield* Effect.flatMap(sessions.acquire(id), ({ epoch }) => sessions.append(id, { after: 0, epoch }, events)).pipe(
        Effect.scoped
      )
      for (const request of ["and now?", "once more"]) {
        const result = yield* Effect.result(coordinator.handleMessage({ sessionId: id, request }))
        const message = Result.isFailure(result) ? result.failure.message : undefined
        if (refused === undefined) assert.strictEqual(message, undefined)
        else {
          assert.include(message, refused)
          assert.include(message, "other sessions are not affected")
        }
      }
      assert.lengthOf(server.received, refused === undefined ? 2 : 0)
      assert.deepStrictEqual(breaksRules(server.received.map(({ body }) => body)), [])
    }).pipe(Effect.scoped)
    const { damage, sessions } = readStored(here)
    assert.isEmpty(damage)
    assert.lengthOf(sessions, 1)
    // Another session in the same database is not affected.
    const server = yield* serve({ body: [answer("Fine.")] })
    const other = yield* engine(here, { url: server.url })
    const { id } = yield* other.sessions.create({})
    const round = yield* other.coordinator.handleMessage({ sessionId: id, request: "hello" })
    assert.strictEqual(round.status, "completed")
  })
}))
