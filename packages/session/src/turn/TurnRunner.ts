import { toFailure } from "@parley/domain/Errors"
import { textOf, type ToolCall } from "@parley/domain/Content"
import type { RoundId, TurnId } from "@parley/domain/Ids"
import {
  ModelError,
  Refused,
  StreamBroken,
  UnknownStop,
  ContextOverflow,
  InvalidRequest
} from "@parley/domain/ModelError"
import * as Message from "@parley/domain/Message"
import type { ModelRef } from "@parley/domain/ModelRef"
import { type ModelRequest, ModelsManager } from "@parley/domain/ModelsManager"
import { coalesce, type Finish, type ProviderChunk, type StopReason } from "@parley/domain/ProviderChunk"
import type { TokenCount } from "@parley/domain/RequestSize"
import type { SessionEvent } from "@parley/domain/SessionEvent"
import type { SessionManager } from "@parley/domain/SessionManager"
import { TurnContent } from "@parley/domain/TurnContent"
import { cost, type Price } from "@parley/domain/Usage"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberSet from "effect/FiberSet"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { LogError, SessionLog } from "../log/SessionLog.ts"
import * as ResponseTiming from "../telemetry/ResponseTiming.ts"
import * as Spans from "../telemetry/Spans.ts"
import * as Watchdog from "../limits/Watchdog.ts"

const broken = (detail: string) => new ModelError({ reason: new StreamBroken({ detail }) })

/** For a log that only a bug or another program can have written. It can still be read, but not continued. */
const unsendable = (rule: string) =>
  `Parley did not send it, because the session's history breaks a rule (${rule}); it can still be read, but continue in a new session`

/** How a completed turn ended. */
export interface TurnEnd {
  readonly id: TurnId
  readonly stop: StopReason
  readonly calls: ReadonlyArray<ToolCall>
  readonly text: string
  /** Whether the turn has no block that a later request could contain. */
  readonly empty: boolean
}

/** Fails if the stop reason means that the content is not a valid response. */
const verdict = (finish: Finish): Effect.Effect<Finish, ModelError> => {
  const detail = finish.detail ?? finish.stop
  switch (finish.stop) {
    case "refusal":
      return Effect.fail(new ModelError({ reason: new Refused({ detail }) }))
    case "context-window":
      return Effect.fail(new ModelError({ reason: new ContextOverflow({ detail }) }))
    case "other":
      return Effect.fail(new ModelError({ reason: new UnknownStop({ detail }) }))
    default:
      return Effect.succeed(finish)
  }
}

/** Receives one provider stream and stores it as it arrives. Every chunk is committed before subscribers receive it. */
const receive = Effect.fnUntraced(function* (
  log: SessionLog,
  content: TurnContent,
  request: ModelRequest,
  progress: Watchdog.Progress
) {
  const models = yield* ModelsManager
  const writer = yield* FiberSet.make<void, LogError>()
  let pending: Array<ProviderChunk> = []
  let writing = false

  const take = (): ReadonlyArray<SessionEvent> => {
    if (pending.length === 0) return []
    const chunks = coalesce(pending)
    pending = []
    return [{ _tag: "TurnDelta", turnId: content.turnId, chunks }]
  }

  /** Runs one append at a time. Chunks that arrive meanwhile are stored by the next one. */
  const write: Effect.Effect<void, LogError> = Effect.suspend(() => {
    const events = take()
    writing = events.length > 0
    return writing ? Effect.andThen(log.append(events), write) : Effect.void
  })

  const onChunks = (chunks: ReadonlyArray<ProviderChunk>) =>
    Effect.suspend((): Effect.Effect<void, ModelError> => {
      progress.add(chunks)
      content.add(chunks)
      if (content.malformed !== undefined) return Effect.fail(broken(content.malformed))
      for (const chunk of chunks) if (chunk._tag !== "Finish" && chunk._tag !== "UsageSoFar") pending.push(chunk)
      if (writing || pending.length === 0) return Effect.void
      writing = true
      return Effect.asVoid(FiberSet.run(writer, write))
    })

  yield* models.stream(request).pipe(
    Stream.runForEachArray(onChunks),
    // A failed write ends the stream, because nothing may be shown that is not stored. `join` ends only on a failure.
    Effect.raceFirst(FiberSet.join(writer)),
    Effect.raceFirst(Watchdog.watch(progress.count)),
    // The event that ends the turn contains everything, so a write in progress must not append a delta after that event.
    Effect.onError(() =>
      Effect.sync(() => {
        pending = []
      })
    )
  )
  return take()
})

interface TurnOptions<Next> {
  readonly log: SessionLog
  readonly roundId: RoundId
  readonly turnId: TurnId
  /** 1 for the first attempt of the request, one more for each retry. */
  readonly attempt: number
  readonly request: ModelRequest
  /** The size of the request, if it was measured. */
  readonly size: TokenCount | undefined
  /** The address of the provider. */
  readonly endpoint: string | undefined
  /** Whether the request leaves out thinking that the provider has rejected. */
  readonly dropsThinking?: boolean
  /** Set if the turn is not part of the conversation. */
  readonly purpose?: "summary"
  /** The tool by which the model gives an answer that follows the round's output schema. */
  readonly outputTool?: string | undefined
  /** Whether the provider paused the previous turn, so that the request ends with its partial response. */
  readonly paused: boolean
  readonly price: Price | undefined
  /** The model that the round would have asked, if this request goes to one of its fallback models. */
  readonly replaced?: ModelRef | undefined
  /** Computes what follows the completed turn. Its events are stored in the same commit, which saves a barrier. */
  readonly andThen: (end: TurnEnd) => Next
  /** Stores the events of the turn's end and those of `next`. Default: appends them, and returns `next`. */
  readonly commit?: (turn: ReadonlyArray<SessionEvent>, next: Next) => Effect.Effect<Next, LogError, SessionManager>
}

const runIn = Effect.fnUntraced(function* <Next extends { readonly events: ReadonlyArray<SessionEvent> }>(
  options: TurnOptions<Next>
) {
  const { log, price, request, turnId } = options
  const rule = Message.illegal(request.messages, options)
  if (rule !== undefined) return yield* new ModelError({ reason: new InvalidRequest({ detail: unsendable(rule) }) })
  const content = new TurnContent(turnId)
  const ended = () => ({
    turnId,
    content: content.blocks(),
    usage: content.usage,
    ...(price === undefined ? {} : { cost: cost(content.usage, price) })
  })

  const { endpoint, outputTool, purpose, size } = options
  const { settings } = request
  yield* log.append([
    {
      _tag: "TurnStarted",
      roundId: options.roundId,
      turnId,
      model: request.model,
      ...(purpose === undefined ? {} : { purpose }),
      ...(size === undefined ? {} : { size }),
      ...(settings === undefined ? {} : { settings }),
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(options.dropsThinking === true ? { thinking: "dropped" as const } : {}),
      ...(purpose !== undefined || log.state.thinking.prefix === 0 ? {} : { prefix: log.state.thinking.prefix }),
      ...(outputTool === undefined ? {} : { outputTool })
    }
  ])
  yield* Spans.turnStarted(request.model, options.attempt)
  const timing = yield* ResponseTiming.make
  const progress = Watchdog.makeProgress(timing.began)
  const received = receive(log, content, request, progress).pipe(Effect.ensuring(Effect.sync(timing.end)))
  return yield* received.pipe(
    Effect.flatMap((rest) =>
      content.finish === undefined
        ? Effect.fail(broken("the stream ended without a stop reason"))
        : Effect.map(verdict(content.finish), (finish) => ({ finish, rest }))
    ),
    Effect.flatMap(({ finish: { responseId, stop }, rest }) => {
      const turn = ended()
      const end: TurnEnd = {
        id: turnId,
        stop,
        calls: turn.content.filter((block) => block._tag === "ToolCall"),
        text: textOf(turn.content),
        empty: !turn.content.some(Message.sendable)
      }
      const completed: SessionEvent = {
        _tag: "TurnCompleted",
        ...turn,
        stop,
        ...(responseId === undefined ? {} : { responseId })
      }
      const next = options.andThen(end)
      const turned = [...rest, completed]
      return options.commit?.(turned, next) ?? Effect.as(log.append([...turned, ...next.events]), next)
    }),
    Effect.onExit((exit) => {
      // If an interruption arrives while the end of the turn is being stored, the turn is already completed.
      const open = log.state.round?.openTurn?.id === turnId
      if (Exit.isSuccess(exit) || log.failure() !== undefined || !open) return Effect.void
      const error = Cause.findErrorOption(exit.cause)
      if (Option.isNone(error)) return Effect.ignore(log.append([{ _tag: "TurnInterrupted", ...ended() }]))
      return Effect.ignore(log.append([{ _tag: "TurnFailed", ...ended(), failure: toFailure(error.value) }]))
    }),
    Effect.onExit((exit) => {
      const { finish, usage } = content
      const times = timing.times(progress.count())
      const spent = price === undefined ? undefined : cost(usage, price)
      return Spans.turnEnded({ model: request.model, times, usage, cost: spent, finish, exit, content })
    })
  )
  // The scope extends to the end of the turn so that the last deltas and the turn's end can share one commit.
}, Effect.scoped)

/**
 * Sends one request and stores the turn: its start, its deltas, and its end as completed, failed or interrupted with the
 * content that arrived. An invalid request is never sent; it fails with `InvalidRequest`. Returns the result of `andThen`
 * for the completed turn.
 */
export const run = <Next extends { readonly events: ReadonlyArray<SessionEvent> }>(options: TurnOptions<Next>) => {
  const { attempt, log, outputTool, purpose, replaced, request, roundId, turnId } = options
  const turn = { sessionId: log.id, roundId, turnId, attempt, purpose, replaced, outputTool }
  return Spans.chat(runIn(options), request, turn)
}
