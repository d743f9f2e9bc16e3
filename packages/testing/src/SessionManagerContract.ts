import { SessionBusy, SessionNotFound } from "@parley/domain/Errors"
import { callId, RequestId, roundId, SessionId, type TurnId, turnId } from "@parley/domain/Ids"
import { type EventOf, type LogEntry, SessionEvent } from "@parley/domain/SessionEvent"
import { project } from "@parley/domain/SessionInfo"
import { SessionManager } from "@parley/domain/SessionManager"
import type { Usage } from "@parley/domain/Usage"
import { assert, describe, it, layer as sharedLayer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"

const r1 = roundId(1)
const [t1, t2] = [turnId(r1, 1), turnId(r1, 2)]
const model = { provider: "demo", model: "echo" }
const text = (text: string) => ({ _tag: "Text" as const, text })
const usage = (n: number): Usage => ({ inputTokens: n, outputTokens: 2 * n, cacheReadTokens: 0, cacheWriteTokens: 1 })
const failure = { error: "ModelError", reason: "Overloaded", message: "try again" }

const asked = (words: string): SessionEvent => ({ _tag: "RoundStarted", roundId: r1, request: [text(words)] })
const started = (turnId: TurnId): SessionEvent => ({ _tag: "TurnStarted", roundId: r1, turnId, model })
const delta = (turnId: TurnId, words: string): SessionEvent => ({
  _tag: "TurnDelta",
  turnId,
  chunks: [{ _tag: "TextDelta", index: 0, text: words }]
})
const completed = (turnId: TurnId): EventOf<"TurnCompleted"> => ({
  _tag: "TurnCompleted",
  turnId,
  content: [text("done")],
  usage: usage(3),
  cost: 0.5,
  stop: "end"
})
const failed = (turnId: TurnId): SessionEvent => ({
  _tag: "TurnFailed",
  turnId,
  content: [],
  usage: usage(5),
  cost: 0.25,
  failure
})
const interrupted = (turnId: TurnId): SessionEvent => ({
  _tag: "TurnInterrupted",
  turnId,
  content: [],
  usage: usage(7)
})
/** A fact that nothing ever removes. */
const fact = (n: number): SessionEvent => ({ _tag: "ToolStarted", callId: callId(t1, n) })
const facts = (count: number) => Array.from({ length: count }, (_, i) => fact(i + 1))

/** One event of every kind; the compiler asks for the next one. */
const everyKind: { readonly [Tag in SessionEvent["_tag"]]: SessionEvent } = {
  RoundStarted: {
    _tag: "RoundStarted",
    roundId: r1,
    requestId: RequestId.make("request-1"),
    request: [text("\u0000 \n\t\"'\\ é 你好 👩‍👩‍👧"), { _tag: "Image", mediaType: "image/png", data: "AA==" }]
  },
  ContextCallRequested: {
    _tag: "ContextCallRequested",
    roundId: r1,
    callId: callId(r1, 1),
    slot: "status",
    name: "fs_read",
    input: "{ }"
  },
  ContextBuilt: {
    _tag: "ContextBuilt",
    roundId: r1,
    baseline: {
      key: "k",
      system: "You are",
      tools: [
        {
          name: "fs_read",
          server: "fs",
          tool: "read",
          description: "",
          inputSchema: { type: "object", required: ["a", 1.5, null, true, { x: [] }] }
        }
      ],
      files: { "src/a.ts": "0f" }
    },
    roundPart: [text("Now: 2026")],
    files: { "src/b.ts": "" },
    manifest: [{ part: "history", source: "", bytes: 4, tokens: 1, hash: "00" }]
  },
  TurnStarted: started(t1),
  TurnDelta: delta(t1, "chunk"),
  TurnCompleted: {
    ...completed(t1),
    content: [
      { _tag: "Thinking", provider: "p", text: "", raw: '{"a":1e400}' },
      { _tag: "Opaque", provider: "p", kind: "k", raw: "{}" },
      { _tag: "ToolCall", callId: callId(t1, 1), providerId: "toolu_1", name: "fs_read", input: '{"n":1.0}' }
    ],
    responseId: "msg_1"
  },
  TurnFailed: failed(t2),
  TurnInterrupted: interrupted(t2),
  ToolStarted: fact(1),
  ToolSettled: { _tag: "ToolSettled", callId: callId(t1, 1), outcome: { _tag: "Unknown", reason: "lost" } },
  RoundCompleted: { _tag: "RoundCompleted", roundId: r1, stop: "end" },
  RoundFailed: { _tag: "RoundFailed", roundId: r1, failure },
  RoundCancelled: { _tag: "RoundCancelled", roundId: r1 }
}

/** Appends as a generated test makes them: some events, handed over with the right cursor or with a wrong one. */
const Step = Schema.Struct({
  events: Schema.Array(
    Schema.Struct({
      kind: Schema.Literals(["delta", "delta", "completed", "failed", "interrupted", "fact", "asked", "cancelled"]),
      turn: Schema.Literals([1, 2])
    })
  ).check(Schema.isMaxLength(6)),
  off: Schema.Literals([0, 0, 0, 0, 1, -1])
})
const eventOf = ({ kind, turn }: (typeof Step.Type)["events"][number]): SessionEvent => {
  const id = turn === 1 ? t1 : t2
  const events = { delta: delta(id, "d"), completed: completed(id), failed: failed(id), interrupted: interrupted(id) }
  return { ...events, fact: fact(turn), asked: asked("Again"), cancelled: everyKind.RoundCancelled }[kind]
}

const toJson = Schema.encodeSync(Schema.fromJsonString(SessionEvent))
const seqs = (entries: ReadonlyArray<LogEntry>) => entries.map(({ seq }) => seq)
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)
const tags = (entries: ReadonlyArray<LogEntry>) => entries.map(({ event }) => event._tag)
const follower = (sessions: SessionManager["Service"], id: SessionId, count: number, after = 0) =>
  sessions.follow(id, after).pipe(Stream.take(count), Stream.runCollect, Effect.forkChild({ startImmediately: true }))
