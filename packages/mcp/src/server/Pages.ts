import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { ServerDown } from "../transport/ChildServer.ts"
import type { RequestFailure } from "../sdk/SdkFailure.ts"
import { plainLine } from "@parley/domain/VisibleText"

const maxPages = 64
const maxEntries = 2000

/** A list that a server returns page by page. */
export interface Paged {
  readonly method: string
  /** The member of the response that contains the entries. */
  readonly key: string
  /** What one entry is called in messages. */
  readonly noun: string
}

class PageProblem extends Schema.TaggedError<PageProblem>()("PageProblem", {
  problem: Schema.String,
  /** Whether the connection can still be used for other requests. */
  connected: Schema.Boolean
}) {}

interface Page {
  readonly entries: ReadonlyArray<unknown>
  readonly nextCursor: string | undefined
}

const decodePage = Schema.decodeUnknownOption(Schema.Record(Schema.String, Schema.Unknown))

const readPage = Effect.fnUntraced(function* (
  { key, method, noun }: Paged,
  asked: Effect.Effect<unknown, RequestFailure>
): Effect.fn.Return<Page, PageProblem> {
  const answer = yield* Effect.mapError(
    asked,
    ({ connection, problem }) =>
      new PageProblem({
        problem: `it cannot list its ${noun}s: ${plainLine(problem)}`,
        connected: connection === "Sound"
      })
  )
  const page = Option.getOrUndefined(decodePage(answer))
  const entries = page?.[key]
  if (!Array.isArray(entries))
    return yield* new PageProblem({ problem: `it answered to ${method} with something else`, connected: true })
  const nextCursor = page?.["nextCursor"]
  return { entries, nextCursor: typeof nextCursor === "string" ? nextCursor : undefined }
})

/**
 * Fetches all pages of a list, with a note for a person if it is incomplete. A list that does not end is cut at the limits.
 * If a later page fails while the connection remains usable, the pages before it are returned.
 */
export const listAll = Effect.fnUntraced(function* (
  list: Paged,
  ask: (cursor: string | undefined) => Effect.Effect<unknown, RequestFailure>
): Effect.fn.Return<{ readonly entries: ReadonlyArray<unknown>; readonly note: string | undefined }, ServerDown> {
  const entries: Array<unknown> = []
  const endless = `its list of ${list.noun}s did not end and was cut`
  const seen = new Set<string>()
  let cursor: string | undefined = undefined
  for (let page = 0; page < maxPages && entries.length <= maxEntries; page++) {
    const read: Result.Result<Page, PageProblem> = yield* Effect.result(readPage(list, ask(cursor)))
    if (Result.isFailure(read)) {
      const { connected, problem } = read.failure
      if (page > 0 && connected) return { entries, note: `its list of ${list.noun}s is not whole: ${problem}` }
      return yield* new ServerDown({ problem })
    }
    const { entries: found, nextCursor }: Page = read.success
    // Add no more than the limit, and not as arguments of one `push`: a page may have any length.
    for (const entry of found.slice(0, maxEntries + 1)) entries.push(entry)
    if (nextCursor === undefined && entries.length <= maxEntries) return { entries, note: undefined }
    if (nextCursor === undefined || seen.has(nextCursor)) break
    seen.add(nextCursor)
    cursor = nextCursor
  }
  return { entries: entries.slice(0, maxEntries), note: endless }
})
