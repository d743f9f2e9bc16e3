import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { guarded } from "../../packages/harness/src/oauth/AuthorizationServer.ts"
import type { Case } from "../suite.ts"
import { calling, here, usable } from "./login.ts"

const id = "X22"

const twoServers: Case = {
  id,
  name: "two servers: neither receives a token of the other, even if it refuses all tokens",
  run: Effect.gen(function* () {
    const world = yield* here
    const other = yield* guarded
    yield* world.logIn()
    yield* world.logIn(other)
    yield* calling(world)
    other.behaviour.deaf = true
    yield* calling({ ...world, server: other })
    const sent = (to: typeof other) => to.seen.map(({ body, headers }) => `${headers.authorization} ${body}`).join("\n")
    for (const secret of world.server.secrets) assert.notInclude(sent(other), secret)
    for (const secret of other.secrets) assert.notInclude(sent(world.server), secret)
    yield* usable(world)
  })
}

const redirected: Case = {
  id,
  name: "a redirect to another server carries no header",
  run: Effect.gen(function* () {
    const world = yield* here
    const other = yield* guarded
    yield* world.logIn()
    world.server.behaviour.override = {
      "/mcp": (response) => void response.writeHead(307, { location: other.url }).end()
    }
    const { result } = yield* calling(world)
    assert.strictEqual(result._tag, "Failure")
    assert.deepStrictEqual(other.seen, [])
    world.server.behaviour.override = {}
    yield* usable(world)
  })
}

const audience: Case = {
  id,
  name: "tokens are asked for the server alone, and for no other that it names",
  run: Effect.gen(function* () {
    const world = yield* here
    const other = yield* guarded
    world.server.behaviour.resource = { resource: other.url }
    const { message } = yield* Effect.flip(world.logIn())
    assert.match(message, /another resource than itself/)
    assert.isUndefined(world.opened())
    world.server.behaviour.resource = {}
    yield* world.logIn()
    world.server.expire()
    yield* calling(world)
    const asked = world.server.seen.filter(({ path }) => path === "/token")
    assert.deepStrictEqual(
      asked.map(({ body }) => new URLSearchParams(body).get("resource")),
      [world.server.url, world.server.url]
    )
    assert.strictEqual(new URL(world.opened()?.[0] ?? "").searchParams.get("resource"), world.server.url)
    // A refresh does not request another resource either.
    world.server.expire()
    world.server.behaviour.resource = { resource: other.url }
    const { status } = yield* calling(world)
    assert.strictEqual(status?.state, "needs-auth")
    assert.strictEqual(world.server.count("/token"), 2)
    world.server.behaviour.resource = {}
    yield* usable(world)
  })
}

export const forwarded: ReadonlyArray<Case> = [twoServers, redirected, audience]
