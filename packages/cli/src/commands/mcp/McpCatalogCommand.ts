import { McpManager } from "@parley/domain/McpManager"
import {
  McpRequestError,
  PromptInfo,
  ResourceContent,
  ResourceInfo,
  ResourceTemplateInfo
} from "@parley/domain/McpCatalog"
import type { McpServerConfig } from "@parley/domain/McpServerConfig"
import { redactionInJson } from "@parley/domain/Redaction"
import { serverRedaction, serverNameRedaction } from "@parley/mcp/ServerSecrets"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { ServerTrouble } from "@parley/app/ServerTrouble"
import * as Engine from "@parley/app/Engine"
import * as CatalogText from "../../output/CatalogText.ts"
import { Output } from "../../output/Output.ts"
import { trouble } from "@parley/app/ServerPrompts"
import * as SetupFlags from "../../configuration/SetupFlags.ts"
import type { Here } from "../DynamicCommand.ts"
import { configured } from "./McpInspect.ts"

interface Flags extends Here {
  readonly format: "text" | "json"
}

type Servers = { readonly [name: string]: McpServerConfig }

/** The named server of the configuration, enabled or not; without a name, all enabled servers. */
const chosen = Effect.fnUntraced(function* (setup: SetupFlags.Setup, name: Option.Option<string>) {
  const servers: Servers = setup.config.mcpServers ?? {}
  if (Option.isNone(name))
    return Object.fromEntries(Object.entries(servers).filter(([, { disabled }]) => disabled !== true))
  const found = yield* configured(servers, name.value)
  const { disabled: _disabled, ...server } = found
  return { [name.value]: server }
})

const encodeJson = Schema.encodeSync(Schema.fromJsonString(Schema.Json))
const ServerSchema = Schema.Struct({
  name: Schema.String,
  state: Schema.Literals(["ready", "failed"]),
  problem: Schema.optionalKey(Schema.String)
})
const encodeResources = Schema.encodeSync(
  Schema.toCodecJson(
    Schema.Struct({
      servers: Schema.Array(ServerSchema),
      resources: Schema.Array(ResourceInfo),
      resourceTemplates: Schema.Array(ResourceTemplateInfo)
    })
  )
)
const encodePrompts = Schema.encodeSync(
  Schema.toCodecJson(Schema.Struct({ servers: Schema.Array(ServerSchema), prompts: Schema.Array(PromptInfo) }))
)
const encodeContents = Schema.encodeSync(Schema.toCodecJson(Schema.Struct({ contents: Schema.Array(ResourceContent) })))

/** Redacts the secrets of all these servers. */
const redactAll = (servers: Servers) => {
  const all = Object.values(servers).map(serverRedaction)
  return (words: string) => all.reduce((text, redact) => redact(text), words)
}
const redactAllNames = (servers: Servers) => {
  const all = Object.values(servers).map(serverNameRedaction)
  return (name: string) => all.reduce((text, redact) => redact(text), name)
}

/** The states of the servers, read after their lists. Does not wait for servers that are about to be restarted. */
const statuses = (servers: Servers) =>
  Effect.map(
    McpManager.use((mcp) => mcp.servers),
    (all) =>
      all
        .filter(({ name }) => Object.hasOwn(servers, name))
        .map(({ name, problem, state: now }): typeof ServerSchema.Type => {
          const state = now === "ready" ? "ready" : "failed"
          return problem === undefined ? { name, state } : { name, state, problem }
        })
  )

/** Fails with `ServerTrouble` if the one requested server cannot be used. */
const reached = (
  name: Option.Option<string>,
  all: ReadonlyArray<typeof ServerSchema.Type>,
  redact: (text: string) => string
) => {
  const failed = all.find((server) => Option.isSome(name) && server.state === "failed")
  const problem = `${failed?.name ?? ""} cannot be used: ${failed?.problem ?? "no reason was given"}`
  return failed === undefined
    ? Effect.void
    : Effect.fail(new ServerTrouble({ reason: "Unreachable", problem: redact(problem) }))
}

/** The outcome of a request: as JSON, as text, and the states of the servers whose lists were requested. */
interface Found {
  readonly json: Schema.Json
  readonly words: string
  readonly servers: ReadonlyArray<typeof ServerSchema.Type>
}

/** Starts configured servers and prints the outcome of `ask`, with the servers' secrets redacted. */
const within = Effect.fnUntraced(function* <E, R>(
  { format, name, workspace }: Flags & { readonly name: Option.Option<string> },
  ask: (servers: Servers) => Effect.Effect<Found, E, R>
) {
  const setup = yield* SetupFlags.load({ workspace })
  const servers = yield* chosen(setup, name)
  const output = yield* Output
  const redact = redactAll(servers)
  const { json, servers: asked, words } = yield* ask(servers).pipe(Effect.provide(Engine.tools(setup, servers)))
  if (format === "json") yield* output.line(encodeJson(redactionInJson(redact, redactAllNames(servers))(json)))
  else yield* output.text(redact(words))
  yield* reached(name, asked, redact)
})

/** Lists the resources and resource templates of the servers. */
export const resources = Effect.fn("parley mcp resources")((flags: Flags & { readonly name: Option.Option<string> }) =>
  within(
    flags,
    Effect.fnUntraced(function* (configured) {
      const mcp = yield* McpManager
      const [resources, resourceTemplates] = yield* Effect.all([mcp.resources, mcp.resourceTemplates])
      const servers = yield* statuses(configured)
      const found = { servers, resources, resourceTemplates }
      return { json: encodeResources(found), words: CatalogText.resources(found), servers }
    })
  )
)

/** Lists the prompts of the servers. */
export const prompts = Effect.fn("parley mcp prompts")((flags: Flags & { readonly name: Option.Option<string> }) =>
  within(
    flags,
    Effect.fnUntraced(function* (configured) {
      const prompts = yield* McpManager.use((mcp) => mcp.prompts)
      const servers = yield* statuses(configured)
      const found = { servers, prompts }
      return { json: encodePrompts(found), words: CatalogText.prompts(found), servers }
    })
  )
)

/** Prints the content of one resource. */
export const read = Effect.fn("parley mcp read")((flags: Flags & { readonly name: string; readonly uri: string }) =>
  within(
    { ...flags, name: Option.some(flags.name) },
    Effect.fnUntraced(function* (configured) {
      const redact = redactAll(configured)
      const contents = yield* McpManager.use((mcp) => mcp.readResource(flags.name, flags.uri)).pipe(
        Effect.mapError(({ problem, reason, server }) =>
          trouble(new McpRequestError({ server, reason, problem: redact(problem) }))
        )
      )
      return { json: encodeContents({ contents }), words: CatalogText.contents({ contents }), servers: [] }
    })
  )
)
