import type { HandleMessageError } from "@parley/domain/Errors"
import type { SessionId } from "@parley/domain/Ids"
import type { LogEntry } from "@parley/domain/SessionEvent"
import { add, allInput, type Usage, zero } from "@parley/domain/Usage"
import { SessionCoordinator } from "@parley/session/SessionCoordinator"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as AiError from "effect/ai/AiError"
import * as LanguageModel from "effect/ai/LanguageModel"
import type * as Response from "effect/ai/Response"

const failure = (method: string, reason: AiError.AiErrorReason) =>
  AiError.make({ module: "SessionModel", method, reason })

const refuse = (method: string, description: string) =>
  Effect.fail(failure(method, new AiError.InvalidRequestError({ description })))

/** A round that failed. What the round stored stays in the session. */
const fromRound = (method: string) => (error: HandleMessageError) =>
  failure(method, new AiError.UnknownError({ description: error.message }))

/** The text of the prompt's last message. The session itself keeps what came before. */
const messageOf = (
  method: string,
  { prompt, responseFormat, tools }: LanguageModel.ProviderOptions
): Effect.Effect<string, AiError.AiError> => {
  if (tools.length > 0) return refuse(method, "a session has its own tools")
  if (responseFormat.type !== "text") return refuse(method, "a session answers with text")
  const last = prompt.content.at(-1)
  if (last?.role !== "user") return refuse(method, "the prompt must end with a message of the user")
  const other = last.content.find(({ type }) => type !== "text")
  if (other !== undefined) return refuse(method, `a message to a session is text, and this one has a ${other.type}`)
  return Effect.succeed(last.content.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("\n"))
}

const usageOf = (usage: Usage) => ({
  inputTokens: {
    uncached: usage.inputTokens,
    total: allInput(usage),
    cacheRead: usage.cacheReadTokens,
    cacheWrite: usage.cacheWriteTokens
  },
  outputTokens: { total: usage.outputTokens, text: undefined, reasoning: undefined }
})

/** The parts of a round: the text of each turn as it is stored, and the usage of all turns at the end. */
const partsOf = (events: Stream.Stream<LogEntry, HandleMessageError>) => {
  let usage = zero
  const opened = new Set<string>()
  const ofEvent = ({ event }: LogEntry): ReadonlyArray<Response.StreamPartEncoded> => {
    switch (event._tag) {
      case "TurnDelta":
        return event.chunks.flatMap((chunk) => {
          if (chunk._tag !== "TextDelta") return []
          const id = `${event.turnId}/${chunk.index}`
          const start = opened.has(id) ? [] : [{ type: "text-start" as const, id }]
          opened.add(id)
          return [...start, { type: "text-delta" as const, id, delta: chunk.text }]
        })
      case "TurnCompleted":
      case "TurnFailed":
      case "TurnInterrupted": {
        usage = add(usage, event.usage)
        const ended = [...opened].map((id) => ({ type: "text-end" as const, id }))
        opened.clear()
        return ended
      }
      case "RoundCompleted":
        return [{ type: "finish", reason: "stop", usage: usageOf(usage), response: undefined }]
      case "RoundCancelled":
        return [{ type: "finish", reason: "other", usage: usageOf(usage), response: undefined }]
      default:
        return []
    }
  }
  return Stream.flatMap(events, (entry) => Stream.fromArray(ofEvent(entry)))
}

/** The parts of a response that is not streamed: each text as a whole, then the end. */
const joined = (parts: ReadonlyArray<Response.StreamPartEncoded>): Array<Response.PartEncoded> => {
  const texts = new Map<string, string>()
  for (const part of parts) if (part.type === "text-delta") texts.set(part.id, (texts.get(part.id) ?? "") + part.delta)
  return [
    ...Array.from(texts.values(), (text) => ({ type: "text" as const, text })),
    ...parts.filter((part) => part.type === "finish")
  ]
}

/**
 * A session as a model of `effect/ai`, for an application that already speaks to models: each call sends the last message of
 * its prompt to the session and streams the text of the whole round, during which the session's own tools run. Earlier
 * messages of the prompt are ignored, because the session has its own history. Tools and structured output of the caller are
 * refused: the engine decides which tools a model may call. Interrupting a call cancels its round.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (sessionId: SessionId): Effect.Effect<LanguageModel.LanguageModel, never, SessionCoordinator> =>
  Effect.flatMap(SessionCoordinator, (coordinator) => {
    const stream = (method: string, options: LanguageModel.ProviderOptions) =>
      messageOf(method, options).pipe(
        Effect.map((request) =>
          partsOf(coordinator.stream({ sessionId, request })).pipe(Stream.mapError(fromRound(method)))
        ),
        Stream.unwrap
      )
    return LanguageModel.make({
      streamText: (options) => stream("streamText", options),
      generateText: (options) => Stream.runCollect(stream("generateText", options)).pipe(Effect.map(joined))
    })
  })
