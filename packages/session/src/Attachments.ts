import { type Accepts, type Attachment, FilesManager } from "@parley/domain/FilesManager"
import { McpManager } from "@parley/domain/McpManager"
import * as Effect from "effect/Effect"
import * as ResourceAttacher from "./ResourceAttacher.ts"
import * as ResourceMentions from "./ResourceMentions.ts"

/**
 * What the user's words mention: the resources of MCP servers that are there, `@server:uri`, and files of the workspace with
 * the rest. Words without an `@` cost nothing.
 */
export const of = Effect.fnUntraced(function* (words: string, accepts: Accepts) {
  const none: ReadonlyArray<Attachment> = []
  if (!words.includes("@")) return none
  const mcp = yield* McpManager
  const files = yield* FilesManager
  const servers = /@\S*:|@"/.test(words) ? yield* mcp.servers : []
  const { resources, rest } = ResourceMentions.split(words, new Set(servers.map(({ name }) => name)))
  const [ofFiles, ofResources] = yield* Effect.all(
    [
      files.attach === undefined ? Effect.succeed(none) : files.attach(rest, accepts),
      ResourceAttacher.attach(resources, accepts)
    ],
    { concurrency: "unbounded" }
  )
  return [...ofFiles, ...ofResources]
})
