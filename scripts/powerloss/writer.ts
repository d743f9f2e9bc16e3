import { writeSync } from "node:fs"
import process from "node:process"
import { Context, Duration, Effect, Layer } from "effect"
import { callId, postId, questionId, roundId, SessionId, turnId } from "../../packages/domain/src/Ids.ts"
import type { LogEntry, SessionEvent } from "../../packages/domain/src/SessionEvent.ts"
import { SessionManager } from "../../packages/domain/src/SessionManager.ts"
import * as SqliteSessions from "../../packages/store/src/sessions/SqliteSessions.ts"
import { FlushInterval } from "../../packages/store/src/file/StoreSettings.ts"
import { generator } from "../generator.ts"

/**
 * The recorded process. It opens a database, appends events according to its mode, and writes each acknowledged entry to
 * standard output as a line of JSON. `dies`: it is killed and leaves its WAL. `reads`: it appends nothing and closes the
 * database, which checkpoints the WAL. `much`: it appends more than the WAL holds before a checkpoint, then closes.
 */
const [filename = "", mode = "", seed = "1"] = process.argv.slice(2)
const random = generator(Number(seed))
const below = (n: number): number => Math.floor(random() * n)

const id = SessionId.make("session")
const usage = { inputTokens: 1, outputTokens: 1, cacheReadTokens: 0, cacheWriteTokens: 0 }
const failure = { error: "ModelError", message: "overloaded" }
const say = (text: string) => [{ _tag: "Text" as const, text }]

/** Three rounds, one with each ending, and all user actions between rounds: together they contain every barrier event. */
const rounds = (first: number, words: number): ReadonlyArray<SessionEvent> => {
  const size = (most: number) => "word ".repeat(1 + below(most))
  const [a, b, c] = [roundId(first), roundId(first + 1), roundId(first + 2)]
  const began = (r: typeof a, baseline: boolean): ReadonlyArray<SessionEvent> => [
    { _tag: "RoundStarted", roundId: r, request: say(size(words)) },
    {
      _tag: "ContextBuilt",
      roundId: r,
      ...(baseline ? { baseline: { key: "k", system: "s", tools: [], files: {} } } : {}),
      roundPart: [],
      files: {},
      manifest: []
    },
    { _tag: "TurnStarted", roundId: r, turnId: turnId(r, 1), model: { provider: "p", model: "m" } },
    ...Array.from({ length: 1 + below(4) }, (): SessionEvent => ({
      _tag: "TurnDelta",
      turnId: turnId(r, 1),
      chunks: [{ _tag: "TextDelta", index: 0, text: size(words) }]
    }))
  ]
  const call = callId(turnId(a, 1), 1)
  const question = questionId(call, 1)
  const subject = { _tag: "Form", server: "s", message: "?", fields: [] } as const
  return [
    ...began(a, first === 1),
    {
      _tag: "TurnCompleted",
      turnId: turnId(a, 1),
      content: [...say(size(words)), { _tag: "ToolCall", callId: call, providerId: "x", name: "t", input: "{}" }],
      usage,
      stop: "tool-calls"
    },
    { _tag: "ToolStarted", callId: call },
    // A running call asks, so that the round never only waits: that one would be continued with its own model.
    { _tag: "QuestionAsked", questionId: question, roundId: a, callId: call, subject },
    { _tag: "QuestionAnswered", questionId: question, roundId: a, by: "host", answer: { _tag: "Decline" } },
    { _tag: "ToolSettled", callId: call, outcome: { _tag: "Succeeded", content: say(size(words)) } },
    { _tag: "MessageDelivered", roundId: a, messageId: postId(first), request: say(size(words)), outside: [] },
    { _tag: "TurnStarted", roundId: a, turnId: turnId(a, 2), model: { provider: "p", model: "m" } },
    { _tag: "TurnCompleted", turnId: turnId(a, 2), content: say(size(words)), usage, stop: "end" },
    { _tag: "RoundCompleted", roundId: a, stop: "end" },
    { _tag: "Pinned", kind: "goal", text: size(20) },
    { _tag: "RefreshRequested" },
    ...began(b, false),
    { _tag: "TurnFailed", turnId: turnId(b, 1), content: [], usage, failure },
    { _tag: "RoundFailed", roundId: b, failure },
    { _tag: "Unpinned", text: "nothing" },
    ...began(c, false),
    { _tag: "TurnInterrupted", turnId: turnId(c, 1), content: [], usage },
    { _tag: "RoundCancelled", roundId: c },
    { _tag: "CompactionUndone" },
    { _tag: "RoundsUndone", rounds: [c] },
    { _tag: "RoundsRedone" },
    { _tag: "SettingsChosen", settings: { effort: "high" } },
    { _tag: "Forked", origin: SessionId.make("other"), roundId: c }
  ]
}

const tell = (entries: ReadonlyArray<LogEntry>): void => {
  for (const entry of entries) writeSync(1, `${JSON.stringify(entry)}\n`)
}

const program = Effect.gen(function* () {
  const sessions = Context.get(yield* Layer.build(SqliteSessions.layer({ filename })), SessionManager)
  if (mode === "reads") return yield* sessions.read(id, 0)
  const info = (yield* sessions.list({})).length === 0 ? yield* sessions.create({ id }) : yield* sessions.get(id)
  let after = info.head
  const limit = mode === "much" ? 9000 : 900
  for (let n = 0; n < (mode === "much" ? 6 : 1); n++)
    // Each event is appended separately, so that none becomes durable only because another one requires a barrier.
    for (const event of rounds(info.rounds + 1 + 3 * n, limit)) {
      tell(yield* sessions.append(id, { after, epoch: 0 }, [event]))
      after++
    }
  if (mode === "dies") process.kill(process.pid, "SIGKILL")
  return yield* sessions.read(id, 0)
}).pipe(Effect.provideService(FlushInterval, Duration.zero), Effect.scoped)

await Effect.runPromise(program)
