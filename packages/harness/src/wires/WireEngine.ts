import type { Block } from "@parley/domain/Content"
import { McpManager } from "@parley/domain/McpManager"
import type { ModelRef } from "@parley/domain/ModelRef"
import { PromptManager } from "@parley/domain/PromptManager"
import type { LogEntry, SessionEvent } from "@parley/domain/SessionEvent"
import { SessionManager } from "@parley/domain/SessionManager"
import type { ModelProvider } from "@parley/provider/ModelProvider"
import * as Registry from "@parley/provider/Registry"
import { Limits, type RoundLimits } from "@parley/session/Limits"
import { SessionCoordinator } from "@parley/session/SessionCoordinator"
import { Context, Effect, Layer } from "effect"
import { quick } from "../sessions/home.ts"

/** The model that a provider prefers. */
export const modelOf = ({ id, preferred = "fake" }: ModelProvider): ModelRef => ({ provider: id, model: preferred })

/** The real engine with these providers, sessions in memory, and a tool `echo` that returns its input. */
export const wireEngine = (
  providers: ReadonlyArray<ModelProvider>,
  limits: Partial<RoundLimits> = {},
  models: Registry.RegistryOptions["models"] = {}
) =>
  SessionCoordinator.layer.pipe(
    Layer.provideMerge([
      SessionManager.layerMemory,
      Registry.layer({ providers, models }),
      McpManager.layerMemory({ echo: (input) => JSON.stringify(input), "9lives": () => "nine" })
    ]),
    Layer.provide(PromptManager.layerMemory({ instructions: "You are tested." })),
    Layer.fresh,
    Layer.build,
    Effect.map((built) => ({
      coordinator: Context.get(built, SessionCoordinator),
      sessions: Context.get(built, SessionManager)
    })),
    Effect.provideService(Limits, { ...quick, retries: 0, ...limits })
  )

/** What a person and every provider know of a block; empty for what only one provider knows. */
const blockLine = (block: Block): string => {
  switch (block._tag) {
    case "Text":
      return block.text
    case "Thinking":
      return block.text === "" ? "" : `(${block.text})`
    case "ToolCall":
      return `[${block.callId} ${block.providerId} ${block.name} ${block.input}]`
    case "ToolResult":
      return `[${block.callId} ${block.isError ? "failed" : "ok"} ${block.content.map(blockLine).join()}]`
    case "Opaque":
      return ""
    default:
      return `[${block._tag}]`
  }
}

/** A response on one line. Where a provider divides a text into blocks is up to the provider. */
export const contentLine = (content: ReadonlyArray<Block>): string => content.map(blockLine).join("")

const eventLine = (event: SessionEvent): string => {
  switch (event._tag) {
    case "TurnCompleted":
      return `completed ${event.stop}: ${contentLine(event.content)} ${Object.values(event.usage).join("/")}`
    case "TurnFailed":
      return `failed ${event.failure.reason ?? event.failure.error}: ${contentLine(event.content)}`
    case "ToolSettled":
      return `settled ${event.callId} ${event.outcome._tag}: ${"content" in event.outcome ? contentLine(event.outcome.content) : ""}`
    case "RoundFailed":
      return `round failed: ${event.failure.reason ?? event.failure.error}`
    case "RoundCompleted":
      return `round completed: ${event.stop}`
    case "RetryScheduled":
      return `retry ${event.attempt}: ${event.failure.reason ?? event.failure.error}`
    default:
      return event._tag
  }
}

/** A log without what only one provider knows, one line for each event. */
export const logLines = (log: ReadonlyArray<LogEntry>): ReadonlyArray<string> =>
  log.flatMap(({ event }) => (event._tag === "TurnDelta" ? [] : [eventLine(event)]))
