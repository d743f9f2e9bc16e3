import type { UserBlock } from "@parley/domain/Content"
import type { Usage } from "@parley/domain/Usage"
import type { Foreign, ForeignBlock, ForeignResult, ForeignStep, ImportNotice } from "./Foreign.ts"
import {
  at,
  Counted,
  countOf,
  field,
  fromDataUrl,
  type Json,
  jsonOf,
  linesOf,
  listOf,
  stringOf,
  textBlock,
  timeOf
} from "./JsonRecords.ts"

/** What Codex itself puts into messages of the user. Parley has a context of its own. */
const ownContext =
  /^\s*(?:<(?:environment_context|user_instructions|permissions instructions|turn_aborted|skill|collaboration_mode)\b|# AGENTS\.md instructions)/

const items = new Set([
  "message",
  "reasoning",
  "function_call",
  "function_call_output",
  "custom_tool_call",
  "custom_tool_call_output",
  "local_shell_call",
  "web_search_call",
  "ghost_snapshot",
  "compaction"
])

/**
 * Whether a record is one of a session file of Codex. Early versions wrote items without an envelope, after a record with
 * the session's id and its instructions.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isRecord = (value: Json): boolean =>
  (typeof field(value, "type") === "string" && typeof field(value, "payload") === "object") ||
  (typeof field(value, "id") === "string" &&
    field(value, "timestamp") !== undefined &&
    "instructions" in Object(value)) ||
  field(value, "record_type") === "state"

const usageOf = (usage: Json): Usage => {
  const cached = countOf(field(usage, "cached_input_tokens"))
  return {
    inputTokens: Math.max(0, countOf(field(usage, "input_tokens")) - cached),
    outputTokens: countOf(field(usage, "output_tokens")),
    cacheReadTokens: cached,
    cacheWriteTokens: 0
  }
}

class Reader {
  readonly steps: Array<ForeignStep> = []
  readonly results = new Map<string, ForeignResult>()
  readonly notices: Array<ImportNotice>
  private readonly left = new Counted()
  private model = "unknown"
  private provider = "openai"
  /** Whether the next item of the model belongs to the answer before it. */
  private isOpen = false
  private line = 0

  constructor(notices: Array<ImportNotice>) {
    this.notices = notices
  }

  private note(problem: string): void {
    this.notices.push({ line: this.line, problem })
  }

  private answer(when: number, blocks: ReadonlyArray<ForeignBlock>): void {
    const last = this.steps.at(-1)
    if (this.isOpen && last?._tag === "Turn") {
      this.steps[this.steps.length - 1] = { ...last, content: [...last.content, ...blocks] }
      return
    }
    this.isOpen = true
    this.steps.push({ _tag: "Turn", at: when, model: { provider: this.provider, model: this.model }, content: blocks })
  }

  private contentOf(content: Json): ReadonlyArray<UserBlock> {
    return listOf(content).flatMap((part) => {
      const type = stringOf(field(part, "type")) ?? "unknown"
      if (type === "input_text" || type === "output_text" || type === "text") return textBlock(field(part, "text"))
      const image = type === "input_image" ? fromDataUrl(field(part, "image_url")) : undefined
      if (image !== undefined) return [image]
      this.note(`content of the kind ${type} is left out`)
      return []
    })
  }

  private message(when: number, item: Json): void {
    const role = stringOf(field(item, "role"))
    const content = this.contentOf(field(item, "content"))
    if (role === "assistant")
      return this.answer(
        when,
        content.flatMap((block) => (block._tag === "Text" ? [block] : []))
      )
    const own = content.filter((block) => block._tag === "Text" && ownContext.test(block.text))
    if (role !== "user" || own.length > 0) {
      this.left.add(role === "user" ? "context of Codex" : `messages with the role ${role ?? "unknown"}`)
      if (role !== "user" || own.length === content.length) return
    }
    this.isOpen = false
    this.steps.push({ _tag: "Message", at: when, content: content.filter((block) => !own.includes(block)) })
  }

  /** The result of a call: a text, parts, or in early versions an object or JSON with the output of a command. */
  private result(when: number, item: Json): void {
    const id = stringOf(field(item, "call_id")) ?? ""
    const output = field(item, "output")
    const inner = stringOf(field(output, "content"))
    const words = stringOf(output) ?? inner
    const content = Array.isArray(output)
      ? this.contentOf(output)
      : textBlock(words ?? (output === undefined ? "" : jsonOf(output)))
    if (this.results.has(id)) this.note(`a second result of call ${id} is left out`)
    else this.results.set(id, { at: when, isError: field(output, "success") === false, content })
    this.isOpen = false
  }

  private call(when: number, item: Json, name: string, input: string): void {
    const id = stringOf(field(item, "call_id")) ?? stringOf(field(item, "id")) ?? `line ${this.line}`
    this.answer(when, [{ _tag: "Call", id, name, input }])
  }

  private item(when: number, item: Json): void {
    const type = stringOf(field(item, "type")) ?? "unknown"
    const name = stringOf(field(item, "name")) ?? "tool"
    switch (type) {
      case "message":
        return this.message(when, item)
      case "reasoning": {
        const parts = [...listOf(field(item, "summary")), ...listOf(field(item, "content"))]
        const words = parts.map((part) => stringOf(field(part, "text")) ?? "").join("\n\n")
        if (words !== "") return this.answer(when, [{ _tag: "Thinking", text: words }])
        return this.left.add("encrypted reasoning")
      }
      case "function_call":
        return this.call(when, item, name, stringOf(field(item, "arguments")) ?? "{}")
      case "custom_tool_call":
        return this.call(when, item, name, JSON.stringify({ input: stringOf(field(item, "input")) ?? "" }))
      case "local_shell_call":
        return this.call(when, item, "local_shell", jsonOf(field(item, "action")))
      case "function_call_output":
      case "custom_tool_call_output":
      case "local_shell_call_output":
        return this.result(when, item)
      case "web_search_call":
      case "ghost_snapshot":
      case "compaction":
        return this.left.add(type)
      default:
        return this.note(`an item of the unknown kind ${type} is left out`)
    }
  }

  /** Removes the last messages with everything that follows them, as the user did. */
  private rollBack(count: number): void {
    const starts = this.steps.flatMap(({ _tag }, i) => (_tag === "Message" ? [i] : []))
    const from = starts.at(-count) ?? 0
    this.note(
      `the user took back ${count === 1 ? "a message here, which is" : `${count} messages here, which are`} left out`
    )
    this.steps.length = count === 0 ? this.steps.length : from
    this.isOpen = false
  }

  private event(payload: Json): void {
    const type = stringOf(field(payload, "type"))
    if (type === "thread_rolled_back") return this.rollBack(countOf(field(payload, "num_turns")))
    const last = this.steps.at(-1)
    const usage = at(payload, "info", "last_token_usage")
    // All other events repeat for the screen what items contain.
    if (type === "token_count" && usage !== undefined && last?._tag === "Turn")
      this.steps[this.steps.length - 1] = { ...last, usage: usageOf(usage) }
  }

  record(line: number, value: Json): void {
    this.line = line
    const payload = field(value, "payload")
    const when = timeOf(field(value, "timestamp"))
    const type = stringOf(field(value, "type"))
    switch (type) {
      case "session_meta":
        this.provider = stringOf(field(payload, "model_provider")) ?? this.provider
        return
      case "turn_context":
        this.model = stringOf(field(payload, "model")) ?? this.model
        return
      case "response_item":
        return this.item(when, payload)
      case "event_msg":
        return this.event(payload)
      case "compacted":
        return this.note(
          "the conversation was compacted here; what stands before it is imported instead of the summary"
        )
    }
    if (type !== undefined && items.has(type)) return this.item(when, value)
    // The first record of an early version, and its records of state.
    if (type === undefined && isRecord(value)) return
    this.note(`a record of the unknown kind ${type ?? "without a type"} is left out`)
  }

  done(): ReadonlyArray<ImportNotice> {
    return [...this.notices, ...this.left.notice("what only Codex can use is left out")]
  }
}

/**
 * Reads a session file of Codex: `~/.codex/sessions/…/rollout-….jsonl`.
 *
 * @since 0.1.0
 * @category conversions
 */
export const read = (content: string): Foreign => {
  const { lines, notices } = linesOf(content)
  const reader = new Reader(notices)
  for (const { line, value } of lines) reader.record(line, value)
  return { program: "codex", steps: reader.steps, results: reader.results, notices: reader.done() }
}
