import { getEventListeners } from "node:events"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Http from "../src/Http.ts"
import { asked, client } from "./support/asking.ts"
import { flooding, never, phases } from "./support/phases.ts"
import { web } from "./support/servers.ts"
import { inTime } from "@parley/harness/promptly"

const soon = <A, E, R>(effect: Effect.Effect<A, E, R>) => effect.pipe(inTime(25_000))

describe("a request that is aborted", () => {
  for (const [name, phase] of Object.entries(phases))
    it.live(`while ${name} fails immediately with the reason and closes its connection`, () =>
      Effect.gen(function* () {
        const { closed, http, reached, url } = yield* phase
        const aborting = new AbortController()
        const head = yield* Deferred.make<void>()
        const unhandled: Array<unknown> = []
        const note = (error: unknown): void => void unhandled.push(error)
        yield* Effect.acquireRelease(
          Effect.sync(() => process.on("unhandledRejection", note)),
          () => Effect.sync(() => process.off("unhandledRejection", note))
        )
        const fetch: Http.Fetch = (...args) =>
          http.fetch(...args).then((response) => {
            Deferred.doneUnsafe(head, Effect.void)
            return response
          })
        const init = { signal: aborting.signal, method: "POST", body: "x" }
        const fiber = yield* Effect.forkChild(asked(fetch, url, init), { startImmediately: true })
        yield* Deferred.await(reached ?? head).pipe(soon)
        aborting.abort("enough")
        assert.deepStrictEqual(yield* Fiber.join(fiber).pipe(soon), { error: "enough" })
        yield* Deferred.await(closed).pipe(soon)
        assert.isEmpty(getEventListeners(aborting.signal, "abort"))
        assert.isEmpty(unhandled)
      })
    )

  it.live("before it is sent is not sent", () =>
    Effect.gen(function* () {
      const { fetch } = yield* client()
      const server = yield* never
      const answer = yield* asked(fetch, server.url, { signal: AbortSignal.abort("early") })
      assert.deepStrictEqual(answer, { error: "early" })
      assert.deepStrictEqual(server.heard, [])
    })
  )

  it.live("by cancelling the body also closes its connection", () =>
    Effect.gen(function* () {
      const { fetch } = yield* client()
      const server = yield* flooding
      const response = yield* Effect.promise(() => fetch(server.url))
      yield* Effect.promise(() => response.body?.cancel("enough") ?? Promise.resolve())
      yield* Deferred.await(server.closed).pipe(soon)
    })
  )

  it.live("after it has ended in any way leaves no listener behind", () =>
    Effect.gen(function* () {
      const { fetch } = yield* client()
      const { signal } = new AbortController()
      const server = yield* web(({ url }, response) => {
        if (url === "/204") response.writeHead(204).end()
        else if (url === "/cut") response.socket?.destroy()
        else if (url === "/away") response.writeHead(302, { location: "/" }).end()
        else response.end("fine")
      })
      for (const path of ["", "204", "cut", "away"]) yield* asked(fetch, `${server.url}${path}`, { signal })
      yield* asked(fetch, server.url, { signal, method: "HEAD" })
      yield* asked(fetch, "http://127.0.0.1:2/", { signal })
      assert.isEmpty(getEventListeners(signal, "abort"))
    })
  )
})
