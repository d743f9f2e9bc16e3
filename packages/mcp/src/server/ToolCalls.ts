import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { type CallContext, type ToolInput } from "@parley/domain/McpManager"
import { text } from "@parley/domain/Content"
import { type ToolDefinition, type ToolOutput } from "@parley/domain/Tool"
import { ToolError } from "@parley/domain/ToolError"
import { settleAnswer } from "../results/Answers.ts"
import type { Blocked } from "./ToolListing.ts"
import { checkInput } from "../tools/SchemaCheck.ts"
import { type RequestFailure } from "../sdk/SdkFailure.ts"
import { makePatience } from "../requests/CallPatience.ts"
import { plainLine, wellFormed } from "@parley/domain/VisibleText"
import { ownInput } from "../tools/PropertyNames.ts"
import type { OfferedTool } from "../tools/ToolList.ts"
import { reporting } from "./CallProgress.ts"
import { wasNotSent, whenReady, type Ready } from "./Readiness.ts"
import type { ServerSecrets } from "../text/ServerSecrets.ts"
import type { ToolServer } from "./ToolServer.ts"

/** The key of a call's idempotency key in its `_meta`. */
const idempotencyKeyName = "parley/idempotencyKey"

export const unknownTool = (tool: string): ToolError =>
  new ToolError({ tool, reason: "NotSent", problem: `There is no tool ${plainLine(tool, 80)}` })

/** The error for a call of a tool that is blocked or unknown. */
export const refusedTool = (tool: string, blocked: ReadonlyArray<Blocked>): ToolError => {
  const why = blocked.find(({ name }) => name === tool)?.why
  return why === undefined ? unknownTool(tool) : new ToolError({ tool, reason: "NotSent", problem: why })
}

/** Converts a failed request as `McpManager` specifies: an error response of the server counts as the tool's own result. */
const settleFailure = (
  tool: string,
  { reason }: RequestFailure,
  { redact }: ServerSecrets
): Effect.Effect<ToolOutput, ToolError> => {
  switch (reason._tag) {
    case "Answered":
      return Effect.succeed({
        isError: true,
        content: [text(wellFormed(redact(reason.message)).slice(0, 4000).toWellFormed())]
      })
    case "NotSent":
      return Effect.fail(
        new ToolError({ tool, reason: "NotSent", problem: `The call was not sent: ${reason.problem}` })
      )
    case "Lost":
      return Effect.fail(new ToolError({ tool, reason: "Lost", problem: reason.problem }))
  }
}

type Sent = Result.Result<ToolOutput, string>

/** Sends a call over a connection and reads the response. Succeeds with a failure text if nothing was sent. */
const send = (
  { connection }: Ready,
  offered: OfferedTool,
  input: ToolInput,
  { idempotencyKey }: CallContext,
  { results, secrets }: ToolServer,
  onProgress: (progress: unknown) => void
): Effect.Effect<Sent, ToolError> =>
  connection
    .callTool(
      { tool: offered.tool, inputSchema: offered.written?.schema ?? offered.inputSchema },
      input,
      { [idempotencyKeyName]: idempotencyKey },
      onProgress
    )
    .pipe(
      Effect.flatMap((answer) => settleAnswer(offered, answer, results, secrets)),
      Effect.map((output): Sent => Result.succeed(output)),
      Effect.catchTag("RequestFailure", (failure): Effect.Effect<Sent, ToolError> =>
        wasNotSent(failure)
          ? Effect.succeed(Result.fail(`The call was not sent: ${failure.problem}`))
          : Effect.map(settleFailure(offered.name, failure, secrets), Result.succeed)
      )
    )

/**
 * Calls one tool of one server once, when the server is ready. It uses the definition that the server offers at that time.
 */
export const callTool = Effect.fn("McpManager.call")(function* (
  server: ToolServer,
  definition: ToolDefinition,
  input: ToolInput,
  context: CallContext
) {
  const { name, tool } = definition
  yield* Effect.annotateCurrentSpan({ "mcp.server": server.name, "mcp.tool": tool })
  const notSent = (problem: string) => new ToolError({ tool: name, reason: "NotSent", problem })
  const lost = (problem: string) => new ToolError({ tool: name, reason: "Lost", problem })

  const attempt = Effect.fnUntraced(function* (ready: Ready) {
    const current = ready.past.tools.find((offered) => offered.name === name && offered.tool === tool)
    if (current === undefined) return yield* refusedTool(name, ready.past.blocked)
    const own = ownInput(current.written?.names, input)
    const invalid = yield* checkInput(current, own)
    if (invalid !== undefined) return yield* notSent(`Invalid input for ${name}: ${invalid}`)
    const { asking, calling } = server.dialogue
    const patience = yield* makePatience(asking, { silence: server.timeout, total: server.longest })
    const clock = yield* Clock.Clock
    const report = reporting(
      server.name,
      name,
      () => clock.currentTimeMillisUnsafe(),
      server.onProgress,
      server.secrets.redact
    )
    const sent = send(ready, current, own, context, server, (progress) => {
      patience.progress()
      report(progress)
    })
    // Interrupting the request, here or from outside, also cancels it on the server.
    return yield* Effect.raceFirst(
      calling(sent, context.reference),
      Effect.flatMap(patience.over, (millis) => Effect.fail(lost(`no answer within ${millis / 1000} s`)))
    )
  })

  return yield* Effect.mapError(
    whenReady(server, attempt, notSent),
    ({ problem, reason, tool }) => new ToolError({ tool, reason, problem: server.secrets.redact(problem) })
  )
})
