import { assert, it } from "@effect/vitest"
import { RoundWaiting } from "../src/Errors.ts"
import { roundId, SessionId } from "../src/Ids.ts"

it("a round that waits says for how many answers", () => {
  const waiting = (questions: number) =>
    new RoundWaiting({ sessionId: SessionId.make("ses_1"), roundId: roundId(2), questions }).message
  assert.strictEqual(waiting(1), "Round r2 of session ses_1 waits for an answer, so nothing can follow it yet")
  assert.strictEqual(waiting(3), "Round r2 of session ses_1 waits for 3 answers, so nothing can follow it yet")
})
