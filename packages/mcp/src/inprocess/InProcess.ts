import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { ServerName } from "@parley/domain/McpServerConfig"
import { type CallContext, McpManager, type ServerStatus, type ToolInput } from "@parley/domain/McpManager"
import type { ToolDefinition, ToolOutput } from "@parley/domain/Tool"
import { ToolError } from "@parley/domain/ToolError"
import { keepNothing } from "../results/Keeping.ts"
import { ownInput } from "../tools/PropertyNames.ts"
import { unknownTool } from "../server/ToolCalls.ts"
import { explainLeftOut, readTools } from "../tools/ToolList.ts"
import { reservedServerName } from "../tools/ToolNames.ts"
import { limitContent } from "../results/ToolResults.ts"

/** The input does not match the schema. The function has not been called. */
export class InvalidInput extends Schema.TaggedError<InvalidInput>()("InvalidInput", { problem: Schema.String }) {}

/** A tool that is implemented by a function of this process. */
export interface InProcessTool {
  readonly name: string
  readonly description: string
  readonly inputSchema: unknown
  readonly safeToRepeat?: ToolDefinition["safeToRepeat"]
  /** Whether providers are asked to hold the input to the schema, where they can. */
  readonly strict?: ToolDefinition["strict"]
  readonly run: (input: ToolInput, context: CallContext) => Effect.Effect<ToolOutput, InvalidInput>
}

export interface InProcessOptions {
  /** The timeout of one call, after which it is interrupted and its outcome is unknown. Default: two minutes. */
  readonly timeout?: Duration.Input | undefined
}

const isServerName = Schema.is(ServerName)

const problemOfName = (server: string): string | undefined => {
  if (server === reservedServerName) return `the name ${reservedServerName} is taken by the built-in tools`
  return isServerName(server)
    ? undefined
    : "the name of a server is 1 to 32 letters, digits, _ or -, the first no _ or -"
}

/**
 * Offers functions as the tools of one server. The same rules apply as for any MCP server: a tool whose schema or name
 * cannot be used is left out, and the status states why.
 */
export const makeManager = (
  server: string,
  tools: ReadonlyArray<InProcessTool>,
  options: InProcessOptions = {}
): McpManager["Service"] => {
  const timeout = Duration.fromInputUnsafe(options.timeout ?? "2 minutes")
  const wrongName = problemOfName(server)
  const listed = readTools(server, wrongName === undefined ? tools : [])
  // If two functions have the same name, only the first is offered, and `find` returns the first.
  const offered = listed.tools.flatMap(({ outputSchema: _promised, written, ...definition }) => {
    const tool = tools.find(({ name }) => name === definition.tool)
    if (tool === undefined) return []
    const { safeToRepeat, strict } = tool
    return [
      {
        definition: {
          ...definition,
          ...(safeToRepeat === undefined ? {} : { safeToRepeat }),
          ...(strict === undefined ? {} : { strict })
        },
        names: written?.names,
        tool
      }
    ]
  })
  const definitions = offered
    .map(({ definition }) => definition)
    .sort((left, right) => (left.name < right.name ? -1 : 1))
  const problem = wrongName ?? explainLeftOut(listed.leftOut)
  const status: ServerStatus = {
    name: server,
    state: wrongName === undefined ? "ready" : "failed",
    tools: definitions.length,
    ...(problem === undefined ? {} : { problem }),
    ...(listed.leftOut.length === 0 ? {} : { leftOut: listed.leftOut })
  }

  return McpManager.make({
    tools: Effect.succeed(definitions),
    servers: Effect.succeed([status]),
    call: Effect.fn("McpManager.call")(function* (name, input, context) {
      const found = offered.find(({ definition }) => definition.name === name)
      if (found === undefined) return yield* unknownTool(name)
      yield* Effect.annotateCurrentSpan({ "mcp.server": server, "mcp.tool": found.tool.name })
      const fail = (reason: "NotSent" | "Lost", problem: string) =>
        Effect.fail(new ToolError({ tool: name, reason, problem }))
      const { content, isError } = yield* found.tool.run(ownInput(found.names, input), context).pipe(
        Effect.catchTag("InvalidInput", ({ problem }) => fail("NotSent", `Invalid input for ${name}: ${problem}`)),
        Effect.timeoutOrElse({
          duration: timeout,
          orElse: () => fail("Lost", `no answer within ${Duration.toSeconds(timeout)} s`)
        })
      )
      return { isError, content: limitContent(content, keepNothing) }
    })
  })
}

/** Converts a JSON Schema whose root is a `$ref` into one whose root is the referenced schema, with the same definitions. */
export const standalone = (schema: { readonly [key: string]: unknown }): { readonly [key: string]: unknown } => {
  const { $defs: definitions, $ref: reference, ...rest } = schema
  const named = Result.getOrUndefined(Schema.decodeUnknownResult(Named)({ reference, definitions }))
  const target = named?.definitions[named.reference.slice(prefix.length)]
  // Providers require that the root of the schema describes an object directly.
  if (target !== undefined) return { ...target, ...rest, $defs: definitions }
  return isEmptyStruct(schema) ? { type: "object", properties: {}, additionalProperties: false } : schema
}

const prefix = "#/$defs/"
const Named = Schema.Struct({
  reference: Schema.String.check(Schema.isStartingWith(prefix)),
  definitions: Schema.Record(Schema.String, Schema.Record(Schema.String, Schema.Unknown))
})
// The schema that Effect generates for `Struct({})`: anything except null.
const isEmptyStruct = Schema.is(
  Schema.Struct({ type: Schema.optionalKey(Schema.Never), not: Schema.Struct({ type: Schema.Literal("null") }) })
)
