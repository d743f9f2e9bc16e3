import { CallId, callId, questionId, roundId, turnId } from "@parley/domain/Ids"
import type { LogEntry, SessionEvent } from "@parley/domain/SessionEvent"
import { PromptManager } from "@parley/domain/PromptManager"
import { SessionManager } from "@parley/domain/SessionManager"
import { type Decision, ToolPolicy } from "@parley/domain/ToolPolicy"
import { Chunks, ScriptedModel, ScriptedTools } from "@parley/testing"
import { Context, Effect, Exit, Layer, Scope, Stream } from "effect"
import { SessionCoordinator } from "../../src/round/SessionCoordinator.ts"
import { log, sessionId, witness } from "../World.ts"

const { call, finish, text } = Chunks
const { turn } = ScriptedModel

export const done = turn(text(0, "Done."), [finish()])
/** A response that calls these tools; the input of each has its position, so that no two calls are identical. */
export const asks = (...names: ReadonlyArray<string>) =>
  turn(...names.map((name, i) => call(i, name, `{"n":${i}}`)), [finish("tool-calls")])

/** `careful` and `risky` are asked about; everything else runs. */
export const rule: ToolPolicy["rule"] = ({ name }) => (name === "careful" || name === "risky" ? "ask" : "allow")
export const allow: Decision = { allowed: true }
export const deny: Decision = { allowed: false, reason: "the user said no" }

/** A host with a person who answers, or does not. */
export const person = (ask: ToolPolicy["ask"], more: Partial<ToolPolicy> = {}): ToolPolicy =>
  Object.assign({ rule, ask }, more)
export const waits = person(() => Effect.never)
/** A host that leaves its questions open. */
export const parks: ToolPolicy = person(() => Effect.never, { withoutAsking: () => Effect.succeed("park") })
/** A host without a person. */
export const alone: ToolPolicy = person(() => Effect.never, { withoutAsking: () => Effect.succeed(deny) })

/** What all processes share: the stored sessions, the model and the tools, which record what reaches them. */
export const shared = (
  turns: ReadonlyArray<ScriptedModel.Turn>,
  tools: { readonly [name: string]: ScriptedTools.Behaviour } = {
    careful: ScriptedTools.echo,
    risky: ScriptedTools.echo,
    echo: ScriptedTools.echo
  }
) =>
  witness.pipe(
    Layer.provideMerge([
      ScriptedModel.layer(turns),
      ScriptedTools.layer(tools),
      SessionManager.layerMemory,
      PromptManager.layerMemory({ instructions: "Be brief." })
    ])
  )

/** A process of its own with this policy, and how it ends without a chance to store anything. */
export const process = Effect.fnUntraced(function* (policy: ToolPolicy, optional: Layer.Layer<never> = Layer.empty) {
  const real = yield* SessionManager
  const leases = new Set<Scope.Closeable>()
  let alive = true
  const gate = Effect.suspend(() => (alive ? Effect.void : Effect.never))
  const sessions: SessionManager["Service"] = {
    ...real,
    acquire: (id) =>
      Effect.gen(function* () {
        yield* gate
        const scope = yield* Scope.make()
        const lease = yield* Scope.provide(real.acquire(id), scope)
        leases.add(scope)
        yield* Effect.addFinalizer(() => Scope.close(scope, Exit.void))
        return lease
      }),
    append: (id, at, events) => Effect.andThen(gate, real.append(id, at, events))
  }
  // Never closed: a process that is killed cannot clean up.
  const scope = yield* Scope.make()
  const context = yield* Layer.buildWithScope(Layer.fresh(SessionCoordinator.layer), scope).pipe(
    Effect.provideService(SessionManager, sessions),
    Effect.provideService(ToolPolicy, policy),
    Effect.provide(optional)
  )
  const coordinator = Context.get(context, SessionCoordinator)
  return {
    coordinator,
    send: (request: string) => coordinator.handleMessage({ sessionId, request }),
    /** Sends a message without waiting for its round. */
    begin: (request: string) => Effect.forkIn(coordinator.handleMessage({ sessionId, request }), scope),
    /** Stores nothing more, as a process that is stopped. Its leases do not expire yet. */
    halts: Effect.sync(() => void (alive = false)),
    dies: Effect.suspend(() => {
      alive = false
      return Effect.forEach(leases, (scope) => Scope.close(scope, Exit.void), { discard: true })
    })
  }
})

/** The events about questions and calls, as one word each. */
export const journalOf = (log: ReadonlyArray<LogEntry>): ReadonlyArray<string> =>
  log.flatMap(({ event }) => {
    switch (event._tag) {
      case "QuestionAsked":
        return [`${event.questionId} ${event.subject._tag}`]
      case "QuestionAnswered": {
        const { answer } = event
        const words = "allowed" in answer ? (answer.allowed ? "allowed" : "denied") : answer._tag
        return [`${event.questionId} ${words} by ${event.by}`]
      }
      case "ToolDecided":
        return [`${event.callId} ${event.allowed ? "allowed" : "denied"} by ${event.by}`]
      case "ToolStarted":
        return [`${event.callId} started`]
      case "ToolSettled":
        return [`${event.callId} ${event.outcome._tag}`]
      default:
        return []
    }
  })

export const journal = Effect.map(log, journalOf)
/** The calls that reached a tool, in order. */
export const reached = Effect.map(ScriptedTools.Calls, ({ started }) =>
  started.map((key) => CallId.make(key.split("/").at(-1) ?? ""))
)
export const created = Effect.flatMap(SessionManager, (sessions) =>
  sessions.create({ id: sessionId, workspace: "/ws" })
)
/** Waits until this many events of a kind are stored. */
export const until = (tag: SessionEvent["_tag"], count = 1) =>
  Effect.flatMap(SessionManager, (sessions) =>
    sessions.follow(sessionId, 0).pipe(
      Stream.filter(({ event }) => event._tag === tag),
      Stream.take(count),
      Stream.runDrain
    )
  )
/** The ids of the first round's first turn. */
export const round = roundId(1)
export const callOf = (n: number) => callId(turnId(round, 1), n)
export const questionOf = (n: number) => questionId(callOf(n), 1)
export const yes = { allowed: true, scope: "once" } as const
export const no = { allowed: false, reason: "not today" } as const
