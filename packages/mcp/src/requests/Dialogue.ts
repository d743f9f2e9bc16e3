import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import { problemWith, withDefaults } from "@parley/domain/ElicitationForm"
import type { CallReference } from "@parley/domain/Ids"
import type { Elicitation, ElicitationAnswer, SamplingAnswer, ServerRequests } from "@parley/domain/ServerRequests"
import { total } from "@parley/domain/Usage"
import { type Asking, makeAsking } from "./CallPatience.ts"
import { formLimits, readElicitation } from "../sdk/ElicitationRead.ts"
import { readSampling, samplingLimits } from "./SamplingRead.ts"
import { noSecrets, type ServerSecrets } from "../text/ServerSecrets.ts"
import type { ServerLog } from "./ServerLog.ts"

/** Handles the requests of one server to its client. Lasts from the server's first start to the end of the scope. */
export interface Dialogue {
  readonly asking: Asking
  readonly log: ServerLog
  /** Runs a call of one of the server's tools. Open questions of the server are cancelled when its last call ends. */
  readonly calling: <A, E, R>(self: Effect.Effect<A, E, R>, reference?: CallReference) => Effect.Effect<A, E, R>
  /** Takes the unchecked parameters; `undefined` if they are invalid. Absent if there is no user who could answer. */
  readonly elicit: ((params: unknown) => Effect.Effect<ElicitationAnswer | undefined>) | undefined
  readonly sample: ((params: unknown) => Effect.Effect<SamplingAnswer>) | undefined
  /** Reports that the server sent a request that we declared no capability for. */
  readonly refused: (method: string) => Effect.Effect<void>
}

/** Fills in the form's defaults and checks the answer. An accepted answer that does not fit the form becomes `Cancel`. */
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
  { redact, redactAll }: ServerSecrets = noSecrets
) {
  const asking = yield* makeAsking
  const idle = yield* Latch.make(true)
  const calls = { open: 0, asked: 0, sampled: 0 }
  const references = new Set<CallReference>()
  const from = () => ({ server, calls: [...references] })
  const begin = (reference: CallReference | undefined) =>
    Effect.suspend(() => {
      if (reference !== undefined) references.add(reference)
      if (calls.open++ > 0) return Effect.void
      Object.assign(calls, { asked: 0, sampled: 0 })
      return idle.close
    })
  const end = (reference: CallReference | undefined) =>
    Effect.suspend(() => {
      if (reference !== undefined) references.delete(reference)
      return --calls.open > 0 ? Effect.void : idle.open
    })

  /** Asks only while a call runs: a server may not contact the user or a model at other times. */
  const whileCalled = <A>(question: Effect.Effect<A>, otherwise: A): Effect.Effect<A> =>
    Effect.suspend(() =>
      calls.open === 0
        ? Effect.succeed(otherwise)
        : Effect.raceFirst(asking.during(question), Effect.as(idle.await, otherwise))
    )

  const { elicit, refused, sample } = requests
  // With "ask", the same user who answers elicitations must approve, so a host without `elicit` cannot sample.
  const maySample = sample !== undefined && (sampling === "allow" || (sampling === "ask" && elicit !== undefined))
  const declined = (reason: string): SamplingAnswer => ({ _tag: "Declined", reason })
  const sampled = (params: unknown): Effect.Effect<SamplingAnswer> => {
    const request = readSampling(from(), sampling === "ask", redactAll(params))
    if (typeof request === "string") return Effect.succeed(declined(request))
    if (sample === undefined) return Effect.succeed(declined("nobody can be asked"))
    if (++calls.sampled > samplingLimits.requests)
      return Effect.succeed(declined(`there have been ${samplingLimits.requests} requests during this call already`))
    return Effect.tap(whileCalled(sample(request), declined("the call has ended")), (answer) =>
      Effect.sync(() => {
        if (answer._tag === "Answered")
          log.note(`the server's sampling request to ${answer.model} used ${total(answer.usage)} tokens`)
      })
    )
  }

  return {
    asking,
    log,
    calling: (self, reference?) =>
      Effect.acquireUseRelease(
        begin(reference),
        () => self,
        () => end(reference)
      ),
    elicit:
      elicit === undefined
        ? undefined
        : (params) =>
            Effect.suspend(() => {
              const read = readElicitation(from(), params)
              if (read === undefined) return Effect.undefined
              const request = { ...read, message: redact(read.message) }
              const cancelled: ElicitationAnswer = { _tag: "Cancel" }
              if (++calls.asked > formLimits.questions) return Effect.succeed(cancelled)
              return Effect.map(whileCalled(elicit(request), cancelled), (answer) => checked(request, answer, log))
            }),
    sample: maySample ? (params) => Effect.suspend(() => sampled(params)) : undefined,
    refused: (method) => (refused === undefined ? Effect.void : refused(server, method))
  } satisfies Dialogue
})
