import { assert, describe, it } from "@effect/vitest"
import type { Failure } from "../src/Failure.ts"
import * as Errors from "../src/Errors.ts"
import { roundId, SessionId, turnId } from "../src/Ids.ts"
import { ModelError, Overloaded, RateLimited, Refused } from "../src/ModelError.ts"
import { Session, type Turn } from "../src/Session.ts"
import { zero } from "../src/Usage.ts"

const { CapReached, ConfigError, PriceUnknown, SessionBusy, StorageError } = Errors
const sessionId = SessionId.make("ses_1")

describe("an error says what happened and what to do", () => {
  it("of a limit, with its number and its unit", () => {
    const said = (cap: Errors.Cap) => new CapReached({ cap, limit: 7 }).message
    const goOn = "; send another message to go on, or raise the limit"
    assert.strictEqual(said("turns"), `The round reached its limit of 7 model responses${goOn}`)
    assert.strictEqual(said("time"), `The round reached its limit of 7 s${goOn}`)
    assert.strictEqual(said("tokens"), `The round reached its limit of 7 tokens${goOn}`)
    assert.strictEqual(said("cost"), `The round reached its limit of $7${goOn}`)
    assert.strictEqual(said("identicalCalls"), `The round reached its limit of 7 identical tool calls${goOn}`)
  })

  it("of a session's limit, where another message does not help", () => {
    const said = (cap: Errors.Cap) => new CapReached({ cap, limit: 7 }).message
    const other = "; raise the limit, or start another session"
    assert.strictEqual(said("sessionTokens"), `The session reached its limit of 7 tokens${other}`)
    assert.strictEqual(said("sessionCost"), `The session reached its limit of $7${other}`)
  })

  it("of a price that is not known: this model's, or that of what was spent before", () => {
    const model = new PriceUnknown({ model: "p/m" }).message
    assert.include(model, "The price of p/m is not known")
    assert.include(model, 'Set prices["p/m"]')
    const spent = new PriceUnknown({ model: "p/m", unpricedTokens: 12 }).message
    assert.include(spent, "has spent 12 tokens at a price that was not known")
    assert.include(spent, "Start another session")
  })

  it("of a session in use: with a holder, how to follow it", () => {
    const busy = { sessionId, detail: "process 1 on ada" }
    assert.strictEqual(new SessionBusy(busy).message, "Session ses_1 is in use: process 1 on ada")
    assert.strictEqual(
      new SessionBusy({ ...busy, holder: { pid: 1, host: "ada", since: 0 } }).message,
      "Session ses_1 is in use by process 1 on ada; follow it with `parley sessions show ses_1 --follow`"
    )
  })

  it("of a file, with the line and the column where they are known", () => {
    const said = (at: { line?: number; column?: number }) =>
      new ConfigError({ path: "/c.json", problem: "no", ...at }).message
    assert.strictEqual(said({}), "/c.json: no")
    assert.strictEqual(said({ line: 3 }), "/c.json:3:1: no")
    assert.strictEqual(said({ line: 3, column: 9 }), "/c.json:3:9: no")
    assert.strictEqual(new Errors.WorkspaceError({ path: "/w", problem: "no" }).message, "/w: no")
  })

  it("of the store: only a damaged session has a repair of its own", () => {
    const said = (reason: Errors.StorageError["reason"], more: { sessionId?: SessionId } = {}) =>
      new StorageError({ operation: "read", reason, detail: "d", ...more }).message
    assert.include(said("Corrupt", { sessionId }), "`parley sessions repair ses_1`")
    assert.include(said("Corrupt"), "the database is damaged; restore it from a backup")
    assert.strictEqual(
      said("Full", { sessionId }),
      "Storage (read): the disk is full; free some space and try again: d"
    )
    assert.include(said("Busy"), "try again")
    assert.include(said("Newer"), "update Parley")
    assert.include(said("ReadOnly"), "writable for you")
  })

  it("of a provider: how long it asks to wait, in whole seconds, and the request to quote", () => {
    const said = (reason: ModelError["reason"]) => new ModelError({ reason }).message
    assert.include(said(new RateLimited({ detail: "d", retryAfterMillis: 1001 })), ": d (it asks to wait 2 s)")
    assert.notInclude(said(new RateLimited({ detail: "d", retryAfterMillis: 0 })), "asks to wait")
    assert.include(said(new Overloaded({ detail: "d", requestId: "q" })), ": d (request q)")
    assert.notInclude(said(new Overloaded({ detail: "d" })), "not sent again")
    assert.include(said(new Refused({ detail: "d" })), "what it added to the conversation is not sent again")
  })
})

it("the log keeps an error's tag, its reason where it has one, and its words", () => {
  const kept = (error: Errors.HandleMessageError): Failure => Errors.toFailure(error)
  const busy = new StorageError({ operation: "read", reason: "Busy", detail: "d" })
  assert.deepStrictEqual(kept(busy), { error: "StorageError", reason: "Busy", message: busy.message })
  const cap = new CapReached({ cap: "cost", limit: 1 })
  assert.deepStrictEqual(kept(cap), { error: "CapReached", reason: "cost", message: cap.message })
  const model = new ModelError({ reason: new Refused({ detail: "d" }) })
  assert.deepStrictEqual(kept(model), { error: "ModelError", reason: "Refused", message: model.message })
  const invalid = new Errors.InvalidMessage({ problem: "p" })
  assert.deepStrictEqual(kept(invalid), { error: "InvalidMessage", message: "p" })
})

it("the turns of a session are those of all its rounds, in order", () => {
  const turn = (round: number, n: number): Turn => ({
    id: turnId(roundId(round), n),
    model: { provider: "p", model: "m" },
    status: "completed",
    content: [],
    toolCalls: [],
    usage: zero
  })
  const round = (n: number, ...turns: ReadonlyArray<Turn>) => ({
    id: roundId(n),
    request: [],
    status: "completed" as const,
    contextCalls: [],
    turns,
    usage: zero,
    startedAt: 0
  })
  const session = new Session({
    id: sessionId,
    rounds: [round(1, turn(1, 1), turn(1, 2)), round(2), round(3, turn(3, 1))],
    usage: zero
  })
  assert.deepStrictEqual(
    session.turns.map(({ id }) => id),
    [turnId(roundId(1), 1), turnId(roundId(1), 2), turnId(roundId(3), 1)]
  )
})
