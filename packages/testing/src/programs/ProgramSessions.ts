import { StorageError } from "@parley/domain/Errors"
import type { SessionManager } from "@parley/domain/SessionManager"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { type Process, type ProgramWorld, times } from "./ProgramWorld.ts"

/** The posts as one process sees them: what a process does after its death reaches none of them. */
const postsOf = (world: ProgramWorld, { gate }: Process, sessions: SessionManager["Service"]) => {
  const gated = <A, E>(effect: Effect.Effect<A, E>) =>
    gate.pipe(
      Effect.andThen(effect),
      Effect.tap(() => {
        world.progress++
        return gate
      })
    )
  return {
    post: (id, post) => gated(sessions.post(id, post)),
    posts: (id) => Effect.andThen(gate, sessions.posts(id)),
    editPost: (id, post, payload) => gated(sessions.editPost(id, post, payload)),
    withdrawPost: (id, post) => gated(sessions.withdrawPost(id, post))
  } satisfies Partial<SessionManager["Service"]>
}

/** The store as one process sees it. */
export const sessionsOf = (
  world: ProgramWorld,
  process: Process,
  sessions: SessionManager["Service"]
): SessionManager["Service"] => ({
  ...sessions,
  read: (id, after) => Effect.andThen(process.gate, sessions.read(id, after)),
  fork: (options) => Effect.andThen(process.gate, sessions.fork(options)),
  ...postsOf(world, process, sessions),
  acquire: (id) =>
    Effect.gen(function* () {
      yield* process.gate
      const lease = yield* Scope.make()
      const { epoch } = yield* Scope.provide(sessions.acquire(id), lease)
      process.leases.add(lease)
      yield* Effect.addFinalizer(() => Scope.close(lease, Exit.void))
      return { epoch }
    }),
  append: (id, at, events) => {
    const { disk } = world
    const { steps } = disk
    const mode = disk.spares > 0 ? "works" : disk.mode
    disk.spares--
    const error = new StorageError({ operation: "append", reason: "Full", detail: "the program says so" })
    const commit = Effect.gen(function* () {
      yield* times(steps)
      yield* process.gate
      if (mode === "refuses") return yield* error
      const entries = yield* sessions.append(id, at, events)
      world.progress++
      const committed = world.committed.get(id) ?? []
      committed.push(...entries)
      world.committed.set(id, committed)
      for (const { event } of entries) if (event._tag === "TurnStarted") process.turns.set(id, event.turnId)
      return entries
    })
    // Commits are made in the order of the calls; their acknowledgements may overlap.
    return Effect.gen(function* () {
      const entries = yield* process.disk.withPermit(commit)
      yield* times(steps)
      yield* process.gate
      return mode === "forgets" ? yield* error : entries
    })
  }
})
