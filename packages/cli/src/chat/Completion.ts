import { McpManager } from "@parley/domain/McpManager"
import type { Completing, PromptInfo } from "@parley/domain/McpCatalog"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Prompts from "@parley/app/ServerPrompts"
import { sanitize } from "../output/Sanitize.ts"
import { names } from "./SlashCommands.ts"
import { typing } from "./UriTemplates.ts"
import * as Words from "@parley/app/ShellWords"

/** Complete replacements (`hits`) for the end of a line (`on`). */
export interface Completed {
  readonly hits: ReadonlyArray<string>
  readonly on: string
}

const nothing: Completed = { hits: [], on: "" }
const maxHits = 100
/** How long a key press may wait for proposals. */
const patience = Duration.millis(500)

/** Whether a proposal of a server is safe to show: without control characters and without hidden characters. */
const isPlain = (hit: string): boolean => sanitize(hit) === hit && !/[\n\t]/.test(hit)

const completed = (all: ReadonlyArray<string>, on: string): Completed => ({
  hits: [...new Set(all)].filter((hit) => hit.startsWith(on) && isPlain(hit)).slice(0, maxHits),
  on
})

/** The proposals of an MCP server; none if it fails. `complete` bounds the time. */
const proposed = (completing: Completing) =>
  McpManager.use((mcp) => mcp.complete(completing)).pipe(Effect.orElseSucceed((): ReadonlyArray<string> => []))

const commands = Effect.fnUntraced(function* (line: string) {
  const prompts = yield* McpManager.use((mcp) => mcp.prompts)
  return completed([...names, ...prompts.map((prompt) => `/${Words.quoted(Prompts.nameOf(prompt))}`)], line)
})

/** The argument that the last word belongs to, with the part of its value that is typed. */
const argumentOf = (prompt: PromptInfo, before: ReadonlyArray<string>, word: string) => {
  const sign = word.indexOf("=")
  const byName = prompt.arguments.find(({ name }) => sign > 0 && name === word.slice(0, sign))
  if (byName !== undefined) return { name: byName.name, value: word.slice(sign + 1), prefix: `${byName.name}=` }
  const left = prompt.arguments.filter(({ name }) => !before.some((one) => one.startsWith(`${name}=`)))
  const placed = before.filter((one) => !prompt.arguments.some(({ name }) => one.startsWith(`${name}=`)))
  const next = left[placed.length]
  return next === undefined ? undefined : { name: next.name, value: word, prefix: "" }
}

const promptArguments = Effect.fnUntraced(function* (line: string, on: string) {
  const [first = "", ...words] = Words.split(line)
  const prompts = yield* McpManager.use((mcp) => mcp.prompts)
  const prompt = prompts.find((one) => Prompts.nameOf(one) === first.slice(1))
  if (prompt === undefined) return nothing
  const before = on === "" ? words : words.slice(0, -1)
  const argument = argumentOf(prompt, before, on)
  const unnamed = prompt.arguments.filter(({ name }) => !before.some((one) => one.startsWith(`${name}=`)))
  const ofNames = unnamed.map(({ name }) => `${name}=`)
  if (argument === undefined) return completed(ofNames, on)
  const known = Result.getOrElse(Prompts.place(prompt, before), () => ({}))
  const values = yield* proposed({
    server: prompt.server,
    of: { prompt: prompt.name },
    argument: argument.name,
    value: argument.value,
    known
  })
  const typed = values.map((value) => Words.quoted(`${argument.prefix}${value}`))
  return completed(argument.prefix === "" ? [...typed, ...ofNames] : typed, on)
})

/** Listed resources, and resources from templates that match the typed text. */
const mentions = Effect.fnUntraced(function* (on: string) {
  const mcp = yield* McpManager
  const quote = on.startsWith('@"') ? '"' : ""
  const mention = on.slice(1 + quote.length)
  const [resources, templates] = yield* Effect.all([mcp.resources, mcp.resourceTemplates], { concurrency: 2 })
  const whole = (server: string, uri: string) => `@${quote}${server}:${uri}`
  const colon = mention.indexOf(":")
  if (colon < 0)
    return completed(
      [...resources, ...templates].map(({ server }) => whole(server, "")),
      on
    )
  const server = mention.slice(0, colon)
  const uri = mention.slice(colon + 1)
  const made = yield* Effect.forEach(
    templates.filter((one) => one.server === server).slice(0, 20),
    ({ uriTemplate }) => {
      const at = typing(uriTemplate, uri)
      if (at === undefined) return Effect.succeed([])
      if (at._tag === "Prefix") return Effect.succeed([at.prefix])
      const { before, known, name, value } = at
      return Effect.map(proposed({ server, of: { uriTemplate }, argument: name, value, known }), (values) =>
        values.map((value) => before + value)
      )
    },
    { concurrency: "unbounded" }
  )
  const listed = resources.filter((one) => one.server === server).map((one) => one.uri)
  const all = [...listed, ...made.flat()].filter((one) => quote !== "" || !/\s/.test(one))
  return completed(
    all.map((one) => whole(server, one)),
    on
  )
})

/** Completes the end of a `chat` line: a command, a prompt with its arguments, or a resource. Takes at most 500 ms. */
export const complete = (line: string): Effect.Effect<Completed, never, McpManager> =>
  Effect.suspend(() => {
    const mention = /(?:^|[\s([<])(@(?:"[^"]*|[^\s"]*))$/.exec(line)?.[1]
    if (mention !== undefined) return mentions(mention)
    if (!line.startsWith("/")) return Effect.succeed(nothing)
    if (!/\s/.test(line)) return commands(line)
    return promptArguments(line, /\S*$/.exec(line)?.[0] ?? "")
  }).pipe(Effect.timeoutOrElse({ duration: patience, orElse: () => Effect.succeed(nothing) }))
