import { textOf } from "@parley/domain/Content"
import { McpManager } from "@parley/domain/McpManager"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { contents as contentWords } from "../../output/CatalogText.ts"
import { Output } from "../../output/Output.ts"
import { short } from "../../output/Render.ts"
import { sampleInput } from "./SampleInput.ts"
import * as ServerInspection from "./ServerInspection.ts"

/** The outcome of using one tool, resource or prompt. */
const Used = Schema.Struct({
  kind: Schema.Literals(["tool", "resource", "prompt"]),
  name: Schema.String,
  /**
   * `failed`: the tool reported a failure. `refused`: the call was not sent, or the request failed. `lost`: the call was
   * sent, and no response arrived.
   */
  outcome: Schema.Literals(["ok", "failed", "refused", "lost"]),
  millis: Schema.Int,
  /** The beginning of the result, or why there is none. */
  says: Schema.String
})
type Used = typeof Used.Type
type Came = Pick<Used, "outcome" | "says">
const encode = Schema.encodeEffect(Schema.fromJsonString(Schema.Struct({ used: Schema.Array(Used) })))

const longest = 500

/** The tools, resources and prompts of a server, each with an effect that uses it once. */
const offered = Effect.fnUntraced(function* (server: string) {
  const mcp = yield* McpManager
  const start = yield* Clock.currentTimeMillis
  const refused = ({ problem }: { readonly problem: string }): Came => ({ outcome: "refused", says: problem })
  const tools = (yield* ServerInspection.toolsOf(server)).map((tool, i) => ({
    kind: "tool" as const,
    name: tool.tool,
    use: mcp.call(tool.name, sampleInput(tool.inputSchema), { idempotencyKey: `probe/${start}/${i}` }).pipe(
      Effect.match({
        onSuccess: ({ content, isError }): Came => ({ outcome: isError ? "failed" : "ok", says: textOf(content) }),
        onFailure: ({ problem, reason }): Came => ({
          outcome: reason === "NotSent" ? "refused" : "lost",
          says: problem
        })
      })
    )
  }))
  const resources = (yield* mcp.resources).map(({ uri }) => ({
    kind: "resource" as const,
    name: uri,
    use: mcp.readResource(server, uri).pipe(
      Effect.match({
        onSuccess: (contents): Came => ({ outcome: "ok", says: contentWords({ contents }) }),
        onFailure: refused
      })
    )
  }))
  const prompts = (yield* mcp.prompts).map((prompt) => ({
    kind: "prompt" as const,
    name: prompt.name,
    use: mcp.getPrompt(server, prompt.name, sampleArguments(prompt.arguments)).pipe(
      Effect.match({
        onSuccess: (messages): Came => ({
          outcome: "ok",
          says: messages.map(({ content }) => textOf(content)).join("\n")
        }),
        onFailure: refused
      })
    )
  }))
  return [...tools, ...resources, ...prompts]
})

const sampleArguments = (all: ReadonlyArray<{ readonly name: string; readonly required: boolean }>) =>
  Object.fromEntries(all.filter(({ required }) => required).map(({ name }) => [name, "example"]))

const words = ({ kind, millis, name, outcome, says }: Used): string =>
  `${kind} ${short(name, 100)}: ${outcome} (${millis} ms)${says === "" ? "" : `\n  ${short(says, longest)}`}\n`

/**
 * Uses everything that a server offers once and prints each outcome: each tool is called with an input made from its schema,
 * each resource is read, and each prompt is requested.
 */
export const exercise = Effect.fnUntraced(function* (
  server: string,
  format: "text" | "json",
  redact: (text: string) => string,
  names: (name: string) => string
) {
  const output = yield* Output
  const used = yield* Effect.forEach(yield* offered(server), ({ kind, name, use }) =>
    Effect.map(Effect.timed(use), ([took, { outcome, says }]): Used => ({
      kind,
      name: names(name),
      outcome,
      millis: Math.round(Duration.toMillis(took)),
      says: redact(says)
        .slice(0, 10 * longest)
        .toWellFormed()
    }))
  )
  if (format === "json") return yield* output.line(yield* Effect.orDie(encode({ used })))
  for (const one of used) yield* output.text(words(one))
})
