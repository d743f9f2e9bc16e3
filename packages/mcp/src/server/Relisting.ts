import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { ServerDown } from "../transport/ChildServer.ts"
import { type Changes, coalescedMillis } from "../transport/Changes.ts"
import type { Connection } from "../transport/Connection.ts"
import type { ToolListing } from "./ToolListing.ts"
import { dispatch, type ToolServer } from "./ToolServer.ts"

/**
 * Runs `again` whenever the server reports a change, one run at a time. A change that is reported during a run causes one
 * more run after it.
 */
export const onEachChange = ({ discard, next }: Changes, again: Effect.Effect<void>): Effect.Effect<never> =>
  next.pipe(
    Effect.andThen(Effect.sleep(coalescedMillis)),
    Effect.andThen(discard),
    Effect.andThen(again),
    Effect.forever
  )

/** Lists the tools again whenever they change. A listing that fails leaves the known tools unchanged. */
export const relist = (
  server: ToolServer,
  { toolsChanged }: Connection,
  list: Effect.Effect<ToolListing, ServerDown>,
  limit: Duration.Duration
): Effect.Effect<never> =>
  onEachChange(
    toolsChanged,
    Effect.timeoutOrElse(list, {
      duration: limit,
      orElse: () => Effect.fail(new ServerDown({ problem: "it did not list them in time" }))
    }).pipe(
      Effect.matchEffect({
        onSuccess: (listing) => dispatch(server, { _tag: "Listed", listing }),
        onFailure: ({ problem }) => dispatch(server, { _tag: "ListingFailed", problem })
      })
    )
  )
