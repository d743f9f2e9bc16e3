import type { Wire } from "../../packages/harness/src/wires/Step.ts"
import { geminiRules } from "./geminiRules.ts"
import { messagesRules } from "./messagesRules.ts"
import { chatRules, responsesRules } from "./openAiRules.ts"
import { answered, Broken, list, type Rules, text, type Value } from "./shape.ts"

const parts = (message: Value, type: string): ReadonlyArray<string> =>
  list(message, "content").flatMap((part) => (text(part, "type") === type ? [text(part, "id")] : []))

/** The rules of a prompt of `effect/ai`. */
const aiRules: Rules = (body, issued) => {
  const broken = new Broken()
  const messages = list(body, "prompt", "content")
  broken.unless(messages.length > 0, "there is no message")
  for (const message of messages)
    for (const part of list(message, "content"))
      if (text(part, "type") === "reasoning") {
        const signature = text(part, "options", "fake", "signature")
        broken.unless(issued.includes(signature), `reasoning of another model: ${signature}`)
      }
  answered(
    broken,
    messages.map((message) => ({ calls: parts(message, "tool-call"), results: parts(message, "tool-result") }))
  )
  return broken.rules
}

/** What each API accepts, written down from its documentation and not from our code. */
export const rules: { readonly [name in Wire["name"]]: Rules } = {
  Anthropic: messagesRules,
  "OpenAI Responses": responsesRules,
  "OpenAI Chat": chatRules,
  Gemini: geminiRules,
  "effect/ai": aiRules
}
