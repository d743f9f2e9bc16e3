import { textOf } from "@parley/domain/Content"
import { ModelsManager } from "@parley/domain/ModelsManager"
import type { Sampling, SamplingAnswer, ServerRequests } from "@parley/domain/ServerRequests"
import { total } from "@parley/domain/Usage"
import { Limits } from "@parley/session/Limits"
import { Sampled } from "@parley/session/Sampled"
import * as Answering from "@parley/session/Sampling"
import * as Effect from "effect/Effect"
import { choose } from "./Consent.ts"
import * as Elicitations from "./Elicitations.ts"
import { Output } from "./Output.ts"
import type { Questions } from "./Questions.ts"
import { short } from "./Render.ts"

const declined = (reason: string): SamplingAnswer => ({ _tag: "Declined", reason })

/** What a server wants to send to a model, for a person to decide about. */
const words = ({ maxTokens, messages, server, system }: Sampling): string =>
  [
    `? The server ${server} wants your model to answer this, at your expense (at most ${maxTokens} tokens):`,
    ...(system === "" ? [] : [`  its own instructions: ${short(system, 1000)}`]),
    ...messages.map(({ content, role }) => {
      const images = content.filter(({ _tag }) => _tag === "Image").length
      return `  ${role}: ${short(textOf(content), 2000)}${images === 0 ? "" : ` [and ${images} images]`}`
    })
  ].join("\n")

/**
 * Answers what MCP servers ask: a person on a terminal or in a conversation, one question at a time with those about tools;
 * the user's model where the configuration allows it. Without anybody to ask it says on standard error what was declined.
 */
export const make = Effect.fnUntraced(function* (questions: Questions) {
  const output = yield* Output
  const models = yield* ModelsManager
  const limits = yield* Limits
  const meter = yield* Sampled
  const told = new Set<string>()
  const spent = { tokens: 0 }

  /** Why a request must not be sent; undefined when it may. */
  const refusal = (request: Sampling) =>
    questions
      .ask((dialogue) =>
        Effect.gen(function* () {
          yield* dialogue.show(words(request))
          const answer = yield* choose(dialogue, "  send it? [y]es, [N]o: ", ["yes"])
          return { refused: answer?.choice !== "yes", words: answer?.words ?? "" }
        })
      )
      .pipe(
        Effect.provideService(Output, output),
        Effect.map((answer) => {
          if (answer === undefined) return "there is no person to ask"
          if (!answer.refused) return undefined
          return answer.words === "" ? "the user said no" : `the user said no: ${answer.words}`
        })
      )

  const sample = Effect.fnUntraced(function* (request: Sampling) {
    const refused = request.ask ? yield* refusal(request) : undefined
    if (refused !== undefined) return declined(refused)
    const answer = yield* Answering.answer(request).pipe(
      Effect.provideService(ModelsManager, models),
      Effect.provideService(Limits, limits),
      Effect.provideService(Sampled, meter),
      Effect.catchTag("ModelError", ({ message }) => Effect.succeed(declined(message)))
    )
    if (answer._tag === "Declined") return answer
    const { inputTokens, outputTokens } = answer.usage
    spent.tokens += total(answer.usage)
    yield* output.note(
      `parley: ${answer.model} answered the server ${request.server}: ${inputTokens} tokens in, ${outputTokens} out ` +
        `(${spent.tokens} in all for servers, beside those of the conversation)`
    )
    return answer
  })

  const elicit: NonNullable<ServerRequests["elicit"]> = (request) =>
    questions
      .ask((dialogue) => Elicitations.ask(request, dialogue))
      .pipe(
        Effect.provideService(Output, output),
        Effect.map((answer) => answer ?? { _tag: "Decline" })
      )

  const refused = (server: string, method: string) =>
    Effect.suspend(() => {
      if (told.has(`${server} ${method}`)) return Effect.void
      told.add(`${server} ${method}`)
      return output.note(
        method === "elicitation/create"
          ? `parley: the server ${server} asked for something that a person has to answer; nobody can be asked, so it was declined`
          : `parley: the server ${server} wanted the model to answer something; "sampling" in its configuration does not allow it`
      )
    })

  const requests: ServerRequests = { ...(questions.available ? { elicit } : {}), sample, refused }
  return requests
})
