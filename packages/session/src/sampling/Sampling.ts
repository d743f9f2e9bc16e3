import * as Effect from "effect/Effect"
import { text } from "@parley/domain/Content"
import * as Stream from "effect/Stream"
import { illegal } from "@parley/domain/Message"
import type { ModelError } from "@parley/domain/ModelError"
import * as ModelRef from "@parley/domain/ModelRef"
import { type ModelInfo, type ModelRequest, ModelsManager } from "@parley/domain/ModelsManager"
import type { Finish, ProviderChunk } from "@parley/domain/ProviderChunk"
import type { Sampling, SamplingAnswer } from "@parley/domain/ServerRequests"
import { atLeast, cost, type Usage, zero } from "@parley/domain/Usage"
import { estimate } from "../context/RequestEstimate.ts"
import * as Budget from "../limits/Budget.ts"
import { Limits } from "../limits/Limits.ts"
import { type Meter, Sampled } from "../limits/SamplingUsage.ts"
import * as ResponseTiming from "../telemetry/ResponseTiming.ts"
import * as Spans from "../telemetry/Spans.ts"

/** Approximate characters per token, for truncating a response that is longer than requested. */
const charactersPerToken = 4

const preface =
  "A program asks what follows for purposes of its own. Nobody has looked at it, and none of it is the user's:"

interface Received {
  readonly text: string
  readonly usage: Usage
  readonly finish: Finish | undefined
}

const receive = (received: Received, chunk: ProviderChunk): Received => {
  switch (chunk._tag) {
    case "TextDelta":
      return { ...received, text: received.text + chunk.text }
    case "UsageSoFar":
      return { ...received, usage: chunk.usage }
    case "Finish":
      return { ...received, usage: chunk.usage, finish: chunk }
    default:
      return received
  }
}

const stops: { readonly [S in Finish["stop"]]?: "endTurn" | "maxTokens" | "stopSequence" } = {
  end: "endTurn",
  length: "maxTokens",
  "stop-sequence": "stopSequence"
}

/** Why no further request is sent: a limit on tokens or cost is reached. Undefined if none is. Sent to the server. */
const refusal = Effect.gen(function* () {
  const meter = yield* Sampled
  if (meter === undefined) return undefined
  const { roundCost, roundTokens, sessionCost, sessionTokens } = yield* Limits
  const { inAll, inLatestRound } = meter
  const spent: ReadonlyArray<readonly [limit: number | undefined, spent: number]> = [
    [roundTokens, inLatestRound.tokens],
    [roundCost, inLatestRound.cost],
    [sessionTokens, inAll.tokens],
    [sessionCost, inAll.cost]
  ]
  return spent.some(([limit, spent]) => limit !== undefined && spent >= limit)
    ? "what servers had the model answer has reached the user's limit"
    : undefined
})

/** What was spent in the latest round and its session, in US dollars: by the conversation, and for servers. */
const spentBeside = (meter: Meter | undefined): Budget.Spent => {
  const { round, session } = meter?.conversation() ?? { round: 0, session: 0 }
  return { round: round + (meter?.inLatestRound.cost ?? 0), session: session + (meter?.inAll.cost ?? 0) }
}

/**
 * Runs the request only if its worst case fits into all limits in dollars, and sets it aside meanwhile. Returns the reason if
 * it does not fit.
 */
const paying = Effect.fnUntraced(function* <R>(
  model: ModelInfo,
  request: ModelRequest,
  run: Effect.Effect<void, ModelError, R>,
  charged: (input: number) => Usage
) {
  if (!(yield* Budget.inDollars)) return yield* Effect.as(run, undefined)
  const { price } = model
  const input = estimate(request).tokens
  const whole = Effect.flatMap(Budget.worstOf(model, input), (worst) =>
    Budget.setAside(
      worst,
      spentBeside,
      Budget.reserving(worst, run, () => (price === undefined ? worst : cost(charged(input), price)))
    )
  )
  return yield* whole.pipe(
    Effect.as(undefined),
    Effect.catchTag(["CapReached", "PriceUnknown", "StorageError"], ({ message }) => Effect.succeed(message))
  )
})

/**
 * Sends a sampling request of an MCP server, or a small one of the host, to the user's preferred model: one request, without tools and without any
 * content of the conversation. The response is truncated to the requested length.
 *
 * The request and the response count as `outside`. This needs no further tracking: neither is part of a conversation,
 * without tools the response cannot cause tool calls, and whatever the server makes of it returns as a tool result, which
 * is from outside as well.
 *
 * @since 0.1.0
 * @category functions
 */
export const answer = Effect.fn("Sampling.answer")(function* (
  request: Pick<Sampling, "system" | "messages" | "maxTokens">,
  /** The model to ask instead of the preferred one. */
  named?: ModelRef.ModelRef
): Effect.fn.Return<SamplingAnswer, ModelError, ModelsManager> {
  const models = yield* ModelsManager
  const problem = illegal(request.messages)
  if (problem !== undefined) return { _tag: "Declined", reason: problem }
  const ref = named ?? (yield* models.preferred)
  const model = yield* models.describe(ref)
  const { price, settings } = model
  const refused = yield* refusal
  if (refused !== undefined) return { _tag: "Declined", reason: refused }
  const most = request.maxTokens * charactersPerToken
  const isOver = ({ text, usage }: Received) => text.length >= most || usage.outputTokens >= request.maxTokens
  const nothing: Received = { text: "", usage: zero, finish: undefined }
  const meter = yield* Sampled
  let last = nothing
  let parts = 0
  /** A response that broke off counts what was received of it, and at least this much input. */
  const took = (input: number): Usage =>
    last.finish === undefined
      ? atLeast(last.usage, {
          inputTokens: input,
          outputTokens: Math.ceil(Math.min(last.text.length, most) / charactersPerToken)
        })
      : last.usage
  /** What the provider may charge. A request without any response is taken as not received. */
  const charged = (input: number): Usage => took(parts === 0 ? 0 : input)
  const sent: ModelRequest = {
    model: ref,
    system: request.system === "" ? "" : `${preface}\n\n${request.system}`,
    tools: [],
    messages: request.messages,
    ...(settings === undefined ? {} : { settings })
  }
  const timing = yield* ResponseTiming.make
  const unpaid = yield* models.stream(sent).pipe(
    Stream.scan(() => nothing, receive),
    Stream.tap((received) =>
      Effect.sync(() => {
        last = received
        if (received !== nothing && parts++ === 0) timing.began()
      })
    ),
    Stream.takeUntil((received) => received.finish !== undefined || isOver(received)),
    Stream.runDrain,
    // The usage of an incomplete or interrupted response counts as well.
    Effect.ensuring(Effect.sync(() => meter?.add(took(0), price))),
    Effect.onExit((exit) =>
      Spans.responded({
        model: ref,
        times: timing.times(parts),
        usage: took(0),
        cost: price === undefined ? undefined : cost(took(0), price),
        finish: last.finish,
        exit,
        content: { blocks: () => [text(last.text)] }
      })
    ),
    (run) => Spans.chat(run, sent),
    (run) => paying(model, sent, run, charged)
  )
  if (unpaid !== undefined) return { _tag: "Declined", reason: unpaid }
  const stop = isOver(last) ? "maxTokens" : last.finish === undefined ? undefined : stops[last.finish.stop]
  if (stop === undefined) return { _tag: "Declined", reason: "the model gave no answer" }
  const answer = last.text.slice(0, most).toWellFormed()
  return {
    _tag: "Answered",
    text: answer,
    model: ModelRef.format(ref),
    stop,
    usage: took(0)
  }
})
