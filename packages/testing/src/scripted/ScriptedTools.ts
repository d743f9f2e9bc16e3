import { text } from "@parley/domain/Content"
import { type CallContext, McpManager, type ToolInput } from "@parley/domain/McpManager"
import type { ToolDefinition, ToolOutput } from "@parley/domain/Tool"
import { ToolError } from "@parley/domain/ToolError"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/**
 * How a scripted tool handles a call.
 *
 * @since 0.1.0
 * @category models
 */
export type Behaviour = (input: ToolInput) => Effect.Effect<ToolOutput, ToolError>

const output = (words: string, isError = false): ToolOutput => ({ isError, content: [text(words)] })

/**
 * Returns its input.
 *
 * @since 0.1.0
 * @category functions
 */
export const echo: Behaviour = (input) => Effect.succeed(output(JSON.stringify(input)))
/**
 * Returns this text.
 *
 * @since 0.1.0
 * @category functions
 */
export const says =
  (words: string): Behaviour =>
  () =>
    Effect.succeed(output(words))
/**
 * The tool itself reports an error.
 *
 * @since 0.1.0
 * @category functions
 */
export const fails =
  (words: string): Behaviour =>
  () =>
    Effect.succeed(output(words, true))
/**
 * The connection is lost while the tool runs.
 *
 * @since 0.1.0
 * @category functions
 */
export const lost: Behaviour = () =>
  Effect.fail(new ToolError({ tool: "scripted", reason: "Lost", problem: "the connection closed" }))
/**
 * A bug in an in-process tool.
 *
 * @since 0.1.0
 * @category functions
 */
export const dies: Behaviour = () => Effect.die(new Error("bug in the tool"))
/**
 * Never returns.
 *
 * @since 0.1.0
 * @category functions
 */
export const hangs: Behaviour = () => Effect.never
/**
 * Does the same as another tool, after some time.
 *
 * @since 0.1.0
 * @category functions
 */
export const after =
  (duration: Duration.Input, then: Behaviour): Behaviour =>
  (input) =>
    Effect.delay(then(input), duration)
/**
 * Takes this many scheduler steps, so that it is slow without a clock.
 *
 * @since 0.1.0
 * @category functions
 */
export const steps =
  (count: number, then: Behaviour): Behaviour =>
  (input) =>
    Effect.andThen(Effect.repeat(Effect.yieldNow, { times: count }), then(input))

/**
 * The calls that reached the tools. `started` and `ended` hold idempotency keys in the order of the events.
 *
 * @since 0.1.0
 * @category services
 */
export class Calls extends Context.Service<
  Calls,
  {
    readonly started: Array<string>
    readonly ended: Array<string>
    /** The largest number of calls that ran at the same time. */
    most: number
  }
>()("@parley/testing/scripted/ScriptedTools/Calls") {}

const definitionOf = (name: string, idempotent: boolean): ToolDefinition => ({
  name,
  server: "scripted",
  tool: name,
  description: `Scripted tool ${name}`,
  inputSchema: { type: "object" },
  ...(idempotent ? { safeToRepeat: "idempotent" } : {})
})

/**
 * Tools by qualified name, all on one server `scripted`. Those in `idempotent` are marked as safe to repeat.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  tools: { readonly [name: string]: Behaviour } = {},
  options: { readonly idempotent?: ReadonlyArray<string> } = {}
): Layer.Layer<McpManager | Calls> =>
  Layer.effect(
    McpManager,
    Effect.gen(function* () {
      const calls = yield* Calls
      const definitions = Object.keys(tools)
        .sort()
        .map((name) => definitionOf(name, options.idempotent?.includes(name) === true))
      const call = (name: string, input: ToolInput, { idempotencyKey }: CallContext) =>
        Effect.suspend(() => {
          const behaviour = tools[name]
          if (behaviour === undefined)
            return Effect.fail(new ToolError({ tool: name, reason: "NotSent", problem: `There is no tool ${name}` }))
          calls.started.push(idempotencyKey)
          calls.most = Math.max(calls.most, calls.started.length - calls.ended.length)
          return Effect.ensuring(
            behaviour(input),
            Effect.sync(() => calls.ended.push(idempotencyKey))
          )
        })
      return McpManager.make({
        tools: Effect.succeed(definitions),
        servers: Effect.succeed([{ name: "scripted", state: "ready", tools: definitions.length }]),
        call
      })
    })
  ).pipe(Layer.provideMerge(Layer.sync(Calls, () => ({ started: [], ended: [], most: 0 }))))
