import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { message, text } from "@parley/harness/Events"
import { serve } from "@parley/harness/SseServer"

const Left = Schema.fromJsonString(Schema.Struct({ heap: Schema.Int, controllers: Schema.Int, responses: Schema.Int }))
const program = fileURLToPath(new URL("fixtures/requests.ts", import.meta.url))

describe("the memory of a client", () => {
  it.live("does not retain a request that has its response, even before the response is garbage collected", () =>
    Effect.gen(function* () {
      const server = yield* serve({ body: [message("end_turn", text(0, "x"))] })
      const { stdout } = yield* Effect.promise(() =>
        promisify(execFile)(process.execPath, ["--expose-gc", program, server.url])
      )
      assert.lengthOf(server.received, 220)
      const left = yield* Schema.decodeEffect(Left)(stdout)
      // The bodies of the 200 requests have 20 MB in total.
      assert.isBelow(left.heap, 4 * 1024 * 1024, "bytes that 200 requests left behind")
      assert.isBelow(left.responses, 20, "answers that are still held")
      assert.isBelow(left.controllers, 20, "controllers that are still held")
    })
  )
})
