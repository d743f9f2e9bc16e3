import { assert, describe, it } from "@effect/vitest"
import { SessionManager } from "@parley/domain/SessionManager"
import { Effect, Option } from "effect"
import { TestClock } from "effect/testing"
import * as Target from "../src/Target.ts"

const flags = (session?: string, latest = false) => ({ session: Option.fromUndefinedOr(session), continue: latest })
const refused = (given: Target.TargetFlags, root = "/here") =>
  Effect.map(Effect.flip(Target.find(given, root)), ({ message }) => message)

/** Sessions of two workspaces, each later than the one before. */
const sessions = Effect.gen(function* () {
  const manager = yield* SessionManager
  const create = (workspace: string) => Effect.andThen(TestClock.adjust("1 second"), manager.create({ workspace }))
  const [first, second, other] = [yield* create("/here"), yield* create("/here"), yield* create("/there")]
  return { first, second, other }
})
const found = (given: Target.TargetFlags, root = "/here") =>
  Effect.map(Target.find(given, root), (info) => Option.getOrUndefined(Option.map(info, ({ id }) => id)))

describe("the session that a command means", () => {
  it.effect("is the one that is named, of any workspace", () =>
    Effect.gen(function* () {
      const { first, other } = yield* sessions
      assert.strictEqual(yield* found(flags(first.id)), first.id)
      assert.strictEqual(yield* found(flags(other.id)), other.id)
      assert.include(yield* refused(flags("ses_nope")), "No session ses_nope")
      for (const id of ["", "  "]) assert.include(yield* refused(flags(id)), "--session needs a session's id")
      assert.include(yield* refused(flags(first.id, true)), "not both")
    }).pipe(Effect.provide(SessionManager.layerMemory))
  )

  it.effect("is the latest one of the workspace with --continue, and none without", () =>
    Effect.gen(function* () {
      const { other, second } = yield* sessions
      assert.strictEqual(yield* found(flags(undefined, true)), second.id)
      assert.strictEqual(yield* found(flags(undefined, true), "/there"), other.id)
      assert.isUndefined(yield* found(flags()))
      const problem = yield* refused(flags(undefined, true), "/nowhere")
      assert.include(problem, "There is no session in /nowhere to continue; leave --continue out. There are sessions")
      assert.include(problem, `the latest of /there: \`parley sessions list --all\` lists them, and \`-s ${other.id}\``)
    }).pipe(Effect.provide(SessionManager.layerMemory))
  )

  it.effect("is a new one of the workspace only where none is meant", () =>
    Effect.gen(function* () {
      const manager = yield* SessionManager
      const none = yield* refused(flags(undefined, true), "/here")
      assert.strictEqual(none, "There is no session in /here to continue; leave --continue out")
      const made = yield* Target.findOrCreate(flags(), "/here")
      assert.strictEqual(made.workspace, "/here")
      assert.strictEqual((yield* Target.findOrCreate(flags(undefined, true), "/here")).id, made.id)
      assert.strictEqual((yield* Target.findOrCreate(flags(made.id), "/else")).id, made.id)
      assert.lengthOf(yield* manager.list({}), 1)
    }).pipe(Effect.provide(SessionManager.layerMemory))
  )
})
