import { ModelsManager } from "@parley/domain/ModelsManager"
import type { QuestionAnswer, QuestionSubject } from "@parley/domain/Question"
import type {
  Elicitation,
  ElicitationAnswer,
  Sampling,
  SamplingAnswer,
  ServerRequests
} from "@parley/domain/ServerRequests"
import { total } from "@parley/domain/Usage"
import { Budget } from "@parley/session/Budget"
import { Limits } from "@parley/session/Limits"
import { type Desk, QuestionDesk } from "@parley/session/QuestionDesk"
import { Sampled } from "@parley/session/SamplingUsage"
import * as Answering from "@parley/session/Sampling"
import * as Effect from "effect/Effect"
import { Notices } from "../ports/Notices.ts"
import { Questions } from "../ports/Questions.ts"

const declined = (reason: string): SamplingAnswer => ({ _tag: "Declined", reason })

const declining: ElicitationAnswer = { _tag: "Decline" }

const subjectOf = (request: Elicitation): QuestionSubject => {
  const { message, server } = request
  return request._tag === "Form"
    ? { _tag: "Form", server, message, fields: request.fields }
    : { _tag: "Url", server, message, url: request.url, host: request.host }
}

/** Answers requests of MCP servers: elicitation by the user, sampling by the user's model if the configuration allows it. */
export const make = Effect.gen(function* () {
  const questions = yield* Questions
  const notices = yield* Notices
  const models = yield* ModelsManager
  const limits = yield* Limits
  const meter = yield* Sampled
  const budget = yield* Budget
  const desk = yield* QuestionDesk
  const asked: Desk["ask"] = (calls, subject, dialog) =>
    desk === undefined ? dialog : desk.ask(calls, subject, dialog)
  const reported = new Set<string>()
  let tokensInAll = 0

  const refusal = Effect.fnUntraced(function* (request: Sampling) {
    if (!request.ask) return undefined
    if (!questions.available) return "there is no person to ask"
    const { maxTokens, messages, server, system } = request
    const dialog = Effect.map(questions.allowSampling(request), (answer): QuestionAnswer =>
      answer.allowed ? { allowed: true, scope: "once" } : answer
    )
    const answer = yield* asked(request.calls, { _tag: "Sampling", server, system, messages, maxTokens }, dialog)
    if (!("allowed" in answer)) return "the question was closed before it was answered"
    return answer.allowed ? undefined : answer.reason
  })

  const elicit = Effect.fnUntraced(function* (request: Elicitation) {
    const answer = yield* asked(request.calls, subjectOf(request), questions.elicit(request))
    return "allowed" in answer ? declining : answer
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

  const requests: ServerRequests = { ...(questions.available ? { elicit } : {}), sample, refused }
  return requests
})
