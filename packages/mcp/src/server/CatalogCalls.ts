import type { Completing, PromptArguments } from "@parley/domain/McpCatalog"
import { McpRequestError } from "@parley/domain/McpCatalog"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { CatalogMethod, CatalogRequests } from "../transport/CatalogRequests.ts"
import type { RequestFailure } from "../sdk/SdkFailure.ts"
import { plainLine, wellFormed } from "@parley/domain/VisibleText"
import { readMessages } from "../results/PromptMessages.ts"
import { readContents } from "../results/ResourceContents.ts"
import type { ToolServer } from "./ToolServer.ts"
import { wasNotSent, whenReady } from "./Readiness.ts"

const maxValues = 100
const valueLength = 500

type Kind = keyof CatalogRequests["has"]
const nouns: { readonly [K in Kind]: string } = {
  resources: "no resources",
  prompts: "no prompts",
  completions: "no completion"
}

const error = (server: string, reason: McpRequestError["reason"], problem: string) =>
  new McpRequestError({ server: plainLine(server, 80), reason, problem })

export const unknownServer = (server: string): McpRequestError =>
  error(server, "UnknownServer", "There is no MCP server of this name")

const failed = (server: string, { problem, reason }: RequestFailure): McpRequestError =>
  reason._tag === "Answered"
    ? error(server, "Refused", wellFormed(problem).slice(0, 20_000))
    : error(server, "Unavailable", reason._tag === "NotSent" ? `The request was not sent: ${problem}` : problem)

type Asked = Result.Result<unknown, string>

/** Sends one request when the server is ready. Fails if the server does not declare the capability. */
const ask = (
  server: ToolServer,
  kind: Kind,
  method: CatalogMethod,
  params: { readonly [name: string]: unknown }
): Effect.Effect<unknown, McpRequestError> => {
  const { name, secrets, timeout } = server
  const unavailable = (problem: string) => error(name, "Unavailable", problem)
  return whenReady(
    server,
    ({ connection: { catalog } }): Effect.Effect<Asked, McpRequestError> =>
      catalog.has[kind]
        ? catalog.ask(method, params).pipe(
            Effect.map((answer): Asked => Result.succeed(answer)),
            // Interrupting the request, here or from outside, also cancels it on the server.
            Effect.timeoutOrElse({
              duration: timeout,
              orElse: () => Effect.fail(unavailable(`no answer within ${Duration.toSeconds(timeout)} s`))
            }),
            Effect.catchTag("RequestFailure", (failure): Effect.Effect<Asked, McpRequestError> =>
              wasNotSent(failure)
                ? Effect.succeed(Result.fail(`The request was not sent: ${failure.problem}`))
                : Effect.fail(failed(name, failure))
            )
          )
        : Effect.fail(error(name, "Unsupported", `The server has ${nouns[kind]}`)),
    unavailable
  ).pipe(
    Effect.mapBoth({
      onSuccess: secrets.redactAll,
      onFailure: ({ problem, reason, server: by }) =>
        new McpRequestError({ server: by, reason, problem: plainLine(secrets.redact(problem), 1000) })
    })
  )
}

const notRead = (server: string, method: CatalogMethod) =>
  error(server, "Refused", `It answered to ${method} with something else`)

/** Reads one resource of a server. */
export const readResource = Effect.fn("McpManager.readResource")(function* (server: ToolServer, uri: string) {
  yield* Effect.annotateCurrentSpan({ "mcp.server": server.name })
  const contents = readContents(yield* ask(server, "resources", "resources/read", { uri }), uri)
  return contents ?? (yield* notRead(server.name, "resources/read"))
})

/** Gets one prompt of a server, rendered with these arguments. */
export const getPrompt = Effect.fn("McpManager.getPrompt")(function* (
  server: ToolServer,
  prompt: string,
  args: PromptArguments
) {
  yield* Effect.annotateCurrentSpan({ "mcp.server": server.name, "mcp.prompt": prompt })
  const messages = readMessages(yield* ask(server, "prompts", "prompts/get", { name: prompt, arguments: args }))
  return messages ?? (yield* notRead(server.name, "prompts/get"))
})

const decodeCompletion = Schema.decodeUnknownOption(
  Schema.Struct({ completion: Schema.Struct({ values: Schema.Array(Schema.Unknown) }) })
)

/** Values with invisible or control characters are not suggested. */
const isPlain = (value: unknown): value is string =>
  typeof value === "string" && value !== "" && plainLine(value, valueLength) === value

/** Completions for the value of an argument. */
export const complete = Effect.fn("McpManager.complete")(function* (
  server: ToolServer,
  { argument, known, of, value }: Completing
) {
  const ref = "prompt" in of ? { type: "ref/prompt", name: of.prompt } : { type: "ref/resource", uri: of.uriTemplate }
  const answer = yield* ask(server, "completions", "completion/complete", {
    ref,
    argument: { name: argument, value },
    ...(known === undefined ? {} : { context: { arguments: known } })
  })
  const completion = Option.getOrUndefined(decodeCompletion(answer))?.completion
  if (completion === undefined) return yield* notRead(server.name, "completion/complete")
  return completion.values.slice(0, maxValues).filter(isPlain)
})
