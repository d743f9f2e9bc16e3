import { McpManager } from "@parley/domain/McpManager"
import { ToolDefinition } from "@parley/domain/Tool"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Engine from "@parley/app/Engine"
import { Output } from "../output/Output.ts"
import { short } from "../output/Render.ts"
import * as SetupFlags from "../configuration/SetupFlags.ts"

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

/** Lists the tools that the model may call by server, and the problems of servers that are not ready. */
export const tools = Effect.fn("parley tools")(function* (
  input: SetupFlags.Flags & { readonly format: "text" | "json" }
) {
  const setup = yield* SetupFlags.load(input)
  yield* Effect.gen(function* () {
    const mcp = yield* McpManager
    const output = yield* Output
    const definitions = yield* mcp.tools
    const servers = (yield* mcp.servers).map((status) => Object.assign({ restarts: 0 }, status))
    if (input.format === "json") return yield* output.line(yield* Effect.orDie(encode({ servers, tools: definitions })))
    for (const server of servers) {
      // The manager may be about to restart the server, but this command does not wait for that.
      yield* output.text(
        `${server.name}: ${server.state === "ready" ? `${server.tools} tools` : server.state === "needs-auth" ? server.state : "failed"}\n`
      )
      if (server.problem !== undefined) yield* output.text(`  ! ${server.problem}\n`)
      for (const tool of definitions.filter((tool) => tool.server === server.name))
        yield* output.text(`  ${tool.name}  ${short(tool.description, 72)}\n`)
    }
  }).pipe(Effect.provide(Engine.tools(setup)))
})
