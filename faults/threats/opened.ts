import { existsSync } from "node:fs"
import { join } from "node:path"
import { assert } from "@effect/vitest"
import { loginAddress } from "../../packages/mcp/src/auth/LoginAddress.ts"
import { Effect, Result } from "effect"
import type { Case } from "../suite.ts"
import { here, usable } from "./login.ts"

/** The server requests that the browser opens a forbidden address: nothing is opened and no command is run. */
const refused = (name: string, address: string): Case => ({
  id: "X06",
  name,
  run: Effect.gen(function* () {
    const world = yield* here
    assert.isTrue(Result.isFailure(loginAddress(address)))
    world.server.behaviour.metadata = { authorization_endpoint: address }
    yield* Effect.flip(world.logIn())
    assert.isUndefined(world.opened())
    assert.deepStrictEqual(world.said, [])
    world.server.behaviour.metadata = {}
    yield* usable(world)
  })
})

/** A valid address that contains shell syntax: the browser receives it as one argument, and nothing else happens. */
const inOnePiece = (name: string, text: (marker: string) => string): Case => ({
  id: "X06",
  name,
  run: Effect.gen(function* () {
    const world = yield* here
    const marker = join(world.home, "owned")
    const { origin } = world.server
    world.server.behaviour.metadata = { authorization_endpoint: `${origin}/authorize?x=${text(marker)}` }
    yield* world.logIn()
    const words = world.opened() ?? []
    assert.lengthOf(words, 1)
    assert.isTrue(words[0]?.startsWith(`${origin}/authorize?x=`))
    assert.match(words[0] ?? "", /^[^\s"'`\\<>|^]+$/)
    assert.include(world.said.join("\n"), `To log in at ${new URL(origin).host}, `)
    assert.isFalse(existsSync(marker))
    world.server.behaviour.metadata = {}
    yield* usable(world)
  })
})

export const opened: ReadonlyArray<Case> = [
  refused("javascript:", "javascript:fetch('http://127.0.0.1:9/'+document.cookie)"),
  refused("file:", "file:///etc/passwd"),
  inOnePiece("$(…)", (marker) => `$(touch ${marker})`),
  inOnePiece("quotes", (marker) => `";touch '${marker}';\`touch ${marker}\`"`),
  refused("-flag", "--no-sandbox")
]
