import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { ServerDown } from "./internal/ChildServer.ts"
import type { RequestFailure } from "./internal/SdkFailure.ts"
import { plainLine } from "./PlainText.ts"

const maxPages = 64
const maxEntries = 2000

/** A list that a server answers with, page by page. */
export interface Paged {
  readonly method: string
  /** Where in the answer the entries are. */
  readonly key: string
  /** One of them, in words. */
  readonly noun: string
}

const decodePage = Schema.decodeUnknownOption(Schema.Record(Schema.String, Schema.Unknown))

/** All pages of a list. A server that answers with ever new pages is read no further than the limits. */
export const listAll = Effect.fnUntraced(function* (
  { key, method, noun }: Paged,
  ask: (cursor: string | undefined) => Effect.Effect<unknown, RequestFailure>
) {
  const entries: Array<unknown> = []
  const seen = new Set<string>()
  let cursor: string | undefined = undefined
  for (let page = 0; page < maxPages && entries.length <= maxEntries; page++) {
    const answer: unknown = yield* ask(cursor).pipe(
      Effect.mapError(
        ({ problem }) => new ServerDown({ problem: `it cannot list its ${noun}s: ${plainLine(problem)}` })
      )
    )
    const decoded = Option.getOrUndefined(decodePage(answer))
    const found = decoded?.[key]
    if (!Array.isArray(found)) return yield* new ServerDown({ problem: `it answered to ${method} with something else` })
    // No more than is kept, and not as arguments of one call: a page may have any length.
    for (const entry of found.slice(0, maxEntries + 1)) entries.push(entry)
    const nextCursor = decoded?.["nextCursor"]
    if (typeof nextCursor !== "string" || seen.has(nextCursor))
      return {
        entries: entries.slice(0, maxEntries),
        more: typeof nextCursor === "string" || entries.length > maxEntries
      }
    seen.add(nextCursor)
    cursor = nextCursor
  }
  return { entries: entries.slice(0, maxEntries), more: true }
})
