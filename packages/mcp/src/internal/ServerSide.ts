import type { Client, ClientCapabilities } from "@modelcontextprotocol/client"
import * as Effect from "effect/Effect"
import type { ElicitationAnswer, SamplingAnswer } from "@parley/domain/ServerRequests"
import type { Dialogue } from "../Dialogue.ts"
import { rootsOf } from "./Roots.ts"
import { loadClient } from "./Sdk.ts"

/** What one server is told that it may ask of us, and how that is answered. */
export interface ServerSide {
  readonly dialogue: Dialogue
  readonly roots: ReadonlyArray<string>
  /** Where relative roots are seen from. */
  readonly directory: string | undefined
  readonly logLevel: string
}

/** Only what somebody is there to answer, and what the configuration allows. */
export const capabilitiesOf = ({ dialogue, roots }: ServerSide): ClientCapabilities => ({
  ...(dialogue.elicit === undefined ? {} : { elicitation: { form: { applyDefaults: true }, url: {} } }),
  ...(dialogue.sample === undefined ? {} : { sampling: {} }),
  ...(roots.length === 0 ? {} : { roots: {} })
})

const elicitResult = (answer: ElicitationAnswer) => {
  switch (answer._tag) {
    case "Accept":
      return {
        action: "accept" as const,
        // The SDK adds defaults to what it is given.
        content: Object.fromEntries(
          Object.entries(answer.content).map(([key, value]) => [key, typeof value === "object" ? [...value] : value])
        )
      }
    case "Decline":
      return { action: "decline" as const }
    case "Cancel":
      return { action: "cancel" as const }
  }
}

const sampleResult = ({ model, stop, text }: Extract<SamplingAnswer, { readonly _tag: "Answered" }>) => ({
  model,
  stopReason: stop,
  role: "assistant" as const,
  content: { type: "text" as const, text }
})

const userRejected = -1

/** Puts the answers in place. Before connecting: a server may ask as soon as it is connected. */
export const install = Effect.fnUntraced(function* (client: Client, side: ServerSide) {
  const { ProtocolError, ProtocolErrorCode } = yield* loadClient
  const run = Effect.runPromiseWith(yield* Effect.context())
  const { directory, roots } = side
  const { elicit, log, refused, sample } = side.dialogue
  // The signal of each request is aborted when the server takes it back, the call behind it ends, or the connection does.
  if (elicit !== undefined)
    client.setRequestHandler("elicitation/create", ({ params }, { mcpReq: { signal } }) =>
      run(
        Effect.flatMap(elicit(params), (answer) =>
          answer === undefined
            ? Effect.fail(new ProtocolError(ProtocolErrorCode.InvalidParams, "This cannot be asked of a person"))
            : Effect.succeed(elicitResult(answer))
        ),
        { signal }
      )
    )
  if (sample !== undefined)
    client.setRequestHandler("sampling/createMessage", ({ params }, { mcpReq: { signal } }) =>
      run(
        Effect.flatMap(sample(params), (answer) =>
          answer._tag === "Declined"
            ? Effect.fail(new ProtocolError(userRejected, `Declined: ${answer.reason}`))
            : Effect.succeed(sampleResult(answer))
        ),
        { signal }
      )
    )
  if (roots.length > 0) client.setRequestHandler("roots/list", () => run(rootsOf(roots, directory)))
  client.fallbackRequestHandler = ({ method }) =>
    run(
      Effect.andThen(
        method === "elicitation/create" || method === "sampling/createMessage" ? refused(method) : Effect.void,
        method === "elicitation/create"
          ? Effect.succeed({ action: "decline" })
          : Effect.fail(new ProtocolError(ProtocolErrorCode.MethodNotFound, "Method not found"))
      )
    )
  // Not a handler of its own: the SDK would read each message to its end before it could be left out.
  client.fallbackNotificationHandler = ({ method, params }) => {
    if (method === "notifications/message") log.message(params)
    return Promise.resolve()
  }
})

/** Says which log messages are wanted, in the era that has a request for that. */
export const setLogLevel = (client: Client, { logLevel }: ServerSide): Effect.Effect<void> =>
  client.getServerCapabilities()?.logging === undefined || client.getProtocolEra() === "modern"
    ? Effect.void
    : Effect.ignore(
        Effect.tryPromise((signal) =>
          client.request({ method: "logging/setLevel", params: { level: logLevel } }, { signal })
        )
      )

/** What each request says about that in the other era. */
export const logLevelMeta = (client: Client, { logLevel }: ServerSide): { readonly [key: string]: string } =>
  client.getServerCapabilities()?.logging !== undefined && client.getProtocolEra() === "modern"
    ? { "io.modelcontextprotocol/logLevel": logLevel }
    : {}
