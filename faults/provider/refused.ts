import { assert } from "@effect/vitest"
import type { Reply } from "../../packages/harness/src/provider/SseServer.ts"
import { apiKey } from "../../packages/harness/src/sessions/home.ts"
import { all, answer, apiError, start, stop, text, toolUse } from "../../packages/harness/src/provider/wire.ts"
import { blocksSent, failed, results, said, type Seen, variant, variants } from "./kit.ts"

const headers = { "content-type": "application/json", "request-id": "req_42" }
const refusal = (status: number, type: string, message?: string): Reply => ({
  status,
  headers,
  body: [apiError(type, message)]
})
/** Retries are allowed, but none must be made. */
const limits = { retries: 3 }
const once =
  (reason: string) =>
  (seen: Seen): void => {
    failed(reason)(seen)
    assert.lengthOf(seen.received, 1, "asked once")
    assert.include(seen.error?.message, "(request req_42)")
  }

const invalid = variant("P09", "not retried, and not taken for an answer", {
  replies: [refusal(400, "invalid_request_error", "messages.0: what is this?"), { body: [answer("Better.")] }],
  messages: ["hello", "again"],
  limits,
  look: ({ received, rounds }) => {
    assert.deepStrictEqual(
      rounds.map(({ failure, status }) => [status, failure?.reason]),
      [
        ["failed", "InvalidRequest"],
        ["completed", undefined]
      ]
    )
    assert.include(rounds[0]?.failure?.message, "(request req_42)")
    assert.isEmpty(rounds[0]?.turns[0]?.content)
    assert.lengthOf(received, 2)
    assert.isEmpty(blocksSent(received[1], "assistant"))
  }
})

/** A key is revoked between the turns of a round: earlier tool results are kept and sent with the next message. */
const revoked = variants<Reply>(
  "P11",
  [
    ["401, echoing the key", refusal(401, "authentication_error", `the key ${apiKey} was revoked`)],
    ["403", refusal(403, "permission_error", "not any more")]
  ],
  (reply) => ({
    replies: [
      { body: [all(start(), ...toolUse(0, "echo", '{"n":1}'), ...stop("tool_use"))] },
      reply,
      { body: [answer("Back with a new key.")] }
    ],
    messages: ["hello", "again"],
    limits,
    look: ({ log, ran, received, rounds }) => {
      const [stopped, next] = rounds
      assert.strictEqual(stopped?.failure?.reason, "Unauthorized")
      assert.include(stopped?.failure?.message, "The provider refused the key; check that it is correct")
      assert.notInclude(JSON.stringify(log), apiKey)
      assert.lengthOf(ran, 1)
      assert.deepStrictEqual(results(stopped?.turns[0]), ['Succeeded: {"n":1}'])
      assert.strictEqual(next?.status, "completed")
      assert.lengthOf(received, 3)
      assert.lengthOf(
        blocksSent(received[2], "user").filter(({ type }) => type === "tool_result"),
        1
      )
    }
  })
)

const gone = variant("P12", "a typed error that names the model", {
  replies: [refusal(404, "not_found_error", "model: claude-retired-1")],
  limits,
  look: (seen) => {
    once("UnknownModel")(seen)
    assert.include(seen.error?.message, "There is no such model")
    assert.include(seen.error?.message, "claude-retired-1")
  }
})

/** The same error in the format of an OpenAI-compatible server. */
const openai = JSON.stringify({
  error: {
    message: "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.",
    type: "invalid_request_error",
    param: "messages",
    code: "context_length_exceeded"
  }
})

const overflow = [
  variant("P14", "400, in the format of the Messages API", {
    replies: [refusal(400, "invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum")],
    limits,
    look: once("ContextOverflow")
  }),
  variant("P14", "400, in the format of OpenAI", {
    replies: [{ status: 400, headers, body: [openai] }],
    limits,
    look: once("ContextOverflow")
  }),
  variant("P14", "the stop reason model_context_window_exceeded", {
    replies: [
      {
        body: [all(start(), ...text(0, "Too "), ...toolUse(1, "echo", "{}"), ...stop("model_context_window_exceeded"))]
      }
    ],
    limits,
    look: (seen) => {
      failed("ContextOverflow")(seen)
      assert.lengthOf(seen.received, 1)
      assert.strictEqual(said(seen.turns[0]), "Too ")
      assert.isEmpty(seen.ran)
    }
  })
]

const large = [
  variant("P13", "413", {
    replies: [refusal(413, "request_too_large", "Request exceeds the maximum size")],
    limits,
    look: once("ContextOverflow")
  }),
  variant("P13", "a body over 32 MB is not sent", {
    replies: [{ body: [answer("never")] }],
    instructions: "é".repeat(17 * 1024 * 1024),
    limits,
    look: (seen) => {
      failed("ContextOverflow")(seen)
      assert.include(seen.error?.message, "33554432 bytes")
      assert.isEmpty(seen.received)
    }
  })
]

export const refused = [invalid, ...revoked, gone, ...overflow, ...large]
