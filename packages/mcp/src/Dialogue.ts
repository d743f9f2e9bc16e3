import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import { problemWith, withDefaults } from "@parley/domain/ElicitationForm"
import type { Elicitation, ElicitationAnswer, SamplingAnswer, ServerRequests } from "@parley/domain/ServerRequests"
import { total } from "@parley/domain/Usage"
import { type Asking, makeAsking } from "./CallPatience.ts"
import { formLimits, readElicitation } from "./ElicitationRead.ts"
import { readSampling, samplingLimits } from "./SamplingRead.ts"
import { noSecrets, type ServerSecrets } from "./ServerSecrets.ts"
import type { ServerLog } from "./ServerLog.ts"

/** What one server may ask of us, and what it was last told. Lasts from its first start to the end of the scope. */
export interface Dialogue {
  readonly asking: Asking
  readonly log: ServerLog
  /** Runs a call of one of the server's tools. What the server asks ends with the last of its calls. */
  readonly calling: <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** Absent where nobody can answer. Takes the parameters as they came; undefined when they are not valid. */
  readonly elicit: ((params: unknown) => Effect.Effect<ElicitationAnswer | undefined>) | undefined
  readonly sample: ((params: unknown) => Effect.Effect<SamplingAnswer>) | undefined
  /** It asked for what it was not told that it may ask for. */
  readonly refused: (method: string) => Effect.Effect<void>
}

/** What is accepted is sent only when it is what the form asked for, with the form's own defaults filled in. */
const checked = (request: Elicitation, answer: ElicitationAnswer, log: ServerLog): ElicitationAnswer => {
  if (answer._tag !== "Accept") return answer
  if (request._tag === "Url") return { _tag: "Accept", content: {} }
  const content = withDefaults(request.fields, answer.content)
  const problem = problemWith(request.fields, content)
  if (problem === undefined) return { _tag: "Accept", content }
  log.note(`an answer was not sent: ${problem}`)
  return { _tag: "Cancel" }
}

export const makeDialogue = Effect.fnUntraced(function* (
  server: string,
  sampling: "deny" | "ask" | "allow",
  requests: ServerRequests,
  log: ServerLog,
  { conceal, concealAll }: ServerSecrets = noSecrets
) {
  const asking = yield* makeAsking
  const idle = yield* Latch.make(true)
  const calls = { open: 0, asked: 0, sampled: 0 }
  const begin = Effect.suspend(() => {
    if (calls.open++ > 0) return Effect.void
    Object.assign(calls, { asked: 0, sampled: 0 })
    return idle.close
  })
  const end = Effect.suspend(() => (--calls.open > 0 ? Effect.void : idle.open))

  /** Only while a call runs: a server has no business of its own with anybody. */
  const whileCalled = <A>(question: Effect.Effect<A>, otherwise: A): Effect.Effect<A> =>
    Effect.suspend(() =>
      calls.open === 0
        ? Effect.succeed(otherwise)
        : Effect.raceFirst(asking.during(question), Effect.as(idle.await, otherwise))
    )

  const { elicit, refused, sample } = requests
  // Who elicits is the person that would have to say yes.
  const maySample = sample !== undefined && (sampling === "allow" || (sampling === "ask" && elicit !== undefined))
  const declined = (reason: string): SamplingAnswer => ({ _tag: "Declined", reason })
  const sampled = (params: unknown): Effect.Effect<SamplingAnswer> => {
    const request = readSampling(server, sampling === "ask", concealAll(params))
    if (typeof request === "string") return Effect.succeed(declined(request))
    if (sample === undefined) return Effect.succeed(declined("nobody can be asked"))
    if (++calls.sampled > samplingLimits.requests)
      return Effect.succeed(declined(`there have been ${samplingLimits.requests} requests during this call already`))
    return Effect.tap(whileCalled(sample(request), declined("the call has ended")), (answer) =>
      Effect.sync(() => {
        if (answer._tag === "Answered")
          log.note(`a request of the server to ${answer.model} took ${total(answer.usage)} tokens`)
      })
    )
  }

  return {
    asking,
    log,
    calling: (self) =>
      Effect.acquireUseRelease(
        begin,
        () => self,
        () => end
      ),
    elicit:
      elicit === undefined
        ? undefined
        : (params) =>
            Effect.suspend(() => {
              const read = readElicitation(server, params)
              if (read === undefined) return Effect.undefined
              const request = { ...read, message: conceal(read.message) }
              const cancelled: ElicitationAnswer = { _tag: "Cancel" }
              if (++calls.asked > formLimits.questions) return Effect.succeed(cancelled)
              return Effect.map(whileCalled(elicit(request), cancelled), (answer) => checked(request, answer, log))
            }),
    sample: maySample ? (params) => Effect.suspend(() => sampled(params)) : undefined,
    refused: (method) => (refused === undefined ? Effect.void : refused(server, method))
  } satisfies Dialogue
})
