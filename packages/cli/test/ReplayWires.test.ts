import * as WireTape from "@parley/app/WireTape"
import { McpManager } from "@parley/domain/McpManager"
import { ModelsManager } from "@parley/domain/ModelsManager"
import { PromptManager } from "@parley/domain/PromptManager"
import { SessionManager } from "@parley/domain/SessionManager"
import { serve } from "@parley/harness/SseServer"
import { call, reply, say, think, type Wire } from "@parley/harness/Step"
import { wires } from "@parley/harness/wires"
import * as Http from "@parley/http/Http"
import * as Registry from "@parley/provider/Registry"
import { defaults, Limits } from "@parley/session/Limits"
import * as Recording from "@parley/session/Recording"
import { parse } from "@parley/session/RecordingFormat"
import * as Replay from "@parley/session/Replay"
import { SessionCoordinator } from "@parley/session/SessionCoordinator"
import type { Tape } from "@parley/session/Tape"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Result, Stream } from "effect"

const none: WireTape.Secrets = { add: () => undefined, redact: (text) => text }

/** The models of one provider, whose requests go through this client. */
const wired = (wire: Wire, url: string) => (tape: Tape) =>
  Layer.effect(
    ModelsManager,
    Effect.gen(function* () {
      const models = yield* ModelsManager
      const http = WireTape.make(tape, yield* Http.Client, none)
      return ModelsManager.of({
        ...models,
        stream: (request) => Stream.provideService(models.stream(request), Http.Client, http)
      })
    })
  ).pipe(Layer.provide(Registry.layer({ providers: [wire.make(url)] })))

/** Records a call, an answer, a refusal and a response that breaks off; returns the lines. The server is gone afterwards. */
const recorded = Effect.fnUntraced(function* (wire: Wire) {
  const server = yield* serve(
    reply(wire, { steps: [think("Hm."), say("Let me see 😀."), call("echo", '{"a":1}')], piece: 3 }),
    reply(wire, { steps: [say("Done.")] }),
    wire.refuse("overloaded"),
    reply(wire, { steps: [say("It brea")], ends: "cut" })
  )
  const lines: Array<string> = []
  const layer = Recording.layer({ write: (line) => void lines.push(line), wired: wired(wire, server.url) }).pipe(
    Layer.provideMerge([
      SessionManager.layerMemory,
      Registry.layer({ providers: [wire.make(server.url)] }),
      McpManager.layerMemory({ echo: () => "one" }),
      PromptManager.layerMemory()
    ])
  )
  yield* Effect.gen(function* () {
    const { id } = yield* SessionManager.use((sessions) => sessions.create({}))
    const coordinator = yield* SessionCoordinator
    const ends: Array<boolean> = []
    for (const request of ["One", "Two", "Three"])
      ends.push(Result.isSuccess(yield* Effect.result(coordinator.handleMessage({ sessionId: id, request }))))
    assert.deepStrictEqual(ends, [true, false, false])
  }).pipe(Effect.provideService(Limits, { ...defaults, retries: 0 }), Effect.provide(layer, { local: true }))
  return { lines, url: server.url }
}, Effect.scoped)

describe("each provider's own code runs again on the recorded bytes", () => {
  for (const wire of wires.filter(({ name }) => name !== "effect/ai"))
    it.live(wire.name, () =>
      Effect.gen(function* () {
        const { lines, url } = yield* recorded(wire)
        const report = yield* Replay.run({
          name: wire.name,
          recorded: yield* Effect.fromResult(parse(wire.name, lines.join(""))),
          wired: wired(wire, url)
        })
        assert.strictEqual(report.difference, undefined)
        assert.strictEqual(report.played, report.steps)
        assert.strictEqual(report.requests, 4)
        assert.strictEqual(report.toolCalls, 1)
      })
    )
})
