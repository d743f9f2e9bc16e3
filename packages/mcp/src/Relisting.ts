import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { ServerDown } from "./internal/ChildServer.ts"
import type { Changes } from "./internal/Changes.ts"
import type { Connection } from "./internal/Connection.ts"
import type { Catalog } from "./ToolListing.ts"
import { tell, type ToolServer } from "./ToolServer.ts"

/** Notifications that come within so many milliseconds of the first are one. */
export const coalescedMillis = 200

/**
 * Does something again whenever the server says that things have changed, once at a time. What is said while that runs is
 * heard after it.
 */
export const whenever = ({ forget, heard }: Changes, again: Effect.Effect<void>): Effect.Effect<never> =>
  heard.pipe(
    Effect.andThen(Effect.sleep(coalescedMillis)),
    Effect.andThen(forget),
    Effect.andThen(again),
    Effect.forever
  )

/** Keeps the tools as the server has them. A listing that fails leaves them as they were. */
export const relist = (
  server: ToolServer,
  { toolsChanged }: Connection,
  list: Effect.Effect<Catalog, ServerDown>,
  limit: Duration.Duration
): Effect.Effect<never> =>
  whenever(
    toolsChanged,
    Effect.timeoutOrElse(list, {
      duration: limit,
      orElse: () => Effect.fail(new ServerDown({ problem: "it did not list them in time" }))
    }).pipe(
      Effect.matchEffect({
        onSuccess: (catalog) => tell(server, { _tag: "Listed", catalog }),
        onFailure: ({ problem }) => tell(server, { _tag: "ListingFailed", problem })
      })
    )
  )
