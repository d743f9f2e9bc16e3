import { TurnId } from "@parley/domain/Ids"
import type { Message } from "@parley/domain/Message"
import type { ModelErrorReason } from "@parley/domain/ModelError"
import type { ModelRequest } from "@parley/domain/ModelsManager"
import { TurnContent } from "@parley/domain/TurnContent"
import type { ToolDefinition } from "@parley/domain/Tool"
import type { ModelProvider } from "@parley/provider/ModelProvider"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { contentLine, modelOf } from "./WireEngine.ts"

export const tools: ReadonlyArray<ToolDefinition> = ["echo", "9lives"].map((name) => ({
  name,
  server: "memory",
  tool: name,
  description: name,
  inputSchema: { type: "object", properties: { a: { type: "number" } } }
}))

export const hello: ReadonlyArray<Message> = [{ role: "user", content: [{ _tag: "Text", text: "hello" }] }]

/** A request to the model that the provider prefers. */
export const requestTo = (provider: ModelProvider, messages: ReadonlyArray<Message> = hello): ModelRequest => ({
  model: modelOf(provider),
  system: "You are tested.",
  tools,
  messages
})

export interface Outcome {
  readonly turn: TurnContent
  /** The blocks, on one line. */
  readonly line: string
  /** The reason to stop, or that of the failure. */
  readonly end: string
  readonly reason: ModelErrorReason | undefined
}

/** Sends one request. A defect is not caught. */
export const outcome = (
  provider: ModelProvider,
  messages: ReadonlyArray<Message> = hello,
  id = "r1t1"
): Effect.Effect<Outcome> =>
  Effect.gen(function* () {
    const turn = new TurnContent(TurnId.make(id))
    const result = yield* provider.stream(requestTo(provider, messages)).pipe(
      Stream.runForEachArray((chunks) => Effect.sync(() => turn.add(chunks))),
      Effect.result
    )
    const reason = Result.isFailure(result) ? result.failure.reason : undefined
    const end = reason?._tag ?? turn.finish?.stop ?? "no end"
    return { turn, line: contentLine(turn.blocks()), end: turn.malformed === undefined ? end : turn.malformed, reason }
  })
