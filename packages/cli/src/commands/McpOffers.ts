import { McpManager } from "@parley/domain/McpManager"
import {
  McpRequestError,
  PromptInfo,
  ResourceContent,
  ResourceInfo,
  ResourceTemplateInfo
} from "@parley/domain/McpOffers"
import type { McpServerConfig } from "@parley/domain/McpServerConfig"
import * as UserServers from "@parley/workspace/UserServers"
import { concealing, concealingJson, concealingNames } from "@parley/mcp/Concealing"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { ServerTrouble, UsageError } from "../ExitCode.ts"
import * as Live from "../Live.ts"
import * as OfferText from "../OfferText.ts"
import { Output } from "../Output.ts"
import { trouble } from "../Prompts.ts"
import * as Setup from "../Setup.ts"
import { quoted } from "../Slots.ts"
import type { Here } from "./Dynamic.ts"

interface Flags extends Here {
  readonly format: "text" | "json"
}

type Servers = { readonly [name: string]: McpServerConfig }

/** One server of the configuration, on or off; else all that are on. */
const chosen = Effect.fnUntraced(function* (setup: Setup.Setup, name: Option.Option<string>) {
  const servers: Servers = setup.config.mcpServers ?? {}
  if (Option.isNone(name))
    return Object.fromEntries(Object.entries(servers).filter(([, { disabled }]) => disabled !== true))
  const found = UserServers.named(servers, name.value)
  if (found === undefined) {
    const names = Object.keys(servers)
    const others = names.length === 0 ? "nor any other; see `parley mcp add --help`" : `there are ${names.join(", ")}`
    return yield* new UsageError({ problem: `There is no server ${quoted(name.value)}, ${others}` })
  }
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

/** Takes the secrets of all these servers out of a text. */
const concealAll = (servers: Servers) => {
  const all = Object.values(servers).map(concealing)
  return (words: string) => all.reduce((text, conceal) => conceal(text), words)
}
const concealAllNames = (servers: Servers) => {
  const all = Object.values(servers).map(concealingNames)
  return (name: string) => all.reduce((text, conceal) => conceal(text), name)
}

/** How the servers fare, once their lists are known. A server that is about to be tried again is not stayed for. */
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

/** Fails when the one server that was asked for cannot be used. */
const reached = (
  name: Option.Option<string>,
  all: ReadonlyArray<typeof ServerSchema.Type>,
  conceal: (text: string) => string
) => {
  const failed = all.find((server) => Option.isSome(name) && server.state === "failed")
  const problem = `${failed?.name ?? ""} cannot be used: ${failed?.problem ?? "it does not say why"}`
  return failed === undefined
    ? Effect.void
    : Effect.fail(new ServerTrouble({ reason: "Unreachable", problem: conceal(problem) }))
}

/** What came of asking: for programs, for people, and how the servers fare that were asked for a list. */
interface Found {
  readonly json: Schema.Json
  readonly words: string
  readonly servers: ReadonlyArray<typeof ServerSchema.Type>
}

/** Starts servers of the configuration and prints what came of asking them, with no secret of theirs in it. */
const within = Effect.fnUntraced(function* <E, R>(
  { format, name, workspace }: Flags & { readonly name: Option.Option<string> },
  ask: (servers: Servers) => Effect.Effect<Found, E, R>
) {
  const setup = yield* Setup.load({ workspace })
  const servers = yield* chosen(setup, name)
  const output = yield* Output
  const conceal = concealAll(servers)
  const { json, servers: asked, words } = yield* ask(servers).pipe(Effect.provide(Live.tools(setup, servers)))
  if (format === "json") yield* output.line(encodeJson(concealingJson(conceal, concealAllNames(servers))(json)))
  else yield* output.text(conceal(words))
  yield* reached(name, asked, conceal)
})

/** What the servers offer to be read. */
export const resources = Effect.fn("parley mcp resources")((flags: Flags & { readonly name: Option.Option<string> }) =>
  within(
    flags,
    Effect.fnUntraced(function* (configured) {
      const mcp = yield* McpManager
      const [resources, resourceTemplates] = yield* Effect.all([mcp.resources, mcp.resourceTemplates])
      const servers = yield* statuses(configured)
      const found = { servers, resources, resourceTemplates }
      return { json: encodeResources(found), words: OfferText.resources(found), servers }
    })
  )
)

/** Which messages the servers would write. */
export const prompts = Effect.fn("parley mcp prompts")((flags: Flags & { readonly name: Option.Option<string> }) =>
  within(
    flags,
    Effect.fnUntraced(function* (configured) {
      const prompts = yield* McpManager.use((mcp) => mcp.prompts)
      const servers = yield* statuses(configured)
      const found = { servers, prompts }
      return { json: encodePrompts(found), words: OfferText.prompts(found), servers }
    })
  )
)

/** What one resource holds. */
export const read = Effect.fn("parley mcp read")((flags: Flags & { readonly name: string; readonly uri: string }) =>
  within(
    { ...flags, name: Option.some(flags.name) },
    Effect.fnUntraced(function* (configured) {
      const conceal = concealAll(configured)
      const contents = yield* McpManager.use((mcp) => mcp.readResource(flags.name, flags.uri)).pipe(
        Effect.mapError(({ problem, reason, server }) =>
          trouble(new McpRequestError({ server, reason, problem: conceal(problem) }))
        )
      )
      return { json: encodeContents({ contents }), words: OfferText.contents({ contents }), servers: [] }
    })
  )
)
