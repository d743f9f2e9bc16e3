import { assert, it } from "@effect/vitest"
import { SessionContext } from "@parley/domain/SessionContext"
import * as Request from "@parley/session/Request"
import { Effect, Schema } from "effect"
import * as MessageInput from "../src/chat/MessageInput.ts"
import { type Place, place } from "./support/Cli.ts"
import { terminal } from "./support/Terminal.ts"

const decode = Schema.decodeEffect(Schema.fromJsonString(SessionContext))

/** What the next request holds of the user's messages and pins, and who wrote it: bytes by provenance, in order. */
const written = Effect.fnUntraced(function* (here: Place) {
  const { code, stderr, stdout } = yield* here.run(["context", "-c", "--format", "json"])
  assert.strictEqual(code, 0, stderr)
  const { manifest } = yield* decode(stdout)
  return manifest.flatMap(({ bytes, provenance, source }) =>
    source === "request" || source === "pinned" ? [`${source} ${provenance} ${bytes}`] : []
  )
})

it("a line is the user's own, except for pasted text", () => {
  const paste = "one\ntwo"
  const line = (typed: string) => typed.replaceAll(/\[paste [12]\]/g, paste)
  const of = (typed: string) => MessageInput.ofLine(line(typed), typed, true)
  assert.deepStrictEqual(of("hello"), ["hello"])
  assert.deepStrictEqual(of("[paste 9]"), ["[paste 9]"], "somebody typed it")
  assert.deepStrictEqual(of("see [paste 1]!"), ["see ", { outside: paste }, "!"])
  assert.deepStrictEqual(of("[paste 1]"), [{ outside: paste }])
  assert.deepStrictEqual(of("a [paste 1] b [paste 2] c"), ["a ", { outside: `${paste} b ${paste}` }, " c"])
  assert.deepStrictEqual(MessageInput.ofLine("hello", "hello", false), [{ outside: "hello" }], "out of a pipe")
  for (const typed of ["see [paste 1] and [paste 2] or [paste 9]", "[paste 1][paste 2]"])
    assert.deepStrictEqual(Request.blocks(of(typed)).request, Request.blocks(line(typed)).request, "what is sent")
})

it.live("arguments are the user's own, and piped input is not, in a conversation either", () =>
  Effect.gen(function* () {
    const here = yield* place
    yield* here.run(["run", "four"], { input: "and more" })
    assert.deepStrictEqual(yield* written(here), ["request user 6", "request outside 8"])
    yield* here.run(["run", "-c"], { input: "piped" })
    yield* here.run(["chat", "-c"], { input: "/pin this\nline\n" })
    assert.deepStrictEqual((yield* written(here)).slice(2), [
      "request outside 5",
      "pinned outside 40",
      "request outside 4"
    ])
    const { stdout } = yield* here.run(["context", "-c"])
    assert.match(stdout, /^history +user +6 bytes .* request: said in r1$/m)
    assert.match(stdout, /^history +outside +8 bytes .* request: said in r1; others wrote this part$/m)
    assert.match(stdout, /^system +parley .* instructions: /m)
    assert.match(stdout, /^Tainted: it contains text from outside/m)
    const fresh = yield* here.run(["context", "hello"])
    assert.match(fresh.stdout, /^Not tainted: /m)
  })
)

it.live("text pasted into a conversation is from outside, and the typed text around it is not", () =>
  Effect.gen(function* () {
    const here = yield* place
    const chat = yield* terminal(here, ["chat"])
    yield* chat.shows(/> [^\n]*$/)
    yield* chat.type("/pin typed\r")
    yield* chat.shows(/pinned/)
    yield* chat.type(`see \u001b[200~${"a line of a log\r".repeat(2)}\u001b[201~ ok\r`)
    yield* chat.shows(/demo model/)
    yield* chat.type("/exit\r")
    yield* chat.ended
    assert.deepStrictEqual(yield* written(here), [
      "pinned user 41",
      "request user 4",
      "request outside 32",
      "request user 3"
    ])
  })
)
