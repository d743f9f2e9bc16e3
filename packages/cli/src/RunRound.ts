import { endsRound, type LogEntry } from "@parley/domain/SessionEvent"
import * as SessionFold from "@parley/domain/SessionFold"
import type { SessionInfo } from "@parley/domain/SessionInfo"
import { SessionManager } from "@parley/domain/SessionManager"
import { Round } from "@parley/domain/Session"
import { type HandleMessage, SessionCoordinator } from "@parley/session/SessionCoordinator"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Notices from "./Notices.ts"
import { Output } from "./Output.ts"
import * as Render from "./Render.ts"
import type { Setup } from "./Setup.ts"

export type Format = "text" | "json" | "stream-json"

const encodeRound = Schema.encodeEffect(Schema.fromJsonString(Round))

type Printer = Effect.Effect<(entry: LogEntry) => Effect.Effect<void>, never, Output>
const printer: { readonly [F in Format]: (session: string) => Printer } = {
  text: Render.text,
  "stream-json": () => Render.streamJson,
  json: () => Effect.succeed(() => Effect.void)
}

/** Whether the events so far hold a whole round that began after the watch did: recovery may close an older one first. */
const wholeRound = () => {
  let begun = false
  return ({ event }: LogEntry) => {
    if (event._tag === "RoundStarted") begun = true
    return begun && endsRound(event)
  }
}

/** Prints the session's last round, finished or not. */
const printRound = Effect.fnUntraced(function* (info: SessionInfo) {
  const sessions = yield* SessionManager
  const output = yield* Output
  const round = SessionFold.fromEvents(info.id, yield* sessions.read(info.id, 0)).rounds.at(-1)
  if (round !== undefined) yield* Effect.flatMap(Effect.orDie(encodeRound(round)), output.line)
})

/**
 * Sends one message and shows the round as it is stored. Everything that was shown or printed is in the database, whatever
 * ends the round. Fails with what the round failed with.
 */
export const run = Effect.fn("RunRound.run")(function* (
  info: SessionInfo,
  request: HandleMessage["request"],
  format: Format,
  options: Pick<HandleMessage, "refresh" | "mentions"> = {}
) {
  const coordinator = yield* SessionCoordinator
  const sessions = yield* SessionManager
  const { head } = yield* sessions.get(info.id)
  const print = yield* printer[format](info.id)
  const watcher = yield* coordinator
    .events(info.id, { after: head })
    .pipe(
      Stream.tap(print),
      Stream.takeUntil(wholeRound()),
      Stream.runDrain,
      Effect.forkScoped({ startImmediately: true })
    )
  /** A round that was admitted is shown to its end, also when it was cancelled. */
  const showEnd = Effect.gen(function* () {
    const now = yield* sessions.get(info.id)
    if (now.rounds === info.rounds) return yield* Fiber.interrupt(watcher)
    // What storage kept from being closed has no last event to wait for.
    yield* now.open ? Fiber.interrupt(watcher) : Effect.timeoutOption(Fiber.join(watcher), "5 seconds")
    if (format === "json") yield* printRound(info)
  })
  return yield* coordinator
    .handleMessage({ ...options, sessionId: info.id, request })
    .pipe(Effect.onExit(() => Effect.ignore(showEnd)))
}, Effect.scoped)

/** All of a `run`: the round, then what a person should know of it. */
export const whole = Effect.fnUntraced(function* (
  setup: Setup,
  info: SessionInfo,
  request: HandleMessage["request"],
  format: Format,
  options: Pick<HandleMessage, "refresh" | "mentions">
) {
  const ended = yield* Effect.result(run(info, request, format, options))
  // A round may have failed for want of a tool.
  yield* Notices.tools(setup, new Set())
  const round = yield* Effect.fromResult(ended)
  const output = yield* Output
  if (format === "text") yield* output.aside(`session ${info.id}`)
  if (round.status === "completed") yield* Notices.allDenied(round)
})
