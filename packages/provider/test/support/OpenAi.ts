import { type Reply, serve } from "@parley/harness/SseServer"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { ModelProvider } from "../../src/contract/ModelProvider.ts"
import * as OpenAi from "../../src/openai/OpenAi.ts"
import * as OpenAiChat from "../../src/openai/OpenAiChat.ts"
import { run, secret, type Turn } from "./Turn.ts"

export const chat = (baseUrl: string, options: Partial<OpenAiChat.OpenAiChatOptions> = {}): ModelProvider =>
  OpenAiChat.make({ id: "local", apiKey: Redacted.make(secret), baseUrl, ...options })

export const responses = (baseUrl: string, options: Partial<OpenAi.OpenAiOptions> = {}): ModelProvider =>
  OpenAi.make({ apiKey: Redacted.make(secret), baseUrl, ...options })

/** One event of a stream. */
export const data = (value: object): string => `data: ${JSON.stringify(value)}\n\n`
export const done = "data: [DONE]\n\n"

/** One chunk of a Chat Completions stream. */
export const chunk = (delta: object, finish_reason: string | null = null): string =>
  data({
    id: "c1",
    object: "chat.completion.chunk",
    model: "m",
    created: 1,
    choices: [{ index: 0, delta, finish_reason }]
  })

export const words = (content: string): string => chunk({ content })
export const calls = (...tool_calls: ReadonlyArray<object>): string => chunk({ tool_calls })
export const ends = (reason: string): string => chunk({}, reason)

/** The chunk with the usage, which has no choices. */
export const usage = (prompt_tokens: number, completion_tokens: number, rest: object = {}): string =>
  data({ id: "c1", choices: [], usage: { prompt_tokens, completion_tokens, ...rest } })

/** Sends one request through the real SDK and a real socket to a server that responds with these bytes. */
export const answered = (
  provider: (url: string) => ModelProvider,
  body: ReadonlyArray<string | Uint8Array>,
  reply: Reply = {}
): Effect.Effect<Turn> =>
  Effect.scoped(
    Effect.gen(function* () {
      const server = yield* serve({ body, ...reply })
      return yield* run(provider(server.url))
    })
  )

/** What a turn contains, in short: texts, thinking in brackets, calls as `id name input`. */
export const summary = ({ blocks, error, finish, malformed }: Turn) => ({
  blocks: blocks.map((block) => {
    switch (block._tag) {
      case "Text":
        return block.text
      case "Thinking":
        return `(${block.text})`
      case "ToolCall":
        return `${block.providerId} ${block.name} ${block.input}`
      default:
        return block._tag
    }
  }),
  end: error === undefined ? (finish?.stop ?? "none") : error.reason._tag,
  malformed
})
