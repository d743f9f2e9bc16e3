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
import { type ModelRequest, ModelsManager } from "@parley/domain/ModelsManager"
import { coalesce, type Finish, type ProviderChunk, type StopReason } from "@parley/domain/ProviderChunk"
import type { TokenCount } from "@parley/domain/RequestSize"
import type { SessionEvent } from "@parley/domain/SessionEvent"
import { TurnContent } from "@parley/domain/TurnContent"
import { cost, type Price } from "@parley/domain/Usage"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberSet from "effect/FiberSet"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { makeProgress } from "./Progress.ts"
import type { LogError, SessionLog } from "./SessionLog.ts"
import * as Watchdog from "./Watchdog.ts"

const broken = (detail: string) => new ModelError({ reason: new StreamBroken({ detail }) })

/** A log that only a bug or another program can have written. Nothing is lost by it but that it can go on. */
const unsendable = (rule: string) =>
  `Parley did not send it, because the session's history breaks a rule (${rule}); everything in it can still be read, go on in a new session`

/** How a completed turn ended. */
export interface TurnEnd {
  readonly id: TurnId
  readonly stop: StopReason
  readonly calls: ReadonlyArray<ToolCall>
  readonly text: string
  /** It says nothing that a later request could hold. */
  readonly empty: boolean
}

/** What a stop means for the turn: an error when what arrived must not be taken for an answer. */
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

/** One provider stream, stored as it arrives: every chunk is committed before a subscriber sees it. */
const receive = Effect.fnUntraced(function* (log: SessionLog, content: TurnContent, request: ModelRequest) {
  const models = yield* ModelsManager
  const writer = yield* FiberSet.make<void, LogError>()
  let pending: Array<ProviderChunk> = []
  let writing = false
  const progress = makeProgress()

  const take = (): ReadonlyArray<SessionEvent> => {
    if (pending.length === 0) return []
    const chunks = coalesce(pending)
    pending = []
    return [{ _tag: "TurnDelta", turnId: content.turnId, chunks }]
  }

  /** One append at a time; what arrives meanwhile goes with the next. */
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
    // A failed write ends the stream: nothing may be shown that is not stored. Joining a set never ends on success.
    Effect.raceFirst(FiberSet.join(writer)),
    Effect.raceFirst(Watchdog.watch(progress.count)),
    // The event that ends the turn holds all of it: a write under way must not add a delta after that event.
    Effect.onError(() =>
      Effect.sync(() => {
        pending = []
      })
    )
  )
  return take()
})

/**
 * Asks the model once and stores the turn under its id: streaming, then completed, failed or interrupted, always with the
 * content that arrived. An illegal request is never sent.
 */
export const run = Effect.fn("TurnRunner.run")(function* (options: {
  readonly log: SessionLog
  readonly roundId: RoundId
  readonly turnId: TurnId
  readonly request: ModelRequest
  /** How large the request is thought to be. */
  readonly size: TokenCount | undefined
  /** Where the provider is asked. */
  readonly endpoint: string | undefined
  /** The provider has refused the thinking of earlier turns, and the request holds none. */
  readonly dropsThinking?: boolean
  /** Set when the turn is no part of the conversation. */
  readonly purpose?: "summary"
  /** The turn before paused: the request ends with its answer. */
  readonly paused: boolean
  readonly price: Price | undefined
  /** What follows from the completed turn. It shares the turn's commit: one barrier instead of two. */
  readonly andThen: (end: TurnEnd) => ReadonlyArray<SessionEvent>
}) {
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

  const { endpoint, purpose, size } = options
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
      ...(options.dropsThinking === true ? { thinking: "dropped" as const } : {})
    }
  ])
  return yield* receive(log, content, request).pipe(
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
      return Effect.as(log.append([...rest, completed, ...options.andThen(end)]), end)
    }),
    Effect.onExit((exit) => {
      // An interruption may arrive while the end of the turn is being stored: then it has ended, and well.
      const open = log.state.round?.openTurn?.id === turnId
      if (Exit.isSuccess(exit) || log.failure() !== undefined || !open) return Effect.void
      const error = Cause.findErrorOption(exit.cause)
      if (Option.isNone(error)) return Effect.ignore(log.append([{ _tag: "TurnInterrupted", ...ended() }]))
      return Effect.ignore(log.append([{ _tag: "TurnFailed", ...ended(), failure: toFailure(error.value) }]))
    })
  )
  // The scope is the turn's, not the stream's: the last deltas and the turn's end may share one commit.
}, Effect.scoped)
