import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { text } from "@parley/domain/Content"
import * as LayerContext from "@parley/domain/LayerContext"
import { type CallContext, McpManager, type ToolInput } from "@parley/domain/McpManager"
import type { ToolDefinition, ToolOutput } from "@parley/domain/Tool"
import { settled } from "./FunctionFailures.ts"
import { type InProcessOptions, InvalidInput, makeManager, standalone } from "./InProcess.ts"

/**
 * The call that a function is running for. Its idempotency key stays the same when the call is repeated.
 *
 * @since 0.1.0
 * @category services
 */
export class CurrentCall extends Context.Service<CurrentCall, CallContext>()(
  "@parley/mcp/inprocess/FunctionTools/CurrentCall"
) {}

/**
 * A function as a tool. `R` is the services that it requires besides `CurrentCall`.
 *
 * @since 0.1.0
 * @category models
 */
export interface FunctionTool<R = never> {
  readonly name: string
  readonly description: string
  readonly inputSchema: unknown
  readonly safeToRepeat?: ToolDefinition["safeToRepeat"]
  /** Whether providers are asked to hold the input to the schema, where they can. */
  readonly strict?: ToolDefinition["strict"]
  /** Calls the function with input that is not decoded yet. */
  readonly run: (input: ToolInput) => Effect.Effect<ToolOutput, InvalidInput, R>
}

/**
 * Options of `tool`. `S` is the schema of the input, `E` how the function may fail, `R` the services that it requires.
 *
 * @since 0.1.0
 * @category models
 */
export interface ToolOptions<S extends Schema.Top, E, R> {
  readonly name: string
  /** The description for the model. */
  readonly description: string
  /** The schema of the input, a struct. The model receives its JSON Schema, and `run` receives the decoded input. */
  readonly input: S
  /** A failure or a defect becomes an error result with the error's message. */
  readonly run: (input: S["Type"]) => Effect.Effect<string | ToolOutput, E, R>
  /** Whether a call with an unknown outcome may be repeated. */
  readonly safeToRepeat?: ToolDefinition["safeToRepeat"]
  /** Whether providers are asked to hold the input to the schema, where they can. */
  readonly strict?: ToolDefinition["strict"]
}

const schemaOf = (schema: Schema.Top): { readonly [key: string]: unknown } => {
  const { definitions, schema: root } = Schema.toJsonSchemaDocument(schema)
  return standalone(Object.keys(definitions).length === 0 ? root : { ...root, $defs: definitions })
}

/**
 * Makes a tool from a function. Input that does not match the schema fails with `InvalidInput`, and `run` is not called.
 *
 * @since 0.1.0
 * @category functions
 */
export const tool = <S extends Schema.Top, E, R>(
  options: ToolOptions<S, E, R>
): FunctionTool<R | S["DecodingServices"]> => {
  const { description, input: schema, name, run, safeToRepeat, strict } = options
  const decode = Schema.decodeUnknownEffect(Schema.toCodecJson(schema))
  return {
    name,
    description,
    inputSchema: schemaOf(schema),
    ...(safeToRepeat === undefined ? {} : { safeToRepeat }),
    ...(strict === undefined ? {} : { strict }),
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
 * An `McpManager` whose tools are functions of this process, on one server with the given name. Use `Merged.merge` to
 * combine it with other managers.
 *
 * @since 0.1.0
 * @category layers
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
    Effect.map(LayerContext.capture<Exclude<R, CurrentCall>>(), ({ provide }) =>
      makeManager(
        server,
        tools.map((tool) => ({
          ...tool,
          run: (input: ToolInput, call: CallContext) =>
            tool.run(input).pipe(Effect.provideService(CurrentCall, call), provide)
        })),
        options
      )
    )
  )
}
