import { ModelsManager } from "@parley/domain/ModelsManager"
import type { Sampling, SamplingAnswer, ServerRequests } from "@parley/domain/ServerRequests"
import { total } from "@parley/domain/Usage"
import { Budget } from "@parley/session/Budget"
import { Limits } from "@parley/session/Limits"
import { Sampled } from "@parley/session/SamplingUsage"
import * as Answering from "@parley/session/Sampling"
import * as Effect from "effect/Effect"
import { Notices } from "../ports/Notices.ts"
import { Questions } from "../ports/Questions.ts"

const declined = (reason: string): SamplingAnswer => ({ _tag: "Declined", reason })

/** Answers requests of MCP servers: elicitation by the user, sampling by the user's model if the configuration allows it. */
export const make = Effect.gen(function* () {
  const questions = yield* Questions
  const notices = yield* Notices
  const models = yield* ModelsManager
  const limits = yield* Limits
  const meter = yield* Sampled
  const budget = yield* Budget
  const reported = new Set<string>()
  let tokensInAll = 0

  const refusal = Effect.fnUntraced(function* (request: Sampling) {
    if (!request.ask) return undefined
    if (!questions.available) return "there is no person to ask"
    const answer = yield* questions.allowSampling(request)
    return answer.allowed ? undefined : answer.reason
  })

  const sample = Effect.fnUntraced(function* (request: Sampling) {
    const refused = yield* refusal(request)
    if (refused !== undefined) return declined(refused)
    const answer = yield* Answering.answer(request).pipe(
      Effect.provideService(ModelsManager, models),
      Effect.provideService(Limits, limits),
      Effect.provideService(Sampled, meter),
      Effect.provideService(Budget, budget),
      Effect.catchTag("ModelError", ({ message }) => Effect.succeed(declined(message)))
    )
    if (answer._tag === "Declined") return answer
    const { model, usage } = answer
    tokensInAll += total(usage)
    yield* notices.notify({ _tag: "SamplingAnswered", server: request.server, model, usage, tokensInAll })
    return answer
  })

  const refused = (server: string, method: string) =>
    Effect.suspend(() => {
      const key = `${server} ${method}`
      if (reported.has(key)) return Effect.void
      reported.add(key)
      return notices.notify({ _tag: "ServerRequestRefused", server, method })
    })

  const requests: ServerRequests = { ...(questions.available ? { elicit: questions.elicit } : {}), sample, refused }
  return requests
})
