import type { PinKind } from "@parley/domain/SessionEvent"
import { SessionManager } from "@parley/domain/SessionManager"
import { SessionCoordinator } from "@parley/session/SessionCoordinator"
import { SessionState } from "@parley/session/SessionState"
import * as Effect from "effect/Effect"
import * as Live from "../Live.ts"
import { Output } from "../Output.ts"
import * as Render from "../Render.ts"
import * as Setup from "../Setup.ts"
import * as Target from "../Target.ts"

type Flags = Setup.Flags & { readonly id: string }

/** Makes the history of a session smaller, and says by how much. */
export const compactNow = Effect.fnUntraced(function* (id: string) {
  const sessionId = yield* Target.named(id)
  const sessions = yield* SessionManager
  const output = yield* Output
  yield* SessionCoordinator.use((coordinator) => coordinator.compact(sessionId))
  const entries = yield* sessions.read(sessionId, 0)
  const last = entries.findLast(({ event }) => event._tag === "ContextCompacted")
  if (last?.event._tag === "ContextCompacted") yield* output.note(Render.compacted(last.event, sessionId))
})

const within = <A, E, R>(flags: Flags, effect: Effect.Effect<A, E, R>) =>
  Effect.flatMap(Setup.load(flags), (setup) => Effect.provide(effect, Live.engine(setup)))

export const compact = Effect.fn("parley sessions compact")((flags: Flags) => within(flags, compactNow(flags.id)))

export const undo = Effect.fn("parley sessions undo")((flags: Flags) =>
  within(
    flags,
    Effect.gen(function* () {
      const output = yield* Output
      const id = yield* Target.named(flags.id)
      yield* SessionCoordinator.use((coordinator) => coordinator.undoCompaction(id))
      yield* output.note("The latest compaction is undone: later requests hold again what it left out")
    })
  )
)

export const refresh = Effect.fn("parley sessions refresh")((flags: Flags) =>
  within(
    flags,
    Effect.gen(function* () {
      const id = yield* Target.named(flags.id)
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
        const id = yield* Target.named(flags.id)
        const text = flags.text.join(" ")
        yield* SessionCoordinator.use((coordinator) => coordinator.pin(id, { kind: flags.kind, text }))
        yield* output.note("Pinned: it is said with the next message, and stays through every compaction")
      })
    )
)

export const unpin = Effect.fn("parley sessions unpin")((flags: Flags & { readonly text: ReadonlyArray<string> }) =>
  within(
    flags,
    Effect.gen(function* () {
      const id = yield* Target.named(flags.id)
      yield* SessionCoordinator.use((coordinator) => coordinator.unpin(id, flags.text.join(" ")))
    })
  )
)

export const pins = Effect.fn("parley sessions pins")((flags: Flags) =>
  Effect.flatMap(Setup.load(flags), (setup) =>
    Effect.gen(function* () {
      const sessions = yield* SessionManager
      const output = yield* Output
      const state = new SessionState()
      for (const entry of yield* sessions.read(yield* Target.named(flags.id), 0)) state.push(entry)
      for (const { kind, text } of state.pins) yield* output.text(`${kind.padEnd(11)} ${text}\n`)
      if (state.pins.length === 0) yield* output.note("Nothing is pinned in this session")
    }).pipe(Effect.provide(Live.sessions(setup, "read")))
  )
)
