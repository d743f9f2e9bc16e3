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
  it("for a round's limit, with its value and unit", () => {
    const said = (cap: Errors.Cap) => new CapReached({ cap, limit: 7 }).message
    const goOn = "; send another message to continue, or raise the limit"
    assert.strictEqual(said("turns"), `The round reached its limit of 7 model responses${goOn}`)
    assert.strictEqual(said("time"), `The round reached its limit of 7 s${goOn}`)
    assert.strictEqual(said("tokens"), `The round reached its limit of 7 tokens${goOn}`)
    assert.strictEqual(said("cost"), `The round reached its limit of $7${goOn}`)
    assert.strictEqual(said("identicalCalls"), `The round reached its limit of 7 identical tool calls${goOn}`)
  })

  it("for a session's limit, which another message does not reset", () => {
    const said = (cap: Errors.Cap) => new CapReached({ cap, limit: 7 }).message
    const other = "; raise the limit, or start another session"
    assert.strictEqual(said("sessionTokens"), `The session reached its limit of 7 tokens${other}`)
    assert.strictEqual(said("sessionCost"), `The session reached its limit of $7${other}`)
  })

  it("for an unknown price of the model or of earlier usage", () => {
    const model = new PriceUnknown({ model: "p/m" }).message
    assert.include(model, "The price of p/m is not known")
    assert.include(model, 'Set prices["p/m"]')
    const spent = new PriceUnknown({ model: "p/m", unpricedTokens: 12 }).message
    assert.include(spent, "has spent 12 tokens at a price that was not known")
    assert.include(spent, "Start another session")
  })

  it("for a session in use, with the holder if it is known", () => {
    const busy = { sessionId, detail: "process 1 on ada" }
    assert.strictEqual(new SessionBusy(busy).message, "Session ses_1 is in use: process 1 on ada")
    assert.strictEqual(
      new SessionBusy({ ...busy, holder: { pid: 1, host: "ada", since: 0 } }).message,
      "Session ses_1 is in use by process 1 on ada"
    )
  })

  it("for a file, with line and column if known", () => {
    const said = (at: { line?: number; column?: number }) =>
      new ConfigError({ path: "/c.json", problem: "no", ...at }).message
    assert.strictEqual(said({}), "/c.json: no")
    assert.strictEqual(said({ line: 3 }), "/c.json:3:1: no")
    assert.strictEqual(said({ line: 3, column: 9 }), "/c.json:3:9: no")
    assert.strictEqual(new Errors.WorkspaceError({ path: "/w", problem: "no" }).message, "/w: no")
  })

  it("for the store, with a damaged session told apart from a damaged database", () => {
    const said = (reason: Errors.StorageError["reason"], more: { sessionId?: SessionId } = {}) =>
      new StorageError({ operation: "read", reason, detail: "d", ...more }).message
    assert.include(
      said("Corrupt", { sessionId }),
      "the history of this session is damaged, other sessions are not affected: d"
    )
    assert.include(said("Corrupt"), "the database is damaged; restore it from a backup")
    assert.strictEqual(
      said("Full", { sessionId }),
      "Storage (read): the disk is full; free some space and try again: d"
    )
    assert.include(said("Busy"), "try again")
    assert.include(said("Newer"), "update Parley")
    assert.include(said("ReadOnly"), "writable for you")
  })

  it("for a provider, with the requested wait in whole seconds and the request id", () => {
    const said = (reason: ModelError["reason"]) => new ModelError({ reason }).message
    assert.include(said(new RateLimited({ detail: "d", retryAfterMillis: 1001 })), ": d (it asks to wait 2 s)")
    assert.notInclude(said(new RateLimited({ detail: "d", retryAfterMillis: 0 })), "asks to wait")
    assert.include(said(new Overloaded({ detail: "d", requestId: "q" })), ": d (request q)")
    assert.notInclude(said(new Overloaded({ detail: "d" })), "leave out")
    assert.include(said(new Refused({ detail: "d" })), "later requests leave out what the rejected request added")
  })
})

it("the log stores an error's tag, its reason if it has one, and its message", () => {
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
