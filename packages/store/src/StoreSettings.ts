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

/**
 * How long a session's lease is good for without renewal, and how often it is renewed while it is held. A holder that
 * stands still for longer than the lease may be succeeded by another process; its own appends then fail. Read once, when
 * the layer is built.
 */
export const LeaseDuration = Context.Reference<Duration.Duration>("@parley/store/LeaseDuration", {
  defaultValue: () => Duration.seconds(10)
})
export const LeaseRenewal = Context.Reference<Duration.Duration>("@parley/store/LeaseRenewal", {
  defaultValue: () => Duration.seconds(3)
})
