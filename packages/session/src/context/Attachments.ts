import * as Effect from "effect/Effect"
import { type Accepts, type Attachment, FilesManager } from "@parley/domain/FilesManager"
import { McpManager } from "@parley/domain/McpManager"
import * as ResourceMentions from "./ResourceMentions.ts"
import type { ResourceContent, ResourceInfo } from "@parley/domain/McpCatalog"

/** Maximum number of resources that one message attaches, and the maximum sum of their sizes. */
const maxMentions = 20
const maxBytes = 20 * 1024 * 1024
/**
 * How many resources are read concurrently, and how long one may take, so that a silent server delays the message only
 * that long.
 */
const concurrency = 4
const patience = "30 seconds"

interface Meant {
  readonly server: string
  readonly uri: string
}

const notAttached = ({ server, uri }: Meant, reason: string): Attachment => {
  const path = `${server}:${uri}`
  return {
    _tag: "NotAttached",
    path: path.length > 240 ? `${path.slice(0, 240).toWellFormed()}…` : path,
    reason: reason.toWellFormed()
  }
}

const meantBy = ({ server, uris }: ResourceMentions.ResourceMention, listed: ReadonlyArray<ResourceInfo>): Meant => {
  const known = uris.find((uri) => listed.some((one) => one.server === server && one.uri === uri))
  return { server, uri: (known ?? uris.at(-1) ?? uris[0]).toWellFormed() }
}

const sizeOf = (part: ResourceContent): number =>
  part._tag === "Media" ? part.block.data.length : part._tag === "Text" ? part.text.length : part.words.length

/** Replaces content that the model does not accept by a description. */
const acceptable =
  (accepts: Accepts) =>
  (part: ResourceContent): ResourceContent => {
    if (part._tag !== "Media") return part
    const { data, mediaType } = part.block
    const limit = Object.hasOwn(accepts, mediaType) ? accepts[mediaType] : undefined
    const bytes = Math.floor((data.replace(/=+$/, "").length * 3) / 4)
    if (limit !== undefined && bytes <= limit) return part
    const why = limit === undefined ? `the model does not take ${mediaType}` : `the model takes at most ${limit}`
    return { _tag: "Described", uri: part.uri, mimeType: mediaType, words: `${mediaType}, ${bytes} bytes: ${why}` }
  }

const read = Effect.fnUntraced(function* (meant: Meant, accepts: Accepts) {
  const mcp = yield* McpManager
  const { server, uri } = meant
  return yield* mcp.readResource(server, uri).pipe(
    Effect.map((contents): Attachment => {
      const shown = contents.map(acceptable(accepts))
      // If nothing can be shown, the resource is reported as not attached instead of attaching only a description.
      const [first] = shown
      return first !== undefined && shown.every(({ _tag }) => _tag === "Described")
        ? notAttached(meant, shown.map((part) => (part._tag === "Described" ? part.words : "")).join("; "))
        : { _tag: "Resource", server, uri, contents: shown }
    }),
    Effect.catch((error) => Effect.succeed(notAttached(meant, error.message))),
    Effect.timeoutOrElse({
      duration: patience,
      orElse: () => Effect.succeed(notAttached(meant, `the server ${server} did not answer within ${patience}`))
    })
  )
})

/**
 * Reads the resources that a message mentions, in order, each once. Never fails: a resource that cannot be read or is too
 * large is reported as not attached, with the reason.
 */
const attachResources = Effect.fn("Attachments.attachResources")(function* (
  mentions: ReadonlyArray<ResourceMentions.ResourceMention>,
  accepts: Accepts
) {
  if (mentions.length === 0) return []
  const mcp = yield* McpManager
  const listed = mentions.some(({ uris }) => uris.length > 1) ? yield* mcp.resources : []
  const meant = [
    ...new Map(mentions.map((one) => meantBy(one, listed)).map((one) => [`${one.server}:${one.uri}`, one])).values()
  ]
  const found = yield* Effect.forEach(meant.slice(0, maxMentions), (one) => read(one, accepts), { concurrency })
  let budget = maxBytes
  const attachments = found.map((attachment): Attachment => {
    if (attachment._tag !== "Resource") return attachment
    const size = attachment.contents.reduce((sum, part) => sum + sizeOf(part), 0)
    if (size > budget) return notAttached(attachment, "what the message mentions is too large together")
    budget -= size
    return attachment
  })
  const more = meant.length - maxMentions
  if (more <= 0) return attachments
  const reason = `a message may mention ${maxMentions} resources; ${more} more are not attached`
  return [...attachments, notAttached({ server: "…", uri: "…" }, reason)]
})

/**
 * Resolves the mentions in a text: `@server:uri` for resources of configured MCP servers, and `@path` for files of the
 * workspace. Does nothing for a text without an `@`.
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
      attachResources(resources, accepts)
    ],
    { concurrency: "unbounded" }
  )
  return [...ofFiles, ...ofResources]
})
