import { ModelsManager } from "@parley/domain/ModelsManager"
import * as Demo from "@parley/provider/Demo"
import * as Registry from "@parley/provider/Registry"
import { Console, Effect, Stream } from "effect"

const program = Effect.gen(function* () {
  const models = yield* ModelsManager
  const model = yield* models.preferred
  const request = { model, system: "", tools: [], messages: [] }
  yield* models.stream(request).pipe(Stream.runForEach((chunk) => Console.log(chunk)))
})

Effect.runFork(Effect.provide(program, Registry.layer({ providers: [Demo.make()] })))
