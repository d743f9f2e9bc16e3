import type { UserBlock } from "@parley/domain/Content"
import type { Usage } from "@parley/domain/Usage"
import type { Foreign, ForeignBlock, ForeignResult, ForeignStep, ImportNotice } from "./Foreign.ts"
import {
  at,
  Counted,
  countOf,
  field,
  type Json,
  jsonOf,
  type Line,
  linesOf,
  listOf,
  media,
  stringOf,
  textBlock,
  timeOf
} from "./JsonRecords.ts"

/** Records of Claude Code without any conversation. */
const silent = new Set([
  "file-history-snapshot",
  "queue-operation",
  "system",
  "progress",
  "attachment",
  "last-prompt",
  "permission-mode",
  "mode",
  "agent-name",
  "agent-color",
  "agent-setting",
  "pr-link",
  "tag"
])
const titles: { readonly [type: string]: string } = {
  summary: "summary",
  "custom-title": "customTitle",
  "ai-title": "aiTitle"
}

/**
 * Whether a record is one of a session file of Claude Code.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isRecord = (value: Json): boolean =>
  typeof field(value, "type") === "string" &&
  (typeof field(value, "uuid") === "string" ||
    typeof field(value, "sessionId") === "string" ||
    typeof field(value, "leafUuid") === "string" ||
    field(value, "type") === "file-history-snapshot")

const uuidOf = ({ value }: Line): string | undefined => stringOf(field(value, "uuid"))

/**
 * The records of the latest branch: users go back to an earlier message, after which the file has both branches. A root that
 * is not the first record continues what stands before it, as after a compaction.
 */
const latestBranch = (lines: ReadonlyArray<Line>): ReadonlySet<Line> => {
  const records = lines.filter((line) => uuidOf(line) !== undefined && field(line.value, "isSidechain") !== true)
  const byId = new Map(records.map((line, i) => [uuidOf(line), i] as const))
  const branch = new Set<Line>()
  for (let i = records.length - 1; i >= 0;) {
    const record = records[i]
    if (record === undefined || branch.has(record)) break
    branch.add(record)
    const parent = stringOf(at(record.value, "parentUuid")) ?? stringOf(at(record.value, "logicalParentUuid"))
    const before = parent === undefined ? undefined : byId.get(parent)
    i = before ?? i - 1
  }
  return branch
}

const usageOf = (usage: Json): Usage => ({
  inputTokens: countOf(field(usage, "input_tokens")),
  outputTokens: countOf(field(usage, "output_tokens")),
  cacheReadTokens: countOf(field(usage, "cache_read_input_tokens")),
  cacheWriteTokens: countOf(field(usage, "cache_creation_input_tokens"))
})

class Reader {
  readonly steps: Array<ForeignStep> = []
  readonly results = new Map<string, ForeignResult>()
  readonly notices: Array<ImportNotice>
  title: string | undefined
  private readonly left = new Counted()
  private readonly branches = new Counted()
  /** The place of each answer in `steps`: its blocks are in several records. */
  private readonly answers = new Map<string, number>()

  constructor(notices: Array<ImportNotice>) {
    this.notices = notices
  }

  private note(line: number, problem: string): void {
    this.notices.push({ line, problem })
  }

  private block(line: number, block: Json): ReadonlyArray<UserBlock> {
    const type = stringOf(field(block, "type")) ?? "unknown"
    if (type === "text") return textBlock(field(block, "text"))
    if (type === "image" || type === "document") {
      const found = media(at(block, "source", "media_type"), at(block, "source", "data"), field(block, "title"))
      if (found !== undefined) return [found]
    }
    this.note(line, `a block of the kind ${type} is left out`)
    return []
  }

  private content(line: number, content: Json): ReadonlyArray<UserBlock> {
    return typeof content === "string" ? textBlock(content) : listOf(content).flatMap((one) => this.block(line, one))
  }

  private user({ line, value }: Line, isOnBranch: boolean): void {
    const when = timeOf(field(value, "timestamp"))
    const content = at(value, "message", "content")
    const [results, rest] = [new Array<Json>(), new Array<Json>()]
    for (const block of listOf(content)) (field(block, "type") === "tool_result" ? results : rest).push(block)
    // Results count on every branch: parallel calls make branches, too.
    for (const result of results) {
      const id = stringOf(field(result, "tool_use_id")) ?? ""
      if (this.results.has(id)) this.note(line, `a second result of call ${id} is left out`)
      else
        this.results.set(id, {
          at: when,
          isError: field(result, "is_error") === true,
          content: this.content(line, field(result, "content"))
        })
    }
    if (!isOnBranch) return results.length === 0 ? this.branches.add("messages") : undefined
    if (field(value, "isCompactSummary") === true)
      this.note(line, "the conversation was compacted here; what stands before it is imported, too")
    const words = this.content(line, typeof content === "string" ? content : rest)
    if (words.length > 0) this.steps.push({ _tag: "Message", at: when, content: words })
  }

  private assistant({ line, value }: Line, isOnBranch: boolean): void {
    const message = field(value, "message")
    const model = stringOf(field(message, "model")) ?? "unknown"
    if (field(value, "isApiErrorMessage") === true || model === "<synthetic>")
      return this.note(line, "a message of the program itself, not of the model, is left out")
    const id = stringOf(field(message, "id")) ?? uuidOf({ line, value }) ?? String(line)
    const place = this.answers.get(id)
    if (!isOnBranch && place === undefined) return this.branches.add("answers")
    const content = listOf(field(message, "content")).flatMap((block): ReadonlyArray<ForeignBlock> => {
      const type = stringOf(field(block, "type")) ?? "unknown"
      if (type === "text") return [{ _tag: "Text", text: stringOf(field(block, "text")) ?? "" }]
      if (type === "thinking") return [{ _tag: "Thinking", text: stringOf(field(block, "thinking")) ?? "" }]
      if (type === "tool_use")
        return [
          {
            _tag: "Call",
            id: stringOf(field(block, "id")) ?? `line ${line}`,
            name: stringOf(field(block, "name")) ?? "tool",
            input: jsonOf(field(block, "input"))
          }
        ]
      this.note(line, `a block of the kind ${type} is left out`)
      return []
    })
    const usage = usageOf(field(message, "usage"))
    const before = place === undefined ? undefined : this.steps[place]
    if (place !== undefined && before?._tag === "Turn")
      this.steps[place] = { ...before, usage, content: [...before.content, ...content] }
    else {
      this.answers.set(id, this.steps.length)
      const when = timeOf(field(value, "timestamp"))
      this.steps.push({ _tag: "Turn", at: when, model: { provider: "anthropic", model }, content, usage })
    }
  }

  record(record: Line, isOnBranch: boolean): void {
    const { line, value } = record
    const type = stringOf(field(value, "type")) ?? "without a type"
    if (field(value, "isSidechain") === true) return this.left.add("records of subagents")
    if (type === "user") return this.user(record, isOnBranch)
    if (type === "assistant") return this.assistant(record, isOnBranch)
    const title = titles[type]
    if (title !== undefined) {
      this.title = stringOf(field(value, title)) ?? this.title
      return
    }
    if (silent.has(type)) return this.left.add(type)
    this.note(line, `a record of the unknown kind ${type} is left out`)
  }

  done(): ReadonlyArray<ImportNotice> {
    return [
      ...this.notices,
      ...this.left.notice("records that are not part of the conversation are left out"),
      ...this.branches.notice("records of branches that the user left are left out")
    ]
  }
}

/**
 * Reads a session file of Claude Code: `~/.claude/projects/…/….jsonl`.
 *
 * @since 0.1.0
 * @category conversions
 */
export const read = (content: string): Foreign => {
  const { lines, notices } = linesOf(content)
  const reader = new Reader(notices)
  const branch = latestBranch(lines)
  for (const line of lines) reader.record(line, branch.has(line))
  const { results, steps, title } = reader
  return { program: "claude-code", title, steps, results, notices: reader.done() }
}
