import { Engine, RunRound, SessionChoice, Setup } from "@parley/app"
import { Console, Effect } from "effect"
import { cwd, env } from "node:process"

const program = Effect.gen(function* () {
  const setup = yield* Setup.load({ env, directory: cwd() })
  const { root } = setup.workspace
  yield* Effect.gen(function* () {
    const { id } = yield* SessionChoice.findOrCreate({ _tag: "New" }, root)
    yield* RunRound.run({ sessionId: id, request: "Hello" }, ({ event }) => Console.log(event._tag))
  }).pipe(Effect.provide(Engine.layer(setup)))
})

Effect.runFork(program)
