import { McpManager } from "@parley/domain/McpManager"
import { ToolDefinition } from "@parley/domain/Tool"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Live from "../Live.ts"
import { Output } from "../Output.ts"
import { short } from "../Render.ts"
import * as Setup from "../Setup.ts"

const encode = Schema.encodeEffect(
  Schema.fromJsonString(
    Schema.Struct({
      servers: Schema.Array(
        Schema.Struct({
          name: Schema.String,
          state: Schema.String,
          tools: Schema.Int,
          problem: Schema.optionalKey(Schema.String),
          restarts: Schema.Int,
          lastProblem: Schema.optionalKey(Schema.String)
        })
      ),
      tools: Schema.Array(ToolDefinition)
    })
  )
)

/** What the model may call, server by server, and what is wrong with servers that offer nothing. */
export const tools = Effect.fn("parley tools")(function* (input: Setup.Flags & { readonly format: "text" | "json" }) {
  const setup = yield* Setup.load(input)
  yield* Effect.gen(function* () {
    const mcp = yield* McpManager
    const output = yield* Output
    const definitions = yield* mcp.tools
    const servers = (yield* mcp.servers).map((status) => Object.assign({ restarts: 0 }, status))
    if (input.format === "json") return yield* output.line(yield* Effect.orDie(encode({ servers, tools: definitions })))
    for (const server of servers) {
      // A server may be about to be tried again, but this command does not stay to see that.
      yield* output.text(
        `${server.name}: ${server.state === "ready" ? `${server.tools} tools` : server.state === "needs-auth" ? server.state : "failed"}\n`
      )
      if (server.problem !== undefined) yield* output.text(`  ! ${server.problem}\n`)
      for (const tool of definitions.filter((tool) => tool.server === server.name))
        yield* output.text(`  ${tool.name}  ${short(tool.description, 72)}\n`)
    }
  }).pipe(Effect.provide(Live.tools(setup)))
})
