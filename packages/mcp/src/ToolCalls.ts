import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { type CallContext, type ToolInput } from "@parley/domain/McpManager"
import { text } from "@parley/domain/Content"
import { type ToolDefinition, type ToolOutput } from "@parley/domain/Tool"
import { ToolError } from "@parley/domain/ToolError"
import { settleAnswer } from "./Answers.ts"
import type { Blocked } from "./Admission.ts"
import { checkInput } from "./internal/InputCheck.ts"
import type { ResultFiles } from "./internal/ResultFiles.ts"
import { type RequestFailure } from "./internal/SdkFailure.ts"
import { makePatience } from "./CallPatience.ts"
import { plainLine, wellFormed } from "./PlainText.ts"
import type { OfferedTool } from "./ToolList.ts"
import { reporting } from "./Progress.ts"
import { before, type Ready, readyBy } from "./Readiness.ts"
import { settled, type ToolServer, until } from "./ToolServer.ts"

/** How long, in milliseconds, a call waits for a server that is being started again. */
const longestWait = 10_000

/** There is nothing any more that a request could be sent over. */
class ConnectionGone extends Schema.TaggedError<ConnectionGone>()("ConnectionGone", { problem: Schema.String }) {}

/** Where the idempotency key of a call is in its `_meta`. */
export const idempotencyKeyName = "parley/idempotencyKey"

export const unknownTool = (tool: string): ToolError =>
  new ToolError({ tool, reason: "NotSent", problem: `There is no tool ${plainLine(tool, 80)}` })

/** Why a tool that is not admitted cannot be called. */
export const refusedTool = (tool: string, blocked: ReadonlyArray<Blocked>): ToolError => {
  const why = blocked.find(({ name }) => name === tool)?.why
  return why === undefined ? unknownTool(tool) : new ToolError({ tool, reason: "NotSent", problem: why })
}

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

/** Sends a call over a connection and reads the answer. */
const send = (
  { connection }: Ready,
  offered: OfferedTool,
  input: ToolInput,
  { idempotencyKey }: CallContext,
  results: ResultFiles | undefined,
  onProgress: (progress: unknown) => void
): Effect.Effect<ToolOutput, ToolError | ConnectionGone> =>
  connection.callTool(offered, input, { [idempotencyKeyName]: idempotencyKey }, onProgress).pipe(
    Effect.flatMap((answer) => settleAnswer(offered, answer, results)),
    Effect.catchTag("RequestFailure", (failure): Effect.Effect<ToolOutput, ToolError | ConnectionGone> =>
      failure.connection === "Gone" && failure.reason._tag === "NotSent"
        ? Effect.fail(new ConnectionGone({ problem: failure.reason.problem }))
        : settleFailure(offered.name, failure)
    )
  )

/**
 * Runs one tool of one server once. While the server is being started again, the call waits for it: at most ten seconds,
 * and no longer than a call may take, which is counted from when it is sent. The tool is then the one the server offers at
 * that time.
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
    const invalid = yield* checkInput(current, input)
    if (invalid !== undefined) return yield* notSent(`Invalid input for ${name}: ${invalid}`)
    const { asking, calling } = server.dialogue
    const patience = yield* makePatience(asking, { silence: server.timeout, total: server.longest })
    const clock = yield* Clock.Clock
    const report = reporting(server.name, name, () => clock.currentTimeMillisUnsafe(), server.onProgress)
    const sent = send(ready, current, input, context, server.results, (said) => {
      patience.progress()
      report(said)
    })
    // Interrupting the request, here or from outside, also cancels it at the server.
    return yield* Effect.raceFirst(
      calling(sent),
      Effect.flatMap(patience.over, (millis) => Effect.fail(lost(`no answer within ${millis / 1000} s`)))
    )
  })

  yield* settled(server)
  const waitUntil = (yield* Clock.currentTimeMillis) + Math.min(Duration.toMillis(server.timeout), longestWait)
  const run: Effect.Effect<ToolOutput, ToolError> = Effect.gen(function* () {
    const ready = yield* Effect.mapError(readyBy(server, waitUntil), ({ problem }) => notSent(problem))
    return yield* attempt(ready).pipe(
      Effect.catchTag("ConnectionGone", ({ problem }) =>
        // Nothing was sent, so nothing is lost by trying again once it is known what became of the server.
        Effect.flatMap(
          before(
            waitUntil,
            until(server, (state) => state !== ready)
          ),
          (changed) => (Option.isSome(changed) ? run : Effect.fail(notSent(`The call was not sent: ${problem}`)))
        )
      )
    )
  })
  return yield* run
})
