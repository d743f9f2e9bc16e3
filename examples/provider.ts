import { textOf } from "@parley/domain/Content"
import { McpManager } from "@parley/domain/McpManager"
import { ModelError, Overloaded } from "@parley/domain/ModelError"
import type { ModelRequest } from "@parley/domain/ModelsManager"
import { PromptManager } from "@parley/domain/PromptManager"
import type { ProviderChunk } from "@parley/domain/ProviderChunk"
import { SessionManager } from "@parley/domain/SessionManager"
import type { ModelProvider } from "@parley/provider/ModelProvider"
import * as Registry from "@parley/provider/Registry"
import { SessionCoordinator } from "@parley/session/SessionCoordinator"
import { argv } from "node:process"
import { Console, Effect, Layer, Schema, Stream } from "effect"

/** How the model of this example can fail. */
export class HouseModelDown extends Schema.TaggedError<HouseModelDown>()("HouseModelDown", {}) {}

/** A model of your own: it takes a text, and streams a text. */
export type HouseModel = (text: string) => Stream.Stream<string, HouseModelDown>

const lastText = ({ messages }: ModelRequest): string => textOf(messages.at(-1)?.content ?? [])
/** A rough count, a quarter of the characters. The coordinator measures and limits what a round uses. */
const tokens = (text: string): number => Math.ceil(text.length / 4)
const finish = (input: string, output: string): ProviderChunk => ({
  _tag: "Finish",
  stop: "end",
  usage: { inputTokens: tokens(input), outputTokens: tokens(output), cacheReadTokens: 0, cacheWriteTokens: 0 }
})

/** The provider: one request is sent once. The coordinator repeats it if the error says that this may help. */
export const provider = (ask: HouseModel): ModelProvider => {
  const describe: ModelProvider["describe"] = (model, limits) => ({
    ref: { provider: "house", model },
    description: "the model of this house",
    contextWindow: limits?.contextWindow ?? 8000
  })
  return {
    id: "house",
    models: [describe("small")],
    preferred: "small",
    describe,
    stream: (request) =>
      Stream.suspend(() => {
        const input = lastText(request)
        let output = ""
        return ask(input).pipe(
          Stream.map((text): ProviderChunk => {
            output += text
            return { _tag: "TextDelta", index: 0, text }
          }),
          Stream.mapError(() => new ModelError({ reason: new Overloaded({ detail: "the model is down" }) })),
          Stream.concat(Stream.suspend(() => Stream.succeed(finish(input, output))))
        )
      })
  }
}

export const engine = (model: HouseModel) =>
  SessionCoordinator.layer.pipe(
    Layer.provideMerge([
      Registry.layer({ providers: [provider(model)] }),
      SessionManager.layerMemory,
      McpManager.layerMemory(),
      PromptManager.layerMemory()
    ])
  )

export const program = Effect.gen(function* () {
  const { id } = yield* SessionManager.use((sessions) => sessions.create({}))
  const coordinator = yield* SessionCoordinator
  return yield* coordinator.handleMessage({ sessionId: id, request: "Good morning" })
})

// `import.meta.main` exists since Node 24.2.
if (import.meta.filename === argv[1]) {
  const shouting: HouseModel = (text) => Stream.make(text.toUpperCase(), "!")
  Effect.runFork(
    program.pipe(
      Effect.flatMap((round) => Console.log(round.turns.at(-1)?.content)),
      Effect.provide(engine(shouting))
    )
  )
}
