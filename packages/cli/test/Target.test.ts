import { assert, describe, it } from "@effect/vitest"
import { SessionManager } from "@parley/domain/SessionManager"
import { Effect, Option } from "effect"
import { TestClock } from "effect/testing"
import * as SessionFlags from "../src/configuration/SessionFlags.ts"

const flags = (session?: string, latest = false) => ({ session: Option.fromUndefinedOr(session), continue: latest })
const refused = (given: SessionFlags.TargetFlags, root = "/here") =>
  Effect.map(Effect.flip(SessionFlags.find(given, root)), ({ message }) => message)

/** Sessions of two workspaces, each later than the one before. */
const sessions = Effect.gen(function* () {
  const manager = yield* SessionManager
  const create = (workspace: string) => Effect.andThen(TestClock.adjust("1 second"), manager.create({ workspace }))
  const [first, second, other] = [yield* create("/here"), yield* create("/here"), yield* create("/there")]
  return { first, second, other }
})
const found = (given: SessionFlags.TargetFlags, root = "/here") =>
  Effect.map(SessionFlags.find(given, root), (info) => Option.getOrUndefined(Option.map(info, ({ id }) => id)))

describe("the session that the flags of a command select", () => {
  it.effect("is the one with the given ID, in any workspace", () =>
    Effect.gen(function* () {
      const { first, other } = yield* sessions
      assert.strictEqual(yield* found(flags(first.id)), first.id)
      assert.strictEqual(yield* found(flags(other.id)), other.id)
      assert.include(yield* refused(flags("ses_nope")), "No session ses_nope")
      for (const id of ["", "  "]) assert.include(yield* refused(flags(id)), "A session ID is needed")
      assert.include(yield* refused(flags(first.id, true)), "not both")
    }).pipe(Effect.provide(SessionManager.layerMemory))
  )

  it.effect("is the latest one of the workspace with --continue, and none without it", () =>
    Effect.gen(function* () {
      const { other, second } = yield* sessions
      assert.strictEqual(yield* found(flags(undefined, true)), second.id)
      assert.strictEqual(yield* found(flags(undefined, true), "/there"), other.id)
      assert.isUndefined(yield* found(flags()))
      const problem = yield* refused(flags(undefined, true), "/nowhere")
      assert.include(
        problem,
        "There is no session in /nowhere to continue; leave out --continue to start one. Other directories have sessions"
      )
      assert.include(problem, `the latest in /there: \`parley sessions list --all\` lists them, and \`-s ${other.id}\``)
    }).pipe(Effect.provide(SessionManager.layerMemory))
  )

  it.effect("is a new one only if the flags select none", () =>
    Effect.gen(function* () {
      const manager = yield* SessionManager
      const none = yield* refused(flags(undefined, true), "/here")
      assert.strictEqual(none, "There is no session in /here to continue; leave out --continue to start one")
      const made = yield* SessionFlags.findOrCreate(flags(), "/here")
      assert.strictEqual(made.workspace, "/here")
      assert.strictEqual((yield* SessionFlags.findOrCreate(flags(undefined, true), "/here")).id, made.id)
      assert.strictEqual((yield* SessionFlags.findOrCreate(flags(made.id), "/else")).id, made.id)
      assert.lengthOf(yield* manager.list({}), 1)
    }).pipe(Effect.provide(SessionManager.layerMemory))
  )
})
