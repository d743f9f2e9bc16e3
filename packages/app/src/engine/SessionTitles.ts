import { text } from "@parley/domain/Content"
import type { SessionId } from "@parley/domain/Ids"
import { ModelsManager } from "@parley/domain/ModelsManager"
import type { ModelRef } from "@parley/domain/ModelRef"
import { SessionManager } from "@parley/domain/SessionManager"
import { Budget } from "@parley/session/Budget"
import { Limits } from "@parley/session/Limits"
import { answer } from "@parley/session/Sampling"
import { Sampled } from "@parley/session/SamplingUsage"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/** How much of a message the model reads, in UTF-16 code units, and how long its answer may be, in tokens. */
const messageLength = 2000
const answerTokens = 40
const titleLength = 80

const instruction =
  "Write a title of at most eight words for a conversation that begins with the message below. " +
  "Answer with the title only, in the language of the message, without quotation marks.\n\n"

/**
 * Asks a model for the title of a session that begins with a message, and stores it, unless the user has given one meanwhile.
 * Absent unless the user has configured a model for titles.
 *
 * @since 0.1.0
 * @category services
 */
export const SessionTitles = Context.Reference<((id: SessionId, message: string) => Effect.Effect<void>) | undefined>(
  "@parley/app/SessionTitles",
  { defaultValue: () => undefined }
)

/** The title in an answer: its first line, without what models like to put around it. */
const titleIn = (words: string): string =>
  (words.trim().split("\n", 1)[0] ?? "")
    .replace(/^(?:[#*"'“«\s]|title:)+/i, "")
    .replace(/["'”»*.]+$/, "")
    .slice(0, titleLength)
    .trim()

/**
 * Titles from this model; none without one. Each costs one small request, which counts towards all limits and the budget.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (model: ModelRef | undefined): Layer.Layer<never, never, SessionManager | ModelsManager> =>
  model === undefined
    ? Layer.empty
    : Layer.effect(
        SessionTitles,
        Effect.gen(function* () {
          const sessions = yield* SessionManager
          const services = Context.empty().pipe(
            Context.add(ModelsManager, yield* ModelsManager),
            Context.add(Limits, yield* Limits),
            Context.add(Sampled, yield* Sampled),
            Context.add(Budget, yield* Budget)
          )
          return (id: SessionId, message: string) =>
            Effect.gen(function* () {
              const content = [text(instruction + message.slice(0, messageLength).toWellFormed())]
              const request = { system: "", messages: [{ role: "user" as const, content }], maxTokens: answerTokens }
              const found = yield* answer(request, model)
              if (found._tag === "Declined") return yield* Effect.logDebug(`No title: ${found.reason}`)
              const suggestedTitle = titleIn(found.text)
              if (suggestedTitle !== "") yield* sessions.annotate(id, { suggestedTitle })
            }).pipe(
              // A conversation goes on without a title.
              Effect.catch(({ message: reason }) => Effect.logDebug(`No title: ${reason}`)),
              Effect.provideContext(services)
            )
        })
      )
