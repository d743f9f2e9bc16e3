import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert } from "@effect/vitest"
import { authorize } from "@parley/mcp/Authorize"
import * as LoginOptions from "@parley/mcp/LoginOptions"
import { Effect, Schema } from "effect"
import { context, textOf, withManager } from "../../packages/mcp/test/support.ts"
import { guarded, type Guarded } from "../../packages/harness/src/oauth/AuthorizationServer.ts"

const Words = Schema.fromJsonString(Schema.Array(Schema.String))
const decode = Schema.decodeUnknownSync(Words)

/** A server that requires a login, a user whose `BROWSER` records and opens addresses, and the store of logins. */
export const here = Effect.gen(function* () {
  const home = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "parley-login-"))),
    (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
  )
  const script = join(home, "browser.mjs")
  const opened = join(home, "opened.json")
  writeFileSync(
    script,
    `import { writeFileSync } from "node:fs"
const words = process.argv.slice(2)
writeFileSync("${opened}", JSON.stringify(words))
await fetch(words.at(-1))
`
  )
  const said: Array<string> = []
  const person = LoginOptions.browser({
    env: { BROWSER: `${process.execPath} ${script}` },
    say: (words) => Effect.sync(() => void said.push(words))
  })
  const store = LoginOptions.directory(join(home, "mcp-auth"))
  const server = yield* guarded
  return {
    home,
    server,
    store,
    said,
    logIn: (to: Guarded = server) => authorize({ server: { url: to.url }, store, person, limit: "10 seconds" }),
    /** The arguments with which the browser was started, if it was. */
    opened: () => (existsSync(opened) ? decode(readFileSync(opened, "utf8")) : undefined)
  }
})
export type Here = Effect.Success<typeof here>

/** Makes one call without a user who could log in. */
export const calling = ({ server, store }: Pick<Here, "server" | "store">) =>
  withManager({ servers: { s: { url: server.url } }, auth: { store } }, (mcp) =>
    Effect.gen(function* () {
      const result = yield* Effect.result(mcp.call("s__look", {}, context))
      const [status] = yield* mcp.servers
      return { result, status }
    })
  )

/** The postcondition: with a working login, the same server is usable. */
export const usable = (world: Here) =>
  Effect.gen(function* () {
    yield* world.logIn()
    const { result } = yield* calling(world)
    assert.strictEqual(result._tag === "Success" ? textOf(result.success.content) : result.failure.message, "done")
  })
