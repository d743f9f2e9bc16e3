import process from "node:process"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import { noChanges } from "../src/internal/Changes.ts"
import type { Connection } from "../src/internal/Connection.ts"
import { noOffers } from "../src/internal/OfferRequests.ts"
import { allEndings, endingOf } from "../src/Keeping.ts"
import { noneYet, notesOf } from "../src/Offers.ts"
import { withManager } from "./support.ts"

const fixture = fileURLToPath(new URL("./fixtures/offers-server.mjs", import.meta.url))

const connection = (): Connection => ({
  hasTools: false,
  instructions: undefined,
  listTools: () => Effect.never,
  callTool: () => Effect.never,
  toolsChanged: noChanges,
  offers: noOffers,
  ping: Effect.never,
  closed: Effect.never
})

describe("what servers offer beside tools", () => {
  it.live("comes in the order of their names, whatever the order of the configuration", () => {
    const server = { command: process.execPath, args: [fixture] }
    return withManager({ servers: { b: server, c: server, a: server } }, (manager) =>
      Effect.gen(function* () {
        for (const list of [yield* manager.resources, yield* manager.prompts])
          assert.deepStrictEqual([...new Set(list.map(({ server }) => server))], ["a", "b", "c"])
        const refused = yield* Effect.flip(manager.getPrompt("d", "greet", {}))
        assert.strictEqual(refused.reason, "UnknownServer")
      })
    )
  })

  it("has the notes of its own connection, and of no other", () => {
    const [now, before] = [connection(), connection()]
    const offers = {
      resources: { on: now, items: [], note: "r" },
      resourceTemplates: { on: now, items: [], note: undefined },
      prompts: { on: before, items: [], note: "p" }
    }
    assert.deepStrictEqual(notesOf(offers, now), ["r"])
    assert.deepStrictEqual(notesOf(offers, before), ["p"])
    assert.deepStrictEqual(notesOf({ ...offers, prompts: { ...offers.prompts, on: now } }, now), ["r", "p"])
    assert.deepStrictEqual(notesOf(noneYet, now), [])
  })

  it.effect("is nothing where a server has only tools, which says so and stays", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(noOffers.has, { resources: false, prompts: false, completions: false })
      const asked = yield* Effect.result(noOffers.ask("resources/list", {}))
      const failed = Result.isFailure(asked) ? [asked.failure.connection, asked.failure.reason._tag] : []
      assert.deepStrictEqual(failed, ["Sound", "NotSent"])
    })
  )
})

describe("the ending of a kept file", () => {
  it("is by its media type, and nothing that a server says gets into it", () => {
    const types = ["image/png", "IMAGE/JPEG", "image/svg+xml", "audio/mpeg", "application/pdf"]
    assert.deepStrictEqual(types.map(endingOf), ["png", "jpg", "svg", "mp3", "pdf"])
    for (const other of ["constructor", "__proto__", "image/../x", "", "text/plain", undefined, 7])
      assert.strictEqual(endingOf(other), "bin", String(other))
    for (const type of types) assert.include(allEndings, endingOf(type))
    assert.includeMembers([...allEndings], ["txt", "bin"])
  })
})
