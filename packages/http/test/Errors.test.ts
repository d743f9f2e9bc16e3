import { assert, describe, it } from "@effect/vitest"
import { HttpError } from "../src/contract/HttpError.ts"
import { headerBytes } from "../src/contract/HttpLimits.ts"
import { broken, isMalformed, plain, problemOf } from "../src/connection/Failures.ts"

const error = (message: string, code?: unknown): Error => Object.assign(new Error(message), { code })
const saying = (reason: HttpError["reason"]): string => new HttpError({ host: "h:1", sent: true, reason }).message

describe("text from outside in an error", () => {
  it("is one well-formed line of bounded length", () => {
    assert.strictEqual(plain(" \u001b[2Ja\r\n\t b\u200e\u0000c ", 100), "[2Ja b c")
    assert.strictEqual(plain("x".repeat(1000), 200), "x".repeat(200))
    assert.strictEqual(plain(`${"x".repeat(199)}😀`, 200), `${"x".repeat(199)}\ufffd`)
    // Removed characters do not count towards the limit.
    assert.strictEqual(plain(`${" \n".repeat(50)}abc`, 100), "abc")
  })

  it("is the system's message, or else its code, or else a fixed text", () => {
    assert.strictEqual(problemOf(error("connect\nfailed", "ECONNREFUSED")), "connect failed")
    assert.strictEqual(problemOf(error("", "ECONNREFUSED")), "ECONNREFUSED")
    assert.strictEqual(problemOf(error("", 7)), "no reason given")
    assert.strictEqual(problemOf(error("")), "no reason given")
    assert.strictEqual(problemOf("thrown text"), "thrown text")
    assert.strictEqual(problemOf(undefined), "undefined")
    assert.lengthOf(problemOf(error("x".repeat(1000))), 300)
  })

  it("contains the message of each of several addresses, without duplicates", () => {
    const all = new AggregateError([error("a refused"), error("b refused"), error("a refused"), error("", "ETIMEDOUT")])
    assert.strictEqual(problemOf(all), "a refused, b refused, ETIMEDOUT")
  })
})

describe("an error that Node throws", () => {
  it("is reported as Broken, with the system's code if there is one", () => {
    const refused = broken(error("no", "ECONNREFUSED"), "h:1", false)
    assert.deepInclude(refused, { host: "h:1", sent: false, code: "ECONNREFUSED" })
    assert.deepStrictEqual(refused.reason, { _tag: "Broken", problem: "no" })
    const nameless = broken(error("no", 7), "h:1", true)
    assert.isTrue(nameless.sent)
    assert.isFalse("code" in nameless)
  })

  it("is reported as Malformed or TooLarge if it comes from the parser", () => {
    assert.isTrue(isMalformed(error("x", "HPE_INVALID_CONSTANT")))
    for (const other of [error("x", "ECONNRESET"), error("x", "XHPE_"), error("HPE_"), undefined])
      assert.isFalse(isMalformed(other))
    const malformed = broken(error("Expected HTTP/", "HPE_INVALID_CONSTANT"), "h:1", true)
    assert.deepStrictEqual(malformed.reason, { _tag: "Malformed", problem: "Expected HTTP/" })
    const long = broken(error("x", "HPE_HEADER_OVERFLOW"), "h:1", true)
    assert.deepInclude(long.reason, { _tag: "TooLarge", limit: "headerBytes", most: headerBytes })
  })

  it("stays unchanged if it is an HttpError already", () => {
    const given = broken(error("no"), "other", true)
    assert.strictEqual(broken(given, "h:1", false), given)
  })
})

describe("the message of an error", () => {
  it("states the limit, in seconds or in bytes", () => {
    const slow = (["connectMillis", "headersMillis", "idleMillis", "totalMillis"] as const).map((limit) =>
      saying({ _tag: "TooSlow", limit, millis: 1500 })
    )
    assert.deepStrictEqual(slow, [
      "no connection to h:1 within 1.5 s",
      "h:1 did not begin to answer within 1.5 s",
      "h:1 stopped in the middle of its answer and sent nothing for 1.5 s",
      "h:1 did not complete its answer within 1.5 s"
    ])
    const large = ([64 * 1024, 3 * 1024 * 1024, 1000, 1025] as const).map((most) =>
      saying({ _tag: "TooLarge", limit: "headerBytes", most, beginning: "" })
    )
    assert.deepStrictEqual(
      large,
      ["64 KiB", "3 MiB", "1000 bytes", "1025 bytes"].map((most) => `the headers of h:1 are larger than ${most}`)
    )
    const counted = (["headerCount", "interimAnswers"] as const).map((limit) =>
      saying({ _tag: "TooLarge", limit, most: 20, beginning: "" })
    )
    assert.deepStrictEqual(counted, [
      "h:1 sent more than 20 headers",
      "h:1 sent more than 20 interim answers (1xx) and no other"
    ])
    assert.strictEqual(
      saying({ _tag: "TooLarge", limit: "bodyBytes", most: 1024, beginning: "abc" }),
      "the answer of h:1 is larger than 1 KiB and was not read to its end; it begins: abc"
    )
    assert.strictEqual(saying({ _tag: "Malformed", problem: "p" }), "h:1 sent what cannot be read: p")
    assert.strictEqual(saying({ _tag: "Redirect", problem: "p" }), "p")
  })

  it("states how to correct a proxy setting", () => {
    const proxy = { _tag: "Proxy", proxy: "http://p:1", from: "HTTP_PROXY", problem: "is odd" } as const
    const begins = "the proxy http://p:1 (from HTTP_PROXY) is odd; "
    assert.strictEqual(saying(proxy), `${begins}correct HTTP_PROXY, or name the host in NO_PROXY`)
    assert.strictEqual(saying({ ...proxy, status: 502 }), saying(proxy))
    assert.strictEqual(
      saying({ ...proxy, status: 407 }),
      `${begins}put a user name and password into HTTP_PROXY, as in http://USER:PASSWORD@HOST:PORT`
    )
  })
})
