import * as Context from "effect/Context"
import * as Duration from "effect/Duration"

/**
 * How long an append of nothing but deltas may wait for others to share its commit. The first deltas of a turn never wait.
 * Zero: no append waits, and the store never sleeps. Read once, when the layer is built.
 */
export const FlushInterval = Context.Reference<Duration.Duration>("@parley/store/FlushInterval", {
  defaultValue: () => Duration.millis(25)
})

/**
 * How long an operation goes on trying while another process holds the database's lock, before it fails with the reason
 * `Busy`. Read once, when the layer is built.
 */
export const BusyLimit = Context.Reference<Duration.Duration>("@parley/store/BusyLimit", {
  defaultValue: () => Duration.seconds(5)
})
