import { DynamicContextManager, type DynamicSlot } from "@parley/domain/DynamicContextManager"
import { FilesManager } from "@parley/domain/FilesManager"
import { McpManager } from "@parley/domain/McpManager"
import { ToolError } from "@parley/domain/ToolError"
import type { HandleMessageError } from "@parley/domain/Errors"
import type { Round } from "@parley/domain/Session"
import { ContextOverflow, InvalidRequest, Refused, Unauthorized } from "@parley/domain/ModelError"
import type { ModelRequest } from "@parley/domain/ModelsManager"
import { ScriptedModel } from "@parley/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Latch, Layer, Stream } from "effect"
import { SessionCoordinator } from "../src/round/SessionCoordinator.ts"
import { answer, isSummary, long, talk, type Talk } from "./support/Talk.ts"
import { checkInvariants, log, send, session, sessionId, watched } from "./World.ts"

const flat = (request: ModelRequest | undefined) => JSON.stringify(request?.messages ?? [])
const events = Effect.map(log, (entries) => entries.map(({ event }) => event))
const compactions = Effect.map(events, (all) => all.filter((event) => event._tag === "ContextCompacted"))
const detail = "scripted"

/** The n-th message, of some 900 tokens. */
const message = (n: number) => `message ${n} ${long}`

const sendAll = (from: number, to: number) =>
  Effect.forEach(
    Array.from({ length: to - from + 1 }, (_, i) => from + i),
    (n) => Effect.map(send(message(n)), ({ status }) => assert.strictEqual(status, "completed"))
  )

/** Runs a test in a session of its own; every request that left must have been legal. */
const testing = (
  name: string,
  test: (
    requests: ReadonlyArray<ModelRequest>
  ) => Effect.Effect<void, HandleMessageError | Round | void, Layer.Success<ReturnType<typeof talk>>>,
  options: Talk = {}
) =>
  it.effect(name, () => {
    const requests: Array<ModelRequest> = []
    return Effect.gen(function* () {
      const seen = yield* watched
      yield* test(requests)
      yield* checkInvariants(seen)
    }).pipe(Effect.provide(talk(requests, options)))
  })

const use = <A, E>(f: (coordinator: SessionCoordinator["Service"]) => Effect.Effect<A, E>) =>
  Effect.flatMap(SessionCoordinator, f)

describe("a history that no longer fits", () => {
  testing("is summed up before it is sent, and the session goes on", (requests) =>
    Effect.gen(function* () {
      yield* sendAll(1, 20)
      const all = yield* compactions
      assert.isAtLeast(all.length, 2)
      for (const { after, before, why } of all) {
        assert.strictEqual(why, "budget")
        assert.isBelow(after.tokens, before.tokens)
        assert.isAtMost(after.tokens, 7000)
      }
      const last = flat(requests.at(-1))
      assert.notInclude(last, "message 10 ")
      assert.include(last, "SUMMARY")
      assert.include(last, "message 20 ")
      assert.include(last, "What the user asked for first")
      assert.include(last, "message 1 ")
    })
  )

  testing("old results go first, and no model is asked for that", (requests) =>
    Effect.gen(function* () {
      yield* send("call call call")
      yield* send("call call")
      yield* send("call call")
      yield* send("call")
      yield* send("and now?")
      const [first] = yield* compactions
      assert.isUndefined(first?.baseline)
      assert.isAtLeast(first?.pruned.length ?? 0, 1)
      assert.isFalse(requests.some(isSummary))
      assert.include(flat(requests.at(-1)), "The result is left out to save space; it had")
    })
  )

  testing("what is pinned and what the round is about survive in the middle of a round", (requests) =>
    Effect.gen(function* () {
      yield* use((parley) => parley.pin(sessionId, { kind: "constraint", text: "never touch main" }))
      yield* send("the first thing I want")
      yield* sendAll(1, 4)
      yield* send("please call call call call")
      const last = flat(requests.at(-1))
      assert.include(last, "never touch main")
      assert.include(last, "the first thing I want")
      assert.include(last, "please call call call call")
      assert.isTrue(requests.some(isSummary))
    })
  )
})

describe("a message that was delivered during the round", () => {
  const latch = Latch.makeUnsafe(false)
  testing(
    "survives a compaction in the middle of the round",
    (requests) =>
      Effect.gen(function* () {
        yield* sendAll(1, 4)
        const round = yield* Effect.forkChild(send("hold it"), { startImmediately: true })
        yield* use((parley) =>
          parley.events(sessionId).pipe(
            Stream.takeUntil(({ event }) => event._tag === "TurnStarted" && event.turnId === "r5t1"),
            Stream.runDrain
          )
        )
        yield* use((parley) => parley.send(sessionId, { request: "watch out call call call call", delivery: "steer" }))
        yield* latch.open
        yield* Fiber.join(round)
        assert.isTrue(requests.some(isSummary))
        const last = flat(requests.at(-1))
        assert.include(last, "hold it")
        assert.include(last, "watch out call call call call")
        assert.notInclude(last, "message 2 ")
      }),
    {
      answer: (request) =>
        flat(request).endsWith('"hold it"}]}]') ? Stream.tap(answer(request), () => latch.await) : answer(request)
    }
  )
})

describe("failures of a compaction", () => {
  testing(
    "a model that refuses to summarise does not block the session",
    (requests) =>
      Effect.gen(function* () {
        yield* sendAll(1, 9)
        assert.include(flat(requests.at(-1)), "No summary could be made")
      }),
    {
      answer: (request) => (isSummary(request) ? ScriptedModel.failing(new Refused({ detail })) : answer(request))
    }
  )

  testing(
    "a provider that fails while summarising fails the round, and the next message tries again",
    (requests) =>
      Effect.gen(function* () {
        yield* sendAll(1, 7)
        const error = yield* Effect.flip(send(message(8)))
        assert.strictEqual(error._tag, "ModelError")
        assert.isEmpty(yield* compactions)
        yield* sendAll(9, 9)
        assert.strictEqual((yield* compactions).length, 1)
        assert.include(flat(requests.at(-1)), "message 8 ")
      }),
    {
      answer: (request, n) =>
        isSummary(request) && n === 8 ? ScriptedModel.failing(new Unauthorized({ detail })) : answer(request)
    }
  )

  testing("one message too large for the model is refused before it is sent, and does not come back", (requests) =>
    Effect.gen(function* () {
      yield* sendAll(1, 2)
      const error = yield* Effect.flip(send(long.repeat(12)))
      assert.strictEqual(error._tag, "ContextTooLarge")
      assert.include(error.message, "send less at once")
      yield* send("still there?")
      assert.strictEqual(requests.length, 3)
      assert.isFalse(requests.some(isSummary), "no summary is paid for that could not help")
      assert.isBelow(flat(requests.at(-1)).length, 10_000)
    })
  )

  const offering = (sizes: { readonly [server: string]: ReadonlyArray<number> }) =>
    Layer.succeed(
      McpManager,
      McpManager.make({
        tools: Effect.succeed(
          Object.entries(sizes).flatMap(([server, all]) =>
            all.map((tokens, i) => ({
              server,
              tool: `t${i}`,
              name: `${server}__t${i}`,
              description: "four".repeat(tokens),
              inputSchema: {}
            }))
          )
        ),
        servers: Effect.succeed([]),
        call: (tool) => Effect.fail(new ToolError({ tool, reason: "NotSent", problem: "none" }))
      })
    )

  testing(
    "tools that are too large for the model are reported by server with their sizes, largest first",
    (requests) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(send("hi"))
        assert.isEmpty(requests)
        if (error._tag !== "ContextTooLarge") return assert.fail(error._tag)
        const sizes = error.servers?.map(({ server, tools }) => [server, tools])
        assert.deepStrictEqual(sizes, [
          ["large", 2],
          ["small", 1],
          ["s1", 1],
          ["s2", 1],
          ["s3", 1]
        ])
        assert.match(
          error.message,
          /the tools of MCP servers take about 8\d\d\d: large about 7\d\d\d \(2 tools\), small about 5\d\d \(1 tool\), .*, and 1 more; use fewer servers, or/
        )
        assert.notInclude(error.message, "files,")
        assert.notInclude(error.message, "parley")
      }),
    { tools: offering({ small: [500], s1: [400], large: [3500, 3500], s2: [300], s3: [200], s4: [150] }) }
  )

  testing(
    "tools that are a small part of a request that is too large are not reported",
    () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(send("hi"))
        assert.strictEqual(error._tag, "ContextTooLarge")
        assert.include(error.message, "show the model fewer files")
        assert.notInclude(error.message, "MCP servers")
      }),
    { tools: offering({ small: [500] }), instructions: "lorem ".repeat(8000) }
  )

  testing(
    "if compaction is switched off, the round fails before anything is sent",
    (requests) =>
      Effect.gen(function* () {
        yield* sendAll(1, 7)
        assert.strictEqual((yield* Effect.flip(send(message(8))))._tag, "ContextTooLarge")
        assert.strictEqual(requests.length, 7)
      }),
    { settings: { auto: false } }
  )
})

describe("a provider that rejects the request as too large", () => {
  const overflows = (limit: number) => (request: ModelRequest) =>
    !isSummary(request) && flat(request).length > limit
      ? ScriptedModel.failing(new ContextOverflow({ detail }))
      : answer(request)

  testing(
    "receives a smaller one, once, and the message is not lost",
    (requests) =>
      Effect.gen(function* () {
        yield* sendAll(1, 6)
        const [compaction] = yield* compactions
        assert.strictEqual(compaction?.why, "overflow")
        assert.include(flat(requests.at(-1)), "message 6 ")
        assert.strictEqual((yield* session).rounds.at(-1)?.status, "completed")
      }),
    { window: "unknown", answer: overflows(20_000) }
  )

  testing(
    "fails the round if the second one is too large as well",
    (requests) =>
      Effect.gen(function* () {
        yield* sendAll(1, 3)
        const error = yield* Effect.flip(send(message(4)))
        assert.strictEqual(error._tag === "ModelError" ? error.reason._tag : error._tag, "ContextOverflow")
        assert.strictEqual(requests.filter((request) => flat(request).includes("message 4 ")).length, 2)
        yield* send("short")
      }),
    {
      window: "unknown",
      answer: (request) =>
        flat(request).includes("message 4 ") ? ScriptedModel.failing(new ContextOverflow({ detail })) : answer(request)
    }
  )
})

describe("a provider that rejects a request without a reason", () => {
  const refuses = (from: number, unclear: boolean) => (request: ModelRequest) =>
    !isSummary(request) && flat(request).length > from
      ? ScriptedModel.failing(new InvalidRequest({ detail, ...(unclear ? { unclear: true as const } : {}) }))
      : answer(request)
  const reasonOf = Effect.map(Effect.flip(send(message(9))), (error) =>
    error._tag === "ModelError" ? error.reason._tag : error._tag
  )

  testing(
    "receives a smaller one, once, if the request is large for the model",
    (requests) =>
      Effect.gen(function* () {
        yield* sendAll(1, 5)
        assert.strictEqual((yield* compactions)[0]?.why, "overflow")
        assert.include(flat(requests.at(-1)), "message 5 ")
      }),
    { answer: refuses(16_000, true) }
  )

  testing(
    "receives none if the request is small",
    () =>
      Effect.gen(function* () {
        yield* sendAll(1, 4)
        assert.strictEqual(yield* reasonOf, "InvalidRequest")
        assert.isEmpty(yield* compactions)
      }),
    { answer: refuses(16_000, true), window: 100_000 }
  )

  testing(
    "receives none if it reports another reason",
    () =>
      Effect.gen(function* () {
        yield* sendAll(1, 4)
        assert.strictEqual(yield* reasonOf, "InvalidRequest")
        assert.isEmpty(yield* compactions)
      }),
    { answer: refuses(16_000, false) }
  )
})

describe("a provider that rejects two requests of a round as too large", () => {
  testing(
    "receives a smaller one only for the first of them",
    (requests) =>
      Effect.gen(function* () {
        yield* sendAll(1, 6)
        const error = yield* Effect.flip(send(`${message(7)} call`))
        assert.strictEqual(error._tag === "ModelError" ? error.reason._tag : error._tag, "ContextOverflow")
        assert.strictEqual(requests.filter(isSummary).length, 1)
        yield* send("short")
      }),
    {
      window: "unknown",
      answer: (request, n) =>
        n === 7 || n === 10 ? ScriptedModel.failing(new ContextOverflow({ detail })) : answer(request)
    }
  )
})

describe("a requested compaction", () => {
  testing("is a round of its own, and undo brings everything back", (requests) =>
    Effect.gen(function* () {
      yield* sendAll(1, 4)
      const before = flat(requests.at(-1))
      const round = yield* use((parley) => parley.compact(sessionId))
      assert.strictEqual(round.purpose, "compaction")
      assert.strictEqual(round.turns[0]?.purpose, "summary")
      yield* send("five")
      assert.notInclude(flat(requests.at(-1)), "message 2 ")
      yield* use((parley) => parley.undoCompaction(sessionId))
      yield* send("six")
      const after = flat(requests.at(-1))
      assert.isTrue(after.startsWith(before.slice(0, -1)))
      assert.include(after, "five")
      const again = yield* Effect.flip(use((parley) => parley.undoCompaction(sessionId)))
      assert.include(again.message, "no compaction to undo")
    })
  )

  testing(
    "dynamic context is sent again after the undo as well",
    (requests) =>
      Effect.gen(function* () {
        yield* sendAll(1, 6)
        assert.strictEqual((yield* compactions).length, 1)
        assert.strictEqual(flat(requests.at(-1)).split("slot says").length, 2)
        yield* use((parley) => parley.undoCompaction(sessionId))
        yield* send("nine")
        assert.include(flat(requests.at(-1)), "slot says")
      }),
    {
      window: "unknown",
      answer: (request, n) => (n === 6 ? ScriptedModel.failing(new ContextOverflow({ detail })) : answer(request)),
      optional: Layer.succeed(DynamicContextManager, {
        slots: Effect.succeed<ReadonlyArray<DynamicSlot>>([
          { id: "s", tool: "echo", input: { slot: "slot says" }, timeoutMillis: 1000, onFailure: "note" }
        ])
      })
    }
  )

  const read = { text: "version 1" }
  testing(
    "a refresh sends the current files and removes them from earlier messages",
    (requests) =>
      Effect.gen(function* () {
        yield* send("one")
        read.text = "version 2"
        yield* send("two")
        assert.include(flat(requests.at(-1)), "version 2")
        yield* use((parley) => parley.refresh(sessionId))
        yield* send("three")
        assert.include(requests.at(-1)?.system, "version 2")
        assert.notInclude(flat(requests.at(-1)), "version")
        const system = requests.at(-1)?.system
        yield* send("four")
        assert.strictEqual(requests.at(-1)?.system, system)
      }),
    {
      optional: Layer.succeed(FilesManager, {
        read: Effect.sync(() => ({ files: [{ path: "a.txt", text: read.text }], skipped: [] }))
      })
    }
  )

  const file = { text: "version 1" }
  testing(
    "the kept messages contain no files; their current content is sent",
    (requests) =>
      Effect.gen(function* () {
        yield* sendAll(1, 4)
        file.text = "version 2"
        yield* send("five")
        file.text = "version 3"
        yield* use((parley) => parley.compact(sessionId))
        yield* send("six")
        assert.include(flat(requests.at(-1)), "five")
        assert.notInclude(flat(requests.at(-1)), "version")
        assert.include(requests.at(-1)?.system, "version 3")
      }),
    {
      optional: Layer.succeed(FilesManager, {
        read: Effect.sync(() => ({ files: [{ path: "a.txt", text: file.text }], skipped: [] }))
      })
    }
  )

  testing("says so when it would save nothing", () =>
    Effect.gen(function* () {
      yield* send("hello")
      const error = yield* Effect.flip(use((parley) => parley.compact(sessionId)))
      assert.include(error.message, "would not make this session smaller")
      assert.strictEqual((yield* send("go on")).status, "completed")
    })
  )
})

describe("the size of a request", () => {
  testing(
    "is counted by the provider if it matters, and stored with the turn",
    () =>
      Effect.gen(function* () {
        yield* send("hello")
        yield* sendAll(1, 2)
        const sizes = (yield* events).flatMap((event) => (event._tag === "TurnStarted" ? [event.size?.by] : []))
        assert.deepStrictEqual(sizes, ["estimated", "reported", "counted"])
      }),
    { window: 2400, count: () => Effect.succeed(900) }
  )

  testing(
    "after a compaction files are sent again, with their current content only",
    (requests) =>
      Effect.gen(function* () {
        yield* sendAll(1, 10)
        const [last] = requests.slice(-1)
        const text = `${last?.system}${flat(last)}`
        const versions = [...text.matchAll(/version (\d+)/g)].map((match) => Number(match[1]))
        assert.strictEqual(versions.at(-1), Math.max(...versions))
        assert.isAtMost(versions.length, 5)
      }),
    {
      optional: Layer.sync(FilesManager, () => {
        let version = 0
        return {
          read: Effect.sync(() => ({ files: [{ path: "a.txt", text: `version ${++version}` }], skipped: [] }))
        }
      })
    }
  )
})
