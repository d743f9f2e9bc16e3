import { join } from "node:path"
import process from "node:process"
import { assert } from "@effect/vitest"
import { textOf } from "@parley/domain/Content"
import { toResult } from "@parley/domain/Tool"
import * as McpServers from "@parley/mcp/McpServers"
import { Effect } from "effect"
import type { Case } from "../../suite.ts"
import { engine, home } from "../../../packages/harness/src/sessions/home.ts"
import { breaksRules, post } from "../../support/post.ts"
import { obeying, wish } from "./obeying.ts"
import { notedIn, server } from "./place.ts"

const count = 8

/** The server answers after all sessions have called it, last call first. Each session receives its own result. */
const outOfOrder = Effect.gen(function* () {
  const here = yield* home
  const model = yield* obeying
  const file = join(here.root, "noted")
  const ids = yield* Effect.gen(function* () {
    const { coordinator, sessions } = yield* engine(here, {
      url: model.url,
      tools: McpServers.layer({
        servers: { notes: { command: process.execPath, args: [server, file] } },
        clientInfo: { name: "faults", version: "0" }
      })
    })
    return yield* Effect.forEach(
      Array.from({ length: count }, (_, i) => `question ${i}`),
      (text) =>
        Effect.gen(function* () {
          const { id } = yield* sessions.create({})
          const request = wish("notes__gather", { text, count })
          const { status, turns } = yield* coordinator.handleMessage({ sessionId: id, request })
          const answers = turns.flatMap(({ toolCalls }) =>
            toolCalls.map(({ callId, outcome }) =>
              outcome === undefined ? "" : textOf(toResult(callId, outcome).content)
            )
          )
          assert.deepStrictEqual([status, answers], ["completed", [`${text} ${id}/r1/r1t1/r1t1c1`]])
          return id
        }),
      { concurrency: "unbounded" }
    )
  }).pipe(Effect.scoped)
  const noted = notedIn(file)
  assert.lengthOf(
    noted.filter(({ environment }) => environment !== undefined),
    1,
    "one server for all"
  )
  assert.lengthOf(
    noted.filter(({ called }) => called === "gather"),
    count
  )
  assert.deepStrictEqual(breaksRules(model.bodies), [])
  for (const id of ids) yield* post(here, id)
})

/** X24: results that reach another session. */
export const routingCases: ReadonlyArray<Case> = [
  { id: "X24", name: "concurrent sessions over one server that answers out of order", run: outOfOrder }
]
