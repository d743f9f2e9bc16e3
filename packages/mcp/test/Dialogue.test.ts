import { callId, type CallReference, roundId, SessionId, turnId } from "@parley/domain/Ids"
import type { FromServer, ServerRequests } from "@parley/domain/ServerRequests"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { makeDialogue } from "../src/requests/Dialogue.ts"
import { noLog } from "../src/requests/ServerLog.ts"

const reference = (session: string): CallReference => ({
  sessionId: SessionId.make(session),
  roundId: roundId(1),
  callId: callId(turnId(roundId(1), 1), 1)
})
const form = { message: "Name?", requestedSchema: { type: "object", properties: {} } }
const sampling = { messages: [{ role: "user", content: { type: "text", text: "hi" } }], maxTokens: 9 }

it.effect("a request of a server names the calls that the server is running", () =>
  Effect.gen(function* () {
    const seen: Array<string> = []
    const hear = ({ calls, server }: FromServer) =>
      seen.push([server, ...calls.map((call) => call.sessionId)].join(" "))
    const requests: ServerRequests = {
      elicit: (request) =>
        Effect.as(
          Effect.sync(() => hear(request)),
          { _tag: "Cancel" }
        ),
      sample: (request) =>
        Effect.as(
          Effect.sync(() => hear(request)),
          { _tag: "Declined", reason: "no" }
        )
    }
    const { calling, elicit, sample } = yield* makeDialogue("s", "allow", requests, noLog)
    const ask = Effect.all([elicit?.(form) ?? Effect.void, sample?.(sampling) ?? Effect.void])
    yield* calling(ask, reference("a"))
    yield* calling(calling(ask, reference("b")), reference("a"))
    // A trial call of a tool belongs to no session.
    yield* calling(ask)
    assert.deepStrictEqual(seen, ["s a", "s a", "s a b", "s a b", "s", "s"])
  })
)
