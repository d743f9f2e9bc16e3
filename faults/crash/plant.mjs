// Preloaded into a process: plants the bug named in its URL (`plant.mjs?early`) into the store. The harness must detect it.
import { Buffer } from "node:buffer"
import { registerHooks } from "node:module"

const bugs = {
  /** An append is acknowledged before it is written. */
  early: {
    find: "for (const session of planned.sessions) yield* write(sql, session)",
    change: (found) => `announce(planned); yield* Effect.sleep(5000); ${found}`
  },
  /** Barriers are not synced. */
  unsynced: { find: '"FULL" : "NORMAL"', change: () => '"OFF" : "NORMAL"' }
}
const { change, find } = bugs[new URL(import.meta.url).search.slice(1)]

registerHooks({
  load: (url, context, next) => {
    const loaded = next(url, context)
    if (!url.endsWith("/store/src/log/commit.ts")) return loaded
    const source = Buffer.from(loaded.source).toString("utf8")
    if (source.split(find).length !== 2) throw new Error(`commit.ts does not hold ${find} once`)
    return { ...loaded, source: source.replace(find, change) }
  }
})
