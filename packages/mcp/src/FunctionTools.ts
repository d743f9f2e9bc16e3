import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { text } from "@parley/domain/Content"
import { type CallContext, McpManager, type ToolInput } from "@parley/domain/McpManager"
import type { ToolDefinition, ToolOutput } from "@parley/domain/Tool"
import { settled } from "./FunctionFailures.ts"
import { type InProcessOptions, InvalidInput, makeManager, standalone } from "./InProcess.ts"

/** The call that a function runs for. Its idempotency key stays the same when the call is made again. */
export class CurrentCall extends Context.Service<CurrentCall, CallContext>()("@parley/mcp/FunctionTools/CurrentCall") {}

/** A function as a tool. `R` is what it needs to run, besides `CurrentCall`. */
export interface FunctionTool<R = never> {
  readonly name: string
  readonly description: string
  readonly inputSchema: unknown
  readonly safeToRepeat?: ToolDefinition["safeToRepeat"]
  readonly run: (input: ToolInput) => Effect.Effect<ToolOutput, InvalidInput, R>
}

export interface ToolOptions<S extends Schema.Top, E, R> {
  readonly name: string
  /** What the model is told of it. */
  readonly description: string
  /** What it takes: a struct. The model is shown its JSON Schema, and `run` gets what was decoded. */
  readonly input: S
  /** A failure becomes an error result with the error's message, and so does a defect. */
  readonly run: (input: S["Type"]) => Effect.Effect<string | ToolOutput, E, R>
  /** Whether a call that was lost may be made again. */
  readonly safeToRepeat?: ToolDefinition["safeToRepeat"]
}

const schemaOf = (schema: Schema.Top): { readonly [key: string]: unknown } => {
  const { definitions, schema: root } = Schema.toJsonSchemaDocument(schema)
  return standalone(Object.keys(definitions).length === 0 ? root : { ...root, $defs: definitions })
}

/** Makes a tool of a function. Input that does not fit its schema is not sent to it. */
export const tool = <S extends Schema.Top, E, R>(
  options: ToolOptions<S, E, R>
): FunctionTool<R | S["DecodingServices"]> => {
  const { description, input: schema, name, run, safeToRepeat } = options
  const decode = Schema.decodeUnknownEffect(Schema.toCodecJson(schema))
  return {
    name,
    description,
    inputSchema: schemaOf(schema),
    ...(safeToRepeat === undefined ? {} : { safeToRepeat }),
    run: (input) =>
      decode(input).pipe(
        Effect.mapError(({ message }) => new InvalidInput({ problem: message })),
        Effect.flatMap((decoded) =>
          settled(() =>
            Effect.map(run(decoded), (result) =>
              typeof result === "string" ? { isError: false, content: [text(result)] } : result
            )
          )
        )
      )
  }
}

/**
 * An `McpManager` whose tools are functions of this process, on one server of that name. `merge` puts it beside others.
 */
export function layer<const Services extends ReadonlyArray<unknown>>(
  server: string,
  tools: { readonly [Index in keyof Services]: FunctionTool<Services[Index]> },
  options?: InProcessOptions
): Layer.Layer<McpManager, never, Exclude<Services[number], CurrentCall>>
export function layer<R>(
  server: string,
  tools: ReadonlyArray<FunctionTool<R>>,
  options?: InProcessOptions
): Layer.Layer<McpManager, never, Exclude<R, CurrentCall>> {
  return Layer.effect(
    McpManager,
    Effect.map(Effect.context<Exclude<R, CurrentCall>>(), (services) =>
      makeManager(
        server,
        tools.map((tool) => ({
          ...tool,
          run: (input: ToolInput, call: CallContext) =>
            tool.run(input).pipe(Effect.provideService(CurrentCall, call), Effect.provideContext(services))
        })),
        options
      )
    )
  )
}
