import * as Schema from "effect/Schema"
import type { PostVersion } from "./Post.ts"

/**
 * The right to append to a session, obtained from `SessionManager.acquire`. The epoch of each new lease of a session is
 * greater than that of the previous one. A session that was never acquired has epoch 0.
 *
 * @since 0.1.0
 * @category models
 */
export interface Lease {
  readonly epoch: number
}

/**
 * Where to append: after the event with sequence number `after`, provided that `epoch` is still that of the latest lease and
 * that the posts `takes` still wait in these versions. The append takes them, so that no other append can.
 *
 * @since 0.1.0
 * @category models
 */
export interface WriteAt extends Lease {
  readonly after: number
  /** Default: none. */
  readonly takes?: ReadonlyArray<PostVersion> | undefined
}

/**
 * The process that holds a session's lease.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Holder = Schema.Struct({
  pid: Schema.Int,
  host: Schema.String,
  /** Milliseconds since the epoch. */
  since: Schema.Int
})
export type Holder = typeof Holder.Type

/**
 * Describes the holder to a person on machine `here`. The Swedish locale formats times as `15:04` on every system.
 *
 * @since 0.1.0
 * @category functions
 */
export const describe = ({ host, pid, since }: Holder, here: string): string => {
  const place = host === here ? "this machine" : host
  return `process ${pid} on ${place} since ${new Intl.DateTimeFormat("sv-SE", { timeStyle: "short" }).format(since)}`
}
