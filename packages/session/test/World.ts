import { SessionId } from "@parley/domain/Ids"
import { PromptManager } from "@parley/domain/PromptManager"
import type { LogEntry, SessionEvent } from "@parley/domain/SessionEvent"
import * as SessionFold from "@parley/domain/SessionFold"
import { SessionManager } from "@parley/domain/SessionManager"
import type { SystemPrompt } from "@parley/domain/SystemPrompt"
import { Invariants, ScriptedModel, ScriptedTools, Waiting, Witness } from "@parley/testing"
import { assert } from "@effect/vitest"
import { Effect, Layer, Stream } from "effect"
import { Limits } from "../src/limits/Limits.ts"
import type { UserMessage } from "../src/limits/Request.ts"
import { SessionCoordinator } from "../src/round/SessionCoordinator.ts"

export const sessionId = SessionId.make("session-1")

/** Sees what the coordinator does with its store, models and tools. */
export const witness = Witness.layer(Effect.map(Limits, ({ toolConcurrency }) => toolConcurrency))

/** A coordinator over scripted parts; optional managers are added by the test that wants them. */
export const world = (
  turns: ReadonlyArray<ScriptedModel.Turn>,
  tools: { readonly [name: string]: ScriptedTools.Behaviour } = { echo: ScriptedTools.echo },
  optional: Layer.Layer<never> = Layer.empty,
  sessions: Layer.Layer<SessionManager> = SessionManager.layerMemory,
  prompt: Partial<SystemPrompt> = { instructions: "Be brief." }
) =>
  SessionCoordinator.layer.pipe(
    Layer.provideMerge(witness),
    Layer.provideMerge([
      ScriptedModel.layer(turns),
      ScriptedTools.layer(tools),
      sessions,
      PromptManager.layerMemory(prompt)
    ]),
    Layer.provide(optional)
  )

/** Makes the session and returns everything a subscriber from the start sees, growing as it happens. */
export const watched = Effect.gen(function* () {
  const sessions = yield* SessionManager
  yield* sessions.create({ id: sessionId, workspace: "/ws" })
  const seen: Array<LogEntry> = []
  const coordinator = yield* SessionCoordinator
  yield* coordinator.events(sessionId).pipe(
    Stream.runForEach((entry) => Effect.sync(() => seen.push(entry))),
    Effect.forkScoped({ startImmediately: true })
  )
  return seen
})

/** Waits until the session's log holds an event. */
export const until = (tag: SessionEvent["_tag"]) =>
  Effect.flatMap(SessionCoordinator, (coordinator) =>
    coordinator.events(sessionId).pipe(
      Stream.takeUntil(({ event }) => event._tag === tag),
      Stream.runDrain
    )
  )

/** From here on time passes while a retry is waited for, and only then. */
export const timePasses = Waiting.passes(sessionId)

export const send = (request: UserMessage) =>
  Effect.flatMap(SessionCoordinator, (coordinator) => coordinator.handleMessage({ sessionId, request }))

export const log = Effect.flatMap(SessionManager, (sessions) => sessions.read(sessionId, 0))

export const session = Effect.map(log, (entries) => SessionFold.fromEvents(sessionId, entries))

/** Lets subscribers catch up, then checks every invariant of a session at rest: none may be left out for want of knowledge. */
export const checkInvariants = (seen: ReadonlyArray<LogEntry>) =>
  Effect.gen(function* () {
    yield* Effect.repeat(Effect.yieldNow, { times: 50 })
    const known = yield* (yield* Witness).known(yield* SessionManager, sessionId, seen)
    const { unchecked, violations } = Invariants.check(known)
    assert.deepStrictEqual(violations, [], violations.join("; "))
    assert.deepStrictEqual(unchecked, [])
  })
