import type { Attachment } from "@parley/domain/FilesManager"
import { FilesManager } from "@parley/domain/FilesManager"
import * as DynamicContextManager from "@parley/domain/DynamicContextManager"
import { ToolPolicy } from "@parley/domain/ToolPolicy"
import { Chunks, ScriptedModel, ScriptedTools } from "@parley/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { defaults, Limits } from "../src/limits/Limits.ts"
import { slot } from "./support/slots.ts"
import { send, session, watched, world } from "./World.ts"

const { call, finish, text } = Chunks
const { turn } = ScriptedModel
const answer = turn(text(0, "Done."), [finish()])
const asks = (...names: ReadonlyArray<string>) => turn(...names.map((name, i) => call(i, name)), [finish("tool-calls")])

/** What the rule was told, once for each turn in which it was told the same: `fetch clean`. */
const told = (turns: ReadonlyArray<ScriptedModel.Turn>, optional: Layer.Layer<never> = Layer.empty) => {
  const seen = new Set<string>()
  const policy = Layer.succeed(ToolPolicy, {
    rule: ({ name }, { tainted }) => {
      seen.add(`${name} ${tainted ? "tainted" : "clean"}`)
      return name === "forbidden" ? "deny" : "allow"
    },
    ask: () => Effect.succeed({ allowed: true })
  })
  const tools = {
    fetch: ScriptedTools.says("words"),
    fails: ScriptedTools.fails("words"),
    lost: ScriptedTools.lost,
    send: ScriptedTools.echo,
    post: ScriptedTools.echo,
    forbidden: ScriptedTools.echo
  }
  return <E, R>(run: (seen: ReadonlySet<string>) => Effect.Effect<void, E, R>) =>
    Effect.provide(run(seen), world(turns, tools, Layer.merge(policy, optional)))
}

const one = (
  turns: ReadonlyArray<ScriptedModel.Turn>,
  expected: ReadonlyArray<string>,
  optional?: Layer.Layer<never>
) =>
  told(
    turns,
    optional
  )((seen) =>
    Effect.gen(function* () {
      yield* watched
      yield* send("go")
      assert.deepStrictEqual([...seen], expected)
    })
  )

describe("a request is tainted if it contains something from outside", () => {
  for (const source of ["fetch", "fails", "lost"])
    it.effect(`by the result of an earlier turn: ${source}`, () =>
      one([asks(source), asks("send"), answer], [`${source} clean`, "send tainted"])
    )

  it.effect("not by a call that never ran", () =>
    one([asks("forbidden"), asks("send"), answer], ["forbidden clean", "send clean"])
  )

  it.effect("not by a call of the same turn, even if it ends before the next one is decided", () =>
    Effect.provideService(
      one(
        [asks("fetch", "send", "post"), asks("send"), answer],
        ["fetch clean", "send clean", "post clean", "send tainted"]
      ),
      Limits,
      { ...defaults, toolConcurrency: 1 }
    )
  )

  it.effect("by dynamic context of the same round", () =>
    one([asks("send"), answer], ["send tainted"], DynamicContextManager.layerMemory([slot("fetch")]))
  )

  const mentions = (attachment: Attachment) =>
    Layer.succeed(FilesManager, {
      read: Effect.succeed({ files: [], skipped: [] }),
      attach: () => Effect.succeed([attachment])
    })
  const mentioning = (attachment: Attachment, expected: string) =>
    told(
      [asks("send"), answer],
      mentions(attachment)
    )((seen) =>
      Effect.gen(function* () {
        yield* watched
        yield* send("see @a.md")
        assert.deepStrictEqual([...seen], [expected])
      })
    )
  it.effect("by an attached mention", () =>
    mentioning({ _tag: "File", file: { path: "a.md", text: "words" } }, "send tainted")
  )
  it.effect("not by a mention that is not attached", () =>
    mentioning({ _tag: "NotAttached", path: "a.md", reason: "it is too large" }, "send clean")
  )

  it.effect("requests of later rounds are tainted as long as they contain it", () =>
    told([asks("fetch"), answer, asks("send"), answer])((seen) =>
      Effect.gen(function* () {
        yield* watched
        yield* send("one")
        yield* send("two")
        assert.deepStrictEqual([...seen], ["fetch clean", "send tainted"])
      })
    )
  )
})

it.effect("an input cannot be changed while a person decides about it", () =>
  Effect.gen(function* () {
    yield* watched
    yield* send("go")
    assert.strictEqual((yield* session).turns[0]?.toolCalls[0]?.outcome?._tag, "Denied")
    assert.isEmpty((yield* ScriptedTools.Calls).started)
  }).pipe(
    Effect.provide(
      world(
        [turn(call(0, "send", '{"to":{"name":"me"}}'), [finish("tool-calls")]), answer],
        { send: ScriptedTools.echo },
        Layer.succeed(ToolPolicy, {
          rule: () => "ask",
          ask: ({ input }) =>
            Effect.sync(() => {
              const { to } = input
              if (typeof to === "object" && to !== null) Object.assign(to, { name: "mallory" })
              return { allowed: true }
            })
        })
      )
    )
  )
)
