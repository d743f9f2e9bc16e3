import { type Accepts, type Attachment } from "@parley/domain/FilesManager"
import { McpManager } from "@parley/domain/McpManager"
import type { ResourceContent, ResourceInfo } from "@parley/domain/McpOffers"
import * as Effect from "effect/Effect"
import type { ResourceMention } from "./ResourceMentions.ts"

/** Mentions of one message that are followed, and the bytes that all of them may have together. */
const maxMentions = 20
const maxBytes = 20 * 1024 * 1024
/** Side by side; a server that says nothing costs the message no more than this. */
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

const meantBy = ({ server, uris }: ResourceMention, listed: ReadonlyArray<ResourceInfo>): Meant => {
  const known = uris.find((uri) => listed.some((one) => one.server === server && one.uri === uri))
  return { server, uri: (known ?? uris.at(-1) ?? uris[0]).toWellFormed() }
}

const sizeOf = (part: ResourceContent): number =>
  part._tag === "Media" ? part.block.data.length : part._tag === "Text" ? part.text.length : part.words.length

/** What the model does not take is said in words in its place. */
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
      // What nothing can be seen of is not attached, rather than attached as a description of itself.
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
 * What the resources hold that a message mentions, in its order, each once. Never fails: what cannot be read, or is too
 * much, is not attached, with the reason.
 */
export const attach = Effect.fn("ResourceAttacher.attach")(function* (
  mentions: ReadonlyArray<ResourceMention>,
  accepts: Accepts
) {
  if (mentions.length === 0) return []
  const mcp = yield* McpManager
  const listed = mentions.some(({ uris }) => uris.length > 1) ? yield* mcp.resources : []
  const meant = [
    ...new Map(mentions.map((one) => meantBy(one, listed)).map((one) => [`${one.server}:${one.uri}`, one])).values()
  ]
  const found = yield* Effect.forEach(meant.slice(0, maxMentions), (one) => read(one, accepts), { concurrency })
  let room = maxBytes
  const attachments = found.map((attachment): Attachment => {
    if (attachment._tag !== "Resource") return attachment
    const size = attachment.contents.reduce((sum, part) => sum + sizeOf(part), 0)
    if (size > room) return notAttached(attachment, "what the message mentions is too large together")
    room -= size
    return attachment
  })
  const more = meant.length - maxMentions
  if (more <= 0) return attachments
  const reason = `a message may mention ${maxMentions} resources; ${more} more are not attached`
  return [...attachments, notAttached({ server: "…", uri: "…" }, reason)]
})
