// Loaded before a process: plants the bug that its address names (`plant.mjs?early`) into the store. A harness must notice.
import { Buffer } from "node:buffer"
import { registerHooks } from "node:module"

const bugs = {
  /** An append is acknowledged before it is written. */
  early: {
    find: "for (const session of planned.sessions) yield* write(sql, session)",
    change: (found) => `announce(planned); yield* Effect.sleep(5000); ${found}`
  },
  /** A barrier is none: nothing is synced for it. */
  unsynced: { find: '"FULL" : "NORMAL"', change: () => '"OFF" : "NORMAL"' }
}
const { change, find } = bugs[new URL(import.meta.url).search.slice(1)]

registerHooks({
  load: (url, context, next) => {
    const loaded = next(url, context)
    if (!url.endsWith("/store/src/internal/commit.ts")) return loaded
    const source = Buffer.from(loaded.source).toString("utf8")
    if (source.split(find).length !== 2) throw new Error(`commit.ts does not hold ${find} once`)
    return { ...loaded, source: source.replace(find, change) }
  }
})
