import * as Context from "effect/Context"
import * as Duration from "effect/Duration"

/**
 * How long an append that contains only deltas may wait for others to share its commit. The first deltas of a turn never
 * wait. With zero no append waits, and the store never sleeps. Read once, when the layer is built.
 */
export const FlushInterval = Context.Reference<Duration.Duration>("@parley/store/FlushInterval", {
  defaultValue: () => Duration.millis(25)
})

/**
 * How long an operation is retried while another process holds the database's lock, before it fails with the reason `Busy`.
 * Read once, when the layer is built.
 */
export const BusyLimit = Context.Reference<Duration.Duration>("@parley/store/BusyLimit", {
  defaultValue: () => Duration.seconds(5)
})

/**
 * How often a waiting subscriber checks for events that other processes appended. Each check costs one indexed query. There
 * are no checks while this process appends, or without subscribers. Read once, when the layer is built.
 */
export const FollowInterval = Context.Reference<Duration.Duration>("@parley/store/FollowInterval", {
  defaultValue: () => Duration.millis(200)
})

/**
 * How long a session's lease is valid without renewal, and how often it is renewed while it is held. If a holder is
 * suspended for longer than that, another process may acquire the lease; the holder's appends then fail. Read once, when the
 * layer is built.
 */
export const LeaseDuration = Context.Reference<Duration.Duration>("@parley/store/LeaseDuration", {
  defaultValue: () => Duration.seconds(10)
})

/** How often a lease is renewed while it is held. Must be much shorter than `LeaseDuration`. */
export const LeaseRenewal = Context.Reference<Duration.Duration>("@parley/store/LeaseRenewal", {
  defaultValue: () => Duration.seconds(3)
})
