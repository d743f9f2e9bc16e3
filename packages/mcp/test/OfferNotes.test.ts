import process from "node:process"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import { noChanges } from "../src/transport/Changes.ts"
import type { Connection } from "../src/transport/Connection.ts"
import { noCatalog } from "../src/transport/CatalogRequests.ts"
import { allEndings, endingOf } from "../src/results/Keeping.ts"
import { emptyCatalog, notesOf } from "../src/server/Catalog.ts"
import { withManager } from "./support.ts"

const fixture = fileURLToPath(new URL("./fixtures/offers-server.mjs", import.meta.url))

const connection = (): Connection => ({
  hasTools: false,
  instructions: undefined,
  listTools: () => Effect.never,
  callTool: () => Effect.never,
  toolsChanged: noChanges,
  catalog: noCatalog,
  ping: Effect.never,
  closed: Effect.never
})

describe("the catalogs of servers", () => {
  it.live("are sorted by server name, whatever the order of the configuration", () => {
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

  it("have the notes of their own connection, and of no other", () => {
    const [now, before] = [connection(), connection()]
    const offers = {
      resources: { on: now, items: [], note: "r" },
      resourceTemplates: { on: now, items: [], note: undefined },
      prompts: { on: before, items: [], note: "p" }
    }
    assert.deepStrictEqual(notesOf(offers, now), ["r"])
    assert.deepStrictEqual(notesOf(offers, before), ["p"])
    assert.deepStrictEqual(notesOf({ ...offers, prompts: { ...offers.prompts, on: now } }, now), ["r", "p"])
    assert.deepStrictEqual(notesOf(emptyCatalog, now), [])
  })

  it.effect("are empty if a server has only tools, and requests fail without affecting the connection", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(noCatalog.has, { resources: false, prompts: false, completions: false })
      const asked = yield* Effect.result(noCatalog.ask("resources/list", {}))
      const failed = Result.isFailure(asked) ? [asked.failure.connection, asked.failure.reason._tag] : []
      assert.deepStrictEqual(failed, ["Sound", "NotSent"])
    })
  )
})

describe("the extension of a kept file", () => {
  it("depends on the media type, and never contains text from the server", () => {
    const types = ["image/png", "IMAGE/JPEG", "image/svg+xml", "audio/mpeg", "application/pdf"]
    assert.deepStrictEqual(types.map(endingOf), ["png", "jpg", "svg", "mp3", "pdf"])
    for (const other of ["constructor", "__proto__", "image/../x", "", "text/plain", undefined, 7])
      assert.strictEqual(endingOf(other), "bin", String(other))
    for (const type of types) assert.include(allEndings, endingOf(type))
    assert.includeMembers([...allEndings], ["txt", "bin"])
  })
})
