import { FilesManager, type WorkspaceFile } from "@parley/domain/FilesManager"
import type { ModelRequest } from "@parley/domain/ModelsManager"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { FileDiffs } from "../src/context/EarlierFiles.ts"
import { SessionCoordinator } from "../src/round/SessionCoordinator.ts"
import { isSummary, talk, type Talk } from "./support/Talk.ts"
import { checkInvariants, log, send, sessionId, watched } from "./World.ts"

/** A text of about `tokens` tokens that names its version in every line. */
const content = (version: string, tokens: number) => {
  const line = `${version} some words\n`
  return line.repeat(Math.ceil((tokens * 4) / line.length))
}
const baselines = Effect.map(log, (entries) =>
  entries.flatMap(({ event }) => (event._tag === "ContextBuilt" ? [event.baseline !== undefined] : []))
)
const sent = (request: ModelRequest | undefined) =>
  [request?.system, ...(request?.messages ?? []).map(({ content }) => JSON.stringify(content))].join("\n")
const has = (request: ModelRequest | undefined, version: string) => sent(request).includes(`${version} some words`)

/** A session whose files the test changes. `left` are the files that the engine left out, in the order of its reports. */
const workspace = (options: Talk = {}) => {
  const requests: Array<ModelRequest> = []
  const left: Array<string> = []
  let files: ReadonlyArray<WorkspaceFile> = []
  const checkout = (next: { readonly [path: string]: string }, instructions: ReadonlyArray<string> = []) =>
    Effect.sync(() => {
      files = Object.entries(next).map(([path, text]) =>
        instructions.includes(path) ? { path, text, kind: "instructions" } : { path, text }
      )
    })
  const manager = Layer.succeed(FilesManager, {
    read: Effect.sync(() => ({ files, skipped: [] })),
    leftOut: (all) => Effect.sync(() => void left.push(...all.map(({ path, reason }) => `${path}: ${reason}`)))
  })
  return { requests, left, checkout, layer: talk(requests, { ...options, optional: manager }) }
}

describe("files that change little between rounds", () => {
  const numbered = (changed: number, word: string) =>
    Array.from({ length: 300 }, (_, i) => `line ${i}: ${i === changed ? word : "nothing new"}`).join("\n")
  const message = (request: ModelRequest | undefined) => JSON.stringify(request?.messages.at(-1))

  it.effect("are shown as diffs, and whole again where a diff would have no base", () => {
    const { checkout, layer, requests } = workspace({ window: "unknown" })
    return Effect.gen(function* () {
      const seen = yield* watched
      const coordinator = yield* SessionCoordinator
      for (const [n, word] of ["one", "two", "three"].entries()) {
        yield* checkout({ "a.txt": numbered(n, word), "b.txt": "small" })
        yield* send(word)
      }
      for (const [n, word] of [
        [1, "two"],
        [2, "three"]
      ] as const) {
        const added = message(requests[n])
        assert.include(added, "<file-change-", word)
        assert.include(added, `+line ${n}: ${word}`)
        assert.isBelow(added.length, 1500)
        assert.isTrue(
          sent(requests[n]).startsWith(sent(requests[n - 1]).slice(0, -2)),
          "the request before is its beginning"
        )
      }
      yield* coordinator.refresh(sessionId)
      yield* send("four")
      assert.notInclude(sent(requests[3]), "<file-change-")
      assert.include(requests[3]?.system ?? "", "line 2: three")
      yield* checkout({ "a.txt": numbered(5, "five"), "b.txt": "small" })
      yield* send("five")
      assert.include(message(requests[4]), "<file-change-")
      yield* checkout({ "b.txt": "small" })
      yield* send("six")
      yield* checkout({ "a.txt": numbered(6, "seven"), "b.txt": "small" })
      yield* send("seven")
      assert.notInclude(message(requests[6]), "<file-change-", "it was no longer part of the context")
      assert.include(message(requests[6]), "line 6: seven")
      yield* checkInvariants(seen)
    }).pipe(Effect.provide(layer))
  })

  it.effect("are shown whole if diffs are switched off", () => {
    const { checkout, layer, requests } = workspace({ window: "unknown" })
    return Effect.gen(function* () {
      yield* watched
      for (const [n, word] of ["one", "two"].entries()) {
        yield* checkout({ "a.txt": numbered(n, word) })
        yield* send(word)
      }
      assert.notInclude(message(requests[1]), "<file-change-")
      assert.include(message(requests[1]), "line 299: nothing new")
    }).pipe(Effect.provide(layer), Effect.provideService(FileDiffs, false))
  })
})

describe("files that change between rounds", () => {
  it.effect("get a new baseline if what has changed outweighs the old one", () => {
    const { checkout, layer, requests } = workspace({ window: "unknown" })
    return Effect.gen(function* () {
      const seen = yield* watched
      yield* checkout({ "a.txt": content("one", 3000) })
      yield* send("first")
      yield* checkout({ "a.txt": content("two", 3000), "b.txt": content("two", 3000) })
      yield* send("second")
      assert.isTrue(has(requests[1], "two"))
      assert.isFalse(has(requests[1], "one"), "the earlier content is not sent again")
      const lines = content("two", 3000).split("two").length - 1
      assert.strictEqual(sent(requests[1]).split("two some words").length - 1, 2 * lines, "each file is sent once")
      yield* checkout({ "a.txt": content("three", 3000), "b.txt": content("two", 3000) })
      yield* send("third")
      assert.deepStrictEqual(yield* baselines, [true, true, false], "a small change is added to the last message")
      assert.isTrue(has(requests[2], "three"))
      yield* checkInvariants(seen)
    }).pipe(Effect.provide(layer))
  })

  it.effect("never make the session refuse a message, however often they alternate", () => {
    const { checkout, layer, requests } = workspace()
    return Effect.gen(function* () {
      const seen = yield* watched
      const big = content("fixed", 2400)
      for (let n = 0; n < 40; n++) {
        yield* checkout({ "a.txt": content(`branch ${n % 2}`, 800), "big.txt": big })
        assert.strictEqual((yield* send(`round ${n}`)).status, "completed")
        const request = requests.findLast((one) => !isSummary(one))
        assert.isTrue(has(request, `branch ${n % 2}`), `round ${n} has the current content`)
      }
      assert.isFalse(requests.some(isSummary), "a new baseline is enough; no summary is paid for")
      yield* checkInvariants(seen)
    }).pipe(Effect.provide(layer))
  })

  it.effect("are rebased although compaction is switched off", () => {
    const { checkout, layer, requests } = workspace({ settings: { auto: false } })
    return Effect.gen(function* () {
      yield* watched
      for (let n = 0; n < 6; n++) {
        yield* checkout({ "a.txt": content(`version ${n}`, 1500), "b.txt": content("fixed", 1800) })
        assert.strictEqual((yield* send(`round ${n}`)).status, "completed")
        assert.isTrue(has(requests.at(-1), `version ${n}`))
      }
    }).pipe(Effect.provide(layer))
  })

  it.effect("are added to the last message if they are small, however small the baseline is", () => {
    const { checkout, layer } = workspace({ window: "unknown" })
    return Effect.gen(function* () {
      yield* watched
      yield* checkout({ "a.txt": content("one", 100) })
      yield* send("first")
      yield* checkout({ "a.txt": content("two", 1900) })
      yield* send("second")
      assert.deepStrictEqual(yield* baselines, [true, false])
    }).pipe(Effect.provide(layer))
  })

  it.effect("keep the prefix of the request while everything fits", () => {
    const { checkout, layer } = workspace()
    return Effect.gen(function* () {
      yield* watched
      for (let n = 0; n < 3; n++) {
        yield* checkout({ "a.txt": content(`version ${n}`, 300), "b.txt": content("fixed", 1800) })
        yield* send(`round ${n}`)
      }
      assert.deepStrictEqual(yield* baselines, [true, false, false])
    }).pipe(Effect.provide(layer))
  })
})

describe("files with half of a surrogate pair", () => {
  it.effect("are stored and sent as well-formed text, and so is the prompt", () => {
    const { checkout, layer, requests } = workspace({ instructions: "prompt \ud83d!" })
    return Effect.gen(function* () {
      const seen = yield* watched
      yield* checkout({ "a\ud83d.txt": "half \ud83d of it" })
      yield* send("first")
      assert.include(sent(requests[0]), "half \ufffd of it")
      assert.include(sent(requests[0]), "a\ufffd.txt")
      assert.include(requests[0]?.system ?? "", "prompt \ufffd!")
      assert.isTrue(seen.every((entry) => JSON.stringify(entry).isWellFormed()))
      yield* checkInvariants(seen)
    }).pipe(Effect.provide(layer))
  })
})

describe("files that are too large for the model", () => {
  it.effect("are left out, the largest first, with a reason, and the message goes through", () => {
    const { checkout, layer, left, requests } = workspace()
    return Effect.gen(function* () {
      const seen = yield* watched
      yield* checkout({
        "small.txt": content("small", 500),
        "medium.txt": content("medium", 2000),
        "large.txt": content("large", 30_000)
      })
      assert.strictEqual((yield* send("hello")).status, "completed")
      assert.deepStrictEqual(
        ["small", "medium", "large"].map((version) => has(requests[0], version)),
        [true, true, false]
      )
      assert.lengthOf(left, 1)
      assert.match(
        left[0] ?? "",
        /^large\.txt: it has about \d+ tokens, and the files may have 4666 in all with this model$/
      )
      const { skipped } = yield* SessionCoordinator.use((coordinator) => coordinator.buildContext(sessionId))
      assert.deepStrictEqual(
        skipped.map(({ path }) => path),
        ["large.txt"]
      )
      yield* checkInvariants(seen)
    }).pipe(Effect.provide(layer))
  })

  it.effect("come back when they have become smaller", () => {
    const { checkout, layer, requests } = workspace()
    return Effect.gen(function* () {
      yield* watched
      yield* checkout({ "a.txt": content("huge", 30_000) })
      yield* send("first")
      yield* checkout({ "a.txt": content("tiny", 100) })
      yield* send("second")
      assert.isFalse(has(requests[0], "huge"))
      assert.isTrue(has(requests[1], "tiny"))
    }).pipe(Effect.provide(layer))
  })

  it.effect("are left out before instructions, and instructions only if they alone are too large", () => {
    const { checkout, layer, left, requests } = workspace()
    return Effect.gen(function* () {
      yield* watched
      yield* checkout({ "AGENTS.md": content("rules", 3000), "a.txt": content("data", 2000) }, ["AGENTS.md"])
      yield* send("first")
      assert.isTrue(has(requests[0], "rules"))
      assert.isFalse(has(requests[0], "data"))
      yield* checkout({ "AGENTS.md": content("rules", 9000) }, ["AGENTS.md"])
      yield* send("second")
      assert.deepStrictEqual(
        left.map((line) => line.split(":")[0]),
        ["a.txt", "AGENTS.md"]
      )
    }).pipe(Effect.provide(layer))
  })

  it.effect("are shown to a model with more room", () => {
    const { checkout, layer, requests } = workspace({ windows: { wide: 100_000 } })
    return Effect.gen(function* () {
      yield* watched
      yield* checkout({ "a.txt": content("data", 5000) })
      yield* send("first")
      yield* SessionCoordinator.use((coordinator) =>
        coordinator.handleMessage({ sessionId, request: "second", model: { provider: "scripted", model: "wide" } })
      )
      assert.deepStrictEqual([has(requests[0], "data"), has(requests[1], "data")], [false, true])
    }).pipe(Effect.provide(layer))
  })
})
