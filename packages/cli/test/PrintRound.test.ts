import { StorageError } from "@parley/domain/Errors"
import { McpManager } from "@parley/domain/McpManager"
import { ModelsManager } from "@parley/domain/ModelsManager"
import { PromptManager } from "@parley/domain/PromptManager"
import { SessionManager } from "@parley/domain/SessionManager"
import { SessionCoordinator } from "@parley/session/SessionCoordinator"
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Output } from "../src/output/Output.ts"
import * as PrintRound from "../src/chat/PrintRound.ts"

/** Stores the message that opens a round, and nothing after it. */
const full = Layer.effect(
  SessionManager,
  Effect.map(SessionManager, (sessions) =>
    SessionManager.of({
      ...sessions,
      append: (id, at, events) =>
        at.after === 0
          ? sessions.append(id, at, events)
          : Effect.fail(new StorageError({ operation: "append", reason: "Full", detail: "test" }))
    })
  )
).pipe(Layer.provide(SessionManager.layerMemory))

const nowhere = Layer.succeed(Output, {
  text: () => Effect.void,
  line: () => Effect.void,
  note: () => Effect.void,
  aside: () => Effect.void,
  ask: () => Effect.void
})

// Time stands still here: whoever waits for some never ends.
it.effect("a round that could not be closed because of a storage failure is not waited for", () =>
  Effect.gen(function* () {
    const sessions = yield* SessionManager
    const info = yield* sessions.create({})
    const error = yield* Effect.flip(PrintRound.run(info, "Hello", "stream-json"))
    assert.strictEqual(error._tag, "StorageError")
    assert.strictEqual((yield* sessions.get(info.id)).open, true)
  }).pipe(
    Effect.provide(
      SessionCoordinator.layer.pipe(
        Layer.provideMerge([
          full,
          nowhere,
          McpManager.layerMemory({}),
          ModelsManager.layerMemory,
          PromptManager.layerMemory()
        ])
      )
    )
  )
)
