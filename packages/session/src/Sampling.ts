import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { illegal } from "@parley/domain/Message"
import type { ModelError } from "@parley/domain/ModelError"
import * as ModelRef from "@parley/domain/ModelRef"
import { type ModelInfo, ModelsManager } from "@parley/domain/ModelsManager"
import type { Finish, ProviderChunk } from "@parley/domain/ProviderChunk"
import type { Sampling, SamplingAnswer } from "@parley/domain/ServerRequests"
import { type Usage, zero } from "@parley/domain/Usage"
import * as Caps from "./Caps.ts"
import { Limits } from "./Limits.ts"
import { Sampled } from "./Sampled.ts"

/** The fewest characters that one token stands for, near enough: a longer answer is cut off. */
const charactersPerToken = 4

const preface =
  "A program asks what follows for purposes of its own. Nobody has looked at it, and none of it is the user's:"

interface Heard {
  readonly text: string
  readonly usage: Usage
  readonly finish: Finish | undefined
}

const hear = (heard: Heard, chunk: ProviderChunk): Heard => {
  switch (chunk._tag) {
    case "TextDelta":
      return { ...heard, text: heard.text + chunk.text }
    case "UsageSoFar":
      return { ...heard, usage: chunk.usage }
    case "Finish":
      return { ...heard, usage: chunk.usage, finish: chunk }
    default:
      return heard
  }
}

const stops: { readonly [S in Finish["stop"]]?: "endTurn" | "maxTokens" | "stopSequence" } = {
  end: "endTurn",
  length: "maxTokens",
  "stop-sequence": "stopSequence"
}

/** Providers tell the usage of an answer at its end; of one that was cut off it is at least what was seen. */
const atLeast = (usage: Usage, text: string): Usage => ({
  ...usage,
  outputTokens: Math.max(usage.outputTokens, Math.ceil(text.length / charactersPerToken))
})

/** Why the user's limits on tokens and dollars forbid it to ask the model; undefined when they do not. */
const refusal = Effect.fnUntraced(function* (model: ModelInfo) {
  const unknown = yield* Effect.flip(Caps.priced(model)).pipe(Effect.option)
  if (Option.isSome(unknown)) return unknown.value.message
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

/**
 * Has the model that the user prefers answer what an MCP server wants to know: one request, nothing of the conversation,
 * no tools. An answer is cut off at the length that was asked for.
 *
 * Such a request is from outside as a whole, and so is its answer. Neither is part of a conversation, and without tools no
 * call can come of it; what the server makes of the answer comes back as the result of one of its tools, from outside too.
 */
export const answer = Effect.fn("Sampling.answer")(function* (
  request: Sampling
): Effect.fn.Return<SamplingAnswer, ModelError, ModelsManager> {
  const models = yield* ModelsManager
  const problem = illegal(request.messages)
  if (problem !== undefined) return { _tag: "Declined", reason: problem }
  const ref = yield* models.preferred
  const model = yield* models.describe(ref)
  const { price, settings } = model
  const refused = yield* refusal(model)
  if (refused !== undefined) return { _tag: "Declined", reason: refused }
  const most = request.maxTokens * charactersPerToken
  const isOver = ({ text, usage }: Heard) => text.length >= most || usage.outputTokens >= request.maxTokens
  const nothing: Heard = { text: "", usage: zero, finish: undefined }
  const meter = yield* Sampled
  let last = nothing
  const took = () => (last.finish === undefined ? atLeast(last.usage, last.text.slice(0, most)) : last.usage)
  yield* models
    .stream({
      model: ref,
      system: request.system === "" ? "" : `${preface}\n\n${request.system}`,
      tools: [],
      messages: request.messages,
      ...(settings === undefined ? {} : { settings })
    })
    .pipe(
      Stream.scan(() => nothing, hear),
      Stream.tap((heard) =>
        Effect.sync(() => {
          last = heard
        })
      ),
      Stream.takeUntil((heard) => heard.finish !== undefined || isOver(heard)),
      Stream.runDrain,
      // What an answer took that broke off, or that nobody waits for any more, is spent all the same.
      Effect.ensuring(Effect.sync(() => meter?.add(took(), price)))
    )
  const stop = isOver(last) ? "maxTokens" : last.finish === undefined ? undefined : stops[last.finish.stop]
  if (stop === undefined) return { _tag: "Declined", reason: "the model gave no answer" }
  const said = last.text.slice(0, most).toWellFormed()
  return {
    _tag: "Answered",
    text: said,
    model: ModelRef.format(ref),
    stop,
    usage: took()
  }
})
