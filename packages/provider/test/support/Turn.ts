import type { Block } from "@parley/domain/Content"
import { TurnId } from "@parley/domain/Ids"
import type { Message } from "@parley/domain/Message"
import type { ModelError } from "@parley/domain/ModelError"
import type { ModelRequest } from "@parley/domain/ModelsManager"
import type { ProviderChunk } from "@parley/domain/ProviderChunk"
import type { ToolDefinition } from "@parley/domain/Tool"
import { TurnContent } from "@parley/domain/TurnContent"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as Anthropic from "../../src/anthropic/Anthropic.ts"
import type { ModelProvider } from "../../src/contract/ModelProvider.ts"

export const secret = "sk-ant-test-0123456789abcdef"

export const provider = (baseUrl: string, options: Partial<Anthropic.AnthropicOptions> = {}): ModelProvider =>
  Anthropic.make({ apiKey: Redacted.make(secret), baseUrl, ...options })

export const user = (...texts: ReadonlyArray<string>): Message => ({
  role: "user",
  content: texts.map((text) => ({ _tag: "Text", text }))
})

export const request = (
  messages: ReadonlyArray<Message> = [user("hi")],
  more: { readonly system?: string; readonly tools?: ReadonlyArray<ToolDefinition> } = {}
): ModelRequest => ({ model: { provider: "anthropic", model: "m" }, system: "", tools: [], messages, ...more })

export interface Turn {
  readonly arrays: ReadonlyArray<ReadonlyArray<ProviderChunk>>
  readonly blocks: ReadonlyArray<Block>
  readonly finish: TurnContent["finish"]
  readonly malformed: string | undefined
  /** Undefined if the stream succeeded. */
  readonly error: ModelError | undefined
}

/** Runs a request until it succeeds or fails, and folds its chunks. Defects are not caught. */
export const run = (from: ModelProvider, what: ModelRequest = request()): Effect.Effect<Turn> =>
  Effect.gen(function* () {
    const arrays: Array<ReadonlyArray<ProviderChunk>> = []
    const result = yield* from.stream(what).pipe(
      Stream.runForEachArray((chunks) => Effect.sync(() => arrays.push(chunks))),
      Effect.result
    )
    const error = Result.isFailure(result) ? result.failure : undefined
    const content = new TurnContent(TurnId.make("r1t1"))
    for (const chunks of arrays) content.add(chunks)
    return { arrays, blocks: content.blocks(), finish: content.finish, malformed: content.malformed, error }
  })

/** The text of all text blocks. */
export const textOf = (turn: Turn): string =>
  turn.blocks.flatMap((block) => (block._tag === "Text" ? [block.text] : [])).join("")
