import { text, textOf } from "@parley/domain/Content"
import { McpManager } from "@parley/domain/McpManager"
import type { ToolDefinition } from "@parley/domain/Tool"
import { ToolError } from "@parley/domain/ToolError"
import { Effect, Layer, Schema } from "effect"
import * as McpManagerContract from "../../src/contract/McpManagerContract.ts"
import { brief, type Planted } from "./Planted.ts"

type Tools = McpManager["Service"]

const definition = (name: string): ToolDefinition => ({
  name,
  server: "planted",
  tool: name,
  description: "",
  inputSchema: { type: "object" }
})
const definitions = ["key", "shout"].map(definition)
const json = Schema.encodeSync(Schema.fromJsonString(Schema.Unknown))

/** Tools that return their input in capitals, and the key that reached them. */
const tools: Tools = McpManager.make({
  tools: Effect.succeed(definitions),
  servers: Effect.succeed([{ name: "planted", state: "ready", tools: 2 }]),
  call: (name, input, { idempotencyKey }) =>
    Effect.andThen(
      Effect.yieldNow,
      Effect.suspend(() => {
        if (name === "shout") return Effect.succeed({ isError: false, content: [text(json(input).toUpperCase())] })
        if (name === "key") return Effect.succeed({ isError: false, content: [text(idempotencyKey)] })
        return Effect.fail(new ToolError({ tool: name, reason: "NotSent", problem: `There is no tool ${name}` }))
      })
    )
})

const options = (
  change: () => Partial<Tools>,
  settings: Partial<McpManagerContract.Options> = {}
): McpManagerContract.Options => ({
  layer: Layer.sync(McpManager, () => McpManager.make({ ...tools, ...change() })),
  tools: [
    {
      tool: "shout",
      inputs: [{ n: 1 }, { n: 2 }, { word: "a" }],
      holds: (input, { content }) => textOf(content) === json(input).toUpperCase()
    },
    { tool: "key", inputs: [{}], holds: (_, { isError }) => !isError, key: ({ content }) => textOf(content) }
  ],
  ...settings
})

export const correct = options(() => ({}))

const of = (
  bug: string,
  change: () => Partial<Tools>,
  reports: RegExp,
  settings?: Partial<McpManagerContract.Options>
): Planted => ({
  suite: "McpManager",
  bug,
  reports,
  violations: McpManagerContract.violations(options(change, settings))
})

/** Every second of two overlapping calls of a tool gets the result of the first. */
const confuses = (): Partial<Tools> => {
  const running = new Map<string, ReturnType<Tools["call"]>>()
  return {
    call: (name, input, context) =>
      Effect.suspend(() => {
        const other = running.get(name)
        if (other !== undefined && name === "shout") return other
        const own = tools.call(name, input, context)
        running.set(name, own)
        return Effect.ensuring(
          own,
          Effect.sync(() => running.delete(name))
        )
      })
  }
}

const reusesKey = (): Partial<Tools> => {
  let first: string | undefined
  return {
    call: (name, input, { idempotencyKey }) => {
      first ??= idempotencyKey
      return tools.call(name, input, { idempotencyKey: first })
    }
  }
}

const onlyShout = (call: Tools["call"]) => (): Partial<Tools> => ({
  call: (name, input, context) => (name === "shout" ? call(name, input, context) : tools.call(name, input, context))
})

export const planted: ReadonlyArray<Planted> = [
  of("answers with another call's result", confuses, /^Call \d+ of \d+ \(shout\) has the result of call \d+\.$/),
  of(
    "never settles",
    onlyShout(() => Effect.never),
    /^Call \d+ of \d+ \(shout\) did not settle in time\.$/,
    { patience: brief }
  ),
  of(
    "dies",
    onlyShout(() => Effect.die(new Error("bug"))),
    /^Call \d+ of \d+ \(shout\) died\.$/
  ),
  of("reuses an idempotency key", reusesKey, /reached its tool with an idempotency key that is not its own\.$/),
  of(
    "lists a tool twice",
    () => ({ tools: Effect.succeed([...definitions, definition("shout")]) }),
    /^`tools` has "shout" more than once\.$/
  ),
  of(
    "lists its tools in another order",
    () => ({ tools: Effect.succeed(definitions.toReversed()) }),
    /^`tools` is not sorted by code unit\.$/
  ),
  of(
    "lists a tool with a name that providers reject",
    () => ({ tools: Effect.succeed([definition("a b"), ...definitions]) }),
    /^`tools` has a definition of a b that is not valid\.$/
  ),
  of(
    "answers for a tool that it does not have",
    () => ({
      call: (name, input, context) =>
        name === "shout" || name === "key"
          ? tools.call(name, input, context)
          : Effect.succeed({ isError: true, content: [text("unknown tool")] })
    }),
    /^A call of a tool that is not listed does not fail with the reason `NotSent`\.$/
  )
]
