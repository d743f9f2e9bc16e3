import { type Block, ResultContent, UserBlock } from "@parley/domain/Content"
import { CallId } from "@parley/domain/Ids"
import type { Message } from "@parley/domain/Message"
import * as Schema from "effect/Schema"

/** A generated round; see `history`. */
export const Round = Schema.Struct({
  ask: Schema.Array(UserBlock),
  turns: Schema.Array(
    Schema.Struct({
      said: Schema.String,
      thinking: Schema.Struct({
        provider: Schema.Literals(["anthropic", "other"]),
        raw: Schema.Union([Schema.String, Schema.Json])
      }),
      calls: Schema.NonEmptyArray(
        Schema.Struct({
          name: Schema.String,
          input: Schema.Union([
            Schema.String,
            Schema.Literals(["{}", '{"a":[1.0,"\\u00e9"]}', '{"a":', " {} ", "[]", "null"])
          ]),
          isError: Schema.Boolean,
          content: Schema.Array(ResultContent)
        })
      )
    })
  ).check(Schema.isMaxLength(3))
})

const blank = (block: Block): boolean => block._tag === "Text" && block.text.trim() === ""

/** A valid history: rounds of user messages, tool calls with results, and a final text in each round except the last. */
export const history = (rounds: ReadonlyArray<typeof Round.Type>): ReadonlyArray<Message> => {
  const messages: Array<Message> = []
  rounds.forEach(({ ask, turns }, r) => {
    if (r > 0) messages.push({ role: "assistant", content: [{ _tag: "Text", text: `end of ${r}` }] })
    messages.push({ role: "user", content: [...ask.filter((block) => !blank(block)), { _tag: "Text", text: "go on" }] })
    turns.forEach(({ calls, said, thinking }, t) => {
      const id = (c: number) => CallId.make(`r${r + 1}t${t + 1}c${c + 1}`)
      const raw = typeof thinking.raw === "string" ? thinking.raw : JSON.stringify(thinking.raw)
      messages.push({
        role: "assistant",
        content: [
          ...(raw === "" ? [] : [{ _tag: "Thinking" as const, provider: thinking.provider, text: "", raw }]),
          ...(said.trim() === "" ? [] : [{ _tag: "Text" as const, text: said }]),
          ...calls.map(({ input, name }, c) => ({
            _tag: "ToolCall" as const,
            callId: id(c),
            providerId: "",
            name,
            input
          }))
        ]
      })
      messages.push({
        role: "user",
        content: calls.map(({ content, isError }, c) => ({
          _tag: "ToolResult" as const,
          callId: id(c),
          isError,
          content
        }))
      })
    })
  })
  return messages
}

/** Conversations of a few rounds. */
export const Rounds = Schema.NonEmptyArray(Round).check(Schema.isMaxLength(3))
