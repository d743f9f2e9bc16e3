import type { Accepts, Attachment } from "@parley/domain/FilesManager"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Disk from "./Disk.ts"
import * as Host from "./Host.ts"
import { entered } from "./Looked.ts"
import { take, type Taken } from "./Mentioned.ts"
import { type Meant, type Mention, mentions } from "./Mentions.ts"
import * as Paths from "./Paths.ts"
import { isMissing } from "./Unreadable.ts"

/** Mentions that lead to something, or that a person is told of. */
const maxMentions = 20
/** Words with an `@` that are looked for on the disk. */
const maxWords = 200
const maxBytes = 20 * 1024 * 1024

/** As a person is told of it; what they wrote may have any length. */
const label = (path: string): string => (path.length > 240 ? `${path.slice(0, 240).toWellFormed()}…` : path)

const notAttached = (path: string, reason: string): Attachment => ({ _tag: "NotAttached", path: label(path), reason })

/** The first of the paths that is there. One that may not be used is not looked for. */
const present = Effect.fnUntraced(function* (root: string, { meant }: Mention) {
  for (const { lines, path } of meant) {
    if (Paths.refusal(path, Host.platform) !== undefined) continue
    const normal = Paths.normalise(path)
    const there = yield* Effect.match(Disk.kind(Disk.join(root, normal)), {
      onSuccess: () => true,
      onFailure: (error) => !isMissing(error) && error.code !== "ENAMETOOLONG"
    })
    if (there) return { path: normal, lines } satisfies Meant
  }
  return undefined
})

const absent = ({ fileLike, path }: Mention): Attachment | undefined =>
  fileLike ? notAttached(path, Paths.refusal(path, Host.platform) ?? "there is no such file") : undefined

const keyOf = ({ lines, path }: Meant): string => (lines === undefined ? path : `${path}#L${lines.first}-${lines.last}`)

/** What the mentions of a message lead to. What they may cost is bounded; what goes beyond is told. */
export const attach = Effect.fnUntraced(function* (workspace: string, text: string, accepts: Accepts) {
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
    const meant = yield* present(root.success, mention)
    if (meant === undefined) return absent(mention)
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
