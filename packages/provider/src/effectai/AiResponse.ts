import type { ModelError } from "@parley/domain/ModelError"
import type { Finish, ProviderChunk, StopReason } from "@parley/domain/ProviderChunk"
import type { Usage } from "@parley/domain/Usage"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type * as Response from "effect/ai/Response"
import { broken } from "./AiFailure.ts"
import { Reasoning, type Tools } from "./AiPrompt.ts"

const encodeJson = Schema.encodeUnknownResult(Schema.fromJsonString(Schema.Unknown))
const encodeReasoning = Schema.encodeSync(Schema.fromJsonString(Reasoning))

/** A part of a streamed response whose tool calls are not decoded. */
export type Part = Response.StreamPart<Tools, "deferred">

const stops: { readonly [reason in Response.FinishReason]: StopReason } = {
  stop: "end",
  length: "length",
  "content-filter": "refusal",
  "tool-calls": "tool-calls",
  pause: "pause",
  error: "other",
  other: "other",
  unknown: "other"
}

const count = (value: number | undefined): number => Math.max(0, value ?? 0)

/** The engine counts cached input separately; a total without these parts counts as uncached. */
const usageOf = ({ inputTokens, outputTokens }: Response.Usage): Usage => {
  const [cacheReadTokens, cacheWriteTokens] = [count(inputTokens.cacheRead), count(inputTokens.cacheWrite)]
  const uncached = inputTokens.uncached ?? count(inputTokens.total) - cacheReadTokens - cacheWriteTokens
  return { inputTokens: count(uncached), outputTokens: count(outputTokens.total), cacheReadTokens, cacheWriteTokens }
}

/** Translates the parts of one response to chunks. Blocks are numbered in the order in which they begin. */
export class PartReader {
  private readonly indices = new Map<string, number>()
  private readonly reasoning = new Map<number, { text: string; options: { [key: string]: Schema.Json } }>()
  private blocks = 0
  /** The calls that have begun and are not complete, by id. Some models give several calls the same id. */
  private readonly begun = new Map<string, { readonly index: number; streamed: boolean }>()
  private hasCalls = false
  private responseId: string | undefined

  private readonly provider: string

  constructor(provider: string) {
    this.provider = provider
  }

  private index(kind: string, id: string): number {
    const key = `${kind} ${id}`
    const known = this.indices.get(key)
    if (known !== undefined) return known
    this.indices.set(key, this.blocks)
    return this.blocks++
  }

  private think(part: { readonly id: string; readonly metadata: object }, text = ""): number {
    const index = this.index("reasoning", part.id)
    const block = this.reasoning.get(index) ?? { text: "", options: {} }
    block.text += text
    Object.assign(block.options, part.metadata)
    this.reasoning.set(index, block)
    return index
  }

  private call(
    part: Extract<Part, { readonly type: "tool-call" }>
  ): Result.Result<ReadonlyArray<ProviderChunk>, ModelError> {
    if (part.providerExecuted) return Result.succeed([])
    const begun = this.begun.get(part.id)
    this.begun.delete(part.id)
    this.hasCalls = true
    if (begun?.streamed === true) return Result.succeed([])
    const index = begun?.index ?? this.blocks++
    const start: ProviderChunk = { _tag: "ToolCallStart", index, providerId: part.id, name: part.name }
    return Result.match(encodeJson(part.params ?? {}), {
      onSuccess: (json) =>
        Result.succeed([...(begun === undefined ? [start] : []), { _tag: "ToolInputDelta", index, json }]),
      onFailure: () => Result.fail(broken(`the input of the call of ${part.name} is not JSON`))
    })
  }

  private finish(part: Extract<Part, { readonly type: "finish" }>): Finish {
    // Some models report an ordinary stop although they called tools.
    const isCall = this.hasCalls && (part.reason === "stop" || part.reason === "unknown")
    return {
      _tag: "Finish",
      stop: isCall ? "tool-calls" : stops[part.reason],
      usage: usageOf(part.usage),
      detail: part.reason,
      ...(this.responseId === undefined ? {} : { responseId: this.responseId })
    }
  }

  /** The chunks of one part: none for parts that the engine does not use. */
  private read(part: Part): Result.Result<ReadonlyArray<ProviderChunk>, ModelError> {
    switch (part.type) {
      case "text-start":
        this.index("text", part.id)
        return Result.succeed([])
      case "text-delta":
        return Result.succeed([{ _tag: "TextDelta", index: this.index("text", part.id), text: part.delta }])
      case "reasoning-start":
        this.think(part)
        return Result.succeed([])
      case "reasoning-delta":
        return Result.succeed([{ _tag: "ThinkingDelta", index: this.think(part, part.delta), text: part.delta }])
      case "reasoning-end": {
        const index = this.think(part)
        const raw = encodeReasoning(this.reasoning.get(index) ?? { text: "", options: {} })
        return Result.succeed([{ _tag: "ThinkingEnd", index, provider: this.provider, raw }])
      }
      case "tool-params-start": {
        if (part.providerExecuted) return Result.succeed([])
        this.hasCalls = true
        const index = this.blocks++
        this.begun.set(part.id, { index, streamed: false })
        return Result.succeed([{ _tag: "ToolCallStart", index, providerId: part.id, name: part.name }])
      }
      case "tool-params-delta": {
        const begun = this.begun.get(part.id)
        if (begun === undefined) return Result.succeed([])
        begun.streamed = true
        return Result.succeed([{ _tag: "ToolInputDelta", index: begun.index, json: part.delta }])
      }
      case "tool-call":
        return this.call(part)
      case "response-metadata":
        this.responseId = part.id
        return Result.succeed([])
      case "error":
        return Result.fail(broken(part.error instanceof Error ? part.error.message : String(part.error)))
      case "finish":
        return Result.succeed([this.finish(part)])
      default:
        return Result.succeed([])
    }
  }

  /** The chunks of several parts. Those before a part that fails are emitted before the failure. */
  readAll(parts: ReadonlyArray<Part>): Stream.Stream<ProviderChunk, ModelError> {
    const chunks: Array<ProviderChunk> = []
    for (const part of parts) {
      const read = this.read(part)
      if (Result.isFailure(read)) return Stream.concat(Stream.fromArray(chunks), Stream.fail(read.failure))
      chunks.push(...read.success)
    }
    return Stream.fromArray(chunks)
  }
}
