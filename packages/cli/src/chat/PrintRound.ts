import * as RunRound from "@parley/app/RunRound"
import { Round } from "@parley/domain/Session"
import type { LogEntry } from "@parley/domain/SessionEvent"
import type { SessionInfo } from "@parley/domain/SessionInfo"
import type { HandleMessage } from "@parley/session/SessionCoordinator"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as RoundNotices from "./RoundNotices.ts"
import { Output } from "../output/Output.ts"
import * as Render from "../output/Render.ts"
import type { Setup } from "../configuration/SetupFlags.ts"

export type Format = "text" | "json" | "stream-json"

const encodeRound = Schema.encodeEffect(Schema.fromJsonString(Round))

const encodeOutput = Schema.encodeEffect(Schema.fromJsonString(Schema.Json))

type Options = Pick<HandleMessage, "refresh" | "mentions" | "output" | "model" | "effort" | "limits">

type Printer = Effect.Effect<(entry: LogEntry) => Effect.Effect<void>, never, Output>
const printer: { readonly [F in Format]: (session: string, answer: "text" | "value") => Printer } = {
  text: Render.text,
  "stream-json": () => Render.streamJson,
  json: () => Effect.succeed(() => Effect.void)
}

/** Sends one message and prints its round as it is stored, even if it is cancelled. Fails with the failure of the round. */
export const run = Effect.fn("parley round")(function* (
  { id }: Pick<SessionInfo, "id">,
  request: HandleMessage["request"],
  format: Format,
  options: Options = {}
) {
  const { line } = yield* Output
  const print = yield* printer[format](id, options.output === undefined ? "text" : "value")
  const printRound = (round: Round) => {
    if (format === "json") return Effect.flatMap(Effect.orDie(encodeRound(round)), line)
    // Programs read the answer that they asked for, and nothing else.
    return format === "text" && options.output !== undefined && round.output !== undefined
      ? Effect.flatMap(Effect.orDie(encodeOutput(round.output)), line)
      : Effect.void
  }
  return yield* RunRound.run({ ...options, sessionId: id, request }, print, printRound)
})

/** The complete output of `parley run`: the round, then notices about it. */
export const whole = Effect.fnUntraced(function* (
  setup: Setup,
  info: SessionInfo,
  request: HandleMessage["request"],
  format: Format,
  options: Options
) {
  const ended = yield* Effect.result(run(info, request, format, options))
  // Reported even if the round failed, since a missing tool may be the reason.
  yield* RoundNotices.tools(setup, new Set())
  const round = yield* Effect.fromResult(ended)
  const output = yield* Output
  if (format === "text") yield* output.aside(`session ${info.id}`)
  if (round.status === "completed") yield* RoundNotices.allDenied(round)
})
