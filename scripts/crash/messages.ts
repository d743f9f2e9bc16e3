import { existsSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import type { Place } from "./place.ts"
import type { StoredSession } from "./stored.ts"

/** What is said to the model during a round; its script is `text`. */
const payload = JSON.stringify({
  delivery: "steer",
  request: [{ _tag: "Text", text: "script:text" }],
  outside: []
})

/**
 * Sends a message to the latest session, as another process does, but without the store, which is the code under test. The
 * command waits for the provider meanwhile, so that its system calls are the same in each run.
 */
export const steer = ({ data }: Pick<Place, "data">): void => {
  const path = join(data, "parley.db")
  if (!existsSync(path)) return
  const database = new DatabaseSync(path, { timeout: 5000 })
  try {
    database
      .prepare(
        `INSERT INTO posts (session, n, at, kind, name, state, version, payload)
         SELECT key, (SELECT coalesce(max(n), 0) + 1 FROM posts WHERE session = key), 0, 'message', NULL, 'waiting', 1, ?
         FROM sessions ORDER BY key DESC LIMIT 1`
      )
      .run(payload)
  } finally {
    database.close()
  }
}

/** How often the message is in the log of its session. */
const times = ({ log }: StoredSession, id: string): number =>
  log.filter(
    ({ event }) => (event._tag === "RoundStarted" || event._tag === "MessageDelivered") && event.messageId === id
  ).length

/** Messages that were taken without being delivered, or delivered without being taken. */
export const torn = (session: StoredSession | undefined): ReadonlyArray<string> =>
  (session?.posts ?? []).flatMap(({ id, state }) => {
    const count = session === undefined ? 0 : times(session, id)
    return count === (state === "taken" ? 1 : 0) ? [] : [`message ${id} is ${state} and ${count} times in the log`]
  })

/** Messages that still wait after the session has answered another one. */
export const left = (session: StoredSession | undefined): ReadonlyArray<string> =>
  (session?.posts ?? []).flatMap(({ id, state }) => (state === "waiting" ? [`message ${id} was not delivered`] : []))
