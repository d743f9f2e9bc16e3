import { FilesManager, type Visits, type WorkspaceFile } from "@parley/domain/FilesManager"
import type { ModelRequest } from "@parley/domain/ModelsManager"
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { talk } from "./support/Talk.ts"
import { checkInvariants, send, watched } from "./World.ts"

const sent = (request: ModelRequest | undefined) =>
  [request?.system, ...(request?.messages ?? []).map(({ content }) => JSON.stringify(content))].join("\n")
const timesIn = (request: ModelRequest | undefined, text: string) => sent(request).split(text).length - 1

it.effect("instructions of a place that the session visits come with the message, once, and stay", () => {
  const requests: Array<ModelRequest> = []
  const visited: Array<Visits> = []
  const nested: WorkspaceFile = { path: "pkg/AGENTS.md", text: "NESTED", kind: "instructions" }
  const manager = Layer.succeed(FilesManager, {
    read: Effect.die("the places that a session visits are needed"),
    readFor: (visits) =>
      Effect.sync(() => {
        visited.push(visits)
        const isThere = visits.mentioned.includes("pkg/x.ts") || visits.shown.includes(nested.path)
        return { files: isThere ? [nested] : [], skipped: [] }
      }),
    attach: (text) =>
      Effect.succeed(text.includes("@") ? [{ _tag: "File", file: { path: "pkg/x.ts", text: "let x" } }] : [])
  })
  return Effect.gen(function* () {
    const seen = yield* watched
    yield* send("hello")
    yield* send("see @pkg/x.ts and call it")
    yield* send("go on")
    assert.strictEqual(timesIn(requests[0], "NESTED"), 0)
    assert.strictEqual(timesIn(requests[1], "NESTED"), 1)
    assert.strictEqual(timesIn(requests[1]?.system === requests[0]?.system ? requests[1] : undefined, "NESTED"), 1)
    assert.strictEqual(timesIn(requests.at(-1), "NESTED"), 1, "they are sent once, and not reported as removed")
    assert.notInclude(sent(requests.at(-1)), "is no longer part of the context")
    assert.deepStrictEqual(
      visited.map(({ calls, mentioned, shown }) => [mentioned, shown, calls.map(({ name }) => name)]),
      [
        [[], [], []],
        [["pkg/x.ts"], [], []],
        [[], ["pkg/AGENTS.md"], ["long"]]
      ]
    )
    yield* checkInvariants(seen)
  }).pipe(Effect.provide(talk(requests, { optional: manager })))
})
