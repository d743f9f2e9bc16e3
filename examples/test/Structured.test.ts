import { assert, it } from "@effect/vitest"
import { McpManager } from "@parley/domain/McpManager"
import { PromptManager } from "@parley/domain/PromptManager"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Demo from "@parley/provider/Demo"
import * as Registry from "@parley/provider/Registry"
import { SessionCoordinator } from "@parley/session/SessionCoordinator"
import { Effect, Layer } from "effect"
import { review } from "../structured.ts"

it.effect("an answer of the model is a value of the application's own type", () =>
  Effect.gen(function* () {
    assert.strictEqual(yield* review, "accept")
  }).pipe(
    Effect.provide(
      SessionCoordinator.layer.pipe(
        Layer.provideMerge([
          SessionManager.layerMemory,
          Registry.layer({ providers: [Demo.make()] }),
          McpManager.layerMemory({}),
          PromptManager.layerMemory()
        ])
      )
    )
  )
)
