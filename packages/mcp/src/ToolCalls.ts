import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { type CallContext, type ToolInput } from "@parley/domain/McpManager"
import { text } from "@parley/domain/Content"
import { type ToolDefinition, type ToolOutput } from "@parley/domain/Tool"
import { ToolError } from "@parley/domain/ToolError"
import { checkInput } from "./internal/InputCheck.ts"
import { type RequestFailure } from "./internal/SdkFailure.ts"
import { plainLine, wellFormed } from "./PlainText.ts"
import { toOutput } from "./ToolResults.ts"
import { settled, type ToolServer } from "./ToolServer.ts"

/** Where the idempotency key of a call is in its `_meta`. */
export const idempotencyKeyName = "parley/idempotencyKey"

export const unknownTool = (tool: string): ToolError =>
  new ToolError({ tool, reason: "NotSent", problem: `There is no tool ${plainLine(tool, 80)}` })

/** A failed request, as the contract of `McpManager` has it: an error the server answered with is the tool's own verdict. */
const settleFailure = (tool: string, { reason }: RequestFailure): Effect.Effect<ToolOutput, ToolError> => {
  switch (reason._tag) {
    case "Answered":
      return Effect.succeed({
        isError: true,
        content: [text(wellFormed(reason.message).slice(0, 4000).toWellFormed())]
      })
    case "NotSent":
      return Effect.fail(
        new ToolError({ tool, reason: "NotSent", problem: `The call was not sent: ${reason.problem}` })
      )
    case "Lost":
      return Effect.fail(new ToolError({ tool, reason: "Lost", problem: reason.problem }))
  }
}

/** Runs one tool of one server once. */
export const callTool = Effect.fn("McpManager.call")(function* (
  server: ToolServer,
  definition: ToolDefinition,
  input: ToolInput,
  context: CallContext
) {
  const { name } = definition
  yield* Effect.annotateCurrentSpan({ "mcp.server": server.name, "mcp.tool": definition.tool })
  const notSent = (problem: string) => new ToolError({ tool: name, reason: "NotSent", problem })

  const invalid = yield* checkInput(definition, input)
  if (invalid !== undefined) return yield* notSent(`Invalid input for ${name}: ${invalid}`)
  const state = yield* settled(server)
  if (state._tag !== "Ready") {
    const why = state._tag === "Failed" ? `: ${state.problem}` : ""
    return yield* notSent(`The server ${plainLine(server.name, 80)} is not running${why}`)
  }

  return yield* state.connection
    .callTool(definition.tool, input, { [idempotencyKeyName]: context.idempotencyKey })
    .pipe(
      Effect.map(toOutput),
      Effect.catchTag("RequestFailure", (failure) => settleFailure(name, failure)),
      // Interrupting the request, here or from outside, also cancels it at the server.
      Effect.timeoutOrElse({
        duration: server.timeout,
        orElse: () =>
          Effect.fail(
            new ToolError({
              tool: name,
              reason: "Lost",
              problem: `no answer within ${Duration.toSeconds(server.timeout)} s`
            })
          )
      })
    )
})
