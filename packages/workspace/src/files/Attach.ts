import type { Accepts, Attachment } from "@parley/domain/FilesManager"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as SafeFile from "../disk/SafeFile.ts"
import * as HostPath from "../disk/HostPath.ts"
import { entered } from "./ContextSnapshot.ts"
import { take, type Taken } from "./MentionedFiles.ts"
import { type Meant, type Mention, mentions } from "./Mentions.ts"
import * as WorkspacePaths from "./WorkspacePaths.ts"
import { isMissing } from "../disk/Unreadable.ts"

/** How many mentions of a message are attached or reported as not attached. */
const maxMentions = 20
/** How many words with an `@` are looked up on the disk. */
const maxWords = 200
const maxBytes = 20 * 1024 * 1024

/** A path as it is shown to the user, shortened because the text in a message may have any length. */
const label = (path: string): string => (path.length > 240 ? `${path.slice(0, 240).toWellFormed()}…` : path)

const notAttached = (path: string, reason: string): Attachment => ({ _tag: "NotAttached", path: label(path), reason })

/** The first of the possible paths that exists. Paths that are refused are not looked up. */
const present = Effect.fnUntraced(function* (from: WorkspacePaths.From, { meant }: Mention) {
  for (const { lines, path: given } of meant)
    for (const path of WorkspacePaths.located(given, from, HostPath.platform)) {
      const there = yield* Effect.match(SafeFile.kind(SafeFile.join(from.root, path)), {
        onSuccess: () => true,
        onFailure: (error) => !isMissing(error) && error.code !== "ENAMETOOLONG"
      })
      if (there) return { path, lines } satisfies Meant
    }
  return undefined
})

const absent = ({ fileLike, path }: Mention, from: WorkspacePaths.From): Attachment | undefined => {
  if (!fileLike) return undefined
  const isPossible = WorkspacePaths.located(path, from, HostPath.platform).length > 0
  return notAttached(path, isPossible ? "there is no such file" : WorkspacePaths.notLocated(path, HostPath.platform))
}

const keyOf = ({ lines, path }: Meant): string =>
  lines === undefined ? (path === "" ? "." : path) : `${path}#L${lines.first}-${lines.last}`

/**
 * The attachments of a message's mentions, whose paths are relative to the directory `start` of the workspace, or to the
 * workspace. Their number and size are limited; what exceeds the limits is reported.
 */
export const attach = Effect.fnUntraced(function* (workspace: string, start: string, text: string, accepts: Accepts) {
  const found: Array<Attachment> = []
  const seen = new Set<string>()
  let words = 0
  let bytes = 0
  let more = 0
  let root: Result.Result<string, { readonly problem: string }> | undefined

  const lead = Effect.fnUntraced(function* (mention: Mention) {
    root ??= yield* Effect.result(entered(workspace))
    if (Result.isFailure(root)) {
      return mention.fileLike ? notAttached(mention.path, `the workspace: ${root.failure.problem}`) : undefined
    }
    const from = { root: root.success, start }
    const meant = yield* present(from, mention)
    if (meant === undefined) return absent(mention, from)
    if (seen.has(keyOf(meant))) return undefined
    seen.add(keyOf(meant))
    const options = { root: root.success, accepts, room: maxBytes - bytes }
    const taken: Taken = yield* Effect.catch(take(meant.path, meant.lines, options), (reason) =>
      Effect.succeed({ attachment: notAttached(keyOf(meant), reason), size: 0 })
    )
    bytes += taken.size
    return taken.attachment
  })
  for (const mention of mentions(text)) {
    if (found.length === maxMentions || words++ >= maxWords) {
      if (mention.fileLike) more++
      continue
    }
    const attachment = yield* lead(mention)
    if (attachment !== undefined) found.push(attachment)
  }
  if (more === 0) return found
  const reason = `a message may mention ${maxMentions} files among ${maxWords} words with an @; ${more} more are not attached`
  return [...found, notAttached("…", reason)]
})
