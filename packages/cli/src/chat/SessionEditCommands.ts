import { UsageError } from "@parley/app/UsageError"
import type { SessionId } from "@parley/domain/Ids"
import type { PinKind } from "@parley/domain/SessionEvent"
import { SessionManager } from "@parley/domain/SessionManager"
import { SessionCoordinator } from "@parley/session/SessionCoordinator"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as RoundEdits from "./RoundEdits.ts"
import * as Engine from "@parley/app/Engine"
import * as FallbackText from "../output/FallbackText.ts"
import { Output } from "../output/Output.ts"
import * as Render from "../output/Render.ts"
import * as SetupFlags from "../configuration/SetupFlags.ts"
import * as SessionFlags from "../configuration/SessionFlags.ts"

type Flags = SetupFlags.Flags & { readonly id: string }

/** Removes a pin. If no pin has this text, the error names the command that lists the pins. */
export const unpinNow = (id: SessionId, text: string) =>
  SessionCoordinator.use((coordinator) => coordinator.unpin(id, text)).pipe(
    Effect.catchTag("InvalidMessage", ({ problem }) =>
      Effect.fail(new UsageError({ problem: `${problem}; \`parley sessions pins ${id}\` lists what is pinned` }))
    )
  )

/** Compacts a session's history and reports by how much. */
export const compactNow = Effect.fnUntraced(function* (sessionId: SessionId) {
  const sessions = yield* SessionManager
  const output = yield* Output
  yield* SessionCoordinator.use((coordinator) => coordinator.compact(sessionId))
  const entries = yield* sessions.read(sessionId, 0)
  const round = entries.findLastIndex(({ event }) => event._tag === "RoundStarted")
  yield* Effect.forEach(FallbackText.linesIn(entries.slice(round)), output.note, { discard: true })
  const last = entries.findLast(({ event }) => event._tag === "ContextCompacted")
  if (last?.event._tag === "ContextCompacted") yield* output.note(Render.compacted(last.event, sessionId))
})

const within = <A, E, R>(flags: Flags, effect: Effect.Effect<A, E, R>) =>
  Effect.flatMap(SetupFlags.load(flags), (setup) => Effect.provide(effect, Engine.layer(setup)))

export const compact = Effect.fn("parley sessions compact")((flags: Flags) =>
  within(flags, Effect.flatMap(SessionFlags.named(flags.id), compactNow))
)

export const uncompact = Effect.fn("parley sessions uncompact")((flags: Flags) =>
  within(
    flags,
    Effect.gen(function* () {
      const output = yield* Output
      const id = yield* SessionFlags.named(flags.id)
      yield* SessionCoordinator.use((coordinator) => coordinator.undoCompaction(id))
      yield* output.note("The latest compaction is undone: later requests will contain what it had left out")
    })
  )
)

export const undo = Effect.fn("parley sessions undo")((flags: Flags & { readonly rounds: number }) =>
  within(
    flags,
    Effect.flatMap(SessionFlags.named(flags.id), (id) => RoundEdits.undo(id, flags.rounds))
  )
)

export const redo = Effect.fn("parley sessions redo")((flags: Flags) =>
  within(flags, Effect.flatMap(SessionFlags.named(flags.id), RoundEdits.redo))
)

/** The new id is the output, so that a program can continue with it. */
export const fork = Effect.fn("parley sessions fork")((flags: Flags & { readonly at: Option.Option<string> }) =>
  within(
    flags,
    Effect.gen(function* () {
      const output = yield* Output
      const id = yield* SessionFlags.named(flags.id)
      const info = yield* RoundEdits.fork(id, Option.getOrUndefined(flags.at))
      yield* output.text(`${info.id}\n`)
      const { roundId } = info.origin ?? {}
      const where = roundId === undefined ? "before its first round" : `with its rounds up to ${roundId}`
      yield* output.note(`Forked ${id} ${where}; it is unchanged. To continue: parley run -s ${info.id}`)
    })
  )
)

export const refresh = Effect.fn("parley sessions refresh")((flags: Flags) =>
  within(
    flags,
    Effect.gen(function* () {
      const id = yield* SessionFlags.named(flags.id)
      yield* SessionCoordinator.use((coordinator) => coordinator.refresh(id))
    })
  )
)

export const pin = Effect.fn("parley sessions pin")(
  (flags: Flags & { readonly kind: PinKind; readonly text: ReadonlyArray<string> }) =>
    within(
      flags,
      Effect.gen(function* () {
        const output = yield* Output
        const id = yield* SessionFlags.named(flags.id)
        const text = flags.text.join(" ")
        yield* SessionCoordinator.use((coordinator) => coordinator.pin(id, { kind: flags.kind, text }))
        yield* output.note(
          "Pinned: the text is sent with the next message and stays in the context through every compaction"
        )
      })
    )
)

export const unpin = Effect.fn("parley sessions unpin")((flags: Flags & { readonly text: ReadonlyArray<string> }) =>
  within(
    flags,
    Effect.gen(function* () {
      const id = yield* SessionFlags.named(flags.id)
      yield* unpinNow(id, flags.text.join(" "))
    })
  )
)

export const pins = Effect.fn("parley sessions pins")((flags: Flags) =>
  Effect.flatMap(SetupFlags.load(flags), (setup) =>
    Effect.gen(function* () {
      const output = yield* Output
      const coordinator = yield* SessionCoordinator
      const pins = yield* coordinator.pins(yield* SessionFlags.named(flags.id))
      for (const { kind, text } of pins) yield* output.text(`${kind.padEnd(11)} ${text}\n`)
      if (pins.length === 0) yield* output.note("Nothing is pinned in this session")
    }).pipe(Effect.provide(Engine.recovery(setup, "read")))
  )
)
