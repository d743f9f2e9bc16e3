import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { ServerDown } from "./internal/ChildServer.ts"
import type { Connection } from "./internal/Connection.ts"
import type { Catalog } from "./ToolListing.ts"
import { tell, type ToolServer } from "./ToolServer.ts"

/** Notifications that come within this time of the first are one. */
const coalesced: Duration.Input = "200 millis"

/**
 * Lists the tools again whenever the server says that they have changed, one listing at a time. What is said while a
 * listing runs is heard after it. A listing that fails leaves the tools as they were.
 */
export const relist = (
  server: ToolServer,
  { toolsChanged }: Connection,
  list: Effect.Effect<Catalog, ServerDown>,
  limit: Duration.Duration
): Effect.Effect<never> =>
  toolsChanged.heard.pipe(
    Effect.andThen(Effect.sleep(coalesced)),
    Effect.andThen(toolsChanged.forget),
    Effect.andThen(
      Effect.timeoutOrElse(list, {
        duration: limit,
        orElse: () => Effect.fail(new ServerDown({ problem: "it did not list them in time" }))
      })
    ),
    Effect.matchEffect({
      onSuccess: (catalog) => tell(server, { _tag: "Listed", catalog }),
      onFailure: ({ problem }) => tell(server, { _tag: "ListingFailed", problem })
    }),
    Effect.forever
  )
