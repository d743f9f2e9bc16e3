import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { escapes } from "./confinement/escapes.ts"
import { inside, link, secret, secretName, surround } from "./confinement/outside.ts"
import { race } from "./confinement/race.ts"
import { session, ways } from "./confinement/ways.ts"
import { type Place, place } from "./files/place.ts"
import { atRest } from "./support/post.ts"
import { type Case, suite } from "./suite.ts"

/** Tries the `i`th escape with every way of reading files. */
const against = (name: string, i: number): Case => ({
  id: "X19",
  name,
  run: Effect.gen(function* () {
    const here: Place = yield* place
    surround(here)
    const escape = escapes(here)[i]
    assert.strictEqual(escape?.name, name)
    if (escape === undefined) return
    link(here, escape.links)
    for (const way of ways) {
      const told = yield* way.ask(here, escape)
      assert.isTrue(told.includes(inside), `${way.name} finds what is inside`)
      assert.isFalse(told.includes(secret), `${way.name} shows what a file outside holds`)
      assert.isFalse(told.includes(secretName), `${way.name} shows what a file outside is called`)
    }
    // A later session works normally.
    yield* Effect.scoped(Effect.flatMap(session(here), ({ send }) => send("Is all well?")))
    assert.deepStrictEqual(atRest(here), [])
  })
})

suite(
  "RELIABILITY X19, leaving the workspace",
  [{ id: "X19", fault: "a path leads out", variants: 6 }],
  [
    ...[
      "links to files",
      "links to directories",
      "upwards",
      "absolute, in a home, as an address, of a drive, with a NUL",
      "into a directory whose name begins as the workspace's does"
    ].map(against),
    race
  ]
)
