import type { ResultContent } from "@parley/domain/Content"
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
  listOf,
  stringOf,
  textBlock,
  timeOf
} from "./JsonRecords.ts"

/** Parts without any conversation. */
const silent = new Set(["step-finish", "snapshot", "patch", "agent", "subtask", "retry", "compaction"])

/**
 * Whether a value is what `opencode export` writes.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isExport = (value: Json): boolean =>
  typeof at(value, "info", "id") === "string" && Array.isArray(field(value, "messages"))

const usageOf = (tokens: Json): Usage => ({
  inputTokens: countOf(field(tokens, "input")),
  outputTokens: countOf(field(tokens, "output")) + countOf(field(tokens, "reasoning")),
  cacheReadTokens: countOf(at(tokens, "cache", "read")),
  cacheWriteTokens: countOf(at(tokens, "cache", "write"))
})

class Reader {
  readonly steps: Array<ForeignStep> = []
  readonly results = new Map<string, ForeignResult>()
  readonly notices: Array<ImportNotice> = []
  private readonly left = new Counted()

  private note(message: number, problem: string): void {
    this.notices.push({ problem: `message ${message}: ${problem}` })
  }

  private file(message: number, part: Json): ReadonlyArray<ResultContent> {
    const found = fromDataUrl(field(part, "url"), field(part, "filename"))
    if (found !== undefined) return [found]
    this.note(
      message,
      `the file ${stringOf(field(part, "filename")) ?? ""} is left out: the export does not contain it`
    )
    return []
  }

  private user(message: number, when: number, parts: ReadonlyArray<Json>): void {
    const content = parts.flatMap((part): ReadonlyArray<ResultContent> => {
      const type = stringOf(field(part, "type")) ?? "unknown"
      if (type === "text") return field(part, "ignored") === true ? [] : textBlock(field(part, "text"))
      if (type === "file") return this.file(message, part)
      this.other(message, type)
      return []
    })
    this.steps.push({ _tag: "Message", at: when, content })
  }

  private other(message: number, type: string): void {
    if (silent.has(type)) this.left.add(type)
    else this.note(message, `a part of the unknown kind ${type} is left out`)
  }

  private call(message: number, when: number, part: Json): ForeignBlock {
    const state = field(part, "state")
    const id = stringOf(field(part, "callID")) ?? stringOf(field(part, "id")) ?? `message ${message}`
    const status = stringOf(field(state, "status"))
    const end = timeOf(at(state, "time", "end")) || when
    if (status === "completed" || status === "error") {
      const attached = listOf(field(state, "attachments")).flatMap((one) => this.file(message, one))
      const content = [...textBlock(field(state, status === "error" ? "error" : "output")), ...attached]
      this.results.set(id, { at: end, isError: status === "error", content })
    }
    return { _tag: "Call", id, name: stringOf(field(part, "tool")) ?? "tool", input: jsonOf(field(state, "input")) }
  }

  /** An answer consists of several requests to the model: each begins with a part `step-start`. */
  private assistant(message: number, when: number, info: Json, parts: ReadonlyArray<Json>): void {
    const model = {
      provider: stringOf(field(info, "providerID")) ?? "unknown",
      model: stringOf(field(info, "modelID")) ?? "unknown"
    }
    let content: Array<ForeignBlock> = []
    let usage = usageOf(undefined)
    const turn = () => {
      if (content.length > 0) this.steps.push({ _tag: "Turn", at: when, model, content, usage })
      content = []
    }
    for (const part of parts) {
      const type = stringOf(field(part, "type")) ?? "unknown"
      if (type === "step-start") turn()
      else if (type === "text") content.push({ _tag: "Text", text: stringOf(field(part, "text")) ?? "" })
      else if (type === "reasoning") content.push({ _tag: "Thinking", text: stringOf(field(part, "text")) ?? "" })
      else if (type === "tool") content.push(this.call(message, when, part))
      else if (type === "step-finish") usage = usageOf(field(part, "tokens"))
      else this.other(message, type)
    }
    turn()
    const error = at(info, "error", "name")
    if (typeof error === "string") this.note(message, `the answer ended with an error (${error}), which is left out`)
  }

  message(number: number, message: Json): void {
    const info = field(message, "info")
    const when = timeOf(at(info, "time", "created"))
    const parts = listOf(field(message, "parts"))
    const role = stringOf(field(info, "role"))
    if (role === "user") this.user(number, when, parts)
    else if (role === "assistant") this.assistant(number, when, info, parts)
    else this.note(number, `it is left out: its role is ${role ?? "unknown"}`)
  }

  done(): ReadonlyArray<ImportNotice> {
    return [...this.notices, ...this.left.notice("parts that are not part of the conversation are left out")]
  }
}

/**
 * Reads what `opencode export` wrote.
 *
 * @since 0.1.0
 * @category conversions
 */
export const read = (value: Json): Foreign => {
  const reader = new Reader()
  for (const [i, message] of listOf(field(value, "messages")).entries()) reader.message(i + 1, message)
  const title = stringOf(at(value, "info", "title"))
  return { program: "opencode", title, steps: reader.steps, results: reader.results, notices: reader.done() }
}
