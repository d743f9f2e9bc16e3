import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
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

class PageProblem extends Schema.TaggedError<PageProblem>()("PageProblem", {
  problem: Schema.String,
  /** Whether the server can be asked for something else. */
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
 * All pages of a list, and what a person should know of it. A server that answers with ever new pages is read no further than
 * the limits; of one that fails in the middle, what came before is worth having, as long as there is somebody to ask.
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
    // No more than is kept, and not as arguments of one call: a page may have any length.
    for (const entry of found.slice(0, maxEntries + 1)) entries.push(entry)
    if (nextCursor === undefined && entries.length <= maxEntries) return { entries, note: undefined }
    if (nextCursor === undefined || seen.has(nextCursor)) break
    seen.add(nextCursor)
    cursor = nextCursor
  }
  return { entries: entries.slice(0, maxEntries), note: endless }
})
