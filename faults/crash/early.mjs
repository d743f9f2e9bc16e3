// Loaded before the command: makes its store acknowledge an append before it has written it. The crash harness must notice.
import { Buffer } from "node:buffer"
import { registerHooks } from "node:module"

const find = "for (const session of planned.sessions) yield* write(sql, session)"

registerHooks({
  load: (url, context, next) => {
    const loaded = next(url, context)
    if (!url.endsWith("/store/src/internal/commit.ts")) return loaded
    const source = Buffer.from(loaded.source).toString("utf8")
    if (source.split(find).length !== 2) throw new Error("commit.ts does not hold the statement that is to be late")
    return { ...loaded, source: source.replace(find, `announce(planned); yield* Effect.sleep(30); ${find}`) }
  }
})
