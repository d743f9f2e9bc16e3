import { assert, describe, it } from "@effect/vitest"
import { mkdirSync, readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { inspect } from "node:util"
import { Effect, type Scope } from "effect"
import { vi } from "vitest"
import { authorize } from "../src/auth/Authorize.ts"
import * as LoginOptions from "../src/auth/LoginOptions.ts"
import { guarded, type Guarded } from "@parley/harness/AuthorizationServer"
import { quickPerson } from "./oauth/People.ts"
import { context, directory, rawServer, textOf, withManager } from "./support.ts"

type World = Guarded & { readonly store: ReturnType<typeof LoginOptions.directory>; readonly path: string }

const world: Effect.Effect<World, never, Scope.Scope> = Effect.gen(function* () {
  const path = join(yield* directory, "mcp-auth")
  return { ...(yield* guarded), store: LoginOptions.directory(path), path }
})

/** The server's tools, as a program without a present user finds them. */
const using = <A, E, R>(
  { store, url }: World,
  use: Parameters<typeof withManager<A, E, R>>[1],
  auth: Partial<LoginOptions.AuthOptions> = {}
) => withManager({ servers: { s: { url } }, auth: { store, ...auth } }, use)

const login = ({ store, url }: World) => authorize({ server: { url }, store, person: quickPerson().person })
const call = (tool: string) => (mcp: { readonly call: CallOf }) => mcp.call(`s__${tool}`, {}, context)
type CallOf = Parameters<Parameters<typeof withManager<unknown, never, never>>[1]>[0]["call"]

describe("OAuth", () => {
  it.live("a login in a browser is stored for its owner only, and used by later connections", () =>
    Effect.gen(function* () {
      const here = yield* world
      const { person, shown } = quickPerson()
      yield* authorize({ server: { url: here.url }, store: here.store, person })
      assert.deepStrictEqual(
        shown.map(({ host }) => host),
        [new URL(here.origin).host]
      )
      assert.strictEqual(statSync(here.path).mode & 0o777, 0o700)
      const files = readdirSync(here.path)
      assert.lengthOf(files, 1)
      assert.strictEqual(statSync(join(here.path, files[0] ?? "")).mode & 0o777, 0o600)
      const output = yield* using(here, call("look"))
      assert.strictEqual(textOf(output.content), "done")
      assert.strictEqual(here.count("/register"), 1)
    })
  )

  it.live(
    "a server that requires a login becomes needs-auth at once, with advice, is not retried, and does not affect others",
    () =>
      Effect.gen(function* () {
        const here = yield* world
        yield* withManager(
          { servers: { s: { url: here.url }, raw: rawServer() }, auth: { store: here.store } },
          (mcp) =>
            Effect.gen(function* () {
              const tools = yield* Effect.timeout(mcp.tools, "5 seconds")
              assert.isTrue(tools.some(({ server }) => server === "raw"))
              const status = (yield* mcp.servers).find(({ name }) => name === "s")
              assert.strictEqual(status?.state, "needs-auth")
              assert.match(status?.problem ?? "", /; log in to it$/)
              const before = here.seen.length
              yield* Effect.sleep("1200 millis")
              assert.strictEqual(here.seen.length, before)
              assert.isUndefined((yield* mcp.servers).find(({ name }) => name === "s")?.restarts)
            })
        )
        // No user was present: nothing was registered, and no other request went to the named authorization server.
        assert.deepStrictEqual([...new Set(here.seen.map(({ path }) => path))], ["/mcp"])
      })
  )

  it.live("a refresh token that the server does not replace is reused, however often tokens expire", () =>
    Effect.gen(function* () {
      const here = yield* world
      yield* login(here)
      here.behaviour.keepsRefresh = true
      for (let renewal = 1; renewal <= 3; renewal++) {
        here.expire()
        assert.strictEqual(textOf((yield* using(here, call("look"))).content), "done")
        assert.strictEqual(here.count("/token"), 1 + renewal, "the code, and a refresh each time")
      }
      assert.strictEqual(here.reused(), 0)
    })
  )

  it.live("concurrent calls with expired tokens renew them only once, and are sent again", () =>
    Effect.gen(function* () {
      const here = yield* world
      yield* login(here)
      const outputs = yield* using(here, (mcp) =>
        Effect.gen(function* () {
          yield* mcp.tools
          here.behaviour.slow = 100
          here.expire()
          return yield* Effect.all(
            Array.from({ length: 6 }, () => call("look")(mcp)),
            { concurrency: "unbounded" }
          )
        })
      )
      assert.deepStrictEqual(
        outputs.map(({ content }) => textOf(content)),
        Array.from({ length: 6 }, () => "done")
      )
      assert.strictEqual(here.count("/token"), 2, "the code, and one refresh")
      assert.strictEqual(here.reused(), 0)
      assert.strictEqual(textOf((yield* using(here, call("look"))).content), "done", "what was renewed is stored")
      assert.strictEqual(here.count("/token"), 2)
    })
  )

  it.live("a revoked login makes a running server require one, and a login made meanwhile is found", () =>
    Effect.gen(function* () {
      const here = yield* world
      yield* login(here)
      yield* using(here, (mcp) =>
        Effect.gen(function* () {
          yield* mcp.tools
          here.revoke()
          const refused = yield* Effect.flip(call("look")(mcp))
          assert.strictEqual(refused.reason, "NotSent")
          assert.match(refused.message, /log in to it/)
          assert.strictEqual((yield* mcp.servers)[0]?.state, "needs-auth")
        })
      )
      yield* login(here)
      assert.strictEqual(textOf((yield* using(here, call("look"))).content), "done")
      yield* using(here, (mcp) =>
        Effect.gen(function* () {
          yield* mcp.tools
          here.revoke()
          yield* login(here)
          assert.strictEqual(textOf((yield* call("look")(mcp)).content), "done", "without a restart")
        })
      )
    })
  )

  it.live("a temporary failure to renew does not delete the login", () =>
    Effect.gen(function* () {
      const here = yield* world
      yield* login(here)
      here.expire()
      here.behaviour.refresh = { status: 503, body: `{"error":"temporarily_unavailable"}` }
      yield* using(here, (mcp) =>
        Effect.gen(function* () {
          yield* mcp.tools
          assert.notStrictEqual((yield* mcp.servers)[0]?.state, "needs-auth")
        })
      )
      here.behaviour.refresh = undefined
      assert.strictEqual(textOf((yield* using(here, call("look"))).content), "done")
    })
  )

  it.live("a call that needs more scope fails with advice, and the next login requests that scope", () =>
    Effect.gen(function* () {
      const here = yield* world
      yield* login(here)
      yield* using(here, (mcp) =>
        Effect.gen(function* () {
          yield* mcp.tools
          const before = here.count("/mcp")
          const output = yield* call("danger")(mcp)
          assert.isTrue(output.isError)
          assert.match(textOf(output.content), /more rights.*\(admin\).*log in to it/)
          assert.strictEqual(here.count("/mcp"), before + 1)
          assert.strictEqual(textOf((yield* call("look")(mcp)).content), "done", "others go on")
          assert.strictEqual((yield* mcp.servers)[0]?.state, "ready")
        })
      )
      const { person, shown } = quickPerson()
      yield* authorize({ server: { url: here.url }, store: here.store, person })
      assert.sameMembers(new URL(shown[0]?.url ?? "").searchParams.get("scope")?.split(" ") ?? [], ["tools", "admin"])
      assert.strictEqual(textOf((yield* using(here, call("danger"))).content), "done")
    })
  )

  it.live("a present user logs in while the server starts, and again when it requires more scope", () =>
    Effect.gen(function* () {
      const here = yield* world
      const { person, shown } = quickPerson()
      const output = yield* using(here, call("danger"), { person, store: LoginOptions.inMemory() })
      assert.strictEqual(textOf(output.content), "done")
      assert.lengthOf(shown, 2)
      mkdirSync(here.path, { recursive: true })
      assert.deepStrictEqual(readdirSync(here.path), [])
    })
  )

  it.live("the user is sent to a browser at most three times for one connection", () =>
    Effect.gen(function* () {
      const here = yield* world
      here.behaviour.greedy = true
      const { person, shown } = quickPerson()
      const output = yield* using(here, call("danger"), { person })
      assert.isTrue(output.isError)
      assert.lengthOf(shown, 3)
    })
  )

  it.live("a server that refuses a newly issued token is retried only once", () =>
    Effect.gen(function* () {
      const here = yield* world
      yield* login(here)
      here.behaviour.deaf = true
      yield* using(here, (mcp) =>
        Effect.gen(function* () {
          yield* mcp.tools
          assert.strictEqual((yield* mcp.servers)[0]?.state, "needs-auth")
        })
      )
      assert.strictEqual(here.count("/token"), 2)
    })
  )

  it.live("messages about a login contain no secrets, whatever their source", () =>
    Effect.gen(function* () {
      const here = yield* world
      yield* login(here)
      const stored = () => readdirSync(here.path).map((file) => readFileSync(join(here.path, file), "utf8"))
      const before = stored()
      here.behaviour.override = {
        "/token": (response) =>
          void response
            .writeHead(400)
            .end(`{"error":"invalid_grant","error_description":"${here.secrets.toReversed().join(" ")}"}`)
      }
      const warned = vi.spyOn(console, "warn").mockImplementation(() => {})
      yield* Effect.addFinalizer(() => Effect.sync(() => warned.mockRestore()))
      const failed = yield* Effect.flip(login(here))
      assert.match(failed.message, /… … …/)
      assert.deepStrictEqual(stored(), before, "and a login that fails costs nothing of the one before")
      const record = yield* here.store.login(here.url).read
      here.expire()
      const said = yield* using(here, (mcp) => Effect.andThen(mcp.tools, mcp.servers))
      const words = inspect([said, failed, record, failed.message, warned.mock.calls], { depth: 20 })
      assert.include(words, "invalid_grant")
      // The very first code was spent earlier, and is no longer known to the test.
      for (const secret of here.secrets.slice(1)) assert.notInclude(words, secret)
    })
  )
})
