import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { guarded } from "../../packages/harness/src/oauth/AuthorizationServer.ts"
import { authFetch } from "../../packages/mcp/src/auth/AuthFetch.ts"
import type { Case } from "../suite.ts"
import { here, usable } from "./login.ts"
import { inTime } from "../../packages/harness/src/time/promptly.ts"

const id = "X23"

/** A server on loopback names an authorization server in another private network. */
const metadata: Case = {
  id,
  name: "metadata that points to 169.254.169.254 and to private networks, written in any way",
  run: Effect.gen(function* () {
    const world = yield* here
    const inner = [
      "169.254.169.254",
      "10.0.0.1",
      "[::ffff:169.254.169.254]",
      "[64:ff9b::a9fe:a9fe]",
      "[::ffff:0:a9fe:a9fe]",
      "[64:ff9b:1::a9fe:a9fe]",
      "[2001::5601:5601]",
      "168.63.129.16",
      "[fd00::1]",
      "0.0.0.0"
    ]
    for (const host of inner)
      for (const place of ["resource", "metadata"] as const) {
        const named = { authorization_servers: [`https://${host}/`], token_endpoint: `https://${host}/token` }
        world.server.behaviour[place] = named
        const { message } = yield* Effect.flip(world.logIn())
        assert.match(message, /of a (link-local|private|nowhere) network, where the server itself is not/, host)
        world.server.behaviour[place] = {}
      }
    yield* usable(world)
  })
}

/** The check as it applies to a server that is not on this machine. */
const elsewhere = (target: string) =>
  Effect.promise(() =>
    authFetch(
      new URL("https://93.184.216.34/mcp"),
      (effect) => Effect.runPromise(effect),
      String
    )(target).then(
      () => "answered",
      (error: unknown) => (error instanceof TypeError ? error.message : "another error")
    )
  )

const loopback: Case = {
  id,
  name: "a server elsewhere that points to 127.0.0.1, by number and by name",
  run: Effect.gen(function* () {
    const world = yield* here
    const { port } = new URL(world.server.origin)
    for (const host of ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1"]) {
      assert.match(yield* elsewhere(`http://${host}:${port}/`), /is not https/)
      assert.match(yield* elsewhere(`https://${host}:${port}/`), /of a loopback network/)
    }
    assert.deepStrictEqual(world.server.seen, [])
    yield* usable(world)
  })
}

const insecure: Case = {
  id,
  name: "plain http, and what is no web address",
  run: Effect.gen(function* () {
    const world = yield* here
    for (const target of ["http://93.184.216.34/register", "http://93.184.216.34:443/token"])
      assert.match(yield* elsewhere(target), /is not https/)
    for (const target of ["file:///etc/passwd", "data:application/json,{}", "ftp://93.184.216.34/"])
      assert.match(yield* elsewhere(target), /no web address/)
    yield* usable(world)
  })
}

const redirects: Case = {
  id,
  name: "redirects: to another server, to a private network, and in a loop",
  run: Effect.gen(function* () {
    const world = yield* here
    const other = yield* guarded
    const { behaviour } = world.server
    const discovery = "/.well-known/oauth-authorization-server"
    for (const path of ["/token", "/register", discovery])
      for (const location of [`${other.origin}${path}`, `http://169.254.169.254${path}`, path]) {
        behaviour.override = { [path]: (response) => void response.writeHead(307, { location }).end() }
        yield* Effect.exit(world.logIn()).pipe(inTime(5000))
        // With an earlier client registration, no new registration would be made.
        yield* world.store.login(world.server.url).remove
      }
    assert.deepStrictEqual(other.seen, [])
    behaviour.override = {}
    yield* usable(world)
  })
}

export const reached: ReadonlyArray<Case> = [metadata, loopback, insecure, redirects]
