import { mkdirSync } from "node:fs"
import { stdout } from "node:process"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { SessionId } from "@parley/domain/Ids"
import { Effect } from "effect"
import * as Version1 from "../packages/harness/src/sessions/version1.ts"
import { content } from "./poisoned/content.ts"
import { order, stored } from "./poisoned/order.ts"
import { owed } from "./poisoned/owed.ts"
import { attempt } from "./poisoned/try.ts"
import { engine, home } from "../packages/harness/src/sessions/home.ts"
import { strict } from "./poisoned/strict.ts"

const forms = [...owed, ...content, ...order, ...stored]
const total = forms.length + 1

describe("G13: poisoned histories can be continued, or are refused with instructions for the user", () => {
  const counts = { opened: 0, refused: 0 }
  afterAll(() => {
    const { opened, refused } = counts
    stdout.write(`poisoned histories: ${opened + refused}/${total} (${opened} opened, ${refused} refused)\n`)
  })

  it("are at least 40, with unique names", () => {
    assert.isAtLeast(total, 40)
    assert.strictEqual(new Set(forms.map(({ name }) => name)).size, forms.length)
  })

  for (const form of forms)
    it.live(`${form.expect}: ${form.name}`, () =>
      Effect.map(attempt(form), (expected) => {
        counts[expected]++
      })
    )

  it.live("refused: a turn of version 1 whose beginning is missing; the database is migrated nevertheless", () =>
    Effect.gen(function* () {
      const here = yield* home
      mkdirSync(here.data)
      Version1.create(`${here.data}/parley.db`)
      const server = yield* strict
      const { coordinator, sessions } = yield* engine(here, { url: server.url })
      const error = yield* Effect.flip(
        coordinator.handleMessage({ sessionId: SessionId.make("old"), request: "hello" })
      )
      assert.deepInclude(error, { _tag: "StorageError", reason: "Corrupt" })
      const { id } = yield* sessions.create({})
      assert.strictEqual((yield* coordinator.handleMessage({ sessionId: id, request: "hello" })).status, "completed")
      counts.refused++
    })
  )
})
