import { existsSync } from "node:fs"
import { join } from "node:path"
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import type { Case } from "../suite.ts"
import { calling, here, usable } from "../threats/login.ts"

const id = "M21"

const refreshFails: Case = {
  id,
  name: "the refresh fails",
  run: Effect.gen(function* () {
    const world = yield* here
    yield* world.logIn()
    world.server.revoke()
    const { result, status } = yield* calling(world)
    assert.strictEqual(result._tag, "Failure")
    assert.strictEqual(status?.state, "needs-auth")
    assert.strictEqual(world.server.count("/token"), 2, "it is tried once")
    yield* calling(world)
    assert.strictEqual(world.server.count("/token"), 2, "and by nobody else")
    yield* usable(world)
  })
}

const otherAudience: Case = {
  id,
  name: "the token is for another audience",
  run: Effect.gen(function* () {
    const world = yield* here
    world.server.behaviour.audience = "https://elsewhere.example/mcp"
    yield* world.logIn()
    const before = world.server.count("/mcp")
    const { status } = yield* calling(world)
    assert.strictEqual(status?.state, "needs-auth")
    assert.isAtMost(world.server.count("/mcp") - before, 2, "asked once, and once more with another token")
    world.server.behaviour.audience = undefined
    yield* usable(world)
  })
}

const discovery: Case = {
  id,
  name: "the discovery URL is file: or javascript:",
  run: Effect.gen(function* () {
    const world = yield* here
    for (const challenge of ["file:///etc/passwd", "javascript:alert(1)"]) {
      world.server.behaviour.challenge = challenge
      const { message } = yield* Effect.flip(world.logIn())
      assert.match(message, /no web address/)
      assert.isUndefined(world.opened())
    }
    world.server.behaviour.challenge = undefined
    yield* usable(world)
  })
}

const metacharacters: Case = {
  id,
  name: "the discovery URL contains shell syntax",
  run: Effect.gen(function* () {
    const world = yield* here
    const marker = join(world.home, "owned")
    const { origin } = world.server
    const tail = `?x=$(touch$IFS${marker})&;touch%20${marker}|\`touch\``
    world.server.behaviour.challenge = `${origin}/.well-known/oauth-protected-resource/mcp${tail}`
    world.server.behaviour.metadata = { authorization_endpoint: `${origin}/authorize${tail}` }
    yield* world.logIn()
    assert.lengthOf(world.opened() ?? [], 1)
    assert.isFalse(existsSync(marker))
    world.server.behaviour.challenge = undefined
    world.server.behaviour.metadata = {}
    yield* usable(world)
  })
}

export const cases: ReadonlyArray<Case> = [refreshFails, otherAudience, discovery, metacharacters]
