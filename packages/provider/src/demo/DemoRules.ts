import { type Block, textOf, type ToolCall, type ToolResult } from "@parley/domain/Content"
import type { ModelRequest } from "@parley/domain/ModelsManager"
import type { ToolDefinition } from "@parley/domain/Tool"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

/** A tool call of the demo model: the tool, and the JSON text of its input. */
export interface DemoCall {
  readonly tool: ToolDefinition
  readonly input: string
}

/** A response of the demo model: its text and its tool calls. */
export interface DemoAnswer {
  readonly text: string
  readonly calls: ReadonlyArray<DemoCall>
}

const say = (text: string): DemoAnswer => ({ text, calls: [] })
const toJson = Schema.encodeSync(Schema.fromJsonString(Schema.Record(Schema.String, Schema.String)))

/**
 * The first of these tools that is offered; a tool of the server `workspace` takes precedence over those of other servers.
 */
const offered = (tools: ReadonlyArray<ToolDefinition>, names: ReadonlyArray<string>): ToolDefinition | undefined => {
  const fitting = names.flatMap((name) => tools.filter(({ tool }) => tool === name))
  return fitting.find(({ server }) => server === "workspace") ?? fitting[0]
}

const takes = (tool: ToolDefinition, argument: string): boolean => {
  const { properties } = tool.inputSchema
  return typeof properties === "object" && properties !== null && argument in properties
}

const unquote = (text: string): string => {
  const bare = text.trim().replace(/[?!.,;:]+$/, "")
  return /^(["'`])(.*)\1$/s.exec(bare)?.[2] ?? bare
}

const here = /^(here|\.|\.\/|(in |of )?(this|the) (folder|directory|workspace|project|repo(sitory)?))?$/i

const list = (tools: ReadonlyArray<ToolDefinition>, where: string): DemoAnswer => {
  const tool = offered(tools, ["list_files", "list_directory"])
  if (tool === undefined) return say("I would need a tool named list_files for that, and there is none.")
  const path = here.test(where) ? (tool.tool === "list_files" ? undefined : ".") : where
  return {
    text: `I will list the files${path === undefined ? "" : ` in ${path}`}.`,
    calls: [{ tool, input: toJson(path === undefined ? {} : { path }) }]
  }
}

/** "the file a.txt, b.txt and tell me more" names two paths: parts with spaces are ignored if there are parts without. */
const pathsIn = (what: string): ReadonlyArray<string> => {
  const parts = what
    .split(/\s*,\s*(?:and\s+)?|\s+and\s+/i)
    .map((part) => unquote(part.trim().replace(/^(?:(?:the|file|contents of)\s+)+/i, "")))
    .filter((part) => part !== "")
  const plain = parts.filter((part) => !/\s/.test(part))
  return plain.length > 0 ? plain : parts
}

const read = (tools: ReadonlyArray<ToolDefinition>, what: string): DemoAnswer => {
  const where = unquote(what)
  if (where !== "" && here.test(where)) return list(tools, "")
  const tool = offered(tools, ["read_file", "read_text_file"])
  if (tool === undefined) return say("I would need a tool named read_file for that, and there is none.")
  const paths = pathsIn(what)
  if (paths.length === 0) return say("Which file shall I read?")
  return {
    text: `I will read ${paths.join(" and ")}.`,
    calls: paths.map((path) => ({ tool, input: toJson({ path }) }))
  }
}

const search = (tools: ReadonlyArray<ToolDefinition>, what: string): DemoAnswer => {
  const tool = offered(tools, ["search_files"])
  if (tool === undefined) return say("I would need a tool named search_files for that, and there is none.")
  const query = unquote(what)
  if (query === "") return say("What shall I search for?")
  // The reference filesystem server calls it `pattern` and wants to know where to look.
  const input = !takes(tool, "query") && takes(tool, "pattern") ? { path: ".", pattern: query } : { query }
  return { text: `I will search for ${query}.`, calls: [{ tool, input: toJson(input) }] }
}

type Rule = readonly [RegExp, (tools: ReadonlyArray<ToolDefinition>, rest: string) => DemoAnswer]

const rules: ReadonlyArray<Rule> = [
  [
    /\blist (?:all )?(?:the |my )?files\b\s*(?:(?:in|under|of|from)\s+)?(.*)$/is,
    (tools, rest) => list(tools, unquote(rest))
  ],
  [/\bwhat(?:'s| is) in\s+(.+)$/is, read],
  [/\b(?:search|look|grep) for\s+(.+)$/is, search],
  [/^\W*(?:please |can you |could you )?find\s+(.+)$/is, search],
  [/^\W*(?:please |can you |could you )?read\s+(.+)$/is, read]
]

const question = (tools: ReadonlyArray<ToolDefinition>, asked: string, about: string): DemoAnswer => {
  for (const [pattern, answer] of rules) {
    const match = pattern.exec(asked.trim())
    if (match !== null) return answer(tools, match[1] ?? "")
  }
  return say(about)
}

const lines = (text: string): ReadonlyArray<string> => text.split(/\r?\n/).filter((line) => line.trim() !== "")

const first = (all: ReadonlyArray<string>, max: number): string =>
  all.slice(0, max).join("\n") + (all.length > max ? `\n… and ${all.length - max} more` : "")

const pathOf = (input: string, fallback: string): string =>
  Option.match(Schema.decodeOption(Schema.fromJsonString(Schema.Struct({ path: Schema.String })))(input), {
    onNone: () => fallback,
    onSome: ({ path }) => path
  })

const counted = (n: number, one: string, many: string): string => (n === 1 ? `is 1 ${one}` : `are ${n} ${many}`)

/** The demo model's text about one tool result. */
const report = (result: ToolResult, call: ToolCall | undefined, tool: string): string => {
  const text = textOf(result.content)
  if (result.isError) return `The tool ${tool} failed: ${text.trim() === "" ? "it gave no reason" : text.trim()}`
  const all = lines(text)
  switch (tool) {
    case "list_files":
    case "list_directory":
      return all.length === 0
        ? "There are no entries."
        : `There ${counted(all.length, "entry", "entries")}: ${first(all, 20).replaceAll("\n", ", ")}`
    case "search_files":
      return all.length === 0
        ? "There are no matches."
        : `There ${counted(all.length, "match", "matches")}:\n${first(all, 10)}`
    default: {
      const name = call === undefined ? tool : pathOf(call.input, tool)
      return all.length === 0 ? `${name} is empty.` : `${name} says:\n${first(all, 5)}`
    }
  }
}

/**
 * Computes the demo model's response to the last user message. If text follows the last tool result, it is the user's
 * question; otherwise the response reports the tool results. Of several texts the last is the user's; the session added the
 * others.
 */
export const answer = (request: Pick<ModelRequest, "messages" | "tools">, about: string): DemoAnswer => {
  const content = request.messages.at(-1)?.content ?? []
  const after = content.slice(content.findLastIndex((block) => block._tag === "ToolResult") + 1)
  const asked = after.findLast((block) => block._tag === "Text" && block.text.trim() !== "")
  const results = content.filter((block) => block._tag === "ToolResult")
  if (asked?._tag === "Text" || results.length === 0)
    return question(request.tools, asked?._tag === "Text" ? asked.text : "", about)
  const calls = request.messages.at(-2)?.content.filter((block: Block) => block._tag === "ToolCall") ?? []
  return say(
    results
      .map((result) => {
        const call = calls.find(({ callId }) => callId === result.callId)
        const tool = request.tools.find(({ name }) => name === call?.name)?.tool
        return report(result, call, tool ?? call?.name.replace(/^.*__/, "") ?? "unknown")
      })
      .join("\n\n")
  )
}
