import type { ServerResponse } from "node:http"
import { createServer } from "node:net"
import process from "node:process"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { authorize, type Person } from "../src/auth/Authorize.ts"
import { randomState } from "../src/auth/Challenge.ts"
import * as LoginOptions from "../src/auth/LoginOptions.ts"
import { quickPerson } from "./oauth/People.ts"
import { type Guarded, guarded } from "@parley/harness/AuthorizationServer"
import { freePort } from "./support.ts"

/** A person whose browser cannot reach the callback, and who pastes a text made from the redirect address. */
const pasting = (made: (address: string) => string) =>
  Effect.map(Deferred.make<string>(), (came): Person => ({
    show: ({ url }) =>
      Effect.flatMap(
        // @effect-diagnostics-next-line globalFetchInEffect:off -- it plays the browser
        Effect.promise(() => fetch(url, { redirect: "manual" }).then(({ headers }) => headers.get("location") ?? "")),
        (address) => Deferred.succeed(came, made(address))
      ),
    paste: Deferred.await(came)
  }))

const taking = (port: number) =>
  Effect.acquireRelease(
    Effect.callback<ReturnType<typeof createServer>>((resume) => {
      const server = createServer().listen(port, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) => Effect.sync(() => server.close())
  )

const absent: Person = { show: () => Effect.void, paste: Effect.never }

describe("the pasted text", () => {
  it.live("is the final address of the browser, or the code in it, possibly surrounded by blanks", () =>
    Effect.gen(function* () {
      const here = yield* guarded
      const logsIn = (make: (address: string) => string) =>
        Effect.gen(function* () {
          const store = LoginOptions.inMemory()
          yield* authorize({ server: { url: here.url }, store, person: yield* pasting(make) })
          assert.isDefined((yield* store.login(here.url).read).tokens)
        })
      yield* logsIn((address) => ` ${address}\n`)
      // A code alone contains no issuer, so the server must not announce that it sends one.
      here.behaviour.metadata = { authorization_response_iss_parameter_supported: false }
      yield* logsIn((address) => `\t${new URL(address).searchParams.get("code")} `)
    })
  )

  it.live("must not be empty or another address", () =>
    Effect.gen(function* () {
      const here = yield* guarded
      const failed = (make: (address: string) => string) =>
        Effect.gen(function* () {
          const person = yield* pasting(make)
          return yield* Effect.flip(authorize({ server: { url: here.url }, store: LoginOptions.inMemory(), person }))
        })
      assert.strictEqual((yield* failed(() => " \n")).message, "nothing was pasted")
      for (const make of [
        (address: string) => address.replace(/state=[^&]*/, "state=other"),
        (address: string) => address.replace("code=", "node="),
        () => "http://["
      ])
        assert.match((yield* failed(make)).message, /does not belong to this login/)
      assert.strictEqual(here.count("/token"), 0)
    })
  )
})

describe("the time limit of a login", () => {
  it.effect("is five minutes by default", () =>
    Effect.gen(function* () {
      const here = yield* guarded
      for (const [limit, seconds] of [
        [undefined, 300],
        ["20 seconds", 20]
      ] as const) {
        const shown = yield* Deferred.make<void>()
        const person: Person = { ...absent, show: () => Deferred.succeed(shown, undefined) }
        const waiting = yield* Effect.forkChild(
          Effect.flip(authorize({ server: { url: here.url }, store: LoginOptions.inMemory(), person, limit })),
          { startImmediately: true }
        )
        yield* Deferred.await(shown)
        yield* TestClock.adjust(`${seconds - 1} seconds`)
        assert.isUndefined(waiting.pollUnsafe())
        yield* TestClock.adjust("1 second")
        assert.strictEqual((yield* Fiber.join(waiting)).message, `the login was not completed within ${seconds} s`)
      }
    })
  )
})

describe("the redirect address", () => {
  const portOf = (shown: ReadonlyArray<{ readonly url: string }>): number =>
    Number(new URL(new URL(shown.at(-1)?.url ?? "").searchParams.get("redirect_uri") ?? "").port)

  it.live("uses the registered port if it is free, and otherwise registers another", () =>
    Effect.gen(function* () {
      const here = yield* guarded
      const store = LoginOptions.inMemory()
      const { person, shown } = quickPerson()
      const login = authorize({ server: { url: here.url }, store, person })
      yield* login
      const first = portOf(shown)
      yield* login
      assert.deepStrictEqual([portOf(shown), here.count("/register")], [first, 1])
      yield* taking(first)
      yield* login
      assert.notStrictEqual(portOf(shown), first)
      assert.strictEqual(here.count("/register"), 2)
    })
  )

  it.live("uses only the configured port", () =>
    Effect.gen(function* () {
      const here = yield* guarded
      const redirectPort = yield* freePort
      const { person, shown } = quickPerson()
      const login = authorize({
        server: { url: here.url, oauth: { redirectPort } },
        store: LoginOptions.inMemory(),
        person
      })
      yield* login
      assert.strictEqual(portOf(shown), redirectPort)
      yield* taking(redirectPort)
      assert.match((yield* Effect.flip(login)).message, /^cannot listen on 127\.0\.0\.1:\d+: /)
      assert.lengthOf(shown, 1)
    })
  )
})

describe("a person with a browser", () => {
  const address = { url: "https://as.example/authorize", host: "as.example" }
  /** A program that starts, and one that does not exist. */
  const [starts, missing] = [`${process.execPath} -e 0`, "/there/is/no/such/program"]
  const told = (options: Partial<LoginOptions.BrowserOptions>) => {
    const said: Array<string> = []
    const say = (words: string) => Effect.sync(() => void said.push(words))
    const person = LoginOptions.browser({ env: { BROWSER: starts }, say, ...options })
    return Effect.map(Effect.result(person.show(address)), ({ _tag }) => [_tag, ...said])
  }
  const open = "To log in at as.example, open https://as.example/authorize"
  const hand =
    "After you have logged in, the browser shows an address that begins with http://127.0.0.1. Paste it here:"

  it.live("is shown the address, and asked to paste only if no browser is opened", () =>
    Effect.gen(function* () {
      const paste = Effect.never
      assert.deepStrictEqual(yield* told({}), ["Success", open])
      assert.deepStrictEqual(yield* told({ paste }), ["Success", open])
      assert.deepStrictEqual(yield* told({ paste, pasteOnly: true }), ["Success", open, hand])
      assert.deepStrictEqual(yield* told({ paste, env: { BROWSER: missing } }), ["Success", open, hand])
      assert.deepStrictEqual(yield* told({ env: { BROWSER: missing } }), ["Failure", open])
      assert.deepStrictEqual(yield* told({ pasteOnly: true }), ["Failure", open])
    })
  )
})

describe("the servers for which a login is used", () => {
  const asked: Array<string> = []
  const store = (name: string) => {
    asked.push(name)
    return LoginOptions.inMemory()
  }
  const made = (
    url: string,
    headers?: { readonly [name: string]: string },
    auth: LoginOptions.AuthOptions = { store }
  ) =>
    Effect.map(
      LoginOptions.authorizerFor("s", { url, ...(headers === undefined ? {} : { headers }) }, auth),
      (authorizer) => authorizer !== undefined
    )

  it.live("are those with a valid address and without a configured authorization header", () =>
    Effect.gen(function* () {
      assert.isTrue(yield* made("https://one.example/mcp"))
      assert.isTrue(yield* made("https://one.example/mcp", { "x-key": "k" }, { store: LoginOptions.inMemory() }))
      assert.deepStrictEqual(asked, ["s"])
      assert.isFalse(yield* made("no address"))
      for (const name of ["authorization", "Authorization", "AUTHORIZATION"])
        assert.isFalse(yield* made("https://one.example/mcp", { "x-key": "k", [name]: "Bearer own" }), name)
      assert.isUndefined(yield* LoginOptions.authorizerFor("s", { url: "https://one.example/mcp" }, undefined))
      assert.lengthOf(asked, 1)
    })
  )
})

describe("a login that cannot start", () => {
  it.live("reports the reason and shows no address", () =>
    Effect.gen(function* () {
      const failed = (prepare: (behaviour: Guarded["behaviour"]) => void) =>
        Effect.gen(function* () {
          const here = yield* guarded
          prepare(here.behaviour)
          const { person, shown } = quickPerson()
          const error = yield* Effect.flip(
            authorize({ server: { url: here.url }, store: LoginOptions.inMemory(), person, limit: "20 seconds" })
          )
          assert.isEmpty(shown)
          return error.message
        })
      const open = yield* failed((behaviour) => {
        const missing = (response: ServerResponse): void => void response.writeHead(404).end()
        behaviour.override = {
          "/mcp": (response) => void response.writeHead(200, { "content-type": "application/json" }).end("{}"),
          "/.well-known/oauth-protected-resource/mcp": missing,
          "/.well-known/oauth-authorization-server": missing
        }
      })
      assert.strictEqual(open, "the server does not require a login, and publishes no OAuth metadata")
      const inner = yield* failed((behaviour) => {
        behaviour.metadata = { authorization_endpoint: "http://169.254.169.254/authorize" }
      })
      assert.match(inner, /169\.254\.169\.254/)
    })
  )

  it("has a new state each time, which is too long to guess", () => {
    const states = Array.from({ length: 100 }, randomState)
    assert.strictEqual(new Set(states).size, 100)
    for (const state of states) assert.match(state, /^[\w-]{32}$/)
  })
})
