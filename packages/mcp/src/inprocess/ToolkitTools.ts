import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type * as AiError from "effect/ai/AiError"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import { text } from "@parley/domain/Content"
import * as LayerContext from "@parley/domain/LayerContext"
import { type CallContext, McpManager, type ToolInput } from "@parley/domain/McpManager"
import { describe, failedWith, messageOf, settled } from "./FunctionFailures.ts"
import { CurrentCall } from "./FunctionTools.ts"
import { type InProcessOptions, InvalidInput, makeManager, standalone } from "./InProcess.ts"

const isInvalidInput = Schema.is(InvalidInput)
const encodeJson = Schema.encodeUnknownResult(Schema.fromJsonString(Schema.Unknown))

/** The result of a handler as text: a string unchanged, anything else as JSON. */
const wordsOf = (value: unknown): string => {
  if (typeof value === "string") return value
  if (value === undefined) return ""
  return Result.getOrElse(encodeJson(value), () => "[a result that cannot be shown]")
}

/** The part of a toolkit's handlers that is used here. */
interface Handlers<E, R> {
  handle(
    name: string,
    params: unknown,
    callId: string
  ): Effect.Effect<Stream.Stream<Tool.HandlerResult<Tool.Any>, E, R>, E, R>
}

/** Whether the failure is an input that does not match the schema. Then no handler has run. */
const isAboutInput = (cause: Cause.Cause<unknown>): boolean =>
  Context.get(Cause.annotations(cause), Toolkit.FailureOrigin) === "parameters"

const run = <E, R>(handlers: Handlers<E, R>, name: string, input: ToolInput, { idempotencyKey }: CallContext) =>
  Effect.gen(function* () {
    const stream = yield* handlers.handle(name, input, idempotencyKey)
    // All results before the last are preliminary.
    const last = yield* Stream.runLast(stream)
    if (Option.isNone(last)) return { isError: false, content: [] }
    const { encodedResult, failureOrigin, isFailure, result } = last.value
    if (failureOrigin === "parameters") return yield* new InvalidInput({ problem: messageOf(result) })
    if (isFailure) return failedWith(describe(result) === "" ? wordsOf(encodedResult) : describe(result))
    return { isError: false, content: [text(wordsOf(encodedResult))] }
  }).pipe(
    Effect.catchCause((cause) => {
      const error = Cause.findErrorOption(cause)
      if (Option.isSome(error) && isInvalidInput(error.value)) return Effect.fail(error.value)
      if (Option.isSome(error) && isAboutInput(cause))
        return Effect.fail(new InvalidInput({ problem: messageOf(error.value) }))
      return settled(() => Effect.failCause(cause))
    })
  )

/**
 * An `McpManager` whose tools are those of a toolkit, on one server with the given name. It requires the layer of the
 * toolkit's handlers. Tools that the model's provider runs itself are left out.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = <Tools extends Record<string, Tool.Any>>(
  server: string,
  toolkit: Toolkit.Toolkit<Tools>,
  options?: InProcessOptions
): Layer.Layer<
  McpManager,
  never,
  Tool.HandlersFor<Tools> | Exclude<Tool.HandlerServices<Tools[keyof Tools]>, CurrentCall>
> =>
  Layer.effect(
    McpManager,
    Effect.gen(function* () {
      const withHandlers: Handlers<
        Tool.HandlerError<Tools[keyof Tools]> | AiError.AiError,
        Tool.HandlerServices<Tools[keyof Tools]>
      > = yield* toolkit
      const { provide } = yield* LayerContext.capture<Exclude<Tool.HandlerServices<Tools[keyof Tools]>, CurrentCall>>()
      const tools = Object.values<Tool.Any>(toolkit.tools).filter((tool) => !Tool.isProviderDefined(tool))
      return makeManager(
        server,
        tools.map((tool) => ({
          name: tool.name,
          description: Tool.getDescription(tool) ?? "",
          inputSchema: standalone(Tool.getJsonSchema(tool)),
          run: (input: ToolInput, call: CallContext) =>
            run(withHandlers, tool.name, input, call).pipe(Effect.provideService(CurrentCall, call), provide)
        })),
        options
      )
    })
  )
