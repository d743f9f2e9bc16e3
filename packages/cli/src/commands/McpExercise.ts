import { textOf } from "@parley/domain/Content"
import { McpManager } from "@parley/domain/McpManager"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Output } from "../Output.ts"
import { short } from "../Render.ts"
import { sampleInput } from "../SampleInput.ts"
import * as ServerInspection from "../ServerInspection.ts"

/** What came of using one thing that a server offers. */
const Used = Schema.Struct({
  kind: Schema.Literals(["tool"]),
  name: Schema.String,
  /** `failed` is what the server says itself; `refused` was not sent; of what was `lost` no answer came. */
  outcome: Schema.Literals(["ok", "failed", "refused", "lost"]),
  millis: Schema.Int,
  /** The beginning of what came back, or why nothing did. */
  says: Schema.String
})
type Used = typeof Used.Type
const encode = Schema.encodeEffect(Schema.fromJsonString(Schema.Struct({ used: Schema.Array(Used) })))

const longest = 500

/** Calls each tool of a server once, one after the other, with an input made from its schema. */
const useTools = Effect.fnUntraced(function* (name: string, conceal: (text: string) => string) {
  const mcp = yield* McpManager
  const start = yield* Clock.currentTimeMillis
  return yield* Effect.forEach(yield* ServerInspection.toolsOf(name), (tool, i) =>
    mcp.call(tool.name, sampleInput(tool.inputSchema), { idempotencyKey: `probe/${start}/${i}` }).pipe(
      Effect.match({
        onSuccess: ({ content, isError }) => ({
          outcome: isError ? ("failed" as const) : ("ok" as const),
          says: textOf(content)
        }),
        onFailure: ({ problem, reason }) => ({
          outcome: reason === "NotSent" ? ("refused" as const) : ("lost" as const),
          says: problem
        })
      }),
      Effect.timed,
      Effect.map(([took, { outcome, says }]): Used => ({
        kind: "tool",
        name: conceal(tool.tool),
        outcome,
        millis: Math.round(Duration.toMillis(took)),
        says: conceal(says)
          .slice(0, 10 * longest)
          .toWellFormed()
      }))
    )
  )
})

const words = ({ kind, millis, name, outcome, says }: Used): string =>
  `${kind} ${short(name, 100)}: ${outcome} (${millis} ms)${says === "" ? "" : `\n  ${short(says, longest)}`}\n`

/** Uses everything that a server offers once, and says what came of it. */
export const exercise = Effect.fnUntraced(function* (
  name: string,
  format: "text" | "json",
  conceal: (text: string) => string
) {
  const output = yield* Output
  const used = yield* useTools(name, conceal)
  if (format === "json") return yield* output.line(yield* Effect.orDie(encode({ used })))
  for (const one of used) yield* output.text(words(one))
})
