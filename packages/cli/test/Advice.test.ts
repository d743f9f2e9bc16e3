import { assert, it } from "@effect/vitest"
import { trouble } from "@parley/app/ServerPrompts"
import {
  ContextTooLarge,
  type HandleMessageError,
  SessionBusy,
  SessionNotFound,
  StorageError
} from "@parley/domain/Errors"
import { CallId, RoundId, SessionId } from "@parley/domain/Ids"
import { McpRequestError } from "@parley/domain/McpCatalog"
import { ModelError, Unauthorized, UnknownModel } from "@parley/domain/ModelError"
import { Recovered } from "@parley/session/Recovery"
import { messageOf } from "../src/errors/Advice.ts"
import * as RecoveryText from "../src/chat/RecoveryText.ts"
import { UsageError } from "@parley/app/UsageError"

const tooLarge = (servers?: ConstructorParameters<typeof ContextTooLarge>[0]["servers"]) =>
  new ContextTooLarge({ tokens: 9, limit: 5, problem: "it is so", ...(servers === undefined ? {} : { servers }) })

it("for a request that tools make too large, the largest server is named, and never the built-in one", () => {
  const sizes = ["workspace", "big", "small"].map((server, i) => ({ server, tools: 1, tokens: 90 - i }))
  assert.match(messageOf(tooLarge(sizes)), /`parley mcp disable big` disables that server/)
  assert.strictEqual(messageOf(tooLarge(sizes.slice(0, 1))), tooLarge().message)
  assert.strictEqual(messageOf(tooLarge()), tooLarge().message)
  assert.strictEqual(messageOf(new UsageError({ problem: "no" })), "no")
})

it("errors of the engine name the command that helps", () => {
  const sessionId = SessionId.make("ses_1")
  const holder = { pid: 1, host: "ada", since: 0 }
  const storage = { operation: "read", reason: "Corrupt" as const, detail: "d" }
  const cases: ReadonlyArray<readonly [HandleMessageError, RegExp | undefined]> = [
    [new SessionNotFound({ sessionId }), /; `parley sessions list` lists/],
    [new SessionBusy({ sessionId, detail: "p", holder }), /; follow it with `parley sessions show ses_1 --follow`$/],
    [new SessionBusy({ sessionId, detail: "p" }), undefined],
    [new StorageError({ ...storage, sessionId }), /; `parley sessions repair ses_1` copies/],
    [new StorageError(storage), undefined],
    [new StorageError({ ...storage, reason: "Full", sessionId }), undefined],
    [new ModelError({ reason: new UnknownModel({ detail: "x" }) }), /; `parley models` lists/],
    [new ModelError({ reason: new Unauthorized({ detail: "x" }) }), undefined],
    [
      new ContextTooLarge({ tokens: 9, limit: 5, problem: "it is so", compaction: "off" }),
      /\. `parley sessions compact` compacts the session$/
    ]
  ]
  for (const [error, advice] of cases)
    if (advice === undefined) assert.strictEqual(messageOf(error), error.message)
    else assert.match(messageOf(error), advice)
})

it("failed requests to MCP servers name the command that helps", () => {
  const told = (reason: McpRequestError["reason"]) =>
    trouble(new McpRequestError({ server: "s", reason, problem: "p" })).message
  assert.strictEqual(told("UnknownServer"), "s: p; `parley mcp list` lists the configured servers")
  assert.strictEqual(told("Unavailable"), "s: p; `parley mcp inspect s` shows its status")
  assert.strictEqual(told("Unsupported"), "s: p; `parley mcp inspect s` shows what it offers")
  assert.strictEqual(told("Refused"), "s: p")
})

it("a round that recovery closed says what may have happened, and what did not", () => {
  const calls = ["a", "b"].map((name) => ({ callId: CallId.make(`c-${name}`), name }))
  const words = (unknown: typeof calls, notExecuted: typeof calls) =>
    RecoveryText.words(
      Recovered.cases.Closed.make({ sessionId: SessionId.make("s"), roundId: RoundId.make("r2"), unknown, notExecuted })
    )
  const closed = "closed r2, which its process had left open when it ended"
  assert.strictEqual(words([], []), closed)
  assert.strictEqual(words(calls, []), `${closed}; may have taken effect: a (c-a), b (c-b)`)
  assert.strictEqual(words([], calls.slice(1)), `${closed}; never ran: b (c-b)`)
})
