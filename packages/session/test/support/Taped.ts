import { PromptManager } from "@parley/domain/PromptManager"
import type { LogEntry } from "@parley/domain/SessionEvent"
import { SessionManager } from "@parley/domain/SessionManager"
import { ScriptedModel, ScriptedTools, SlowSessions } from "@parley/testing"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as Recording from "../../src/recording/Recording.ts"
import { parse } from "../../src/recording/RecordingFormat.ts"
import * as Replay from "../../src/recording/Replay.ts"
import { sessionId } from "../World.ts"

/** A world of scripted parts whose coordinator is recorded. */
export const recordedWorld = (
  turns: ReadonlyArray<ScriptedModel.Turn>,
  written: Array<string>,
  tools: { readonly [name: string]: ScriptedTools.Behaviour } = { echo: ScriptedTools.echo },
  sessions: Layer.Layer<SessionManager> = SlowSessions.layer(0),
  prompt: Layer.Layer<PromptManager> = PromptManager.layerMemory({ instructions: "Be brief." })
) =>
  Recording.layer({ write: (line) => void written.push(line) }).pipe(
    Layer.provideMerge([ScriptedModel.layer(turns), ScriptedTools.layer(tools), sessions, prompt])
  )

/** Replays the lines in real time, and returns what was found and the log of the session. */
export const replay = Effect.fnUntraced(function* (written: ReadonlyArray<string>) {
  const recorded = yield* Effect.fromResult(parse("test.jsonl", written.join("")))
  const sessions = yield* Effect.map(Effect.scoped(Layer.build(SessionManager.layerMemory)), (built) => built)
  const report = yield* Replay.run({ name: "test.jsonl", recorded, sessions: Layer.succeedContext(sessions) })
  const log = yield* Effect.orElseSucceed(
    SessionManager.use((manager) => manager.read(sessionId, 0)).pipe(Effect.provideContext(sessions)),
    (): ReadonlyArray<LogEntry> => []
  )
  return { report, log }
}, TestClock.withLive)

/** A log as text, to compare it byte for byte. */
export const bytesOf = (log: ReadonlyArray<LogEntry>): string => log.map((entry) => JSON.stringify(entry)).join("\n")
