import * as fs from "node:fs/promises"
import { basename, resolve } from "node:path"
import process from "node:process"
import { pathToFileURL } from "node:url"
import type { Client, ClientCapabilities } from "@modelcontextprotocol/client"
import * as Effect from "effect/Effect"
import type { ElicitationAnswer, SamplingAnswer } from "@parley/domain/ServerRequests"
import type { Dialogue } from "../requests/Dialogue.ts"
import { loadClient } from "../sdk/Sdk.ts"

/** The requests that one server may send to Parley, and how they are answered. */
export interface ServerSide {
  readonly dialogue: Dialogue
  readonly roots: ReadonlyArray<string>
  /** The directory against which relative roots are resolved. */
  readonly directory: string | undefined
  readonly logLevel: string
}

/** Declares only capabilities that have a handler and that the configuration allows. */
export const capabilitiesOf = ({ dialogue, roots }: ServerSide): ClientCapabilities => ({
  ...(dialogue.elicit === undefined ? {} : { elicitation: { form: { applyDefaults: true }, url: {} } }),
  ...(dialogue.sample === undefined ? {} : { sampling: {} }),
  ...(roots.length === 0 ? {} : { roots: {} })
})

/**
 * The roots that are sent to a server: exactly the configured directories, by their real paths. Relative paths are resolved
 * against the workspace. A directory that does not exist is left out, because a parent in its place would allow more access.
 */
const rootsOf = (paths: ReadonlyArray<string>, directory: string | undefined) =>
  Effect.forEach(paths, (path) =>
    Effect.gen(function* () {
      const real = yield* Effect.tryPromise(() => fs.realpath(resolve(directory ?? process.cwd(), path)))
      const found = yield* Effect.tryPromise(() => fs.stat(real))
      return found.isDirectory() ? [{ uri: pathToFileURL(real).href, name: basename(real) }] : []
    }).pipe(Effect.orElseSucceed(() => []))
  ).pipe(Effect.map((found) => ({ roots: found.flat() })))

const elicitResult = (answer: ElicitationAnswer) => {
  switch (answer._tag) {
    case "Accept":
      return {
        action: "accept" as const,
        // The arrays are copied because the SDK adds default values to the object that it receives.
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

/**
 * Installs the request handlers. Call this before connecting, because a server may send requests as soon as it is connected.
 */
export const install = Effect.fnUntraced(function* (client: Client, side: ServerSide) {
  const { ProtocolError, ProtocolErrorCode } = yield* loadClient
  const run = Effect.runPromiseWith(yield* Effect.context())
  const { directory, roots } = side
  const { elicit, log, refused, sample } = side.dialogue
  // The signal of each request is aborted when the server cancels it, when the call that caused it ends, or on
  // disconnection.
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
  // The fallback is used because the SDK fully validates each message before it calls a specific handler, even if the
  // message is then dropped.
  client.fallbackNotificationHandler = ({ method, params }) => {
    if (method === "notifications/message") log.message(params)
    return Promise.resolve()
  }
})

/** Sets the level of the log messages that the server sends, in the protocol revisions that have a request for that. */
export const setLogLevel = (client: Client, { logLevel }: ServerSide): Effect.Effect<void> =>
  client.getServerCapabilities()?.logging === undefined || client.getProtocolEra() === "modern"
    ? Effect.void
    : Effect.ignore(
        Effect.tryPromise((signal) =>
          client.request({ method: "logging/setLevel", params: { level: logLevel } }, { signal })
        )
      )

/** The log level as metadata of each request, for the stateless revision of the protocol. */
export const logLevelMeta = (client: Client, { logLevel }: ServerSide): { readonly [key: string]: string } =>
  client.getServerCapabilities()?.logging !== undefined && client.getProtocolEra() === "modern"
    ? { "io.modelcontextprotocol/logLevel": logLevel }
    : {}
