import type { McpManager } from "@parley/domain/McpManager"
import type { ModelError } from "@parley/domain/ModelError"
import { type ModelInfo, type ModelRequest, ModelsManager } from "@parley/domain/ModelsManager"
import { PromptManager } from "@parley/domain/PromptManager"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Summary from "@parley/prompt/Summary"
import { Chunks, ScriptedModel, ScriptedTools } from "@parley/testing"
import { Effect, Layer, Stream } from "effect"
import { CompactionSettings } from "../../src/limits/CompactionSettings.ts"
import { SessionCoordinator } from "../../src/round/SessionCoordinator.ts"
import { witness } from "../World.ts"

const { call, finish, text } = Chunks

/** Whether somebody is asked to sum up. */
export const isSummary = ({ system }: ModelRequest): boolean => system === Summary.system

export const says = (words: string): ScriptedModel.Turn => ScriptedModel.turn(text(0, words), [finish()])

/** Sums up in a few words, which tell nothing; calls `long` as often as the latest message says `call`; else says ok. */
export const answer = (request: ModelRequest): ScriptedModel.Turn => {
  if (isSummary(request)) return says("SUMMARY")
  const content = request.messages.at(-1)?.content ?? []
  const last = content.at(-1)
  const wanted = last?._tag === "Text" ? last.text.split("call").length - 1 : 0
  const calls = Array.from({ length: wanted }, (_, n) => call(n, "long", { n }))
  return wanted === 0 ? says("ok") : ScriptedModel.turn(...calls, [finish("tool-calls")])
}

/** A text of some 900 tokens. */
export const long = "lorem ipsum ".repeat(300)

export interface Talk {
  /** Tokens; `unknown` where the model does not say. */
  readonly window?: number | "unknown"
  /** Tokens that a model takes when it is asked for by its name; the others take `window`. */
  readonly windows?: { readonly [model: string]: number }
  readonly answer?: (request: ModelRequest, n: number) => Stream.Stream<Chunk, ModelError>
  /** Without them those count that hold when nothing is said. */
  readonly settings?: CompactionSettings
  readonly count?: ModelsManager["Service"]["count"]
  readonly instructions?: string
  readonly optional?: Layer.Layer<never>
  readonly tools?: Layer.Layer<McpManager>
}
type Chunk = Stream.Success<ScriptedModel.Turn>

/** A coordinator over a model that answers what it is asked, and keeps the requests in the order they came. */
export const talk = (requests: Array<ModelRequest>, options: Talk = {}) => {
  const info: ModelInfo = {
    ref: ScriptedModel.ref,
    description: "Talks",
    maxOutput: 1000,
    ...(options.window === "unknown" ? {} : { contextWindow: options.window ?? 8000 })
  }
  const models = Layer.succeed(ModelsManager, {
    models: Effect.succeed([info]),
    preferred: Effect.succeed(info.ref),
    describe: (ref) => {
      const contextWindow = options.windows?.[ref.model]
      return Effect.succeed({ ...info, ref, ...(contextWindow === undefined ? {} : { contextWindow }) })
    },
    stream: (request) =>
      Stream.suspend(() => {
        requests.push(request)
        const inputTokens = Math.ceil(JSON.stringify(request).length / 4)
        return Stream.map((options.answer ?? answer)(request, requests.length), (chunk) =>
          chunk._tag === "Finish" ? { ...chunk, usage: { ...chunk.usage, inputTokens } } : chunk
        )
      }),
    ...(options.count === undefined ? {} : { count: options.count })
  })
  const tools: Layer.Layer<McpManager> =
    options.tools ??
    ScriptedTools.layer({
      long: ScriptedTools.says(`result ${long}`),
      echo: ScriptedTools.echo
    })
  return SessionCoordinator.layer.pipe(
    Layer.provideMerge(witness),
    Layer.provideMerge([
      models,
      tools,
      SessionManager.layerMemory,
      PromptManager.layerMemory({ instructions: options.instructions ?? "Be brief." })
    ]),
    Layer.provide(
      Layer.mergeAll(
        options.optional ?? Layer.empty,
        options.settings === undefined ? Layer.empty : Layer.succeed(CompactionSettings, options.settings)
      )
    )
  )
}
