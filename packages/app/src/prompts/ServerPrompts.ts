import { text, type UserBlock } from "@parley/domain/Content"
import { McpManager } from "@parley/domain/McpManager"
import type { McpRequestError, PromptArguments, PromptInfo, PromptMessage } from "@parley/domain/McpCatalog"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { ServerTrouble } from "../errors/ServerTrouble.ts"
import { UsageError } from "../errors/UsageError.ts"
import * as Words from "./ShellWords.ts"

/** How long a server may take to return a prompt. */
const patience = "30 seconds"

/**
 * Splits `server:prompt` at the first colon. A server's name has no colon.
 *
 * @since 0.1.0
 * @category functions
 */
export const named = (name: string): { readonly server: string; readonly prompt: string } => {
  const colon = name.indexOf(":")
  return colon < 0 ? { server: name, prompt: "" } : { server: name.slice(0, colon), prompt: name.slice(colon + 1) }
}

/**
 * The name of a prompt as users write it: `server:prompt`.
 *
 * @since 0.1.0
 * @category functions
 */
export const nameOf = ({ name, server }: PromptInfo): string => `${server}:${name}`

/**
 * `city=… [state=…]`
 *
 * @since 0.1.0
 * @category functions
 */
export const usageOf = (prompt: PromptInfo): string =>
  prompt.arguments.map(({ name, required }) => (required ? `${name}=…` : `[${name}=…]`)).join(" ")

const taking = (prompt: PromptInfo): string =>
  prompt.arguments.length === 0 ? "it takes no arguments" : `it takes ${usageOf(prompt)}`

/**
 * Parses the words after a prompt into its arguments: `name=value`, or values in the order of the declared arguments.
 *
 * @since 0.1.0
 * @category functions
 */
export const place = (
  prompt: PromptInfo,
  words: ReadonlyArray<string>,
  by: "name or place" | "name" = "name or place"
): Result.Result<PromptArguments, string> => {
  const filled = new Map<string, string>()
  const known = new Set(prompt.arguments.map(({ name }) => name))
  const placed: Array<string> = []
  for (const word of words) {
    const sign = word.indexOf("=")
    const name = word.slice(0, Math.max(0, sign))
    if (sign > 0 && known.has(name)) {
      if (filled.has(name)) return Result.fail(`${nameOf(prompt)}: ${name} is given twice`)
      filled.set(name, word.slice(sign + 1))
    } else if (by === "name")
      return Result.fail(`${nameOf(prompt)} has no argument ${Words.quoted(sign > 0 ? name : word)}; ${taking(prompt)}`)
    else placed.push(word)
  }
  for (const { name } of prompt.arguments) {
    if (filled.has(name)) continue
    const next = placed.shift()
    if (next !== undefined) filled.set(name, next)
  }
  if (placed.length > 0)
    return Result.fail(
      `${nameOf(prompt)}: too many arguments, starting at ${Words.quoted(placed[0] ?? "")}; ${taking(prompt)}`
    )
  return Result.succeed(Object.fromEntries(filled))
}

/** Fails with the names of the required arguments that are missing. */
const complete = (prompt: PromptInfo, args: PromptArguments): Result.Result<PromptArguments, string> => {
  const missing = prompt.arguments.filter(({ name, required }) => required && !Object.hasOwn(args, name))
  return missing.length === 0
    ? Result.succeed(args)
    : Result.fail(`${nameOf(prompt)} needs ${missing.map(({ name }) => name).join(" and ")}; ${taking(prompt)}`)
}

const marked = (role: PromptMessage["role"], block: UserBlock): UserBlock =>
  role === "assistant" && block._tag === "Text" ? text(`[The prompt has the assistant say:]\n${block.text}`) : block

/**
 * The messages of a prompt as one user message: consecutive texts are joined, and texts of the role `assistant` are marked
 * as such.
 *
 * @since 0.1.0
 * @category functions
 */
export const requestOf = (messages: ReadonlyArray<PromptMessage>): ReadonlyArray<UserBlock> => {
  const blocks: Array<UserBlock> = []
  for (const { content, role } of messages) {
    for (const block of content) {
      const last = blocks.at(-1)
      const next = marked(role, block)
      if (next._tag === "Text" && last?._tag === "Text") blocks.splice(-1, 1, text(`${last.text}\n\n${next.text}`))
      else blocks.push(next)
    }
  }
  return blocks
}

/**
 * Maps a failed MCP request to an error of the host, with what the user can do about it.
 *
 * @since 0.1.0
 * @category functions
 */
export const trouble = (error: McpRequestError): UsageError | ServerTrouble => {
  const inspect = `\`parley mcp inspect ${error.server}\``
  switch (error.reason) {
    case "UnknownServer":
      return new UsageError({ problem: `${error.message}; \`parley mcp list\` lists the configured servers` })
    case "Unsupported":
      return new UsageError({ problem: `${error.message}; ${inspect} shows what it offers` })
    case "Unavailable":
      return new ServerTrouble({ reason: "Unreachable", problem: `${error.message}; ${inspect} shows its status` })
    case "Refused":
      return new ServerTrouble({ reason: "ToolFailed", problem: error.message })
  }
}

/** The prompt `server:prompt`. Fails with the state of its server, or with the names of the prompts that exist. */
const find = Effect.fnUntraced(function* (name: string) {
  const mcp = yield* McpManager
  const all = yield* mcp.prompts
  const { prompt, server } = named(name)
  const found = all.find((one) => one.server === server && one.name === prompt)
  if (found !== undefined) return found
  const status = (yield* mcp.servers).find((one) => one.name === server)
  if (status !== undefined && status.state !== "ready")
    return yield* new ServerTrouble({
      reason: "Unreachable",
      problem: `${server} cannot be used: ${status.problem ?? "it gives no reason"}`
    })
  const of = all.filter((one) => one.server === server)
  const there = (of.length === 0 ? all : of).slice(0, 20).map(nameOf)
  return yield* new UsageError({
    problem: `There is no prompt ${Words.quoted(name)}; ${there.length === 0 ? "no server offers any" : `there are ${there.join(", ")}`}`
  })
})

/**
 * Requests a prompt from its server, with arguments as they were typed. The result takes the place of the user's message,
 * although the user did not write it.
 *
 * @since 0.1.0
 * @category functions
 */
export const write = Effect.fn("Prompts.write")(function* (
  name: string,
  words: ReadonlyArray<string>,
  by?: "name or place" | "name"
) {
  const prompt = yield* find(name)
  const args = yield* Effect.mapError(
    Effect.fromResult(Result.flatMap(place(prompt, words, by), (args) => complete(prompt, args))),
    (problem) => new UsageError({ problem })
  )
  const mcp = yield* McpManager
  const messages = yield* mcp.getPrompt(prompt.server, prompt.name, args).pipe(
    Effect.mapError(trouble),
    Effect.timeoutOrElse({
      duration: patience,
      orElse: () =>
        Effect.fail(
          new ServerTrouble({ reason: "Unreachable", problem: `${name} was not returned within ${patience}` })
        )
    })
  )
  return requestOf(messages)
})

/**
 * The prompt that a line of `chat` requests: `/server:prompt` and arguments. Undefined if the line is not of this form.
 *
 * @since 0.1.0
 * @category constructors
 */
export const ofLine = Effect.fnUntraced(function* (line: string) {
  const [first = "", ...words] = Words.split(line)
  if (!/^\/[A-Za-z0-9][\w-]*:./.test(first)) return undefined
  const mcp = yield* McpManager
  const { server } = named(first.slice(1))
  if (!(yield* mcp.servers).some(({ name }) => name === server)) return undefined
  return yield* write(first.slice(1), words)
})

/**
 * The available prompts, one line each.
 *
 * @since 0.1.0
 * @category constants
 */
export const lines = Effect.gen(function* () {
  const mcp = yield* McpManager
  const all = yield* mcp.prompts
  return all.map((prompt) => {
    const how = [`/${Words.quoted(nameOf(prompt))}`, usageOf(prompt)].filter((part) => part !== "").join(" ")
    const about = prompt.description ?? prompt.title
    return about === undefined ? how : `${how}  ${about}`
  })
})
