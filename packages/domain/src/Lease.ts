import * as Schema from "effect/Schema"

/**
 * The right to append to a session, from `SessionManager.acquire`. Each lease of a session has a greater epoch than the one
 * before it; 0 is the epoch of a session that nobody has acquired yet.
 */
export interface Lease {
  readonly epoch: number
}

/** Where an append goes: behind event `after`, if the session's latest lease is still the one of `epoch`. */
export interface WriteAt extends Lease {
  readonly after: number
}

/** The process that has a session's lease. */
export const Holder = Schema.Struct({
  pid: Schema.Int,
  host: Schema.String,
  /** Milliseconds since the epoch. */
  since: Schema.Int
})
export type Holder = typeof Holder.Type

/** The holder for a person who sits at `host`. Swedish writes times as `15:04`, whatever the locale. */
export const describe = ({ host, pid, since }: Holder, here: string): string => {
  const place = host === here ? "this machine" : host
  return `process ${pid} on ${place} since ${new Intl.DateTimeFormat("sv-SE", { timeStyle: "short" }).format(since)}`
}
