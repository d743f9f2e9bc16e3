import * as RunRound from "@parley/app/RunRound"
import { Round } from "@parley/domain/Session"
import type { SessionId } from "@parley/domain/Ids"
import type { LogEntry } from "@parley/domain/SessionEvent"
import * as SessionFold from "@parley/domain/SessionFold"
import type { SessionInfo } from "@parley/domain/SessionInfo"
import { SessionManager } from "@parley/domain/SessionManager"
import type { HandleMessage } from "@parley/session/SessionCoordinator"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Delivering from "./Delivering.ts"
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

/** What a format prints when the round has ended or waits. */
const printRound =
  (format: Format, hasOutput: boolean, line: (json: string) => Effect.Effect<void>) =>
  (round: Round): Effect.Effect<void> => {
    if (format === "json") return Effect.flatMap(Effect.orDie(encodeRound(round)), line)
    // Programs read the answer that they asked for, and nothing else.
    return format === "text" && hasOutput && round.output !== undefined
      ? Effect.flatMap(Effect.orDie(encodeOutput(round.output)), line)
      : Effect.void
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
  const last = printRound(format, options.output !== undefined, line)
  return yield* RunRound.run({ ...options, sessionId: id, request }, print, last)
})

/** Continues a round that waits for answers and prints the rest of it. */
export const resume = Effect.fn("parley round")(function* (id: SessionId, format: Format) {
  const { line } = yield* Output
  const print = yield* printer[format](id, "text")
  return yield* RunRound.resume(id, print, printRound(format, false, line))
})

/** Prints the latest round of a session, which has ended, as JSON. */
export const lastOf = Effect.fnUntraced(function* (id: SessionId) {
  const { line } = yield* Output
  const entries = yield* SessionManager.use((sessions) => sessions.read(id, 0))
  const round = SessionFold.fromEvents(id, entries).rounds.at(-1)
  if (round !== undefined) yield* line(yield* Effect.orDie(encodeRound(round)))
})

/** The complete output of `parley run`: the round, then notices about it. */
export const whole = (
  setup: Setup,
  info: SessionInfo,
  request: HandleMessage["request"],
  format: Format,
  options: Options
) => noticed(setup, info.id, format, run(info, request, format, options))

/** The complete output of `parley answer`: the rest of the round, then notices about it. */
export const continued = (setup: Setup, id: SessionId, format: Format) => noticed(setup, id, format, resume(id, format))

const noticed = Effect.fnUntraced(function* <E, R>(
  setup: Setup,
  id: SessionId,
  format: Format,
  printing: Effect.Effect<Round, E, R>
) {
  const waited = yield* format === "stream-json" ? Render.streamJson : Delivering.aside
  // Messages that waited are delivered first. Their rounds are shown here, because they are no part of this one's output.
  yield* Delivering.before(id, waited)
  const { head } = yield* SessionManager.use((sessions) => sessions.get(id))
  const ended = yield* Effect.result(printing)
  // Only this process can deliver messages that arrived meanwhile: others found the session in use.
  if (Result.isSuccess(ended)) yield* Delivering.afterwards(id, head, waited)
  // Reported even if the round failed, since a missing tool may be the reason.
  yield* RoundNotices.tools(setup, new Set())
  const round = yield* Effect.fromResult(ended)
  const output = yield* Output
  if (format === "text") yield* output.aside(`session ${id}`)
  if (round.status === "completed") yield* RoundNotices.allDenied(round)
  if (round.status === "waiting") return yield* RoundNotices.awaited(id, round)
})
