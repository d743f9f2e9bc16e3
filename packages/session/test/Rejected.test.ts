import { textOf } from "@parley/domain/Content"
import { FilesManager } from "@parley/domain/FilesManager"
import { ContextOverflow, InvalidRequest, Refused } from "@parley/domain/ModelError"
import { Chunks, ScriptedModel } from "@parley/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { checkInvariants, send, session, watched, world } from "./World.ts"

const { call, finish, text } = Chunks
const { failing, turn } = ScriptedModel
const answer = turn(text(0, "Done."), [finish()])
const asks = turn(call(0, "echo", { secret: 7 }), [finish("tool-calls")])
const detail = "scripted"

const bodies = Effect.map(ScriptedModel.Requests.all, (all) => all.map(({ messages }) => JSON.stringify(messages)))

/** A file that changes whenever it is read. */
const changing = Layer.sync(FilesManager, () => {
  let version = 0
  return {
    read: Effect.sync(() => ({ files: [{ path: "a.txt", text: `version ${++version}` }], skipped: [] }))
  }
})

describe("content that a provider rejected is not sent again", () => {
  for (const reason of [new InvalidRequest({ detail }), new ContextOverflow({ detail }), new Refused({ detail })])
    it.effect(`${reason._tag}: the message is kept for people, and is in no later request`, () =>
      Effect.gen(function* () {
        const seen = yield* watched
        yield* send("one")
        const error = yield* Effect.flip(send("poison"))
        assert.include(
          error.message,
          "later requests leave out what the rejected request added, so change your message"
        )
        assert.strictEqual((yield* send("three")).status, "completed")
        const [, second, third] = yield* bodies
        assert.include(second, "poison")
        assert.notInclude(third, "poison")
        assert.include(third, "one")
        assert.strictEqual(textOf((yield* session).rounds[1]?.request ?? []), "poison")
        yield* checkInvariants(seen)
      }).pipe(Effect.provide(world([answer, failing(reason), answer])))
    )

  it.effect("the same for the first message of a session", () =>
    Effect.gen(function* () {
      yield* watched
      yield* Effect.flip(send("poison"))
      yield* send("again")
      assert.notInclude((yield* bodies)[1], "poison")
    }).pipe(Effect.provide(world([failing(new InvalidRequest({ detail })), answer])))
  )

  it.effect("a tool's result keeps its position and loses its content", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      yield* Effect.flip(send("go"))
      assert.strictEqual((yield* send("and now?")).status, "completed")
      const [, , next] = yield* ScriptedModel.Requests.all
      assert.include((yield* bodies)[1], "secret")
      const [result, words] = next?.messages.at(-1)?.content ?? []
      assert.strictEqual(
        result?._tag === "ToolResult" ? textOf(result.content) : "",
        "The result is left out: the request that held it was rejected."
      )
      assert.deepStrictEqual(words, { _tag: "Text", text: "and now?" })
      yield* checkInvariants(seen)
    }).pipe(Effect.provide(world([asks, failing(new InvalidRequest({ detail })), answer])))
  )

  it.effect("a file that was sent with the rejected message is sent again", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      yield* send("one")
      yield* Effect.flip(send("poison"))
      yield* send("three")
      const [, second, third] = yield* bodies
      assert.include(second, "version 2")
      assert.notInclude(third, "version 2")
      assert.include(third, "version 3")
      yield* checkInvariants(seen)
    }).pipe(Effect.provide(world([answer, failing(new InvalidRequest({ detail })), answer], undefined, changing)))
  )

  it.effect("a file that was sent with the rejected message is sent again even if it has not changed since", () => {
    let version = 1
    const files = Layer.succeed(FilesManager, {
      read: Effect.sync(() => ({ files: [{ path: "a.txt", text: `version ${version}` }], skipped: [] }))
    })
    return Effect.gen(function* () {
      yield* watched
      yield* send("one")
      version = 2
      yield* Effect.flip(send("poison"))
      yield* send("three")
      assert.include((yield* bodies)[2], "version 2")
    }).pipe(Effect.provide(world([answer, failing(new InvalidRequest({ detail })), answer], undefined, files)))
  })
})
