import { InvalidRequest } from "@parley/domain/ModelError"
import type { StopReason } from "@parley/domain/ProviderChunk"
import { latest, total, type Usage } from "@parley/domain/Usage"
import { hasProperty, isObject } from "effect/Predicate"
import { ResponseReader } from "../stream/ResponseReader.ts"
import { maxAnswer } from "../text/Bounds.ts"
import { count, parseObject, string } from "../text/JsonObject.ts"
import { elements, member } from "../text/RawJson.ts"
import { excerpt } from "../text/Text.ts"
import { reported } from "./GeminiError.ts"
import { GeminiParts } from "./GeminiParts.ts"
import type { GeminiCandidate, GeminiEvent, GeminiPart, GeminiUsage } from "./GeminiWire.ts"

const stops: ReadonlyMap<string, StopReason> = new Map<string, StopReason>([
  ["STOP", "end"],
  // Not a reason of the API itself; servers that follow it send it.
  ["FUNCTION_CALL", "tool-calls"],
  ["MAX_TOKENS", "length"],
  ["SAFETY", "refusal"],
  ["RECITATION", "refusal"],
  ["LANGUAGE", "refusal"],
  ["BLOCKLIST", "refusal"],
  ["PROHIBITED_CONTENT", "refusal"],
  ["SPII", "refusal"],
  ["IMAGE_SAFETY", "refusal"],
  ["IMAGE_PROHIBITED_CONTENT", "refusal"],
  ["IMAGE_RECITATION", "refusal"]
])

/** The model's output could not be read. The same request normally succeeds when it is sent again. */
const broken: ReadonlySet<string> = new Set(["MALFORMED_FUNCTION_CALL", "MALFORMED_RESPONSE", "UNEXPECTED_TOOL_CALL"])

const usageOf = (usage: GeminiUsage): Usage => {
  const cacheReadTokens = count(usage.cachedContentTokenCount)
  return {
    // The API counts cached tokens as part of the prompt, and thoughts apart from the response.
    inputTokens: Math.max(0, count(usage.promptTokenCount) - cacheReadTokens) + count(usage.toolUsePromptTokenCount),
    outputTokens: count(usage.candidatesTokenCount) + count(usage.thoughtsTokenCount),
    cacheReadTokens,
    cacheWriteTokens: 0
  }
}

const isCandidate = (value: unknown): value is GeminiCandidate => isObject(value)
const isPart = (value: unknown): value is GeminiPart => isObject(value)

/** The categories because of which a response was blocked. */
const blocked = (ratings: unknown): ReadonlyArray<string> =>
  Array.isArray(ratings)
    ? ratings.flatMap((rating: unknown) =>
        hasProperty(rating, "blocked") && rating.blocked === true && hasProperty(rating, "category")
          ? [string(rating.category)]
          : []
      )
    : []

/**
 * Decodes one response of `streamGenerateContent`. The stream has no last event: it is complete if a finish reason has
 * arrived, or the reason why the prompt was blocked, and otherwise it has failed.
 */
export class GeminiResponse extends ResponseReader {
  private responseId = ""
  private reason = ""
  private detail = ""
  private readonly parts: GeminiParts

  // A server that ignores `alt=sse` sends a list of the same events.
  protected override readonly headLength: number = maxAnswer

  /** `nameOf` returns the tool for a name that the model calls. */
  constructor(
    options: { readonly secret: string; readonly requestId?: string },
    nameOf: (name: string) => string = (name) => name
  ) {
    super(options)
    this.parts = new GeminiParts(nameOf)
  }

  override get mayEnd(): boolean {
    return this.reason !== ""
  }

  protected override handles(data: string): boolean {
    return data.trim() === "[DONE]"
  }

  protected override whole(body: GeminiEvent): void {
    if (body.error !== undefined) this.failure = reported(body, this.secret, this.quoted(""))
  }

  protected override unstreamed(text: string): void {
    let isList = false
    for (const one of elements(text)) {
      const event = parseObject(one)
      if (event === undefined) return
      this.event(event, one)
      if (this.failure !== undefined) return
      isList = true
    }
    if (isList) this.atEnd()
  }

  protected override atEnd(): void {
    if (this.reason === "") super.atEnd()
    else this.finish()
  }

  protected event(event: GeminiEvent, data: string): void {
    if (event.error !== undefined && event.error !== null) {
      this.failure = reported(event.error, this.secret, this.quoted(""))
      return
    }
    if (this.responseId === "") this.responseId = string(event.responseId)
    const candidate = Array.isArray(event.candidates) ? event.candidates.find(isCandidate) : undefined
    if (candidate !== undefined) this.candidate(candidate, data)
    if (isObject(event.usageMetadata)) this.count(usageOf(event.usageMetadata))
    const block = string(event.promptFeedback?.blockReason)
    if (block !== "" && candidate === undefined) {
      this.reason = "SAFETY"
      const words = string(event.promptFeedback?.blockReasonMessage)
      this.detail = `the prompt was blocked: ${block}${words === "" ? "" : `: ${words}`}`
    }
  }

  private candidate({ content, finishMessage, finishReason, safetyRatings }: GeminiCandidate, data: string): void {
    const role = string(content?.role)
    if (role !== "" && role !== "model") return this.fail(`the content has role ${this.name(role)}`)
    const parts: ReadonlyArray<unknown> = Array.isArray(content?.parts) ? content.parts : []
    for (const [i, part] of parts.entries()) {
      if (!isPart(part)) continue
      const { problem, size } = this.parts.add(part, () => this.raw(data, i), this.out)
      if (problem !== undefined) return this.fail(problem)
      this.grow(size)
    }
    // Older models send a reason with each event; the last one counts.
    const reason = string(finishReason)
    if (reason === "") return
    this.reason = reason
    const words = [...blocked(safetyRatings), string(finishMessage)].filter((word) => word !== "")
    this.detail = reason === "STOP" || reason === "FUNCTION_CALL" ? "" : [reason, ...words].join(": ")
  }

  /** The text of a part, as the server wrote it. */
  private raw(data: string, index: number): string {
    const candidates = elements(member(data, "candidates") ?? "")
    const content = candidates.map((one) => member(one, "content")).find((one) => one !== undefined)
    return elements(member(content ?? "", "parts") ?? "")[index] ?? ""
  }

  private count(usage: Usage): void {
    const before = total(this.usage)
    this.usage = latest(this.usage, usage)
    // Every event repeats the usage. Usage that has not changed is no progress of the response.
    if (total(this.usage) > before) this.out.push({ _tag: "UsageSoFar", usage: this.usage })
  }

  private finish(): void {
    this.parts.end(this.out)
    const detail = excerpt(this.detail, 300, this.secret)
    if (broken.has(this.reason)) return this.fail(`the model's output could not be read (${detail})`)
    if (this.reason === "MISSING_THOUGHT_SIGNATURE") {
      this.failure = new InvalidRequest({ detail, thinking: true })
      return
    }
    const known = stops.get(this.reason) ?? "other"
    this.done = true
    this.out.push({
      _tag: "Finish",
      stop: known === "end" && this.parts.calls > 0 ? "tool-calls" : known,
      usage: this.usage,
      ...(detail === "" ? {} : { detail }),
      ...(this.responseId === "" ? {} : { responseId: this.responseId })
    })
  }
}
